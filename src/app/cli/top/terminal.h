// The terminal of a command that redraws itself, and the signals that end it or change its size.
//
// Ownership: the alternate screen, keys without echo, and blocked signals, all as before when it is destroyed. In a
//            pipe it only waits.
// Threads:   one.
#pragma once

#include <termios.h>

#include <chrono>
#include <csignal>
#include <string>

#include "app/cli/top/table_text.h"
#include "base/unique_fd.h"

namespace modelyard::app {

class Terminal {
 public:
  enum class Screen { kOwn, kPlain };  // plain: as in a pipe, also on a terminal
  enum class Event { kDue, kResized, kQuit };

  static Result<Terminal> open(Screen screen);
  Terminal(Terminal&& other) noexcept;
  Terminal& operator=(Terminal&&) = delete;
  ~Terminal();

  bool is_screen() const { return is_screen_; }
  ScreenSize size() const;
  // Whichever comes first: so much time, another size, or q, Ctrl-C, SIGTERM, SIGHUP.
  Event wait(std::chrono::milliseconds longest) const;
  // Instead of what was drawn before.
  void draw(const std::vector<ScreenLine>& lines) const;

 private:
  Terminal(UniqueFd signals, const sigset_t& before) : signals_(std::move(signals)), before_(before) {}
  void take_screen();

  UniqueFd signals_;
  sigset_t before_;
  termios keys_before_{};
  bool is_screen_ = false, has_keys_ = false, is_owner_ = true;
};

}  // namespace modelyard::app
