#include "daemon/metrics/format.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "daemon/metrics/accept.hpp"
#include "probes/core/decimal.hpp"
#include "probes/core/utf8.hpp"
#include "probes/core/words.hpp"

namespace reachd::metrics {
namespace {

constexpr std::string_view kTotal = "_total";

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

/// ASCII with nothing to escape, as nearly every label is. One pass that the compiler vectorises.
bool is_plain(std::string_view text) noexcept {
  bool special = false;
  for (const char c : text) {
    special |= (c == '\\') | (c == '"') | (c == '\n') | (static_cast<signed char>(c) < 0);
  }
  return !special;
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
  while (const auto range = next_weighted(accept)) {
    const bool openmetrics = same_word(range->value, "application/openmetrics-text");
    const bool text = same_word(range->value, "text/plain") || same_word(range->value, "text/*") ||
                      range->value == "*/*";
    if ((openmetrics || text) && range->weight > best_weight) {
      best_weight = range->weight;
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
  if (is_plain(value)) {
    out += value;
  } else if (is_utf8(value)) {
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
