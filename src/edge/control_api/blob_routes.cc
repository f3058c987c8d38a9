#include <memory>

#include "edge/control_api/control_api.h"

namespace modelyard::edge {
namespace {

constexpr std::size_t kPieceBytes = 1u << 20;  // handed to the disk at once

// Takes an upload off the event loop: collects a piece, pauses the connection, writes it on the executor, resumes.
// Shared by the sink and by the task that writes, which may outlive the connection.
class UploadWork {
 public:
  UploadWork(Deferred reply, registry::BlobStore& blobs, const Digest& expected)
      : reply_(std::move(reply)), blobs_(blobs), expected_(expected) {}

  // Executor's thread; one call at a time, the connection is paused meanwhile.
  void write(const std::string& piece) {
    if (!failure_) return;
    failure_ = write_piece(piece);
  }
  void finish() {
    if (failure_ && !upload_) failure_ = open();
    if (!failure_) return reply_.complete(problem(failure_.error()));
    const auto record = upload_->commit(expected_);
    if (!record) return reply_.complete(problem(record.error()));
    reply_.complete(to_response({201, {{"digest", record->digest.hex()}, {"size", record->size}}, std::nullopt}));
  }
  void refuse() { reply_.complete_here(problem(Error(Code::kUnavailable, "too many control calls are waiting"))); }
  std::function<void()> resumer() const { return reply_.body_resumer(); }

 private:
  Status open() {
    MODELYARD_ASSIGN(upload_, blobs_.begin_upload());
    return ok();
  }
  Status write_piece(const std::string& piece) {
    if (!upload_) MODELYARD_TRY(open());
    return upload_->write(std::as_bytes(std::span(piece)));
  }

  Deferred reply_;
  registry::BlobStore& blobs_;
  const Digest expected_;
  std::unique_ptr<registry::BlobUpload> upload_;
  Status failure_;
};

class UploadSink final : public BodySink {
 public:
  UploadSink(std::shared_ptr<UploadWork> work, ControlExecutor& executor)
      : work_(std::move(work)), executor_(executor) {}

  Appetite write(std::string_view piece) override {
    piece_ += piece;
    if (piece_.size() < kPieceBytes) return Appetite::kMore;
    submit([work = work_, taken = std::move(piece_), resume = work_->resumer()] {
      work->write(taken);
      resume();
    });
    piece_ = {};
    return Appetite::kPause;
  }

  void end() override {
    submit([work = work_, taken = std::move(piece_)] {
      if (!taken.empty()) work->write(taken);
      work->finish();
    });
  }

 private:
  void submit(ControlExecutor::Task task) {
    if (!executor_.submit(task)) work_->refuse();
  }

  const std::shared_ptr<UploadWork> work_;
  ControlExecutor& executor_;
  std::string piece_;
};

// The digest is wrong: nothing is read, the answer is given at once.
class RefusedSink final : public BodySink {
 public:
  Appetite write(std::string_view) override { return Appetite::kMore; }
  void end() override {}
};

}  // namespace

void ControlApi::add_blob_routes(Router& router) {
  router.add_stream(Method::kPut, "/api/v1/blobs/{digest}", Access::server(Verb::kPublish),
                    [this](Exchange& exchange) -> std::unique_ptr<BodySink> {
                      const auto digest = Digest::parse(exchange.request().parameters[0]);
                      if (!digest) {
                        exchange.respond(problem(digest.error()));
                        return std::make_unique<RefusedSink>();
                      }
                      return std::make_unique<UploadSink>(
                          std::make_shared<UploadWork>(exchange.defer(), parts_.blobs, *digest), parts_.executor);
                    });
  // HEAD comes along with GET: size and existence, without the bytes.
  router.add(
      Method::kGet, "/api/v1/blobs/{digest}", Access::server(Verb::kRead | Verb::kPublish), [this](Exchange& exchange) {
        const Request& request = exchange.request();
        const auto digest = Digest::parse(request.parameters[0]);
        if (!digest) return exchange.respond(problem(digest.error()));
        const bool head_only = request.method == Method::kHead;
        // A digest names files of any model: whoever may publish may ask whether they are here, only whoever may read
        // every model gets them.
        if (const Status may = security::decide(request.caller, Access::every_model(Verb::kRead)); !head_only && !may) {
          return exchange.respond(problem(may.error()));
        }
        const bool verify = request.query == "verify=true";
        if (!verify && !request.query.empty()) {
          return exchange.respond(problem(Error(Code::kInvalidArgument, "the query may be 'verify=true'")));
        }
        auto reply = std::make_shared<Deferred>(exchange.defer());
        ControlExecutor::Task task = [this, reply, digest = *digest, head_only, verify] {
          const auto record = parts_.blobs.find(digest);
          if (!record) return reply->complete(problem(record.error()));
          if (head_only && verify) {
            const Status sound = parts_.blobs.read_verified(digest, [](std::span<const std::byte>) { return ok(); });
            if (!sound) return reply->complete(problem(sound.error()));
          }
          Response response;
          response.content_type = "application/octet-stream";
          response.add_header("ETag", "\"" + digest.hex() + "\"");
          if (head_only) {
            response.head_bytes = static_cast<std::uint64_t>(record->size);
            return reply->complete(std::move(response));
          }
          const auto content = std::make_shared<std::string>();
          content->reserve(static_cast<std::size_t>(record->size));
          const Status read = parts_.blobs.read_verified(digest, [&](std::span<const std::byte> piece) {
            content->append(reinterpret_cast<const char*>(piece.data()), piece.size());
            return ok();
          });
          response.blobs = {std::as_bytes(std::span(*content))};
          response.keep = content;
          reply->complete(read ? std::move(response) : problem(read.error()));
        };
        if (!parts_.executor.submit(task)) {
          reply->complete_here(problem(Error(Code::kUnavailable, "too many control calls are waiting")));
        }
      });
}

}  // namespace modelyard::edge
