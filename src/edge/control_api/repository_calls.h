// Triton's repository calls as the operator's use-cases: load is deploy and wait, unload is undeploy (docs/adr/0009).
// Private to this room.
//
// Threads: the control executor's; they wait for the disk and for loads.
#pragma once

#include "edge/codec/oip/documents.h"
#include "edge/control_api/control_api.h"

namespace modelyard::edge {

Result<std::vector<oip::IndexEntry>> list_repository(const ControlParts& parts, bool only_ready);
// A model that was undeployed goes back to the version it served.
Status load_model(const ControlParts& parts, const std::string& name, const control::Actor& actor);
// As Triton: unloading what is not there is no error.
Status unload_model(const ControlParts& parts, const std::string& name, const control::Actor& actor);

}  // namespace modelyard::edge
