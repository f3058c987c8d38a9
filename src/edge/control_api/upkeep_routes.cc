#include "control/documents.h"
#include "edge/control_api/control_api.h"
#include "registry/backup.h"
#include "registry/garbage.h"

namespace modelyard::edge {

using registry::CatalogReader;

void ControlApi::add_upkeep_routes(Router& router) {
  route(
      router, Method::kPost, "/api/v1/gc", Access::every_model(Verb::kAdmin), {"dry_run"},
      [this](const ApiCall& call) -> Result<ApiAnswer> {
        MODELYARD_ASSIGN(const bool dry, call.query_flag("dry_run"));
        MODELYARD_ASSIGN(
            const auto report,
            registry::collect_garbage(parts_.catalog, parts_.blobs, parts_.clock.utc_now() - parts_.upload_lease,
                                      dry ? registry::Sweep::kDryRun : registry::Sweep::kRemove));
        Json blobs = Json::array();
        for (const auto& blob : report.garbage) blobs.push_back({{"digest", blob.digest.hex()}, {"size", blob.size}});
        return ApiAnswer{200, {{"blobs", std::move(blobs)}, {"bytes", report.bytes}, {"dry_run", dry}}, std::nullopt};
      },
      Body::kNone);
  route(router, Method::kPost, "/api/v1/backup", Access::every_model(Verb::kAdmin), {},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(auto reader, ObjectReader::open(call.body, ""));
          MODELYARD_ASSIGN(const std::string folder, reader.string("folder"));
          MODELYARD_TRY(reader.finish());
          if (!folder.starts_with('/'))
            return error(Code::kInvalidArgument, "folder: expected an absolute path on the server");
          MODELYARD_ASSIGN(const auto report,
                           registry::make_backup(parts_.catalog, parts_.blobs, parts_.databases, folder, parts_.clock));
          return ApiAnswer{201,
                           {{"folder", folder},
                            {"blobs", report.blobs},
                            {"bytes", report.bytes},
                            {"revision", report.revision},
                            {"databases", report.databases}},
                           std::nullopt};
        });
  route(router, Method::kGet, "/api/v1/audit", Access::every_model(Verb::kAdmin), {"limit", "cursor"},
        [this](const ApiCall& call) -> Result<ApiAnswer> {
          MODELYARD_ASSIGN(const int limit, call.limit());
          MODELYARD_ASSIGN(const std::int64_t after, call.cursor_number());
          ApiAnswer answer;
          MODELYARD_TRY(parts_.catalog.read([&](CatalogReader& reader) -> Status {
            MODELYARD_ASSIGN(const auto rows, reader.audit(after, limit));
            answer.body = page_of(control::list_to_json(rows), limit, [](const Json& last) {
              return std::to_string(last["sequence"].get<std::int64_t>());
            });
            return ok();
          }));
          return answer;
        });
  route(
      router, Method::kPost, "/api/v1/audit:verify", Access::every_model(Verb::kAdmin), {},
      [this](const ApiCall&) -> Result<ApiAnswer> {
        MODELYARD_ASSIGN(const std::int64_t rows, registry::verify_audit_chain(parts_.catalog));
        return ApiAnswer{200, {{"rows", rows}, {"intact", true}}, std::nullopt};
      },
      Body::kNone);
}

}  // namespace modelyard::edge
