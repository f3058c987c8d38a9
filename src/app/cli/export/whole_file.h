// WholeFile is an output that has its name only when it is whole: until then it is called NAME.part.
//
// What is left of an interrupted one is written over by the next. Standard output, which "" names, has no such care.
// Errors: Conflict when a file of that name is there, at the beginning or at the end, or somebody else is writing one.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace modelyard::app {

class WholeFile {
 public:
  static Result<WholeFile> begin(const std::string& name);
  WholeFile(WholeFile&&) = default;
  WholeFile& operator=(WholeFile&&) = delete;
  // Removes what is not whole.
  ~WholeFile();

  Status write(std::span<const std::byte> bytes);
  // It is on disk, under its name.
  Status finish();

 private:
  WholeFile(std::string name, std::string part, UniqueFd fd)
      : name_(std::move(name)), part_(std::move(part)), fd_(std::move(fd)) {}

  std::string name_, part_;  // "" for standard output
  UniqueFd fd_;
};

}  // namespace modelyard::app
