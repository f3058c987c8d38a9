#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/moment.h"
#include "app/cli/top/interval.h"
#include "app/cli/top/table_text.h"
#include "app/cli/top/terminal.h"

namespace modelyard::app {
namespace {

struct TopFlags {
  std::string endpoint, every = "2s";
  bool once = false;
};

// What a server says of itself at one moment.
struct Look {
  Scrape scrape;
  Json status, alerts;  // null: it does not say
};

// Null when the server has no such thing, or does not show it to us.
Result<Json> if_there(const HttpClient& client, const std::string& path) {
  auto answer = client.call("GET", path);
  if (answer) return answer;
  switch (answer.error().code()) {
    case Code::kNotFound:
    case Code::kConflict:
    case Code::kFailedPrecondition:
    case Code::kPermissionDenied:
    case Code::kUnimplemented: return Json(nullptr);
    default: return answer.error();
  }
}

Result<Look> look_at(const HttpClient& client, const std::string& endpoint) {
  MODELYARD_ASSIGN(const HttpAnswer metrics, client.send("GET", "/metrics"));
  const std::chrono::duration<double> at = system_clock().steady_now().time_since_epoch();
  if (metrics.status != 200) return error_of(metrics);
  MODELYARD_ASSIGN(const auto samples, parse_metrics(metrics.body));
  Look look;
  look.scrape = scrape_of(samples, at.count());
  MODELYARD_ASSIGN(look.status, if_there(client, "/api/v1/status"));
  MODELYARD_ASSIGN(look.alerts, if_there(client, "/api/v1/alerts"));
  if (endpoint.empty() || !look.status.is_object()) return look;
  for (const Json& one : look.status["endpoints"]) {
    if (one["endpoint"] == endpoint) return look;
  }
  return error(Code::kNotFound, "there is no endpoint '{}': modelyard status", endpoint);
}

// Shows the time between two looks, again and again.
class Top {
 public:
  Top(const TopFlags& flags, const CommandContext& context, std::chrono::seconds every, Terminal terminal)
      : flags_(flags),
        client_(context.server, context.tls, context.api_key,
                std::chrono::seconds(context.timeout_seconds > 0 ? context.timeout_seconds : kSilenceSeconds)),
        is_json_(context.json),
        every_(every),
        terminal_(std::move(terminal)) {}

  Result<int> run() {
    MODELYARD_ASSIGN(before_, look_at(client_, flags_.endpoint));
    if (terminal_.is_screen()) terminal_.draw({{client_.server() + "  measuring…", ScreenLine::Kind::kHead}});
    for (SteadyTime due = system_clock().steady_now() + every_;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - system_clock().steady_now());
      const auto event = terminal_.wait(std::max(left, std::chrono::milliseconds(0)));
      if (event == Terminal::Event::kQuit) return kDone;
      if (event == Terminal::Event::kResized) {
        if (shown_) show();
        continue;
      }
      MODELYARD_TRY(take());
      if (flags_.once) return kDone;
      due = std::max(due + every_, system_clock().steady_now());
    }
  }

 private:
  // Keys and signals wait for an answer: not long.
  static constexpr std::int64_t kSilenceSeconds = 5;

  // On a screen a server that is gone may come back; what was shown stays, and why it is old.
  Status take() {
    auto now = look_at(client_, flags_.endpoint);
    if (!now && !terminal_.is_screen()) return now.error();
    trouble_ = now ? "" : now.error().message();
    if (now) {
      shown_at_ = system_clock().utc_now();
      shown_ = interval_of(before_->scrape, now->scrape, now->status, now->alerts, flags_.endpoint);
      before_ = std::move(*now);
    }
    show();
    return ok();
  }

  void show() {
    if (is_json_) {
      std::printf("%s\n", to_json(*shown_).dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
      std::fflush(stdout);
      return;
    }
    std::vector<ScreenLine> lines;
    ScreenSize size = terminal_.size();
    if (!trouble_.empty()) lines.push_back({trouble_.substr(0, size.columns), ScreenLine::Kind::kBadRow});
    if (size.lines > 0) size.lines -= std::min(size.lines, lines.size());
    if (shown_) {
      const auto table = lines_of(*shown_, client_.server(), shown_at_, size);
      lines.insert(lines.end(), table.begin(), table.end());
    }
    if (!terminal_.is_screen() && !flags_.once) lines.push_back({"", ScreenLine::Kind::kHead});
    terminal_.draw(lines);
  }

  const TopFlags& flags_;
  const HttpClient client_;
  const bool is_json_;
  const std::chrono::seconds every_;
  const Terminal terminal_;
  std::optional<Look> before_;
  std::optional<Interval> shown_;
  UtcTime shown_at_;
  std::string trouble_;
};

Result<int> top(const TopFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const std::int64_t seconds, parse_seconds("--every", flags.every));
  if (seconds < 1 || seconds > 3600) return error(Code::kInvalidArgument, "--every: expected 1s to 1h");
  const bool is_plain = flags.once || context.json;
  MODELYARD_ASSIGN(Terminal terminal, Terminal::open(is_plain ? Terminal::Screen::kPlain : Terminal::Screen::kOwn));
  return Top(flags, context, std::chrono::seconds(seconds), std::move(terminal)).run();
}

}  // namespace

void add_top_command(CommandLine& line) {
  const auto flags = std::make_shared<TopFlags>();
  CLI::App& app = line.add("top", "What versions are doing right now: requests, latency, memory, alerts",
                           [flags, &line] { return top(*flags, line.context()); });
  app.add_option("endpoint", flags->endpoint, "Of this endpoint only");
  app.add_option("--every", flags->every, "How long one look takes: 1s to 1h")->capture_default_str();
  app.add_flag("--once", flags->once, "One look, then end");
}

}  // namespace modelyard::app
