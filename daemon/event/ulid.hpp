#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "probes/core/clock.hpp"

namespace reachd::event {

/// Makes ULIDs (github.com/ulid/spec): 26 characters of Crockford's base 32, 48 bits of
/// milliseconds and 80 of chance, sorted by text as they were made. Where two fall into one
/// millisecond, or the clock was set back, the later one is the earlier one plus one. One thread.
class UlidMaker {
 public:
  std::string make(WallTime now);
  /// What comes is sorted after this one, which another process made. Anything else is ignored.
  void go_on_after(std::string_view ulid) noexcept;

 private:
  std::uint64_t milliseconds_ = 0;
  std::array<std::uint8_t, 10> chance_{};
};

/// 26 characters of the alphabet in capitals, the first at most '7'.
bool is_ulid(std::string_view text) noexcept;
/// When it was made, in milliseconds; nothing for what is none.
std::optional<WallTime> ulid_time(std::string_view text) noexcept;

}  // namespace reachd::event
