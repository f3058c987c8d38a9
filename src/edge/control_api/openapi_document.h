// The text of api/openapi.yaml, built into the binary.
#pragma once

#include <string>

namespace modelyard::edge {

std::string openapi_document();

}  // namespace modelyard::edge
