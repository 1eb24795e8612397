#include "daemon/metrics/format.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "probes/core/decimal.hpp"
#include "probes/core/utf8.hpp"

namespace reachd::metrics {
namespace {

constexpr std::string_view kTotal = "_total";

std::string_view trim(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Takes the part before `separator` off the front of `text`.
std::string_view next_part(std::string_view& text, char separator) noexcept {
  const auto end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return trim(part);
}

bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (left.size() != right.size()) {
    return false;
  }
  for (std::size_t index = 0; index < left.size(); ++index) {
    if (lower(left[index]) != lower(right[index])) {
      return false;
    }
  }
  return true;
}

/// The weight of a media range's parameters (";q=0.5"), in thousandths; 1000 without one, 0 if it
/// makes no sense.
int weight_of(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    std::string_view value = next_part(parameters, ';');
    const std::string_view name = next_part(value, '=');
    if (equal_ignoring_case(name, "q")) {
      double weight = 0;
      const auto read = std::from_chars(value.data(), value.data() + value.size(), weight);
      const bool sane = read.ec == std::errc() && weight >= 0 && weight <= 1;
      return sane ? static_cast<int>(std::lround(weight * 1000)) : 0;
    }
  }
  return 1000;
}

std::string_view type_word(Type type) noexcept {
  switch (type) {
    case Type::gauge:
      return "gauge";
    case Type::counter:
      return "counter";
    case Type::histogram:
      return "histogram";
  }
  return "";
}

std::string_view unit_of(std::string_view family) noexcept {
  for (const std::string_view unit : {"seconds", "bytes"}) {
    if (family.ends_with(unit)) {
      return unit;
    }
  }
  return {};
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

}  // namespace

std::string_view content_type(Format format) noexcept {
  return format == Format::openmetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

Format negotiate(std::string_view accept) noexcept {
  Format best = Format::text;
  int best_weight = 0;
  while (!accept.empty()) {
    std::string_view range = next_part(accept, ',');
    const std::string_view type = next_part(range, ';');
    const bool openmetrics = equal_ignoring_case(type, "application/openmetrics-text");
    const bool text = equal_ignoring_case(type, "text/plain") ||
                      equal_ignoring_case(type, "text/*") || type == "*/*";
    const int weight = openmetrics || text ? weight_of(range) : 0;
    if (weight > best_weight) {
      best_weight = weight;
      best = openmetrics ? Format::openmetrics : Format::text;
    }
  }
  return best;
}

void append_header(std::string& out, Format format, std::string_view name, Type type,
                   std::string_view help) {
  std::string_view family = name;
  if (format == Format::openmetrics && type == Type::counter && family.ends_with(kTotal)) {
    family.remove_suffix(kTotal.size());
  }
  out += "# HELP ";
  out += family;
  out += ' ';
  append_escaped(out, help, format == Format::openmetrics);
  out += "\n# TYPE ";
  out += family;
  out += ' ';
  out += type_word(type);
  out += '\n';
  const std::string_view unit = unit_of(family);
  if (format == Format::openmetrics && !unit.empty()) {
    out += "# UNIT ";
    out += family;
    out += ' ';
    out += unit;
    out += '\n';
  }
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += "=\"";
  if (is_utf8(value)) {
    append_escaped(out, value, true);
  } else {
    append_escaped(out, repair_utf8(value), true);
  }
  out += '"';
}

void append_number(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "NaN";
  } else if (std::isinf(number)) {
    out += number > 0 ? "+Inf" : "-Inf";
  } else if (std::abs(number) < 1e15 && number == std::trunc(number)) {
    append_integer(out, static_cast<std::int64_t>(number));
  } else {
    // People read bounds such as 0.0005 in the names of series, so no exponent where it is short.
    const bool plain = std::abs(number) >= 1e-6 && std::abs(number) < 1e15;
    const auto form = plain ? std::chars_format::fixed : std::chars_format::general;
    std::array<char, 48> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, form).ptr;
    out.append(digits.data(), end);
  }
}

void append_bound(std::string& out, Format format, double bound) {
  append_number(out, bound);
  if (format == Format::openmetrics && std::isfinite(bound) && bound == std::trunc(bound)) {
    out += ".0";
  }
}

void append_end(std::string& out, Format format) {
  if (format == Format::openmetrics) {
    out += "# EOF\n";
  }
}

}  // namespace reachd::metrics
