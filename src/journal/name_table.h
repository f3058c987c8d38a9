// NameTable numbers texts that repeat.
//
// Threads: one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace modelyard::journal {

class NameTable {
 public:
  std::uint32_t number_of(std::string_view name) {
    std::uint32_t& guess =
        recent_[(name.size() * 5 + (name.empty() ? 0 : static_cast<unsigned char>(name.back()))) % kRecent];
    if (guess < names_.size() && *names_[guess] == name) return guess;
    return guess = look_up(name);
  }
  std::string_view name(std::uint32_t number) const { return *names_[number]; }
  std::size_t size() const { return names_.size(); }

 private:
  std::uint32_t look_up(std::string_view name) {
    if (const auto known = numbers_.find(name); known != numbers_.end()) return known->second;
    const auto number = static_cast<std::uint32_t>(names_.size());
    names_.push_back(&numbers_.emplace(name, number).first->first);
    return number;
  }

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  static constexpr std::size_t kRecent = 16;

  std::array<std::uint32_t, kRecent> recent_{};  // by length and last letter; names come again and again
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> numbers_;
  std::vector<const std::string*> names_;  // the map's own keys, which stay where they are
};

}  // namespace modelyard::journal
