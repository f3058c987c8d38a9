// SettingsApi binds Triton's logging and trace extensions to REST and gRPC. A change of the log holds until the next
// change, a reload of the configuration, or the end of the server.
//
// Threads: handlers run on the exchange's loop. Ownership: everything given outlives this.
#pragma once

#include "edge/grpc/grpc_router.h"
#include "edge/inference_api/inference_api.h"
#include "edge/inference_api/settings_documents.h"

namespace modelyard::edge {

class SettingsApi {
 public:
  SettingsApi(InferenceApi& api, telemetry::Log& log) : api_(api), log_(log) {}
  void add_routes(Router& router);
  void add_methods(GrpcRouter& router);

 private:
  LogSettings log_settings() const { return {log_.level(), log_.format()}; }
  // Changes are an administrator's.
  Result<Json> change_log(const Exchange& exchange, const Json& change);
  // The model must be there; "" is the whole server.
  Result<Json> change_trace(const Exchange& exchange, std::string_view model, const Json& change);

  InferenceApi& api_;
  telemetry::Log& log_;
};

}  // namespace modelyard::edge
