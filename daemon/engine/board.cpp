#include "daemon/engine/board.hpp"

#include <algorithm>
#include <numeric>
#include <string>

namespace reachd::engine {

std::string_view to_string(Verdict verdict) noexcept {
  constexpr std::array<std::string_view, 4> kWords{"unknown", "up", "degraded", "down"};
  return kWords[static_cast<std::size_t>(verdict)];
}

std::string_view to_string(Modifier modifier) noexcept {
  constexpr std::array<std::string_view, 4> kWords{"", "dependency", "maintenance", "flapping"};
  return kWords[static_cast<std::size_t>(modifier)];
}

std::vector<Modifier> held_by(const Modifiers& modifiers) {
  std::vector<Modifier> result;
  for (const auto& [holds, modifier] : {std::pair(modifiers.dependency, Modifier::dependency),
                                        std::pair(modifiers.maintenance, Modifier::maintenance),
                                        std::pair(modifiers.flapping, Modifier::flapping)}) {
    if (holds) {
      result.push_back(modifier);
    }
  }
  return result;
}

Board::Board(std::shared_ptr<const config::Plan> plan)
    : plan_(std::move(plan)), by_id_(plan_->checks.size()), statuses_(plan_->checks.size()) {
  std::iota(by_id_.begin(), by_id_.end(), 0U);
  std::ranges::sort(by_id_, {}, [this](std::uint32_t check) -> const std::string& {
    return plan_->checks[check].id;
  });
}

CheckStatus Board::status(std::size_t check) const {
  const std::scoped_lock lock(lock_of(check));
  return statuses_[check];
}

std::optional<std::size_t> Board::find(std::string_view id) const {
  const auto id_of = [this](std::uint32_t check) -> std::string_view {
    return plan_->checks[check].id;
  };
  const auto found = std::ranges::lower_bound(by_id_, id, {}, id_of);
  if (found == by_id_.end() || id_of(*found) != id) {
    return std::nullopt;
  }
  return *found;
}

}  // namespace reachd::engine
