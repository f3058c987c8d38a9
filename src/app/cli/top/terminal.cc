#include "app/cli/top/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "app/cli/screen.h"
#include "base/directory.h"

namespace modelyard::app {
namespace {

sigset_t watched_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) ::sigaddset(&set, number);
  return set;
}

std::string line_on_screen(const ScreenLine& line) {
  switch (line.kind) {
    case ScreenLine::Kind::kTitles:
    case ScreenLine::Kind::kNote: return coloured(line.text, Colour::kDim);
    case ScreenLine::Kind::kBadRow: return coloured(line.text, Colour::kRed);
    case ScreenLine::Kind::kHead:
    case ScreenLine::Kind::kRow: break;
  }
  return line.text;
}

}  // namespace

Result<Terminal> Terminal::open(Screen screen) {
  const sigset_t watched = watched_signals();
  sigset_t before;
  // In this thread only: nothing of the command has another one that would take them.
  if (::pthread_sigmask(SIG_BLOCK, &watched, &before) != 0) return system_error("block", "signals", errno);
  UniqueFd signals(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (signals.get() < 0) return system_error("read", "signals", errno);
  Terminal terminal(std::move(signals), before);
  if (screen == Screen::kOwn && ::isatty(STDOUT_FILENO) == 1) terminal.take_screen();
  return terminal;
}

void Terminal::take_screen() {
  is_screen_ = true;
  if (::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &keys_before_) == 0) {
    termios keys = keys_before_;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    has_keys_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
  }
  std::fputs("\x1b[?1049h\x1b[?25l\x1b[2J", stdout);
  std::fflush(stdout);
}

Terminal::Terminal(Terminal&& other) noexcept
    : signals_(std::move(other.signals_)),
      before_(other.before_),
      keys_before_(other.keys_before_),
      is_screen_(other.is_screen_),
      has_keys_(other.has_keys_),
      is_owner_(std::exchange(other.is_owner_, false)) {}

Terminal::~Terminal() {
  if (!is_owner_) return;
  if (has_keys_) ::tcsetattr(STDIN_FILENO, TCSANOW, &keys_before_);
  if (is_screen_) {
    std::fputs("\x1b[?25h\x1b[?1049l", stdout);
    std::fflush(stdout);
  }
  // Whatever came meanwhile has had its effect: the command ends.
  signalfd_siginfo taken{};
  while (::read(signals_.get(), &taken, sizeof taken) > 0) {
  }
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

ScreenSize Terminal::size() const {
  winsize window{};
  if (!is_screen_ || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0) return {};
  return {window.ws_col, window.ws_row};
}

Terminal::Event Terminal::wait(std::chrono::milliseconds longest) const {
  std::array<pollfd, 2> watched{{{signals_.get(), POLLIN, 0}, {has_keys_ ? STDIN_FILENO : -1, POLLIN, 0}}};
  const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(longest.count()));
  if (ready == 0) return Event::kDue;
  if (watched[0].revents != 0) {
    signalfd_siginfo signal{};
    const bool is_read = ::read(signals_.get(), &signal, sizeof signal) == sizeof signal;
    return is_read && signal.ssi_signo == SIGWINCH ? Event::kResized : Event::kQuit;
  }
  char key = 0;
  if (watched[1].revents != 0 && ::read(STDIN_FILENO, &key, 1) <= 0) return Event::kQuit;
  return key == 'q' || key == 'Q' ? Event::kQuit : Event::kResized;
}

void Terminal::draw(const std::vector<ScreenLine>& lines) const {
  // From the top left, each line erased behind its text, then what is below: without a flicker.
  std::string text = is_screen_ ? "\x1b[H" : "";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    text += is_screen_ ? line_on_screen(lines[i]) + "\x1b[K" : lines[i].text;
    if (!is_screen_ || i + 1 < lines.size()) text += is_screen_ ? "\r\n" : "\n";
  }
  if (is_screen_) text += "\x1b[J";
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace modelyard::app
