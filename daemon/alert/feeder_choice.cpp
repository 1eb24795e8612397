#include <algorithm>
#include <unordered_set>
#include <utility>

#include "daemon/alert/feeder.hpp"

// What of a feeder's window may go, and when.
namespace reachd::alert {
namespace {

/// So many events are in memory where most of them wait for others of their check (a few KB each).
constexpr std::size_t kWidestWindow = 4096;
/// How soon it is looked again what is too old by now, or what the journal could not give before.
constexpr Duration kLookAgain = std::chrono::seconds(5);
constexpr Duration kNothingToDo = std::chrono::hours(1);

}  // namespace

bool Feeder::has_room() const {
  if (window_.size() <= kReadAtOnce || !settings_.sink.made.events->one_per_check()) {
    return window_.size() <= kReadAtOnce;
  }
  std::unordered_set<std::string_view> checks;
  const auto fresh = std::ranges::count_if(window_, [&checks](const Item& item) {
    return checks.insert(item.check()).second && item.tries == 0;
  });
  return static_cast<std::size_t>(fresh) <= kReadAtOnce && window_.size() < kWidestWindow;
}

/// What may go now, and in wake_at_ when something next may.
Feeder::Indices Feeder::choose(TimePoint now) {
  wake_at_ = now + (waiting() > 0 || read_to_ < released_ ? kLookAgain : kNothingToDo);
  return settings_.sink.made.events->one_per_check() ? choose_beside(now) : choose_in_order(now);
}

TimePoint Feeder::ready_at(const Item& item) const {
  // What was never tried does not wait for what is tried in vain again and again.
  return item.tries == 0
             ? std::max(held_until_, std::min(not_before_, last_call_ + office_->times.fresh_gap))
             : std::max(not_before_, item.not_before);
}

bool Feeder::may_go(TimePoint ready, TimePoint now) {
  if (ready <= now || (finishing_ && held_until_ <= now)) {
    return true;
  }
  wake_at_ = std::min(wake_at_, ready);
  return false;
}

Feeder::Indices Feeder::choose_in_order(TimePoint now) {
  const std::size_t most = std::max<std::size_t>(settings_.sink.made.events->most_at_once(), 1);
  Indices chosen;
  while (chosen.size() < std::min(most, window_.size()) &&
         may_go(ready_at(window_[chosen.size()]), now)) {
    chosen.push_back(chosen.size());
  }
  return chosen;
}

/// The first ones of their checks: those that were never tried, or those that were, in turn. A call
/// takes as long as its slowest, and what hangs each time must not slow down all that is new.
Feeder::Indices Feeder::choose_beside(TimePoint now) {
  Indices fresh;
  Indices again;
  std::unordered_set<std::string_view> checks;
  for (std::size_t i = 0; i < window_.size(); ++i) {
    if (checks.insert(window_[i].check()).second && may_go(ready_at(window_[i]), now)) {
      (window_[i].tries == 0 ? fresh : again).push_back(i);
    }
  }
  const bool turn = again_next_ && !finishing_;
  again_next_ = fresh.empty() ? again_next_ : !turn;
  Indices& chosen = fresh.empty() || (turn && !again.empty()) ? again : fresh;
  // Who waited longest comes first, else the same few are tried for ever.
  std::ranges::sort(chosen, {},
                    [this](std::size_t i) { return std::pair(window_[i].not_before, i); });
  chosen.resize(std::min(chosen.size(), settings_.sink.made.events->most_at_once()));
  return std::move(chosen);
}

}  // namespace reachd::alert
