#pragma once

#include <cstdint>
#include <optional>

#include "probes/core/clock.hpp"

namespace reachd::metrics {

/// What the operating system knows of this process; nothing is set that it does not tell.
struct ProcessFacts {
  std::optional<Duration> cpu;  ///< user and system time
  std::optional<std::uint64_t> resident_bytes;
  std::optional<std::uint64_t> virtual_bytes;
  std::optional<std::uint64_t> open_descriptors;
  std::optional<std::uint64_t> max_descriptors;
  std::optional<WallTime> start;
};

/// Reads them now. Any thread.
ProcessFacts read_process_facts();

}  // namespace reachd::metrics
