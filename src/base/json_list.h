// Reads an optional list of objects that stands below a key.
//
// Errors:  those of `read`, and of fields that it leaves unread, naming the place: "overrides[2].key".
// Threads: as ObjectReader.
#pragma once

#include <string_view>

#include "base/json.h"

namespace modelyard {

// read(ObjectReader&) → Status, of each element in order.
template <typename Read>
Status read_each(ObjectReader& fields, std::string_view key, const Read& read) {
  MODELYARD_ASSIGN(const Json* const list, fields.optional_array(key));
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    MODELYARD_ASSIGN(auto one, ObjectReader::open((*list)[i], fmt::format("{}[{}]", fields.path_of(key), i)));
    MODELYARD_TRY(read(one));
    MODELYARD_TRY(one.finish());
  }
  return ok();
}

}  // namespace modelyard
