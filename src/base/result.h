// Result<T> carries a value or an Error; Status is Result<void>. Every function that can fail
// returns one of them, so failure is visible in the signature and no exception crosses a room.
//
// Names:   a subset of std::expected, so that a later standard can replace the type by an alias.
// Errors:  twelve canonical codes from disk to wire; edge/ alone maps them to HTTP and gRPC.
//          A message says what, which, and what now. Context is added going up, and the error is
//          logged once, where it is handled.
// Threads: a value type; share it like any other value.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/check.h"

namespace modelyard {

enum class Code {
  kInvalidArgument,     // the request itself is wrong; repeating it cannot help
  kNotFound,            // the thing named does not exist
  kConflict,            // exists already, or changed since it was read
  kFailedPrecondition,  // the state forbids it now; change the state first
  kPermissionDenied,    // known caller, not allowed
  kUnauthenticated,     // caller unknown
  kResourceExhausted,   // a quota or limit of the caller
  kUnavailable,         // the server cannot now; try again later
  kDeadlineExceeded,    // the time given has passed
  kCancelled,           // the caller gave up
  kUnimplemented,       // not supported by this server
  kInternal,            // our fault, or data damaged
};

std::string_view code_name(Code code);

class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  Code code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same error, with what was being done in front: "loading fraud v8: file is truncated".
  template <typename... Args>
  Error with_context(fmt::format_string<Args...> format, Args&&... args) const {
    return Error(code_, fmt::format(format, std::forward<Args>(args)...) + ": " + message_);
  }

 private:
  Code code_;
  std::string message_;
};

// error(Code::kNotFound, "model '{}' is not found", name)
template <typename... Args>
Error error(Code code, fmt::format_string<Args...> format, Args&&... args) {
  return Error(code, fmt::format(format, std::forward<Args>(args)...));
}

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  // Implicit on purpose: `return value;` and `return error(...);` are how functions end.
  template <typename U = T>
    requires(std::is_constructible_v<T, U &&> && !std::is_same_v<std::remove_cvref_t<U>, Error> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result<T>>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return checked(), std::get<0>(state_); }
  const T& value() const& { return checked(), std::get<0>(state_); }
  T&& value() && { return checked(), std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    MODELYARD_CHECK(!has_value(), "error() of a Result that holds a value");
    return std::get<1>(state_);
  }

  template <typename U>
  T value_or(U&& otherwise) const {
    return has_value() ? value() : static_cast<T>(std::forward<U>(otherwise));
  }

 private:
  void checked() const { MODELYARD_CHECK(has_value(), "value() of a Result that holds an error"); }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }

  const Error& error() const {
    MODELYARD_CHECK(error_.has_value(), "error() of a Status that is ok");
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

inline Status ok() {
  return {};
}

}  // namespace modelyard

#define MODELYARD_CONCAT_INNER(a, b) a##b
#define MODELYARD_CONCAT(a, b) MODELYARD_CONCAT_INNER(a, b)

// Returns from the enclosing function when the Status or Result is an error. The counter gives every use its own
// name, also within a lambda within another use.
#define MODELYARD_TRY_AS(name, expression)      \
  do {                                          \
    auto&& name = (expression);                 \
    if (!name.has_value()) return name.error(); \
  } while (false)
#define MODELYARD_TRY(expression) MODELYARD_TRY_AS(MODELYARD_CONCAT(try_status_, __COUNTER__), expression)

// MODELYARD_ASSIGN(auto file, open(path));
#define MODELYARD_ASSIGN_AS(name, declaration, expression) \
  auto name = (expression);                                \
  if (!name.has_value()) return name.error();              \
  declaration = std::move(name).value()
#define MODELYARD_ASSIGN(declaration, expression) \
  MODELYARD_ASSIGN_AS(MODELYARD_CONCAT(assign_result_, __COUNTER__), declaration, expression)
