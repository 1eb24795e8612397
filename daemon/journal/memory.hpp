#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/journal/batch.hpp"
#include "daemon/journal/history.hpp"
#include "daemon/journal/journal.hpp"

namespace reachd::journal {

/// What the journal holds in memory: what waits to be written, the newest events, and the run that
/// goes on. Not thread-safe.
class Memory {
 public:
  /// `max_unsaved`: bytes of events that may wait.
  explicit Memory(std::size_t max_unsaved) : max_unsaved_(max_unsaved) {}

  /// A run begins. `last_sequence`: of what was there before.
  void begin(std::int64_t last_sequence, std::int64_t run, const Clock& clock);
  /// Where the wall clock was set, or the machine slept, the run ends and another one goes on: what
  /// it showed in between was nobody's time.
  void look_at_clock(const Clock& clock);
  /// Puts the run's row into what waits.
  void stamp(const Clock& clock, bool ends);
  std::int64_t run() const noexcept { return run_.number; }

  /// Where the bound is passed, the oldest events that wait are given up.
  void add(Entry&& entry, WallTime now);
  bool has_unsaved() const noexcept { return !waiting_.empty(); }
  /// All that waits, to be written; until saved() or give_back() it counts as under way.
  Batch take();
  void saved(const Batch& batch);
  void give_back(Batch&& batch);
  /// Events given up since the last call.
  std::size_t take_lost() noexcept { return std::exchange(lost_, 0); }

  std::int64_t last_sequence() const noexcept { return last_sequence_; }
  /// Every event from this number on that there is, is here.
  std::int64_t floor() const noexcept;
  std::vector<EventRow> after(std::int64_t sequence, std::size_t most) const;
  /// All that are not saved yet and fit, in the order asked for.
  std::vector<EventRow> unsaved(const EventQuery& query) const;
  /// The same of all that are here.
  std::vector<EventRow> matching(const EventQuery& query) const;
  std::optional<std::int64_t> sequence_of(const std::string& event_id) const;
  void lay_over(History& history, const Clock& clock) const;

  /// Of the newest events so much stays, so that delivery seldom asks the disk.
  static constexpr std::size_t kRecentBytes = std::size_t{4} << 20U;
  /// A wall clock that goes its own way by more than this was set.
  static constexpr Duration kClockSet = std::chrono::seconds(5);

 private:
  void give_up_events();
  void trim_recent();
  std::vector<EventRow> matching_from(const EventQuery& query, std::int64_t first) const;

  const std::size_t max_unsaved_;
  Batch waiting_;
  std::deque<EventPtr> recent_;  ///< by sequence: saved ones, those under way, those that wait
  std::size_t recent_bytes_ = 0;
  std::size_t unsaved_bytes_ = 0;  ///< of events, under way or waiting
  std::int64_t saved_through_ = 0;
  std::int64_t last_sequence_ = 0;
  std::size_t lost_ = 0;
  std::size_t fold_at_ = 0;
  RunRow run_;
  Duration wall_ahead_{};  ///< of the wall clock before the steady one
  TimePoint looked_{};
};

}  // namespace reachd::journal
