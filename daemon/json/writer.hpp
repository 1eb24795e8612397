#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "probes/core/clock.hpp"

namespace reachd::json {

/// Appends JSON text (RFC 8259) to a string, so that 100,000 rows need no tree in memory and
/// numbers look as a person writes them. Commas are its business; that begin and end match is the
/// caller's. Text that is not UTF-8 (a banner, a foreign header) is repaired with U+FFFD.
class Writer {
 public:
  /// `out` is lent; the caller may take what is there and clear it between two rows.
  explicit Writer(std::string& out) : out_(out) {}

  Writer& begin_object() { return begin('{'); }
  Writer& end_object() { return end('}'); }
  Writer& begin_array() { return begin('['); }
  Writer& end_array() { return end(']'); }
  Writer& key(std::string_view name);

  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }
  template <std::integral Number>
  Writer& value(Number number) {
    if constexpr (std::same_as<Number, bool>) {
      return raw(number ? "true" : "false");
    } else if constexpr (std::signed_integral<Number>) {
      return integer(number);
    } else {
      return natural(number);
    }
  }
  /// Seconds with up to six decimals: "0.0125", "30".
  Writer& value(Duration duration);
  /// RFC 3339 in UTC with milliseconds.
  Writer& value(WallTime time);
  Writer& null() { return raw("null"); }

  /// null where there is nothing.
  template <typename T>
  Writer& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : null();
  }
  /// null for an empty text: "nobody says".
  Writer& value_or_null(std::string_view text) { return text.empty() ? null() : value(text); }

  template <typename T>
  Writer& member(std::string_view name, const T& content) {
    return key(name).value(content);
  }

 private:
  Writer& begin(char bracket);
  Writer& end(char bracket);
  Writer& raw(std::string_view text);
  Writer& integer(std::int64_t number);
  Writer& natural(std::uint64_t number);
  void separate();

  std::string& out_;
  bool comma_ = false;  ///< a value stands before this place
};

}  // namespace reachd::json
