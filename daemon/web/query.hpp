#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/selector.hpp"
#include "daemon/engine/board.hpp"

namespace reachd::web {

/// A key whose value is a glob of a selector: name, check, ..., label.KEY.
bool is_selector_key(std::string_view key) noexcept;
/// A whole natural number.
std::optional<std::size_t> parse_number(std::string_view text) noexcept;
/// Foreign text in an error message: short, and quoted.
std::string quoted(std::string_view text);

/// How much is told of each check: `view=full`, the default, or `view=brief` (write_brief()).
enum class Detail : std::uint8_t { full, brief };
std::optional<Detail> parse_detail(std::string_view text) noexcept;

/// The query of a list: `offset`, `limit`, `view`, `state=down`, and selectors
/// (`product=flexera-*`, `label.site=ams`). Different keys are and, a key that is repeated is or.
class ListQuery {
 public:
  static constexpr std::size_t kDefaultLimit = 100;
  static constexpr std::size_t kMaxLimit = 10'000;

  /// The error is a sentence.
  static std::expected<ListQuery, std::string> parse(
      const std::vector<std::pair<std::string, std::string>>& query);

  std::size_t offset() const noexcept { return offset_; }
  std::size_t limit() const noexcept { return limit_; }
  Detail detail() const noexcept { return detail_; }
  bool matches(const engine::Board& board, std::size_t check) const;

 private:
  struct Group {
    std::string key;
    std::vector<config::Selector> any_of;
  };

  std::size_t offset_ = 0;
  std::size_t limit_ = kDefaultLimit;
  Detail detail_ = Detail::full;
  std::vector<Group> groups_;
  std::array<bool, 4> states_{};  ///< by engine::Verdict; all false: any
};

}  // namespace reachd::web
