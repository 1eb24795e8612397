#include "daemon/journal/memory.hpp"

#include <algorithm>
#include <chrono>

namespace reachd::journal {
namespace {

/// About what a step takes, with its check's id.
constexpr std::size_t kStepBytes = 128;

Duration wall_ahead(WallTime wall, TimePoint steady) {
  return wall.time_since_epoch() - steady.time_since_epoch();
}

}  // namespace

void Memory::begin(std::int64_t last_sequence, std::int64_t run, const Clock& clock) {
  last_sequence_ = last_sequence;
  saved_through_ = last_sequence;
  fold_at_ = max_unsaved_ / kStepBytes;
  looked_ = clock.steady_now();
  const WallTime now = clock.wall_now();
  wall_ahead_ = wall_ahead(now, looked_);
  run_ = {.number = run, .began = now, .alive = now, .ended = std::nullopt, .continues = false};
}

void Memory::look_at_clock(const Clock& clock) {
  const TimePoint steady = clock.steady_now();
  const WallTime wall = clock.wall_now();
  const Duration ahead = wall_ahead(wall, steady);
  if (std::chrono::abs(ahead - wall_ahead_) > kClockSet) {
    run_.alive += steady - looked_;
    run_.ended = run_.alive;
    waiting_.runs.insert_or_assign(run_.number, run_);
    run_ = {.number = run_.number + 1,
            .began = wall,
            .alive = wall,
            .ended = std::nullopt,
            .continues = true};
  }
  wall_ahead_ = ahead;
  looked_ = steady;
  run_.alive = std::max(run_.alive, wall);
}

void Memory::stamp(const Clock& clock, bool ends) {
  look_at_clock(clock);
  if (ends) {
    run_.ended = run_.alive;
  }
  waiting_.runs.insert_or_assign(run_.number, run_);
}

void Memory::add(Entry&& entry, WallTime now) {
  for (EventRow& event : entry.events) {
    last_sequence_ = std::max(last_sequence_, event.sequence);
    const std::size_t bytes = bytes_of(event);
    const auto shared = std::make_shared<const EventRow>(std::move(event));
    waiting_.events.push_back(shared);
    recent_.push_back(shared);
    recent_bytes_ += bytes;
    unsaved_bytes_ += bytes;
  }
  entry.events.clear();
  waiting_.add(std::move(entry), run_.number, now);
  if (unsaved_bytes_ > max_unsaved_) {
    give_up_events();
  }
  if (waiting_.steps.size() > fold_at_) {
    waiting_.fold_steps();
    fold_at_ = std::max(max_unsaved_ / kStepBytes, 2 * waiting_.steps.size());
  }
  trim_recent();
}

Batch Memory::take() { return std::exchange(waiting_, {}); }

void Memory::saved(const Batch& batch) {
  for (const EventPtr& event : batch.events) {
    unsaved_bytes_ -= bytes_of(*event);
    saved_through_ = std::max(saved_through_, event->sequence);
  }
  trim_recent();
}

void Memory::give_back(Batch&& batch) {
  batch.absorb(std::move(waiting_));
  waiting_ = std::move(batch);
  if (unsaved_bytes_ > max_unsaved_) {
    give_up_events();
  }
}

void Memory::give_up_events() {
  while (unsaved_bytes_ > max_unsaved_ && !waiting_.events.empty()) {
    const EventPtr oldest = std::move(waiting_.events.front());
    waiting_.events.pop_front();
    const auto place = std::ranges::lower_bound(
        recent_, oldest->sequence, {}, [](const EventPtr& event) { return event->sequence; });
    if (place != recent_.end() && *place == oldest) {
      recent_.erase(place);
      recent_bytes_ -= bytes_of(*oldest);
    }
    unsaved_bytes_ -= bytes_of(*oldest);
    ++lost_;
  }
}

void Memory::trim_recent() {
  while (recent_bytes_ > kRecentBytes && !recent_.empty() &&
         recent_.front()->sequence <= saved_through_) {
    recent_bytes_ -= bytes_of(*recent_.front());
    recent_.pop_front();
  }
}

std::int64_t Memory::floor() const noexcept {
  return recent_.empty() ? last_sequence_ + 1 : recent_.front()->sequence;
}

std::vector<EventRow> Memory::after(std::int64_t sequence, std::size_t most) const {
  auto event = std::ranges::upper_bound(recent_, sequence, {},
                                        [](const EventPtr& row) { return row->sequence; });
  std::vector<EventRow> events;
  for (; event != recent_.end() && events.size() < most; ++event) {
    events.push_back(**event);
  }
  return events;
}

std::vector<EventRow> Memory::unsaved(const EventQuery& query) const {
  return matching_from(query, saved_through_ + 1);
}

std::vector<EventRow> Memory::matching(const EventQuery& query) const {
  return matching_from(query, 0);
}

std::vector<EventRow> Memory::matching_from(const EventQuery& query, std::int64_t first) const {
  std::vector<EventRow> events;
  for (const EventPtr& event : recent_) {
    if (event->sequence >= first &&
        fits(query, event->sequence, event->time, event->kind, event->check)) {
      events.push_back(*event);
    }
  }
  if (query.newest_first) {
    std::ranges::reverse(events);
  }
  return events;
}

std::optional<std::int64_t> Memory::sequence_of(const std::string& event_id) const {
  const auto event =
      std::ranges::find(recent_, event_id, [](const EventPtr& row) { return row->id; });
  return event != recent_.end() ? std::optional((*event)->sequence) : std::nullopt;
}

void Memory::lay_over(History& history, const Clock& clock) const {
  overlay(history, waiting_);
  Batch run;
  run.runs[run_.number] = run_;
  run.runs[run_.number].alive = std::max(run_.alive, clock.wall_now());
  overlay(history, run);
}

}  // namespace reachd::journal
