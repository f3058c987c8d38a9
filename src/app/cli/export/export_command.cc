#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <limits>
#include <thread>

#include "app/cli/command.h"
#include "app/cli/export/event_sink.h"
#include "app/cli/export/export_progress.h"
#include "app/cli/export/parquet_export.h"
#include "app/cli/export/record_form.h"
#include "app/cli/prediction_query.h"
#include "base/directory.h"

namespace modelyard::app {
namespace {

struct ExportFlags {
  PredictionQuery query;
  std::string output, form = "jsonl", address, authority, state;
  bool with_payload = false;
  bool resume = false;

  bool is_parquet() const { return form == "parquet"; }
  bool is_of_payloads() const { return with_payload || (form != "jsonl" && !is_parquet()); }
};

RecordForm form_of(const std::string& name) {
  return name == "sagemaker"  ? RecordForm::kSageMaker
         : name == "tfrecord" ? RecordForm::kTfRecord
                              : RecordForm::kJsonLines;
}

// One export, page by page, the newest first.
class Exporting {
 public:
  Exporting(const ExportFlags& flags, const CommandContext& context)
      : flags_(flags),
        client_(context.client()),
        state_path_(!flags.state.empty()                         ? flags.state
                    : flags.output.empty() || flags.is_parquet() ? ""
                                                                 : flags.output + ".progress"),
        sink_(flags.address, flags.authority,
              [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }) {}

  Status open() {
    if (!flags_.resume) MODELYARD_TRY(check_endpoint());
    const PredictionQuery& query = flags_.query;
    progress_.asked = fmt::format("endpoint={} version={} status={} by={} from={} to={}{}", query.endpoint,
                                  query.version, query.status, query.principal, query.from, query.to,
                                  flags_.is_of_payloads() ? " with payloads" : "");
    MODELYARD_ASSIGN(progress_.query, query_text(query));
    if (flags_.is_of_payloads()) progress_.query += "&payload=true";
    progress_.form = flags_.form;
    if (flags_.resume) {
      MODELYARD_ASSIGN(progress_, ExportProgress::resume(state_path_, progress_.asked, flags_.form));
    }
    if (flags_.is_parquet()) {
      MODELYARD_ASSIGN(parquet_, ParquetExport::begin(flags_.output, flags_.with_payload));
    } else if (flags_.form != "cloudevents") {
      MODELYARD_TRY(open_output());
    }
    return keep_progress();
  }

  Status run() {
    // How many there are is told to who may read all models only.
    const auto report = client_.call("GET", "/api/v1/journal");
    const auto all = report ? (*report)["records"].get<std::int64_t>() : std::numeric_limits<std::int64_t>::max();
    ProgressBar bar("exporting", ProgressBar::Unit::kNone);
    const std::size_t limit = flags_.is_of_payloads() ? kMostOfAPage / 10 : kMostOfAPage;
    do {
      MODELYARD_ASSIGN(const Json items, next_page(client_, progress_.query, limit, progress_.cursor));
      MODELYARD_TRY(take(items));
      done_ += static_cast<std::int64_t>(items.size());
      if (report) bar.show(std::min(done_, all), all);
      if (!progress_.cursor.empty()) MODELYARD_TRY(keep_progress());
    } while (!progress_.cursor.empty());
    if (parquet_) MODELYARD_TRY(parquet_->finish());
    if (!state_path_.empty() && ::unlink(state_path_.c_str()) != 0 && errno != ENOENT) {
      return system_error("remove", state_path_, errno);
    }
    return ok();
  }

  void print_summary() const {
    const std::string where = !flags_.address.empty() ? flags_.address : flags_.output;
    if (where.empty()) return;
    std::fprintf(stderr, "%llu predictions in %s", static_cast<unsigned long long>(progress_.records), where.c_str());
    if (progress_.left_out > 0) {
      std::fprintf(stderr, "; %llu were left out: they failed, or were not captured",
                   static_cast<unsigned long long>(progress_.left_out));
    }
    std::fprintf(stderr, "\n");
  }

 private:
  // One that has gone may have left predictions.
  Status check_endpoint() const {
    if (flags_.query.endpoint.empty()) return ok();
    const std::string name = path_segment(flags_.query.endpoint);
    std::string none;
    MODELYARD_ASSIGN(const Json any, next_page(client_, "&endpoint=" + name, 1, none));
    if (any.empty()) MODELYARD_TRY(client_.call("GET", "/api/v1/endpoints/" + name));
    return ok();
  }

  // What it says of the output is on disk.
  Status keep_progress() {
    if (state_path_.empty()) return ok();
    // A pipe has nothing to sync.
    if (output_ && ::fdatasync(output_.get()) != 0 && errno != EINVAL && errno != EROFS)
      return system_error("write", flags_.output, errno);
    return progress_.save(state_path_);
  }

  Status open_output() {
    if (flags_.output.empty()) {
      output_ = UniqueFd(::dup(STDOUT_FILENO));
      return ok();
    }
    const int how = O_WRONLY | O_CLOEXEC | (flags_.resume ? 0 : O_CREAT | O_EXCL);
    output_ = UniqueFd(::open(flags_.output.c_str(), how, 0600));
    if (!output_ && errno == EEXIST) {
      return error(Code::kConflict, "'{}' exists: --resume goes on with it when it was interrupted", flags_.output);
    }
    if (!output_) return system_error("write", flags_.output, errno);
    const auto bytes = static_cast<off_t>(progress_.bytes);
    if (::lseek(output_.get(), 0, SEEK_END) < bytes) {
      return error(Code::kFailedPrecondition,
                   "'{}' is shorter than what was written of it: begin anew without --resume", flags_.output);
    }
    if (::ftruncate(output_.get(), bytes) == 0 && ::lseek(output_.get(), bytes, SEEK_SET) == bytes) return ok();
    return system_error("go on with", flags_.output, errno);
  }

  Status take(const Json& items) {
    if (parquet_) {
      progress_.records += items.size();
      return parquet_->add(items);
    }
    std::string bytes;
    for (const Json& record : items) {
      if (flags_.form == "cloudevents") {
        if (!has_answer(record)) {
          ++progress_.left_out;
          continue;
        }
        MODELYARD_TRY(sink_.send(record));
      } else {
        MODELYARD_ASSIGN(const auto encoded, encode(form_of(flags_.form), record));
        if (!encoded) {
          ++progress_.left_out;
          continue;
        }
        bytes += *encoded;
      }
      ++progress_.records;
    }
    progress_.bytes += bytes.size();
    return bytes.empty() ? ok() : write_all(output_.get(), std::as_bytes(std::span(bytes)), "the export");
  }

  const ExportFlags& flags_;
  const HttpClient client_;
  const std::string state_path_;  // "": nothing can go on
  EventSink sink_;
  std::unique_ptr<ParquetExport> parquet_;
  ExportProgress progress_;
  UniqueFd output_;
  std::int64_t done_ = 0;
};

// Its end says where everything is, so that it is whole or nothing.
Status check_parquet(const ExportFlags& flags) {
  if (flags.resume || !flags.state.empty()) {
    return error(Code::kInvalidArgument,
                 "a Parquet file that was interrupted cannot be gone on with: begin anew, without --resume and "
                 "--progress; jsonl can go on");
  }
  if (flags.output.empty() && ::isatty(STDOUT_FILENO) != 0) {
    return error(Code::kInvalidArgument, "Parquet is not for a screen: say --output FILE.parquet");
  }
  return ok();
}

Result<int> export_predictions(const ExportFlags& flags, const CommandContext& context) {
  if ((flags.form == "cloudevents") != !flags.address.empty()) {
    return error(Code::kInvalidArgument, "--sink URL is where cloudevents go: they go together");
  }
  if (flags.is_of_payloads() && flags.query.endpoint.empty()) {
    return error(Code::kInvalidArgument, "say the endpoint: payloads are exported of one");
  }
  if (flags.is_parquet()) MODELYARD_TRY(check_parquet(flags));
  Exporting exporting(flags, context);
  MODELYARD_TRY(exporting.open());
  MODELYARD_TRY(exporting.run());
  exporting.print_summary();
  return kDone;
}

}  // namespace

void add_export_command(CommandLine& line, CLI::App& group) {
  const auto flags = std::make_shared<ExportFlags>();
  CLI::App& app = line.add(group, "export", "Take predictions out, the newest first",
                           [flags, &line] { return export_predictions(*flags, line.context()); });
  add_options(app, flags->query);
  app.add_option("--format", flags->form, "What they become")
      ->check(CLI::IsMember({"jsonl", "parquet", "sagemaker", "tfrecord", "cloudevents"}))
      ->capture_default_str();
  app.add_flag("--payload", flags->with_payload,
               "jsonl, parquet: what was asked and answered, too, where it was captured");
  CLI::Option* const output = app.add_option("--output", flags->output, "File; standard output without one");
  CLI::Option* const address = app.add_option("--sink", flags->address, "cloudevents: URL that they are posted to");
  app.add_option("--sink-ca", flags->authority, "Who signs the certificate of an https sink; the system's without it")
      ->type_name("FILE")
      ->needs(address);
  CLI::Option* const state =
      app.add_option("--progress", flags->state, "File that keeps how far it has come; beside --output without it");
  output->excludes(address);
  app.add_flag("--resume", flags->resume, "Go on where an interrupted export has ended")
      ->check([=](const std::string&) {
        return output->count() + state->count() > 0 ? "" : "needs --output or --progress";
      });
}

}  // namespace modelyard::app
