#include "daemon/event/memory.hpp"

#include <algorithm>
#include <array>

namespace reachd::event {
namespace {

constexpr std::array<std::string_view, 4> kStandings{"clear", "pending", "held", "told"};

}  // namespace

std::string_view to_string(Standing standing) noexcept {
  return kStandings[static_cast<std::size_t>(standing)];
}

std::optional<Standing> parse_standing(std::string_view word) noexcept {
  const auto found = std::ranges::find(kStandings, word);
  return found != kStandings.end()
             ? std::optional(static_cast<Standing>(found - kStandings.begin()))
             : std::nullopt;
}

}  // namespace reachd::event
