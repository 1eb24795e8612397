#include "daemon/journal/live_reading.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "probes/core/file_path.hpp"

namespace reachd::journal {
namespace {

/// So long a file that can't be read is waited for.
constexpr Duration kGrace = std::chrono::minutes(1);

}  // namespace

LiveReading::LiveReading(const std::string& folder, const Clock& clock, std::shared_ptr<Desk> desk)
    : path_(file_in(folder)),
      clock_(clock),
      desk_(std::move(desk)),
      file_(make_file_reading(folder, clock)) {}

std::vector<EventRow> LiveReading::next_events(std::int64_t sequence, std::size_t most) const {
  std::vector<EventRow> events;
  for (;;) {
    std::int64_t floor = 0;
    {
      const std::scoped_lock lock(desk_->mutex);
      floor = desk_->memory.floor();
      if (sequence + 1 >= floor) {
        return desk_->memory.after(sequence, most);
      }
    }
    EventQuery query;
    query.after = sequence;
    query.before = floor;
    query.limit = most;
    auto stored = file_->events(query);
    const std::scoped_lock lock(desk_->mutex);
    if (!stored) {
      // A moment's trouble (descriptors, a lock) must not cost what is on disk: it is asked for
      // again. If it lasts, what is new goes out all the same, and who was far behind misses it.
      const TimePoint now = clock_.steady_now();
      unreadable_since_ = unreadable_since_.value_or(now);
      std::error_code ignored;
      if (now - *unreadable_since_ < kGrace && std::filesystem::exists(to_path(path_), ignored)) {
        return {};
      }
      unreadable_.write(clock_.steady_now(),
                        "events can't be read from the journal and are not delivered",
                        {{"why", stored.error()}, {"after", sequence}, {"before", floor}});
      return desk_->memory.after(sequence, most);
    }
    unreadable_since_.reset();
    if (stored->size() >= most) {
      return std::move(*stored);
    }
    if (desk_->memory.floor() == floor) {
      std::ranges::move(desk_->memory.after(floor - 1, most - stored->size()),
                        std::back_inserter(*stored));
      return std::move(*stored);
    }
    if (!stored->empty()) {
      return std::move(
          *stored);  // memory has moved on meanwhile; the rest comes with the next call
    }
  }
}

std::optional<std::vector<EventRow>> LiveReading::recent_events(std::int64_t sequence,
                                                                std::size_t most) const {
  const std::scoped_lock lock(desk_->mutex);
  if (sequence + 1 < desk_->memory.floor()) {
    return std::nullopt;
  }
  return desk_->memory.after(sequence, most);
}

std::expected<std::vector<EventRow>, std::string> LiveReading::events(
    const EventQuery& query) const {
  std::vector<EventRow> unsaved;
  {
    const std::scoped_lock lock(desk_->mutex);
    unsaved = desk_->memory.unsaved(query);
  }
  EventQuery stored_query = query;
  if (!unsaved.empty()) {
    // What is written between these two moments is not to come twice.
    const auto first = std::ranges::min(unsaved, {}, &EventRow::sequence).sequence;
    stored_query.before = std::min(first, query.before.value_or(first));
  }
  auto stored = file_->events(stored_query);
  if (!stored) {
    const std::scoped_lock lock(desk_->mutex);
    stored = desk_->memory.matching(query);
  } else if (query.newest_first) {
    std::ranges::move(*stored, std::back_inserter(unsaved));
    stored = std::move(unsaved);
  } else {
    std::ranges::move(unsaved, std::back_inserter(*stored));
  }
  stored->resize(std::min(stored->size(), query.limit));
  return stored;
}

std::expected<std::optional<std::int64_t>, std::string> LiveReading::sequence_of(
    const std::string& event_id) const {
  {
    const std::scoped_lock lock(desk_->mutex);
    if (const auto known = desk_->memory.sequence_of(event_id)) {
      return known;
    }
  }
  return file_->sequence_of(event_id);
}

std::int64_t LiveReading::last_sequence() const {
  const std::scoped_lock lock(desk_->mutex);
  return desk_->memory.last_sequence();
}

std::expected<std::vector<Availability>, std::string> LiveReading::availability(
    WallTime from, WallTime to, std::size_t slots) const {
  History history = history_in(path_, from, to, clock_.wall_now()).value_or(History{});
  {
    const std::scoped_lock lock(desk_->mutex);
    if (desk_->flying != nullptr) {
      overlay(history, *desk_->flying);
    }
    desk_->memory.lay_over(history, clock_);
  }
  return availability_of(history, from, to, slots);
}

}  // namespace reachd::journal
