#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "app/cli/command.h"
#include "app/cli/moment.h"
#include "app/cli/parquet/parquet_library.h"
#include "app/cli/temporary_folder.h"
#include "base/directory.h"
#include "journal/ground_truth/label.h"

namespace modelyard::app {
namespace {

constexpr std::size_t kLinesOfAPart = 10'000;
constexpr std::size_t kBytesOfAPart = 8u << 20;

struct LabelFlags {
  std::string file, endpoint, columns, prediction, value, event_time;
  std::int64_t row = -1;
};

std::string type_of(const std::string& file, const LabelFlags& flags) {
  const auto ends = [&](std::string_view ending) { return file.ends_with(ending); };
  if (ends(".csv") || !flags.columns.empty()) return "text/csv";
  return ends(".json") ? "application/json" : "application/x-ndjson";
}

// What became of all parts.
class Summary {
 public:
  void add(const Json& report) {
    for (const char* name :
         {"received", "stored", "corrected", "repeated", "outdated", "waiting", "by_unit", "refused"}) {
      sum_[name] = sum_.value(name, std::int64_t{0}) + report[name].get<std::int64_t>();
    }
    for (const Json& refusal : report["refusals"]) {
      if (refusals_.size() < kMostShown) refusals_.push_back(refusal);
    }
  }

  int print(const CommandContext& context) const {
    const int exit_code = sum_.value("refused", 0) == 0 ? kDone : kFailed;
    if (context.json) {
      Json document = sum_;
      document["refusals"] = refusals_;
      print_json(document);
      return exit_code;
    }
    std::string line;
    const auto tell = [&](const char* name, std::string_view words) {
      const auto number = sum_.value(name, std::int64_t{0});
      if (number > 0) line += fmt::format("{}{} {}", line.empty() ? "" : ", ", number, words);
    };
    tell("stored", "new");
    tell("corrected", "corrected");
    tell("repeated", "known already");
    tell("outdated", "older than what is known");
    tell("refused", "refused");
    const auto received = sum_.value("received", std::int64_t{0});
    std::printf("%lld label%s: %s\n", static_cast<long long>(received), received == 1 ? "" : "s",
                line.empty() ? "nothing to keep" : line.c_str());
    if (sum_.value("waiting", 0) > 0) {
      std::printf("waiting, as their predictions are not in the journal: %s\n", sum_["waiting"].dump().c_str());
    }
    if (sum_.value("by_unit", 0) > 0) {
      std::printf("by unit, to be joined when `modelyard accuracy` asks: %s\n", sum_["by_unit"].dump().c_str());
    }
    for (const Json& refusal : refusals_) {
      std::printf("%s line %s: %s\n", coloured("refused", Colour::kRed).c_str(), refusal["line"].dump().c_str(),
                  text_of(refusal["reason"]).c_str());
    }
    return exit_code;
  }

 private:
  static constexpr std::size_t kMostShown = 20;
  Json sum_ = Json::object();
  Json refusals_ = Json::array();
};

class Sender {
 public:
  Sender(const LabelFlags& flags, const CommandContext& context, std::string type)
      : client_(context.client()), type_(std::move(type)) {
    const auto add = [&](std::string_view name, const std::string& value) {
      if (!value.empty()) path_ += fmt::format("{}{}={}", path_.contains('?') ? '&' : '?', name, path_segment(value));
    };
    add("endpoint", flags.endpoint);
    add("columns", flags.columns);
  }

  bool is_csv() const { return type_ == "text/csv"; }
  bool has_lines() const { return type_ != "application/json"; }

  // `offset`: lines of the file that stand before the part, and are not in it.
  Status send(const std::string& part, std::size_t offset) {
    const char* const sign = path_.contains('?') ? "&" : "?";
    const std::string path = offset == 0 ? path_ : fmt::format("{}{}line_offset={}", path_, sign, offset);
    MODELYARD_ASSIGN(const HttpAnswer answer, client_.send("POST", path, part, {{"Content-Type", type_}}));
    if (answer.status != 200) {
      const Error why = error_of(answer);
      return offset == 0 ? why : why.with_context("what stands before line {} of the file is kept", offset + 1);
    }
    MODELYARD_ASSIGN(const Json report, parse_json(answer.body));
    summary_.add(report);
    return ok();
  }
  const Summary& summary() const { return summary_; }

 private:
  const HttpClient client_;
  const std::string type_;
  std::string path_ = "/api/v1/ground-truth";
  Summary summary_;
};

// Part by part; a part ends with a line, and no line of CSV ends within quotes.
Status send_lines(std::istream& input, std::int64_t size, Sender& sender) {
  ProgressBar bar("sending labels");
  std::string head, part, line;
  std::size_t number = 0, lines = 0, first_line = 0;
  std::int64_t sent = 0;
  bool is_quoted = false;
  const auto send_part = [&]() -> Status {
    if (lines == 0) return ok();
    // The head of CSV stands before each part.
    MODELYARD_TRY(sender.send(head + part, first_line - (head.empty() ? 0 : 1)));
    sent += static_cast<std::int64_t>(part.size());
    if (size > 0) bar.show(sent, size);
    part.clear();
    lines = 0;
    return ok();
  };
  while (std::getline(input, line)) {
    ++number;
    const bool is_blank = line.find_first_not_of(" \t\r") == std::string::npos;
    if (is_blank && lines == 0) continue;  // a part does not consist of nothing
    line += '\n';
    if (sender.is_csv() && head.empty()) {
      head = line;
      continue;
    }
    if (lines == 0) first_line = number - 1;
    is_quoted ^= sender.is_csv() && std::ranges::count(line, '"') % 2 != 0;
    part += line;
    ++lines;
    const bool is_full = lines >= kLinesOfAPart || part.size() >= kBytesOfAPart;
    if (is_full && !is_quoted) MODELYARD_TRY(send_part());
  }
  if (input.bad())
    return error(Code::kInternal, "the file cannot be read to its end: what stands before line {} is kept",
                 first_line + 1);
  MODELYARD_TRY(send_part());
  return sent == 0 ? Status(error(Code::kInvalidArgument, "there is no label in the file")) : ok();
}

// As CSV. Its line N is row N - 1.
Status send_parquet(const std::string& file, Sender& sender) {
  MODELYARD_ASSIGN(const TemporaryFolder folder, TemporaryFolder::make());
  const std::string rows = folder.path() + "/labels.csv";
  MODELYARD_TRY(parquet_to_csv(file, rows));
  std::ifstream input(rows, std::ios::binary);
  if (!input) return system_error("read", rows, errno);
  std::error_code ignored;
  return send_lines(input, static_cast<std::int64_t>(std::filesystem::file_size(rows, ignored)), sender);
}

Status send_file(const std::string& file, bool parquet, Sender& sender) {
  if (file == "-") return send_lines(std::cin, 0, sender);
  if (parquet) return send_parquet(file, sender);
  std::ifstream input(file, std::ios::binary);
  if (!input) return system_error("read", file, errno);
  input.seekg(0, std::ios::end);
  const std::int64_t size = input.tellg();
  input.clear();  // a pipe has no end to seek
  input.seekg(0);
  input.clear();
  if (sender.has_lines()) return send_lines(input, size, sender);
  return sender.send(std::string(std::istreambuf_iterator<char>(input), {}), 0);
}

Result<int> label(const LabelFlags& flags, const CommandContext& context) {
  bool parquet = false;
  if (!flags.file.empty() && flags.file != "-") {
    MODELYARD_ASSIGN(parquet, is_parquet(flags.file));
  }
  Sender sender(flags, context, parquet ? "text/csv" : type_of(flags.file, flags));
  if (!flags.file.empty()) {
    MODELYARD_TRY(send_file(flags.file, parquet, sender));
    return sender.summary().print(context);
  }
  Json one{{"prediction_id", flags.prediction}};
  const auto value = parse_json(flags.value);
  // A number that would lose digits goes as a text.
  const bool is_beyond = value && value->is_number() && std::abs(value->get<double>()) >= journal::kLabelNumbersEnd;
  one["value"] = value && value->is_primitive() && !is_beyond ? *value : Json(flags.value);
  if (flags.row >= 0) one["row"] = flags.row;
  if (!flags.event_time.empty()) {
    MODELYARD_ASSIGN(const UtcTime time, parse_moment("--event-time", flags.event_time, system_clock().utc_now()));
    one["event_time"] = format_utc(time);
  }
  MODELYARD_TRY(sender.send(one.dump(), 0));
  return sender.summary().print(context);
}

}  // namespace

void add_label_command(CommandLine& line) {
  const auto flags = std::make_shared<LabelFlags>();
  CLI::App& app = line.add("label", "Say what really happened: labels of predictions, from a file or one by one",
                           [flags, &line] { return label(*flags, line.context()); });
  CLI::Option_group* const what = app.add_option_group("What", "A file of labels, or one label");
  what->require_option(1);
  CLI::Option* const file = what->add_option(
      "file", flags->file, "FILE.csv, FILE.jsonl, FILE.json or FILE.parquet; - reads lines from standard input");
  app.add_option("--endpoint", flags->endpoint, "Of labels that name none, and whose prediction is not there yet");
  app.add_option("--columns", flags->columns, "What the file calls our columns: prediction_id=request,value=paid")
      ->needs(file);
  CLI::Option* const prediction = what->add_option("--prediction", flags->prediction, "Of this one");
  CLI::Option* const value = app.add_option("--value", flags->value, "What really happened; null takes it back");
  prediction->needs(value);
  value->needs(prediction);
  app.add_option("--row", flags->row, "Of a prediction with several rows, from 0")->needs(prediction);
  app.add_option("--event-time", flags->event_time, "Since when this is so: 2h, or a time, in UTC unless it says where")
      ->needs(prediction);
}

}  // namespace modelyard::app
