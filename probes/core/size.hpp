#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace reachd {

/// Reads the configuration's sizes: a whole number and one of B, KiB, MiB, GiB ("256MiB"). At most
/// 1023GiB. The error is a sentence that says what is expected.
std::expected<std::uint64_t, std::string> parse_size(std::string_view text);

/// The shortest text that parse_size() reads back to the same value.
std::string format_size(std::uint64_t bytes);

}  // namespace reachd
