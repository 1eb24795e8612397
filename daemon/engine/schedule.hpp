#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "probes/core/clock.hpp"

namespace reachd::engine {

/// Which probe is due when. Pure: it holds no timer and asks no clock; the runner pops what is due.
///
/// Each entry has a grid of slots, one an interval, whose phase comes from a stable hash of its
/// key: the probes of a plan are spread evenly over the interval and keep their places across
/// restarts and reloads. An entry that was popped is running and not due again before finished().
class Schedule {
 public:
  using Index = std::uint32_t;  ///< of an entry, in the order added

  struct Due {
    Index index;
    Duration lag;  ///< how much later than scheduled, at least 0
  };

  /// A new entry. Its first run comes within `first_within` (cut to the interval) from now, at the
  /// same fraction of it as its phase is of the interval.
  Index add(std::uint64_t key, Duration interval, TimePoint now, Duration first_within);
  /// An entry that takes over the place of `old`'s entry `index`: running if that is, else due when
  /// that is, or sooner if the interval became shorter.
  Index adopt(const Schedule& old, Index index, std::uint64_t key, Duration interval,
              TimePoint now);

  /// Takes the entry that is due for the longest, if any is due at `now`.
  std::optional<Due> pop_due(TimePoint now);
  /// Makes an entry due at `now` that would be due later; nothing of one that is running.
  void hasten(Index index, TimePoint now);
  /// When pop_due() will next have something, or sooner; TimePoint::max() if never.
  TimePoint next_due() const noexcept;

  /// A run that pop_due() began has ended. The next one comes `again_after` from now (quick
  /// confirmation), or at the first slot that lies at least half an interval after the start of
  /// this one and not in the past. Returns how many slots passed meanwhile because the run took too
  /// long.
  std::uint64_t finished(Index index, TimePoint now, std::optional<Duration> again_after);

  /// After the process stood still (suspended, stopped): what is overdue moves to its next slot, so
  /// that it does not all come at once. Returns how many entries moved.
  std::size_t catch_up(TimePoint now);

  std::size_t size() const noexcept { return entries_.size(); }

  /// How long the first round of `count` new probes may take: at most a thousand a second, at least
  /// two seconds.
  static Duration first_round(std::size_t count) noexcept;

 private:
  struct Entry {
    Duration interval;
    Duration phase;       ///< slots are at phase + k * interval of the steady clock
    TimePoint due{};      ///< unless running
    TimePoint started{};  ///< of the last run
    bool running = false;
  };
  struct Waiting {
    TimePoint due;
    Index index;
  };
  /// True of what waits for a time that is not its entry's any more: hasten() leaves it behind.
  bool outdated(const Waiting& waiting) const noexcept;
  static TimePoint slot_at_or_after(const Entry& entry, TimePoint time) noexcept;
  Index append(std::uint64_t key, Duration interval);
  void wait_until(TimePoint due, Index index);

  std::vector<Entry> entries_;
  std::vector<Waiting> heap_;  ///< the earliest first; each entry is here or running, or outdated
};

}  // namespace reachd::engine
