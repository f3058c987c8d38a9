#include "rollout/gates/windows.h"

#include <algorithm>

namespace modelyard::rollout {
namespace {

Evidence without_units(Evidence evidence) {
  for (StepEvidence& step : evidence.steps) step.units = {};
  return evidence;
}

}  // namespace

void WindowedEvidence::move_to(std::span<const Gate> gates, UtcTime begin, UtcTime now) {
  const auto is_asked = [&](const Window& window) {
    return std::ranges::any_of(gates, [&](const Gate& gate) { return gate.window == window.length; });
  };
  std::erase_if(windows_, [&](const Window& window) { return !is_asked(window); });
  for (const Gate& gate : gates) {
    if (!gate.window || std::ranges::find(windows_, *gate.window, &Window::length) != windows_.end()) continue;
    windows_.push_back({.length = *gate.window});
  }
  for (Window& window : windows_) {
    const std::int64_t half = std::max(now - begin, UtcTime::duration(0)) * 2 / window.length;
    if (half == window.half) continue;
    const std::int64_t moves = half > window.half ? half - window.half : 1;
    const bool is_first = window.moves == 0 && moves == 1;  // nothing is old enough
    if (!is_first) window.evidence = moves == 1 ? std::move(window.newer) : Evidence();
    window.newer = {};
    window.half = half;
    window.moves += moves;
  }
}

Status WindowedEvidence::add(const Evidence& counted) {
  MODELYARD_TRY(merge(all_, counted));
  if (windows_.empty()) return ok();
  const Evidence of_windows = without_units(counted);
  for (Window& window : windows_) {
    MODELYARD_TRY(merge(window.evidence, of_windows));
    MODELYARD_TRY(merge(window.newer, of_windows));
  }
  return ok();
}

GateEvidence WindowedEvidence::of(const Gate& gate) const {
  if (!gate.window) return {&all_, 1};
  const auto window = std::ranges::find(windows_, *gate.window, &Window::length);
  MODELYARD_CHECK(window != windows_.end(), "move_to() was told of the gate");
  const auto number = static_cast<double>(std::max<std::int64_t>(1, window->moves));
  return {&window->evidence, 1 / (number * (number + 1))};
}

Json WindowedEvidence::windows_json() const {
  Json json = Json::array();
  for (const Window& window : windows_) {
    json.push_back({{"seconds", window.length.count()},
                    {"half", window.half},
                    {"moves", window.moves},
                    {"evidence", to_json(window.evidence)},
                    {"newer", to_json(window.newer)}});
  }
  return json;
}

Result<WindowedEvidence::Window> WindowedEvidence::parse_window(const Json& value, const std::string& path) {
  Window window;
  MODELYARD_ASSIGN(auto reader, ObjectReader::open(value, path));
  MODELYARD_ASSIGN(const std::int64_t seconds, reader.integer("seconds"));
  window.length = std::chrono::seconds(seconds);
  if (window.length < Gate::kLeastWindow || window.length > Gate::kMostWindow) {
    return error(Code::kInvalidArgument, "{}: {} seconds are no window of a gate", path, seconds);
  }
  MODELYARD_ASSIGN(window.half, reader.integer("half"));
  MODELYARD_ASSIGN(window.moves, reader.integer("moves"));
  if (window.half < 0 || window.moves < 0) return error(Code::kInvalidArgument, "{}: counts are not below 0", path);
  MODELYARD_ASSIGN(const Json* const evidence, reader.object("evidence"));
  MODELYARD_ASSIGN(window.evidence, parse_evidence(*evidence, reader.path_of("evidence")));
  MODELYARD_ASSIGN(const Json* const newer, reader.object("newer"));
  MODELYARD_ASSIGN(window.newer, parse_evidence(*newer, reader.path_of("newer")));
  MODELYARD_TRY(reader.finish());
  return window;
}

Status WindowedEvidence::parse_windows(const Json& value, const std::string& path) {
  if (!value.is_array() || value.size() > kMostWindows) {
    return error(Code::kInvalidArgument, "{}: expected at most {} windows", path, kMostWindows);
  }
  windows_.clear();
  for (std::size_t i = 0; i < value.size(); ++i) {
    MODELYARD_ASSIGN(Window window, parse_window(value[i], fmt::format("{}[{}]", path, i)));
    windows_.push_back(std::move(window));
  }
  return ok();
}

}  // namespace modelyard::rollout
