// A report as one HTML page that needs nothing else: no script, no other file. Light and dark as the reader likes.
//
// Errors: none; a part that the document lacks is said to be missing.
#pragma once

#include <string>

#include "base/json.h"

namespace modelyard::app {

// Of the document that collect_report() made. Pure.
std::string report_page(const Json& data);

}  // namespace modelyard::app
