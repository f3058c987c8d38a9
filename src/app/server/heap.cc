#include "app/server/heap.h"

#include <malloc.h>

namespace modelyard::app {
namespace {

// Blocks of this size cost more to fill than to map.
constexpr int kMappedFrom = 4 << 20;
// Of free memory at an arena's end; far above what a request needs, so that a steady load gives nothing back.
constexpr int kMostKept = 16 << 20;

}  // namespace

void bound_kept_heap() {
  ::mallopt(M_MMAP_THRESHOLD, kMappedFrom);
  ::mallopt(M_TRIM_THRESHOLD, kMostKept);
}

}  // namespace modelyard::app
