#include <algorithm>
#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/moment.h"

namespace modelyard::app {
namespace {

struct AccuracyFlags {
  std::string endpoint, window, by, from, to, known_at;
};

Result<std::string> query_of(const AccuracyFlags& flags) {
  std::string query;
  const UtcTime now = system_clock().utc_now();
  const auto add = [&](std::string_view name, const std::string& value) {
    query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, path_segment(value));
  };
  if (!flags.window.empty()) {
    MODELYARD_ASSIGN(const std::int64_t seconds, parse_seconds("--window", flags.window));
    add("window_seconds", std::to_string(seconds));
  }
  if (!flags.by.empty()) add("by", flags.by);
  for (const auto& [flag, name, text] : {std::tuple("--from", "from", &flags.from), std::tuple("--to", "to", &flags.to),
                                         std::tuple("--known-at", "known_at", &flags.known_at)}) {
    if (text->empty()) continue;
    MODELYARD_ASSIGN(const UtcTime time, parse_moment(flag, *text, now));
    add(name, format_utc(time));
  }
  return query;
}

// "0.912 [0.901, 0.923]"
std::string score_text(const Json& score) {
  if (score.is_null()) return "-";
  const Json& interval = score["interval"];
  const std::string value = fmt::format("{:.4g}", score["value"].get<double>());
  if (interval.is_null()) return value;
  return fmt::format("{} [{:.4g}, {:.4g}]", value, interval[0].get<double>(), interval[1].get<double>());
}

// Those that fit beside one another in a table.
std::vector<std::string> main_metrics(const std::string& task) {
  if (task == "binary") return {"accuracy", "precision", "recall", "roc_auc"};
  if (task == "multiclass") return {"accuracy", "f1", "log_loss"};
  if (task == "regression") return {"mae", "rmse", "r2"};
  if (task == "ranking") return {"ndcg", "mrr"};
  return {"mean", "sum"};
}

std::string percent(const Json& share) {
  return fmt::format("{:.3g} %", 100 * share.get<double>());
}

// "2026-11-01 10:00"
std::string minute_of(const Json& time) {
  std::string text = text_of(time).substr(0, 16);
  text[10] = ' ';
  return text;
}

void print_table(const Json& report) {
  const std::string task = text_of(report["evaluation"]["task"]);
  const bool is_by = !report["by"].is_null();
  std::vector<std::string> titles{"FROM (UTC)"};
  if (is_by) titles.push_back(text_of(report["by"]));
  for (const char* title : {"PREDICTIONS", "LABELLED", "COVERAGE"}) titles.emplace_back(title);
  for (const std::string& metric : main_metrics(task)) titles.push_back(metric);
  titles.emplace_back("");
  Table table(titles);
  for (const Json& part : report["parts"]) {
    std::vector<std::string> cells{minute_of(part["from"])};
    if (is_by) cells.push_back(text_of(part["segment"]));
    cells.push_back(part["predictions"].dump());
    cells.push_back(part["labelled"].dump());
    cells.push_back(percent(part["coverage"]));
    for (const std::string& metric : main_metrics(task))
      cells.push_back(score_text(part["metrics"].value(metric, Json())));
    cells.push_back(part["provisional"] == true ? coloured("provisional", Colour::kYellow) : "");
    table.add(std::move(cells));
  }
  table.print("no predictions in that time");
}

void print_classes(const Json& part) {
  std::printf("\n");
  Table table({"CLASS", "ROWS", "PREDICTED", "PRECISION", "RECALL", "F1"});
  for (const Json& one : part["classes"]) {
    table.add({text_of(one["class"]), one["support"].dump(), one["predicted"].dump(), score_text(one["precision"]),
               score_text(one["recall"]), score_text(one["f1"])});
  }
  table.print("");
  constexpr std::size_t kMostClasses = 12;
  const Json& classes = part["classes"];
  if (classes.size() > kMostClasses) return;
  std::printf("\n");
  std::vector<std::string> titles{"TRUTH \\ PREDICTED"};
  for (const Json& one : classes) titles.push_back(text_of(one["class"]));
  Table confusion(titles);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    std::vector<std::string> cells{text_of(classes[i]["class"])};
    for (const Json& count : part["confusion"][i]) cells.push_back(count.dump());
    confusion.add(std::move(cells));
  }
  confusion.print("");
}

void print_whole(const Json& report) {
  const Json& part = report["parts"][0];
  const std::string provisional =
      part["provisional"] == true
          ? "  " + coloured(fmt::format("provisional: less than {}", percent(report["evaluation"]["coverage"])),
                            Colour::kYellow)
          : "";
  std::printf("%s, %s to %s\n", text_of(report["endpoint"]).c_str(), minute_of(part["from"]).c_str(),
              minute_of(part["to"]).c_str());
  std::printf("%s rows answered, %s captured, %s labelled (%s)%s\n\n", part["predictions"].dump().c_str(),
              part["captured"].dump().c_str(), part["labelled"].dump().c_str(), percent(part["coverage"]).c_str(),
              provisional.c_str());
  Table table({"METRIC", "VALUE [95 % INTERVAL]"});
  const auto main = main_metrics(text_of(report["evaluation"]["task"]));
  for (const std::string& name : main) {
    if (part["metrics"].contains(name)) table.add({name, score_text(part["metrics"][name])});
  }
  for (const auto& [name, score] : part["metrics"].items()) {
    if (std::ranges::find(main, name) == main.end()) table.add({name, score_text(score)});
  }
  table.print(part["withheld"] == true       ? "withheld: so few rows are shown to who may see payloads"
              : part["captured"] == 0        ? "nothing can be judged"
              : report["known_at"].is_null() ? "no labels for them yet: modelyard label FILE"
                                             : "no labels for them had come by then");
  if (part.contains("classes")) print_classes(part);
}

// What is in the way of more.
void print_remarks(const Json& report) {
  std::uint64_t predictions = 0, captured = 0;
  for (const Json& part : report["parts"]) {
    predictions += part["predictions"].get<std::uint64_t>();
    captured += part["captured"].get<std::uint64_t>();
  }
  const std::string endpoint = text_of(report["endpoint"]);
  if (predictions > 0 && captured == 0) {
    std::printf(
        "\nnothing of what was answered is captured, so there is nothing to compare labels with: "
        "modelyard record %s capture.share=1\n",
        endpoint.c_str());
  }
  const Json& unjoined = report["unjoined"];
  if (unjoined["unknown"] != 0 || unjoined["uncaptured"] != 0 || unjoined["unreadable"] != 0) std::printf("\n");
  const auto tell = [&](const char* name, const char* words) {
    if (unjoined[name] != 0) std::printf("labels %s: %s\n", words, unjoined[name].dump().c_str());
  };
  tell("unknown", "of predictions that are not in the journal, or not of that time");
  tell("uncaptured", "of predictions whose answers were not captured");
  if (unjoined["unreadable"] != 0) {
    std::printf("labels that cannot be compared: %s%s\n", unjoined["unreadable"].dump().c_str(),
                unjoined["why"].is_null() ? "" : ("; the first: " + text_of(unjoined["why"])).c_str());
  }
}

Result<int> accuracy(const AccuracyFlags& flags, const CommandContext& context) {
  MODELYARD_ASSIGN(const std::string query, query_of(flags));
  MODELYARD_ASSIGN(const Json report, context.client().call("GET", fmt::format("/api/v1/endpoints/{}/accuracy{}",
                                                                               path_segment(flags.endpoint), query)));
  if (context.json) {
    print_json(report);
    return kDone;
  }
  const bool is_whole = report["by"].is_null() && report["window_seconds"] == 0 && report["parts"].size() == 1;
  if (is_whole) {
    print_whole(report);
  } else {
    print_table(report);
  }
  print_remarks(report);
  return kDone;
}

}  // namespace

void add_accuracy_command(CommandLine& line) {
  const auto flags = std::make_shared<AccuracyFlags>();
  CLI::App& app = line.add("accuracy", "How good an endpoint's predictions were, where the truth is known",
                           [flags, &line] { return accuracy(*flags, line.context()); });
  app.add_option("endpoint", flags->endpoint, "Name of the endpoint")->required();
  app.add_option("--window", flags->window, "Over time, in steps of so long: 1h, 1d (of the prediction's time)");
  app.add_option("--by", flags->by, "Apart for each version, arm, or value of a feature");
  app.add_option("--from", flags->from, "Since then: 30d, 2h, or a time, in UTC unless it says where; 30d without it");
  app.add_option("--to", flags->to, "Until then");
  app.add_option("--known-at", flags->known_at, "With the labels that had arrived by then");
}

}  // namespace modelyard::app
