#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/moment.h"

namespace modelyard::app {
namespace {

// "fraud.inputs" or "fraud inputs" are one monitor.
struct MonitorFlags {
  std::string endpoint, monitor, alert, note, until, reason, subject = "*", id;
};

Colour colour_of_outcome(const std::string& outcome) {
  return outcome == "pass" ? Colour::kGreen : outcome == "fail" ? Colour::kRed : Colour::kDim;
}

// How the findings of a monitor stand together: fail, pass, nodata.
std::string outcome_of(const Json& findings) {
  std::string outcome = "nodata";
  for (const Json& finding : findings) {
    if (finding["outcome"] == "fail") return "fail";
    if (finding["outcome"] == "pass") outcome = "pass";
  }
  return outcome;
}

void print_findings(const Json& findings) {
  Table table({"SUBJECT", "OUTCOME", "FINDING"});
  for (const Json& finding : findings) {
    const std::string outcome = text_of(finding["outcome"]), subject = text_of(finding["subject"]);
    table.add({subject.empty() ? "(endpoint)" : subject, coloured(outcome, colour_of_outcome(outcome)),
               text_of(finding["sentence"])});
  }
  table.print("nothing was found");
}

Result<int> list_monitors(const MonitorFlags& flags, const CommandContext& context) {
  const std::string query = flags.endpoint.empty() ? "" : "?endpoint=" + path_segment(flags.endpoint);
  MODELYARD_ASSIGN(const Json answer, context.client().call("GET", "/api/v1/monitors" + query));
  if (context.json) {
    print_json(answer["items"]);
    return kDone;
  }
  Table table({"ENDPOINT", "MONITOR", "KIND", "WINDOW", "ALERT", "JUDGED", "OUTCOME", "FINDINGS"});
  for (const Json& one : answer["items"]) {
    const std::string outcome = one["judged"].is_null() ? "-" : outcome_of(one["findings"]);
    std::size_t failed = 0;
    for (const Json& finding : one["findings"]) failed += finding["outcome"] == "fail" ? 1 : 0;
    table.add({text_of(one["endpoint"]), text_of(one["monitor"]), text_of(one["kind"]), text_of(one["window"]),
               fmt::format("{} of {} windows: {}", one["alert"]["failed"].dump(), one["alert"]["windows"].dump(),
                           text_of(one["alert"]["severity"])),
               one["judged"].is_null() ? "not yet" : human_age(text_of(one["judged"])),
               coloured(outcome, colour_of_outcome(outcome)),
               one["judged"].is_null() ? "" : fmt::format("{} of {} fail", failed, one["findings"].size())});
  }
  table.print("no monitors: docs/guides/monitoring.md shows how to write them");
  return kDone;
}

Result<int> show_monitor(const MonitorFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const Json answer,
                   context.client().call("GET", "/api/v1/monitors?endpoint=" + path_segment(flags.endpoint)));
  for (const Json& one : answer["items"]) {
    if (one["monitor"] != flags.monitor) continue;
    if (context.json) {
      print_json(one);
      return kDone;
    }
    std::printf("%s of endpoint '%s', each %s, last judged %s\n\n", text_of(one["kind"]).c_str(),
                flags.endpoint.c_str(), text_of(one["window"]).c_str(),
                one["judged"].is_null() ? "never yet" : human_age(text_of(one["judged"])).c_str());
    print_findings(one["findings"]);
    return kDone;
  }
  return error(Code::kNotFound, "endpoint '{}' has no monitor '{}': modelyard monitor list", flags.endpoint,
               flags.monitor);
}

// Exit code 1 when it fails.
Result<int> test_monitor(const MonitorFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const Json answer, context.client().call("POST", fmt::format("/api/v1/endpoints/{}/monitors/{}:test",
                                                                                path_segment(flags.endpoint),
                                                                                path_segment(flags.monitor))));
  if (context.json) {
    print_json(answer);
  } else {
    print_findings(answer["findings"]);
  }
  return outcome_of(answer["findings"]) == "fail" ? kFailed : kDone;
}

Result<int> list_alerts(const MonitorFlags& flags, const CommandContext& context) {
  const std::string query = flags.endpoint.empty() ? "" : "?endpoint=" + path_segment(flags.endpoint);
  MODELYARD_ASSIGN(const Json answer, context.client().call("GET", "/api/v1/alerts" + query));
  if (context.json) {
    print_json(answer["items"]);
    return kDone;
  }
  Table table({"ALERT", "STATE", "SEVERITY", "SINCE", "ACKNOWLEDGED", "WHAT"});
  for (const Json& alert : answer["items"]) {
    const std::string state = text_of(alert["state"]);
    const Json& acknowledged = alert["acknowledged"];
    table.add({text_of(alert["id"]),
               coloured(state, state == "firing"    ? Colour::kRed
                               : state == "pending" ? Colour::kYellow
                                                    : Colour::kDim),
               text_of(alert["severity"]), human_age(text_of(alert["since"])),
               acknowledged.is_object() ? text_of(acknowledged["by"]) : "-", text_of(alert["sentence"])});
  }
  table.print("no alerts");
  return kDone;
}

Result<int> acknowledge(const MonitorFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const Json alert, context.client().call("POST", "/api/v1/alerts:acknowledge",
                                                           {{"id", flags.alert}, {"note", flags.note}}));
  if (context.json) {
    print_json(alert);
  } else {
    std::printf("alert '%s' is acknowledged\n", flags.alert.c_str());
  }
  return kDone;
}

Result<int> silence(const MonitorFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const std::int64_t seconds, parse_seconds("--for", flags.until));
  const UtcTime until = system_clock().utc_now() + std::chrono::seconds(seconds);
  MODELYARD_ASSIGN(const Json kept, context.client().call("POST", "/api/v1/silences",
                                                          {{"monitor", flags.monitor},
                                                           {"subject", flags.subject},
                                                           {"until", format_utc(until)},
                                                           {"reason", flags.reason}}));
  if (context.json) {
    print_json(kept);
  } else {
    std::printf("silence %s until %s: modelyard monitor unsilence %s ends it\n", text_of(kept["id"]).c_str(),
                text_of(kept["until"]).substr(0, 16).c_str(), text_of(kept["id"]).c_str());
  }
  return kDone;
}

Result<int> list_silences(const CommandContext& context) {
  MODELYARD_ASSIGN(const Json answer, context.client().call("GET", "/api/v1/silences"));
  if (context.json) {
    print_json(answer["items"]);
    return kDone;
  }
  Table table({"SILENCE", "MONITOR", "SUBJECT", "UNTIL (UTC)", "BY", "REASON"});
  for (const Json& one : answer["items"]) {
    table.add({text_of(one["id"]), text_of(one["monitor"]), text_of(one["subject"]),
               text_of(one["until"]).substr(0, 16), text_of(one["by"]), text_of(one["reason"])});
  }
  table.print("no silences");
  return kDone;
}

Result<int> unsilence(const MonitorFlags& flags, const CommandContext& context) {
  MODELYARD_TRY(context.client().call("DELETE", "/api/v1/silences/" + path_segment(flags.id)));
  if (!context.json) std::printf("silence %s has ended\n", flags.id.c_str());
  return kDone;
}

void add_monitor_option(CLI::App& app, MonitorFlags& flags) {
  app.add_option("endpoint", flags.endpoint, "Name of the endpoint")->required();
  app.add_option("monitor", flags.monitor, "Name of the monitor")->required();
}

void add_silence_commands(CommandLine& line, CLI::App& group, const std::shared_ptr<MonitorFlags>& flags) {
  CLI::App& app = line.add(group, "silence", "Keep alerts from being told, for a while and for a reason",
                           [flags, &line] { return silence(*flags, line.context()); });
  app.add_option("monitor", flags->monitor, "ENDPOINT.MONITOR, or the beginning of it with a * at its end")->required();
  app.add_option("--subject", flags->subject, "Of these features or metrics only; a * at its end is anything");
  app.add_option("--for", flags->until, "For so long: 2h, 7d")->required();
  app.add_option("--reason", flags->reason, "Why")->required();
  line.add(group, "silences", "List the silences", [&line] { return list_silences(line.context()); });
  CLI::App& end =
      line.add(group, "unsilence", "End a silence now", [flags, &line] { return unsilence(*flags, line.context()); });
  end.add_option("silence", flags->id, "Its number")->required();
}

}  // namespace

void add_monitor_commands(CommandLine& line) {
  const auto flags = std::make_shared<MonitorFlags>();
  CLI::App& group = line.group("monitor", "What is watched, what was found, and who is told");
  CLI::App& list = line.add(group, "list", "All monitors, and what they found last",
                            [flags, &line] { return list_monitors(*flags, line.context()); });
  list.add_option("endpoint", flags->endpoint, "Of this endpoint only");
  CLI::App& show = line.add(group, "show", "What a monitor found in its last window",
                            [flags, &line] { return show_monitor(*flags, line.context()); });
  add_monitor_option(show, *flags);
  CLI::App& test = line.add(group, "test", "What a monitor finds in the window that ends now; nothing comes of it",
                            [flags, &line] { return test_monitor(*flags, line.context()); });
  add_monitor_option(test, *flags);
  CLI::App& alerts = line.add(group, "alerts", "What fires, is pending, or was resolved lately",
                              [flags, &line] { return list_alerts(*flags, line.context()); });
  alerts.add_option("endpoint", flags->endpoint, "Of this endpoint only");
  CLI::App& ack = line.add(group, "ack", "Say that somebody looks at an alert",
                           [flags, &line] { return acknowledge(*flags, line.context()); });
  ack.add_option("alert", flags->alert, "ENDPOINT.MONITOR/SUBJECT, as `monitor alerts` shows it")->required();
  ack.add_option("--note", flags->note, "A word for the others");
  add_silence_commands(line, group, flags);
}

}  // namespace modelyard::app
