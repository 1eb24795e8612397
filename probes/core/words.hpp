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
