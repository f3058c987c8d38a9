#include <cstdio>

#include "app/cli/command.h"
#include "app/cli/prediction_query.h"
#include "base/uuid.h"

namespace modelyard::app {
namespace {

std::string human_microseconds(std::int64_t micros) {
  return micros < 1000 ? fmt::format("{} µs", micros) : fmt::format("{:.3g} ms", static_cast<double>(micros) / 1000);
}

std::string coloured_status(const Json& status) {
  return coloured(text_of(status), status == "ok" ? Colour::kPlain : Colour::kRed);
}

// The newest first, as many as are asked for.
Result<Json> fetch(const PredictionQuery& wanted, std::size_t last, const CommandContext& context) {
  MODELYARD_ASSIGN(const std::string query, query_text(wanted));
  const HttpClient client = context.client();
  Json found = Json::array();
  std::string cursor;
  do {
    const std::size_t limit = std::min(kMostOfAPage, last - found.size());
    MODELYARD_ASSIGN(const Json items, next_page(client, query, limit, cursor));
    for (const Json& item : items) found.push_back(item);
  } while (!cursor.empty() && found.size() < last);
  return found;
}

Result<int> find(const PredictionQuery& wanted, std::size_t last, const CommandContext& context) {
  MODELYARD_ASSIGN(const Json found, fetch(wanted, last, context));
  if (context.json) {
    print_json(found);
    return kDone;
  }
  Table table({"TIME (UTC)", "PREDICTION", "ENDPOINT", "VERSION", "BY", "STATUS", "LATENCY", "ROWS"});
  for (const Json& one : found) {
    std::string time = text_of(one["time"]).substr(0, 23);
    time[10] = ' ';
    table.add({time, text_of(one["prediction_id"]), text_of(one["endpoint"]),
               text_of(one["model"]) + "/" + one["version"].dump(), text_of(one["principal"]),
               coloured_status(one["status"]), human_microseconds(one["latency_us"].get<std::int64_t>()),
               one["rows"].dump()});
  }
  table.print("no such predictions in the journal");
  return kDone;
}

// As many values as a line holds.
std::string first_values(const Json& field) {
  constexpr std::size_t kMostBytes = 60;
  if (field.contains("data_base64")) return "bytes: " + field["data_base64"].get<std::string>().substr(0, kMostBytes);
  if (!field.contains("data")) return text_of(field["treatment"]) == "too_large" ? "left out: too large" : "masked";
  std::string text;
  for (const Json& value : field["data"]) {
    const std::string next = value.is_number_float() ? fmt::format("{:.6g}", value.get<double>()) : text_of(value);
    if (text.size() + next.size() > kMostBytes) return text + ", …";
    text += (text.empty() ? "" : ", ") + next;
  }
  return text;
}

void print_payload(const Json& payload) {
  std::printf("\n");
  const auto line = [](std::string_view name, const Json& value) {
    if (!value.is_null()) std::printf("%-14s %s\n", std::string(name).c_str(), text_of(value).c_str());
  };
  line("unit", payload["unit"]);
  line("request", payload["request_id"]);
  line("trace", payload["trace_id"]);
  line("engine", payload["engine"]);
  line("cpu", payload["cpu"]);
  if (payload["batch_rows"] > 0) {
    line("run",
         fmt::format("of {} rows, these from row {}", payload["batch_rows"].dump(), payload["row_offset"].dump()));
  }
  std::printf("\n");
  Table table({"", "FIELD", "DATATYPE", "SHAPE", "VALUES"});
  for (const auto& [side, name] : {std::pair("inputs", "in"), std::pair("outputs", "out")}) {
    for (const Json& field : payload[side]) {
      const bool is_hashed = text_of(field["treatment"]) == "hashed";
      table.add({name, text_of(field["name"]), text_of(field["datatype"]), field["shape"].dump(),
                 (is_hashed ? "hashed: " : "") + first_values(field)});
    }
  }
  table.print("nothing of it may be kept");
}

// What was said of it; nothing where nobody said anything.
void print_labels(const Json& labels) {
  if (labels.empty()) return;
  std::printf("\n");
  Table table({"ROW", "WHAT REALLY HAPPENED", "SINCE (UTC)", "ARRIVED (UTC)", "BY"});
  for (const Json& label : labels) {
    table.add({text_of(label["row"]), label["value"].is_null() ? "taken back" : text_of(label["value"]),
               text_of(label["event_time"]).substr(0, 19), text_of(label["arrival"]).substr(0, 19),
               text_of(label["principal"])});
  }
  table.print("");
}

Result<int> show(const std::string& id, bool with_payload, const CommandContext& context) {
  const HttpClient client = context.client();
  const std::string path = "/api/v1/predictions/" + path_segment(id);
  MODELYARD_ASSIGN(Json one, client.call("GET", path));
  if (with_payload) {
    MODELYARD_ASSIGN(one["payload"], client.call("GET", path + "/payload"));
    MODELYARD_ASSIGN(const Json labels, client.call("GET", path + "/ground-truth"));
    one["ground_truth"] = labels["items"];
  }
  if (context.json) {
    print_json(one);
    return kDone;
  }
  const auto line = [](std::string_view name, const std::string& value) {
    std::printf("%-14s %s\n", std::string(name).c_str(), value.c_str());
  };
  const std::string time = text_of(one["time"]);
  line("prediction", text_of(one["prediction_id"]));
  line("time", fmt::format("{}  ({})", time, human_age(time)));
  line("decided by", fmt::format("{}/{}", text_of(one["model"]), one["version"].dump()));
  line("endpoint", one["plan_revision"].is_null()
                       ? text_of(one["endpoint"]) + ", the version was named by the caller"
                       : fmt::format("{}, traffic plan {}", text_of(one["endpoint"]), one["plan_revision"].dump()));
  if (!one["arm"].is_null()) line("arm", text_of(one["arm"]));
  line("asked by", text_of(one["principal"]));
  line("protocol", text_of(one["protocol"]));
  line("status", coloured_status(one["status"]));
  line("latency", human_microseconds(one["latency_us"].get<std::int64_t>()));
  line("rows", one["rows"].dump());
  if (with_payload) {
    print_payload(one["payload"]);
    print_labels(one["ground_truth"]);
  }
  return kDone;
}

// Exit code 1 when the answer is not what it was.
Result<int> replay(const std::string& id, const CommandContext& context) {
  MODELYARD_ASSIGN(const Json told,
                   context.client().call("POST", "/api/v1/predictions/" + path_segment(id) + ":replay"));
  const bool is_reproduced = told["reproduced"].get<bool>();
  const int exit_code = is_reproduced ? kDone : kFailed;
  if (context.json) {
    print_json(told);
    return exit_code;
  }
  const std::string version = fmt::format("{}/{}", text_of(told["model"]), told["version"].dump());
  const std::string verdict = text_of(told["verdict"]);
  const std::string said = verdict == "same"               ? "the same answer, bit for bit"
                           : verdict == "within_tolerance" ? "the same answer within the version's tolerance"
                                                           : "another answer";
  std::printf("%s gives %s\n", version.c_str(), coloured(said, is_reproduced ? Colour::kGreen : Colour::kRed).c_str());
  if (!told["difference"].is_null()) std::printf("%s\n", text_of(told["difference"]).c_str());
  for (const Json& unlike : told["unlike"]) std::printf("not as it was: %s\n", text_of(unlike).c_str());
  if (verdict == "within_tolerance" && !is_reproduced) {
    std::printf("all was as it was then, so the answer should be the same bit for bit\n");
  }
  return exit_code;
}

// Of the commands about one prediction.
void add_id(CLI::App& command, std::string& id) {
  command.add_option("id", id, "Modelyard-Prediction-Id of the answer")
      ->required()
      ->check(CLI::Validator(
          [](const std::string& text) { return Uuid::parse(text) ? "" : "'" + text + "' is not a UUID"; }, "UUID"));
}

}  // namespace

void add_prediction_commands(CommandLine& line) {
  CLI::App& predictions = line.group("predictions", "Which version decided, when, and for whom");
  auto flags = std::make_shared<PredictionQuery>();
  auto last = std::make_shared<std::size_t>(20);
  CLI::App& finding = line.add(predictions, "find", "The newest predictions that fit",
                               [flags, last, &line] { return find(*flags, *last, line.context()); });
  add_options(finding, *flags);
  finding.add_option("--last", *last, "So many")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  auto id = std::make_shared<std::string>();
  auto with_payload = std::make_shared<bool>(false);
  CLI::App& showing = line.add(predictions, "show", "The record of one prediction",
                               [id, with_payload, &line] { return show(*id, *with_payload, line.context()); });
  showing.add_flag("--payload", *with_payload,
                   "What it was asked and answered, where that is captured, and what was said of it since");
  add_id(showing, *id);
  add_id(line.add(predictions, "replay", "Ask the version that answered the same again, and compare",
                  [id, &line] { return replay(*id, line.context()); }),
         *id);
}

}  // namespace modelyard::app
