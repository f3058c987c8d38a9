// One document that answers "what serves, since when, by whom, and if not, why not".
#pragma once

#include "control/documents.h"

namespace modelyard::control {

// `model` "" reports all. state of an endpoint: ready, progressing, failing (a version it wants failed), undeployed.
Result<Json> report_status(registry::Catalog& catalog, const lifecycle::LifecycleStatus& status,
                           std::string_view model);

}  // namespace modelyard::control
