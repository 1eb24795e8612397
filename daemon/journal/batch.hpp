#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/journal/journal.hpp"

namespace reachd::journal {

/// A stretch of time in which one daemon ran without its clock being set. Numbers grow.
struct RunRow {
  std::int64_t number = 0;
  WallTime began{};
  WallTime alive{};               ///< known to have run until then
  std::optional<WallTime> ended;  ///< none: it runs, or was killed after `alive`
  bool continues = false;         ///< the states at the end of the run before still held
};

/// A transition within a run.
struct Step {
  std::string check;
  std::int64_t run = 0;
  WallTime time{};
  std::uint8_t state = 0;
};

using EventPtr = std::shared_ptr<const EventRow>;

/// What is to be committed together. State merges by key (no value: the row goes), so that waiting
/// costs no more than there is state; what happened is kept one by one.
struct Batch {
  std::deque<EventPtr> events;  ///< by sequence
  std::vector<Step> steps;      ///< in the order they came
  std::unordered_map<std::string, std::optional<CheckRow>> checks;
  std::unordered_map<std::string, std::optional<std::string>> alerts;
  std::map<std::string, std::optional<std::int64_t>> cursors;
  std::map<std::int64_t, RunRow> runs;

  /// Everything of the entry but its events. What would happen after `now` happens now.
  void add(Entry&& entry, std::int64_t run, WallTime now);
  /// What came after this.
  void absorb(Batch&& newer);
  /// Of each check and run only the newest step stays, and what was before it, from the first one
  /// on, becomes "not observed": history is given up honestly when memory ends.
  void fold_steps();
  bool empty() const noexcept;
};

/// About what it takes in memory.
std::size_t bytes_of(const EventRow& event) noexcept;

}  // namespace reachd::journal
