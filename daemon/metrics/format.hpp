#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reachd::metrics {

/// Prometheus' text format 0.0.4, or OpenMetrics 1.0.0.
enum class Format : std::uint8_t { text, openmetrics };
enum class Type : std::uint8_t { gauge, counter, histogram };

/// For the Content-Type header.
std::string_view content_type(Format format) noexcept;
/// What an Accept header (RFC 9110, 12.5.1) asks for: the format with the greatest weight, of equal
/// ones the first; text for everything else.
Format negotiate(std::string_view accept) noexcept;

/// Appends # HELP, # TYPE and, in OpenMetrics, # UNIT (from the name's last word). `name` is that
/// of the text format: a counter's ends in _total, which OpenMetrics takes off the family.
void append_header(std::string& out, Format format, std::string_view name, Type type,
                   std::string_view help);
/// Appends `name="value"` with backslash, quote and line feed escaped; bytes that are not UTF-8 are
/// replaced.
void append_label(std::string& out, std::string_view name, std::string_view value);
/// Appends a sample's value: whole numbers without point or exponent, NaN, +Inf, -Inf.
void append_number(std::string& out, double number);
/// Appends a bucket's bound: "1" in text, "1.0" in OpenMetrics (its canonical form).
void append_bound(std::string& out, Format format, double bound);

/// The end of an exposition: "# EOF" in OpenMetrics, else nothing.
void append_end(std::string& out, Format format);

}  // namespace reachd::metrics
