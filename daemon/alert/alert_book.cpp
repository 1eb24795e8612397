#include "daemon/alert/alert_book.hpp"

#include <algorithm>
#include <utility>

namespace reachd::alert {

event::Alert* AlertBook::restore(event::Alert alert, TimePoint now, Duration age) {
  const bool ended = alert.ended.has_value();
  event::Alert* kept = open(std::move(alert));
  if (ended) {
    forget_at(*kept, now + told_for_ - std::clamp(age, Duration::zero(), told_for_));
  }
  return kept;
}

event::Alert* AlertBook::open(event::Alert alert) {
  std::string key = alert.key;
  Record record{.alert = std::move(alert)};
  return &alerts_.insert_or_assign(std::move(key), std::move(record)).first->second.alert;
}

void AlertBook::end(event::Alert& alert, WallTime at, TimePoint now) {
  alert.ended = std::max(at, alert.since);
  forget_at(alert, now + told_for_);
}

void AlertBook::forget_at(const event::Alert& alert, TimePoint when) {
  alerts_.find(alert.key)->second.forget = when;
  ending_.emplace(when, alert.key);
}

std::vector<std::string> AlertBook::expire(TimePoint now) {
  std::vector<std::string> gone;
  while (!ending_.empty() && ending_.begin()->first <= now) {
    const auto found = alerts_.find(ending_.begin()->second);
    // One that was opened again has no end, and one that ended again has a later one.
    if (found != alerts_.end() && found->second.forget <= now) {
      gone.push_back(found->first);
      alerts_.erase(found);
    }
    ending_.erase(ending_.begin());
  }
  return gone;
}

TimePoint AlertBook::next_expiry() const noexcept {
  return ending_.empty() ? TimePoint::max() : ending_.begin()->first;
}

event::Alert* AlertBook::find_open(std::string_view key) {
  const auto found = alerts_.find(key);
  return found != alerts_.end() && !found->second.alert.ended ? &found->second.alert : nullptr;
}

std::vector<event::Alert> AlertBook::all() const {
  std::vector<event::Alert> alerts;
  alerts.reserve(alerts_.size());
  for (const auto& [key, record] : alerts_) {
    alerts.push_back(record.alert);
  }
  return alerts;
}

}  // namespace reachd::alert
