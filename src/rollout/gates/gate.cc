#include "rollout/gates/gate.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/duration.h"
#include "base/nearest_name.h"

namespace modelyard::rollout {
namespace {

enum class Unit { kShare, kShareOrPercent, kMilliseconds, kPlain };

struct Known {
  std::string_view name;
  Signal signal;
  double quantile;
  Unit unit;
  bool may_be_relative;
};
constexpr std::array<Known, 11> kKnown{{{"error_rate", Signal::kErrorRate, 0, Unit::kShare, true},
                                        {"timeout_rate", Signal::kTimeoutRate, 0, Unit::kShare, true},
                                        {"nonfinite_rate", Signal::kNonfiniteRate, 0, Unit::kShare, true},
                                        {"p50_ms", Signal::kLatency, 0.5, Unit::kMilliseconds, true},
                                        {"p90_ms", Signal::kLatency, 0.9, Unit::kMilliseconds, true},
                                        {"p95_ms", Signal::kLatency, 0.95, Unit::kMilliseconds, true},
                                        {"p99_ms", Signal::kLatency, 0.99, Unit::kMilliseconds, true},
                                        {"p99.9_ms", Signal::kLatency, 0.999, Unit::kMilliseconds, true},
                                        {"accuracy", Signal::kAccuracy, 0, Unit::kShareOrPercent, true},
                                        {"disagreement", Signal::kDisagreement, 0, Unit::kShare, false},
                                        {"output_distance", Signal::kOutputDistance, 0, Unit::kPlain, false}}};
constexpr Known kMetric{"metric:", Signal::kMetric, 0, Unit::kPlain, true};
constexpr Known kExternal{"signal:", Signal::kExternal, 0, Unit::kPlain, false};

const Known& known_of(const Gate& gate) {
  const auto found = std::ranges::find_if(
      kKnown, [&](const Known& known) { return known.signal == gate.signal && known.quantile == gate.quantile; });
  return found != kKnown.end() ? *found : gate.is_external() ? kExternal : kMetric;
}

constexpr std::array<std::pair<std::string_view, OnNoData>, 3> kOnNoData{
    {{"hold", OnNoData::kHold}, {"fail", OnNoData::kFail}, {"pass", OnNoData::kPass}}};

struct Number {
  double value = 0;  // 0.5% is 0.005
  bool is_percent = false;
};

// Digits with at most one point: what needs an exponent is not a limit that somebody can read.
std::optional<Number> parse_number(std::string_view word) {
  constexpr std::size_t kLongest = 16;
  Number number;
  number.is_percent = word.ends_with('%');
  if (number.is_percent) word.remove_suffix(1);
  const auto [end, failure] =
      std::from_chars(word.data(), word.data() + word.size(), number.value, std::chars_format::fixed);
  if (failure != std::errc{} || end != word.data() + word.size() || word.size() > kLongest) return std::nullopt;
  if (!std::isfinite(number.value)) return std::nullopt;
  if (number.is_percent) number.value /= 100;
  return number;
}

std::string number_text(double value, Unit unit) {
  return unit == Unit::kShare ? fmt::format("{:.12g}%", 100 * value) : fmt::format("{:.12g}", value);
}

// Reads the words of one line from left to right.
class GateParser {
 public:
  explicit GateParser(std::string_view text) { gate_.text = text; }

  Result<Gate> parse() &&;

 private:
  Error wrong(std::string_view word, std::string_view instead) const {
    return error(Code::kInvalidArgument, "gate '{}', at '{}': {}", gate_.text, word.empty() ? "the end" : word,
                 instead);
  }
  Status split();
  std::string_view next() { return at_ < words_.size() ? words_[at_++] : std::string_view{}; }
  Status read_signal();
  Status read_named(std::string_view word, const Known& named);
  Status read_comparison();
  Status read_limit();
  Status read_relative();
  Status check_absolute(std::string_view word) const;
  Result<double> read_amount(std::string_view word) const;
  Status read_clause(std::string_view name);
  Status read_confidence(std::string_view word);
  Status read_window(std::string_view word);
  Status read_least_samples(std::string_view word);
  Status read_on_no_data(std::string_view word);

  Gate gate_;
  Unit unit_{};
  bool may_be_relative_ = false;
  std::vector<std::string_view> words_;
  std::size_t at_ = 0;
  std::vector<std::string_view> clauses_;  // that were read
};

Status GateParser::split() {
  if (gate_.text.size() > Gate::kLongestText) {
    return error(Code::kInvalidArgument, "a gate of {} characters: at most {} are read", gate_.text.size(),
                 Gate::kLongestText);
  }
  const auto is_printable = [](char c) { return c >= ' ' && c <= '~'; };
  if (!std::ranges::all_of(gate_.text, is_printable)) {
    return error(Code::kInvalidArgument, "a gate is one line of plain ASCII, words apart by spaces");
  }
  const std::string_view text = gate_.text;
  for (std::size_t begin = text.find_first_not_of(' '); begin != text.npos;) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    words_.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(' ', end);
  }
  return ok();
}

Status GateParser::read_signal() {
  const std::string_view word = next();
  for (const Known& named : {kMetric, kExternal}) {
    if (word.starts_with(named.name)) return read_named(word, named);
  }
  if (word.find_first_of("<>=") != word.npos) return wrong(word, "write spaces around '<=' and '>='");
  const auto found = std::ranges::find(kKnown, word, &Known::name);
  if (found == kKnown.end()) {
    std::vector<std::string> names;
    for (const Known& known : kKnown) names.emplace_back(known.name);
    const auto nearest = nearest_name(word, names);
    return wrong(word, fmt::format("a gate begins with one of {}, metric:NAME or signal:NAME{}", fmt::join(names, ", "),
                                   nearest ? fmt::format("; did you mean '{}'?", *nearest) : ""));
  }
  gate_.signal = found->signal;
  gate_.quantile = found->quantile;
  if (found->signal == Signal::kAccuracy) gate_.metric = found->name;
  unit_ = found->unit;
  may_be_relative_ = found->may_be_relative;
  return ok();
}

Status GateParser::read_named(std::string_view word, const Known& named) {
  gate_.metric = word.substr(named.name.size());
  if (!is_metric_name(gate_.metric)) {
    return wrong(word, fmt::format("a {}'s name has 1 to {} of a-z, 0-9, '_', '.' and '-'",
                                   named.name.substr(0, named.name.size() - 1), Gate::kLongestMetric));
  }
  gate_.signal = named.signal;
  unit_ = named.unit;
  may_be_relative_ = named.may_be_relative;
  return ok();
}

Status GateParser::read_comparison() {
  const std::string_view word = next();
  if (word != "<=" && word != ">=") return wrong(word, "write '<=' or '>=' here, with spaces around it");
  gate_.comparison = word == "<=" ? Comparison::kAtMost : Comparison::kAtLeast;
  if (gate_.signal == Signal::kMetric || gate_.is_external()) return ok();
  const bool is_good = gate_.signal == Signal::kAccuracy;
  if (is_good != (gate_.comparison == Comparison::kAtLeast)) {
    return wrong(word,
                 fmt::format("more of it is {}: write '{}'", is_good ? "better" : "worse", is_good ? ">=" : "<="));
  }
  return ok();
}

Result<double> GateParser::read_amount(std::string_view word) const {
  const auto number = parse_number(word);
  if (!number) return wrong(word, "write a plain number, such as 0.5");
  if (unit_ == Unit::kShare && !number->is_percent) return wrong(word, "write a rate in percent, such as 0.5%");
  if (unit_ == Unit::kMilliseconds && number->is_percent) {
    return wrong(word, "write milliseconds, such as 40, or a part of stable, such as stable * 1.1");
  }
  if (gate_.is_external() && number->is_percent) return wrong(word, "write it in the signal's own unit, such as 0.9");
  if (unit_ == Unit::kPlain && number->is_percent) {
    return wrong(word, "write it in the signal's own unit, or as a part of stable, such as stable * 0.95");
  }
  return number->value;
}

Status GateParser::check_absolute(std::string_view word) const {
  const double limit = gate_.limit;
  if (unit_ == Unit::kMilliseconds && !(limit > 0)) return wrong(word, "a latency is above 0 ms");
  if (unit_ == Unit::kMilliseconds && limit > 1e6) return wrong(word, "latencies are told apart up to 1000000 ms");
  if (unit_ == Unit::kShare && !(limit >= 0 && limit < 1))
    return wrong(word, "write from 0% to below 100%, or it says nothing");
  if (unit_ == Unit::kShareOrPercent && !(limit > 0 && limit < 1))
    return wrong(word, "write a share between 0 and 1, such as 0.9");
  if (gate_.signal == Signal::kOutputDistance && !(limit > 0 && limit < 1)) {
    return wrong(word, "a distance lies between 0 (the same answers) and 1 (none of them): write such as 0.1");
  }
  return ok();
}

Status GateParser::read_limit() {
  const std::string_view word = next();
  if (word == "stable") {
    if (gate_.is_external()) return wrong(word, "write a number, and let the query compare the versions");
    if (!may_be_relative_) return wrong(word, "it is a comparison with stable by itself: write a number");
    return read_relative();
  }
  if (word.starts_with("stable")) return wrong(word, "write spaces around what follows 'stable', such as stable * 1.1");
  MODELYARD_ASSIGN(gate_.limit, read_amount(word));
  return check_absolute(word);
}

Status GateParser::read_relative() {
  gate_.relative = RelativeTo::kStablePlus;
  const std::string_view sign = at_ < words_.size() ? words_[at_] : std::string_view{};
  if (sign == "*") {
    ++at_;
    const std::string_view word = next();
    const auto factor = parse_number(word);
    if (!factor || factor->is_percent || !(factor->value >= 0.01 && factor->value <= 100)) {
      return wrong(word, "write a factor from 0.01 to 100, such as stable * 1.1");
    }
    gate_.relative = RelativeTo::kStableTimes;
    gate_.limit = factor->value;
    return ok();
  }
  if (sign != "+" && sign != "-") return ok();  // stable itself; the clauses begin
  ++at_;
  const std::string_view word = next();
  MODELYARD_ASSIGN(const double amount, read_amount(word));
  if (amount < 0) return wrong(word, "write the sign before the space: stable - 0.5");
  const bool is_share = unit_ == Unit::kShare || unit_ == Unit::kShareOrPercent;
  if (is_share && amount >= 1) return wrong(word, "shares differ by less than 100%");
  gate_.limit = sign == "+" ? amount : -amount;
  return ok();
}

Status GateParser::read_clause(std::string_view name) {
  struct Clause {
    std::string_view name;
    Status (GateParser::*read)(std::string_view);
  };
  static constexpr std::array<Clause, 4> kClauses{{{"at", &GateParser::read_confidence},
                                                   {"over", &GateParser::read_window},
                                                   {"min", &GateParser::read_least_samples},
                                                   {"nodata", &GateParser::read_on_no_data}}};
  const auto found = std::ranges::find(kClauses, name, &Clause::name);
  if (found == kClauses.end()) return wrong(name, "write 'at 95%', 'over 10m', 'min 500' or 'nodata hold' here");
  if (gate_.is_external() && found->read != &GateParser::read_on_no_data) {
    return wrong(name, "the number is the source's, with neither samples nor an interval here: leave it out");
  }
  if (std::ranges::find(clauses_, name) != clauses_.end()) return wrong(name, "it is said twice; leave one");
  clauses_.push_back(name);
  return (this->*found->read)(next());
}

Status GateParser::read_confidence(std::string_view word) {
  const auto number = parse_number(word);
  if (!number || !number->is_percent || !(number->value >= Gate::kLeastConfidence && number->value < 1)) {
    return wrong(word, "write a confidence from 50% to below 100%, such as at 95%");
  }
  gate_.confidence = number->value;
  return ok();
}

Status GateParser::read_window(std::string_view word) {
  const auto window = parse_duration(word);
  if (!window) return wrong(word, window.error().message());
  if (*window < Gate::kLeastWindow || *window > Gate::kMostWindow) {
    return wrong(word, fmt::format("write a window from {} to {}", format_duration(Gate::kLeastWindow),
                                   format_duration(Gate::kMostWindow)));
  }
  gate_.window = *window;
  return ok();
}

Status GateParser::read_least_samples(std::string_view word) {
  std::uint64_t count = 0;
  const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), count);
  if (failure != std::errc{} || end != word.data() + word.size() || count < 1 || count > Gate::kMostLeastSamples) {
    return wrong(word, fmt::format("write a count from 1 to {}, such as min 500", Gate::kMostLeastSamples));
  }
  gate_.least_samples = count;
  return ok();
}

Status GateParser::read_on_no_data(std::string_view word) {
  const auto found = std::ranges::find(kOnNoData, word, &std::pair<std::string_view, OnNoData>::first);
  if (found == kOnNoData.end()) return wrong(word, "write hold, fail or pass");
  gate_.on_no_data = found->second;
  return ok();
}

Result<Gate> GateParser::parse() && {
  MODELYARD_TRY(split());
  MODELYARD_TRY(read_signal());
  MODELYARD_TRY(read_comparison());
  MODELYARD_TRY(read_limit());
  while (at_ < words_.size()) MODELYARD_TRY(read_clause(next()));
  return std::move(gate_);
}

// What two gates may not both say.
std::string claim(const Gate& gate) {
  Gate bare = gate;
  bare.confidence.reset();
  bare.on_no_data = OnNoData::kHold;
  return canonical_text(bare);
}

std::string limit_text(const Gate& gate) {
  const Unit unit = known_of(gate).unit;
  if (gate.relative == RelativeTo::kNothing) return number_text(gate.limit, unit);
  if (gate.relative == RelativeTo::kStableTimes) return fmt::format("stable * {:.12g}", gate.limit);
  if (gate.limit == 0) return "stable";
  return fmt::format("stable {} {}", gate.limit > 0 ? '+' : '-', number_text(std::abs(gate.limit), unit));
}

}  // namespace

bool is_metric_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  };
  return !name.empty() && name.size() <= Gate::kLongestMetric && std::ranges::all_of(name, is_allowed);
}

Result<Gate> parse_gate(std::string_view text) {
  return GateParser(text).parse();
}

Result<std::vector<Gate>> parse_gates(std::span<const std::string> lines) {
  if (lines.size() > kMostGates) {
    return error(Code::kInvalidArgument, "{} gates: a rollout has at most {}", lines.size(), kMostGates);
  }
  std::vector<Gate> gates;
  for (const std::string& line : lines) {
    MODELYARD_ASSIGN(Gate gate, parse_gate(line));
    const auto same = std::ranges::find(gates, claim(gate), claim);
    if (same != gates.end()) {
      return error(Code::kInvalidArgument, "gate '{}' says what '{}' says already; leave one", line, same->text);
    }
    gates.push_back(std::move(gate));
  }
  return gates;
}

std::string signal_text(const Gate& gate) {
  const Known& known = known_of(gate);
  const bool is_named = gate.signal == Signal::kMetric || gate.is_external();
  return is_named ? fmt::format("{}{}", known.name, gate.metric) : std::string(known.name);
}

std::string canonical_text(const Gate& gate) {
  std::string text = fmt::format("{} {} {}", signal_text(gate),
                                 gate.comparison == Comparison::kAtMost ? "<=" : ">=", limit_text(gate));
  if (gate.confidence) text += fmt::format(" at {:.12g}%", 100 * *gate.confidence);
  if (gate.window) text += fmt::format(" over {}", format_duration(*gate.window));
  if (gate.least_samples != Gate::kDefaultLeastSamples) text += fmt::format(" min {}", gate.least_samples);
  for (const auto& [name, value] : kOnNoData) {
    if (value == gate.on_no_data && value != OnNoData::kHold) text += fmt::format(" nodata {}", name);
  }
  return text;
}

}  // namespace modelyard::rollout
