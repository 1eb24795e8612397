#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

/// Numbers with units, and switches, as Go programs write them.
namespace reachd::config::blackbox {

/// A duration of Go's time.ParseDuration without a sign: "1h30m", "1.5s", "250ms", "0". Nothing
/// for anything else, or beyond 290 years.
std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text) noexcept;

/// "10MB", "1.5GiB", "1MB512KB", "0": units of 1024 with or without the i. Nothing for anything
/// else, or beyond 2^63 - 1.
std::optional<std::uint64_t> parse_binary_size(std::string_view text) noexcept;

/// What yaml.v3 takes for a boolean: its own words, and YAML 1.1's (yes, off, ...) where a boolean
/// is expected. Nothing for anything else.
std::optional<bool> parse_go_flag(std::string_view text) noexcept;

}  // namespace reachd::config::blackbox
