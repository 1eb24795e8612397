#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probes/core/clock.hpp"

namespace reachd::json {

/// "2026-11-22T04:53:26.123Z"
std::string rfc3339(WallTime time);

/// Reads RFC 3339, 5.6: with or without a fraction (as far as nanoseconds), Z or an offset; letters
/// in any case, a space for the T. Nothing for anything else. A leap second is the second after it.
std::optional<WallTime> parse_rfc3339(std::string_view text) noexcept;

}  // namespace reachd::json
