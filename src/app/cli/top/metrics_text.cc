#include "app/cli/top/metrics_text.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace modelyard::app {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
}

// One line, from left to right.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : rest_(line) {}

  std::string_view name() {
    std::size_t length = 0;
    while (length < rest_.size() && is_name_character(rest_[length])) ++length;
    return take(length);
  }
  bool accept(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (accept(' ') || accept('\t')) {
    }
  }
  // Behind its first quote, to the last.
  std::optional<std::string> quoted() {
    std::string text;
    while (!rest_.empty()) {
      const char c = take(1).front();
      if (c == '"') return text;
      if (c != '\\') {
        text += c;
        continue;
      }
      if (rest_.empty()) break;
      const char escaped = take(1).front();
      text += escaped == 'n' ? '\n' : escaped;
    }
    return std::nullopt;
  }
  std::optional<double> number() {
    const std::string_view word = take(std::min(rest_.find_first_of(" \t\r"), rest_.size()));
    if (word == "+Inf") return std::numeric_limits<double>::infinity();
    if (word == "-Inf") return -std::numeric_limits<double>::infinity();
    if (word == "NaN") return std::numeric_limits<double>::quiet_NaN();
    double value = 0;
    const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (failure != std::errc{} || end != word.data() + word.size() || word.empty()) return std::nullopt;
    return value;
  }

 private:
  std::string_view take(std::size_t length) {
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }

  std::string_view rest_;
};

// Nothing when it is not one.
std::optional<MetricSample> read_sample(std::string_view line) {
  LineReader reader(line);
  MetricSample sample;
  sample.name = reader.name();
  if (sample.name.empty()) return std::nullopt;
  if (reader.accept('{')) {
    while (!reader.accept('}')) {
      std::string key(reader.name());
      if (key.empty() || !reader.accept('=') || !reader.accept('"')) return std::nullopt;
      auto value = reader.quoted();
      if (!value || sample.labels.size() == kMostMetricLabels) return std::nullopt;
      sample.labels.emplace_back(std::move(key), std::move(*value));
      reader.accept(',');
    }
  }
  reader.skip_spaces();
  const auto value = reader.number();
  if (!value) return std::nullopt;
  sample.value = *value;
  return sample;
}

}  // namespace

std::string_view MetricSample::label(std::string_view key) const {
  for (const auto& one : labels) {
    if (one.first == key) return one.second;
  }
  return "";
}

Result<std::vector<MetricSample>> parse_metrics(std::string_view text) {
  if (text.size() > kMostMetricBytes) {
    return error(Code::kResourceExhausted, "metrics of more than {} bytes", kMostMetricBytes);
  }
  std::vector<MetricSample> samples;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line == "\r" || line.starts_with('#')) continue;
    if (samples.size() == kMostMetricSamples) {
      return error(Code::kResourceExhausted, "more than {} metrics", kMostMetricSamples);
    }
    auto sample = read_sample(line);
    if (!sample)
      return error(Code::kInvalidArgument, "metrics, line {}: '{}' is no sample", number, line.substr(0, 100));
    samples.push_back(std::move(*sample));
  }
  return samples;
}

}  // namespace modelyard::app
