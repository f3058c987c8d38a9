// The documents of monitors, findings and profiles, as REST and the command line give them.
#pragma once

#include "base/json.h"
#include "control/watching/watcher.h"
#include "monitoring/profile/window_profile.h"

namespace modelyard::control {

Json to_json(const monitoring::Finding& finding);
Json to_json(const WatchedMonitor& watched);
Json to_json(const Notification& notification);
Json to_json(const DeliveryRecord& delivery);

// What a person wants to know of a window: no sketches.
Json summary_of(const monitoring::WindowProfile& profile);

}  // namespace modelyard::control
