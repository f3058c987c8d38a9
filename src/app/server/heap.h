// How much freed memory the process keeps for its next requests.
//
// glibc learns from large blocks: once one of 32 MB was freed, all smaller ones are kept for ever by the arena of the
// thread that asked for them, so that a burst of large requests stays in our memory. With fixed thresholds large blocks
// go back at once, and what is kept for the others is bounded.
//
// Threads: before others start.
// Source:  mallopt(3).
#pragma once

namespace modelyard::app {

void bound_kept_heap();

}  // namespace modelyard::app
