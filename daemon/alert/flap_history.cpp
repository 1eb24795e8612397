#include "daemon/alert/flap_history.hpp"

#include <algorithm>

namespace reachd::alert {

bool FlapHistory::count(const Flapping& rule, TimePoint now) {
  std::erase_if(changes_, [&](TimePoint change) { return change + rule.within <= now; });
  changes_.push_back(now);
  const std::size_t most = std::max<std::size_t>(rule.changes, 1);
  if (changes_.size() > most) {
    changes_.erase(changes_.begin(), changes_.end() - static_cast<std::ptrdiff_t>(most));
  }
  const bool begins = !flapping_ && changes_.size() >= most;
  flapping_ = flapping_ || begins;
  return begins;
}

TimePoint FlapHistory::ends_at(const Flapping& rule) const noexcept {
  // It lasts while at least this many are in the window: half of the rule's, rounded up.
  const std::size_t half = (std::size_t{rule.changes} + 1) / 2;
  return changes_.size() < half || half == 0 ? TimePoint::min()
                                             : changes_[changes_.size() - half] + rule.within;
}

}  // namespace reachd::alert
