#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "daemon/journal/batch.hpp"
#include "daemon/journal/reading.hpp"

/// From runs and transitions to how long a check was what. Pure.
namespace reachd::journal {

/// A part of the window that one run is the witness of.
struct Piece {
  std::size_t run = 0;  ///< index into the runs
  WallTime from{};
  WallTime to{};
};

/// Where each run counts: pieces of [from, to) that don't overlap, ordered by run. Where two runs
/// claim the same time (the clock was set back in between), the later run is believed. A run
/// without an end reaches to `alive`.
std::vector<Piece> pieces_of(std::span<const RunRow> runs, WallTime from, WallTime to);

/// A state that began.
struct Change {
  std::int64_t run = 0;  ///< its number
  WallTime time{};
  std::uint8_t state = 0;
};

struct Sums {
  Duration up{};
  Duration degraded{};
  Duration down{};
  Duration not_observed{};

  bool operator==(const Sums&) const = default;
};

/// How long a check was what in [from, to). `runs` by number; `pieces` of them; `changes` by run,
/// then time. At the beginning of a run nothing is known of a check, unless the run continues the
/// one before it. The sums add up to the window.
Sums sums_of(std::span<const RunRow> runs, std::span<const Piece> pieces,
             std::span<const Change> changes, WallTime from, WallTime to);

/// The same as Availability::slots, `count` of them.
std::string slots_of(std::span<const RunRow> runs, std::span<const Piece> pieces,
                     std::span<const Change> changes, WallTime from, WallTime to,
                     std::size_t count);

}  // namespace reachd::journal
