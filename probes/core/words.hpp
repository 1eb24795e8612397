#pragma once

#include <ranges>
#include <string>
#include <string_view>

namespace reachd {

/// Equal without regard to the case of ASCII letters, as names of headers, hosts and attributes
/// are.
bool same_word(std::string_view a, std::string_view b) noexcept;
/// ASCII letters in lower case, the rest as it is.
std::string lower(std::string_view text);

/// True for a method or a header's name (RFC 9110, 5.6.2), at most 128 characters.
bool is_token(std::string_view text) noexcept;
/// True for what a header's line may hold: no line break and no NUL (RFC 9110, 5.5).
bool is_field_value(std::string_view text) noexcept;

/// All of them in one text with `between` between two: "a, b".
template <std::ranges::input_range Texts>
std::string join(const Texts& texts, std::string_view between) {
  std::string all;
  for (const std::string_view text : texts) {
    all += all.empty() ? std::string_view() : between;
    all += text;
  }
  return all;
}

}  // namespace reachd
