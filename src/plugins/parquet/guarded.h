// Runs what may throw and gives a Status: libraries below Arrow throw where a file is damaged or memory ends.
#pragma once

#include <arrow/status.h>

#include <exception>
#include <new>

namespace modelyard::plugins {

template <typename Work>
arrow::Status guarded(const Work& work) noexcept {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return arrow::Status::OutOfMemory("there is not enough memory");
  } catch (const std::exception& failure) {
    return arrow::Status::Invalid(failure.what());
  } catch (...) {
    return arrow::Status::Invalid("unknown failure");
  }
}

}  // namespace modelyard::plugins
