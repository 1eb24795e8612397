#include "daemon/engine/schedule.hpp"

#include <algorithm>
#include <cmath>

namespace reachd::engine {
namespace {

constexpr auto kLater = [](const auto& a, const auto& b) {
  return a.due != b.due ? a.due > b.due : a.index > b.index;
};

/// The finalizer of SplitMix64: spreads keys that lie close together over all 64 bits.
std::uint64_t mix(std::uint64_t key) noexcept {
  key = (key ^ (key >> 30U)) * 0xbf58476d1ce4e5b9U;
  key = (key ^ (key >> 27U)) * 0x94d049bb133111ebU;
  return key ^ (key >> 31U);
}

/// In [0, 1), evenly spread.
double fraction(std::uint64_t key) noexcept {
  return std::ldexp(static_cast<double>(mix(key) >> 11U), -53);
}

Duration scaled(Duration duration, double factor) noexcept {
  return Duration(static_cast<Duration::rep>(static_cast<double>(duration.count()) * factor));
}

}  // namespace

Duration Schedule::first_round(std::size_t count) noexcept {
  return std::max<Duration>(std::chrono::seconds(2), std::chrono::milliseconds(count));
}

Schedule::Index Schedule::append(std::uint64_t key, Duration interval) {
  const auto index = static_cast<Index>(entries_.size());
  const Duration real = std::max<Duration>(interval, std::chrono::milliseconds(1));
  entries_.push_back({.interval = real, .phase = scaled(real, fraction(key))});
  return index;
}

void Schedule::wait_until(TimePoint due, Index index) {
  entries_[index].due = due;
  heap_.push_back({due, index});
  std::ranges::push_heap(heap_, kLater);
}

Schedule::Index Schedule::add(std::uint64_t key, Duration interval, TimePoint now,
                              Duration first_within) {
  const Index index = append(key, interval);
  wait_until(now + scaled(std::min(interval, first_within), fraction(key)), index);
  return index;
}

Schedule::Index Schedule::adopt(const Schedule& old, Index index, std::uint64_t key,
                                Duration interval, TimePoint now) {
  const Index made = append(key, interval);
  const Entry& before = old.entries_[index];
  entries_[made].started = before.started;
  entries_[made].running = before.running;
  if (!before.running) {
    const bool sooner = interval < before.interval;
    wait_until(sooner ? std::min(before.due, slot_at_or_after(entries_[made], now)) : before.due,
               made);
  }
  return made;
}

TimePoint Schedule::slot_at_or_after(const Entry& entry, TimePoint time) noexcept {
  const Duration since = time.time_since_epoch() - entry.phase;
  Duration::rep k = since / entry.interval;
  if (entry.interval * k < since) {
    ++k;
  }
  return TimePoint(entry.phase + entry.interval * k);
}

std::optional<Schedule::Due> Schedule::pop_due(TimePoint now) {
  while (!heap_.empty() && heap_.front().due <= now) {
    std::ranges::pop_heap(heap_, kLater);
    const Waiting taken = heap_.back();
    heap_.pop_back();
    if (outdated(taken)) {
      continue;
    }
    Entry& entry = entries_[taken.index];
    entry.running = true;
    entry.started = now;
    return Due{taken.index, now - taken.due};
  }
  return std::nullopt;
}

bool Schedule::outdated(const Waiting& waiting) const noexcept {
  const Entry& entry = entries_[waiting.index];
  return entry.running || entry.due != waiting.due;
}

void Schedule::hasten(Index index, TimePoint now) {
  if (!entries_[index].running && entries_[index].due > now) {
    wait_until(now, index);
  }
}

TimePoint Schedule::next_due() const noexcept {
  return heap_.empty() ? TimePoint::max() : heap_.front().due;
}

std::uint64_t Schedule::finished(Index index, TimePoint now, std::optional<Duration> again_after) {
  Entry& entry = entries_[index];
  entry.running = false;
  if (again_after) {
    wait_until(now + *again_after, index);
    return 0;
  }
  const TimePoint wanted = slot_at_or_after(entry, entry.started + entry.interval / 2);
  const TimePoint next = wanted >= now ? wanted : slot_at_or_after(entry, now);
  wait_until(next, index);
  return static_cast<std::uint64_t>((next - wanted) / entry.interval);
}

std::size_t Schedule::catch_up(TimePoint now) {
  std::erase_if(heap_, [this](const Waiting& waiting) { return outdated(waiting); });
  std::size_t moved = 0;
  for (Waiting& waiting : heap_) {
    if (waiting.due < now) {
      waiting.due = slot_at_or_after(entries_[waiting.index], now);
      entries_[waiting.index].due = waiting.due;
      ++moved;
    }
  }
  std::ranges::make_heap(heap_, kLater);
  return moved;
}

}  // namespace reachd::engine
