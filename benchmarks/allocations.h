// Counts what a program asks of the heap: whoever links allocations.cc has a counting operator new.
//
// Threads: any.
#pragma once

#include <cstdint>

namespace modelyard::benchmarks {

std::uint64_t allocations();  // since the start

}  // namespace modelyard::benchmarks
