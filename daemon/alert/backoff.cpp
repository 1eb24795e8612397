#include "daemon/alert/backoff.hpp"

#include <algorithm>

namespace reachd::alert {

Duration Backoff::after(std::uint32_t failures) noexcept {
  constexpr std::uint32_t kMostDoublings = 20;
  const Duration doubled = first_ * (std::int64_t{1} << std::min(failures, kMostDoublings));
  const Duration bound = std::max(std::min(doubled, most_), Duration(10));
  std::uniform_int_distribution<Duration::rep> chance(bound.count() / 10, bound.count());
  return Duration(chance(random_));
}

}  // namespace reachd::alert
