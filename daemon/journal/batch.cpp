#include "daemon/journal/batch.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace reachd::journal {

void Batch::add(Entry&& entry, std::int64_t run, WallTime now) {
  for (Transition& transition : entry.transitions) {
    steps.push_back({.check = std::move(transition.check),
                     .run = run,
                     .time = std::min(transition.time, now),
                     .state = transition.state});
  }
  for (CheckRow& row : entry.checks) {
    std::string key = row.check;
    checks.insert_or_assign(std::move(key), std::move(row));
  }
  for (std::string& key : entry.checks_gone) {
    checks.insert_or_assign(std::move(key), std::nullopt);
  }
  for (AlertRow& row : entry.alerts) {
    alerts.insert_or_assign(std::move(row.key), std::move(row.body));
  }
  for (std::string& key : entry.alerts_gone) {
    alerts.insert_or_assign(std::move(key), std::nullopt);
  }
  for (Cursor& cursor : entry.cursors) {
    cursors.insert_or_assign(std::move(cursor.sink), cursor.sequence);
  }
  for (std::string& key : entry.cursors_gone) {
    cursors.insert_or_assign(std::move(key), std::nullopt);
  }
}

void Batch::absorb(Batch&& newer) {
  if (empty()) {
    *this = std::move(newer);
    return;
  }
  std::ranges::move(newer.events, std::back_inserter(events));
  std::ranges::move(newer.steps, std::back_inserter(steps));
  // merge() leaves behind what is known here already; the newer rows are to win.
  newer.checks.merge(checks);
  checks = std::move(newer.checks);
  newer.alerts.merge(alerts);
  alerts = std::move(newer.alerts);
  newer.cursors.merge(cursors);
  cursors = std::move(newer.cursors);
  newer.runs.merge(runs);
  runs = std::move(newer.runs);
}

void Batch::fold_steps() {
  std::map<std::pair<std::int64_t, std::string>, std::pair<Step, Step>> kept;
  for (Step& step : steps) {
    const auto [place, is_new] =
        kept.try_emplace(std::pair(step.run, step.check), std::pair(step, step));
    if (!is_new) {
      place->second.first.state = 0;
      place->second.second = std::move(step);
    }
  }
  steps.clear();
  for (auto& [key, pair] : kept) {
    auto& [first, last] = pair;
    const bool only_one = first.time == last.time && first.state == last.state;
    steps.push_back(std::move(first));
    if (!only_one) {
      steps.push_back(std::move(last));
    }
  }
}

bool Batch::empty() const noexcept {
  return events.empty() && steps.empty() && checks.empty() && alerts.empty() && cursors.empty() &&
         runs.empty();
}

std::size_t bytes_of(const EventRow& event) noexcept {
  return sizeof(EventRow) + event.id.size() + event.kind.size() + event.check.size() +
         event.body.size();
}

}  // namespace reachd::journal
