#include <cstdio>

#include "app/cli/rollouts/rollout_flags.h"
#include "app/cli/rollouts/rollout_tables.h"
#include "app/cli/rollouts/watch_text.h"
#include "app/cli/top/terminal.h"

namespace modelyard::app {
namespace {

// Shows one rollout until it has ended, or holds and waits for a person.
class Watch {
 public:
  Watch(const std::string& id, const CommandContext& context, Terminal& terminal)
      : path_("/api/v1/rollouts/" + path_segment(id)),
        client_(context.server, context.tls, context.api_key,
                std::chrono::seconds(context.timeout_seconds > 0 ? context.timeout_seconds : kSilenceSeconds)),
        is_json_(context.json),
        terminal_(terminal) {}

  // Nothing when it was left before.
  Result<std::optional<Json>> run() {
    MODELYARD_TRY(look());
    if (shown_.is_null()) return Error(Code::kUnavailable, trouble_);
    SteadyTime due = system_clock().steady_now() + kEvery;
    while (!is_settled(shown_)) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - system_clock().steady_now());
      const auto event = terminal_.wait(std::max(left, std::chrono::milliseconds(0)));
      if (event == Terminal::Event::kQuit) return std::optional<Json>();
      if (event == Terminal::Event::kResized) {
        draw();
        continue;
      }
      MODELYARD_TRY(look());
      due = std::max(due + kEvery, system_clock().steady_now());
    }
    return std::optional(shown_);
  }

 private:
  // Keys and signals wait for an answer: not long.
  static constexpr std::int64_t kSilenceSeconds = 5;
  static constexpr std::chrono::seconds kEvery{1};

  // A server that is gone may come back: what was shown stays, and why it is old. Whatever else is wrong ends it.
  Status look() {
    auto now = client_.call("GET", path_);
    if (!now && (shown_.is_null() || !may_come_back(now.error().code()))) return now.error();
    trouble_ = now ? "" : now.error().message();
    if (now) {
      if (!terminal_.is_screen()) tell(*now);
      shown_ = std::move(*now);
    }
    draw();
    return ok();
  }

  static bool may_come_back(Code code) { return code == Code::kUnavailable || code == Code::kDeadlineExceeded; }

  void tell(const Json& now) const {
    const auto changes = changes_of(shown_, now);
    if (is_json_ && !changes.empty()) {
      std::printf("%s\n", now.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
    } else {
      for (const std::string& line : changes) std::printf("%s\n", line.c_str());
    }
    std::fflush(stdout);
  }

  void draw() const {
    if (!terminal_.is_screen()) return;
    auto lines = screen_of(shown_, system_clock().utc_now(), terminal_.size());
    if (!trouble_.empty()) lines.front() = {on_screen(trouble_, terminal_.size().columns), ScreenLine::Kind::kBadRow};
    terminal_.draw(lines);
  }

  const std::string path_;
  const HttpClient client_;
  const bool is_json_;
  Terminal& terminal_;
  Json shown_;
  std::string trouble_;
};

// On a screen the last thing that happened is told again, below it.
Result<int> watch(const std::string& id, const CommandContext& context) {
  std::optional<Json> last;
  bool was_screen = false;
  {
    MODELYARD_ASSIGN(Terminal terminal,
                     Terminal::open(context.json ? Terminal::Screen::kPlain : Terminal::Screen::kOwn));
    was_screen = terminal.is_screen();
    MODELYARD_ASSIGN(last, Watch(id, context, terminal).run());
  }
  if (!last) return kFailed;
  const std::string ending = ending_of(*last);
  if (was_screen || !context.json) {
    std::printf("rollout %s: %s, %s\n", id.c_str(),
                ending == "-" ? "it holds" : coloured(ending, colour_of_ending(ending)).c_str(),
                text_of((*last)["state"]["reason"]).c_str());
  }
  return exit_of(*last);
}

}  // namespace

void add_rollout_watch_command(CommandLine& line, CLI::App& group) {
  const auto id = std::make_shared<std::string>();
  CLI::App& app = line.add(group, "watch",
                           "A rollout on a screen until it has ended or holds; in a pipe a line for each change. "
                           "Exit 0 promoted, 10 rejected, 11 inconclusive, 12 aborted; 1 when it was left before",
                           [id, &line] { return watch(*id, line.context()); });
  app.add_option("rollout", *id, "Its number")->required();
}

}  // namespace modelyard::app
