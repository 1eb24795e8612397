#pragma once

#include <charconv>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace reachd::test {

/// The bytes that hexadecimal digits stand for, blanks and line ends allowed between them: captures
/// in tests.
inline std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i < digits.size();) {
    if (digits[i] == ' ' || digits[i] == '\n') {
      ++i;
      continue;
    }
    unsigned char byte = 0;
    const std::string_view pair = digits.substr(i, 2);
    const auto [end, error] = std::from_chars(pair.data(), pair.data() + pair.size(), byte, 16);
    if (error != std::errc{} || end != pair.data() + 2) {
      throw std::invalid_argument("no hexadecimal digits: " + std::string(pair));
    }
    bytes += static_cast<char>(byte);
    i += 2;
  }
  return bytes;
}

/// The same characters as bytes; lent.
inline std::span<const std::byte> octets(std::string_view text) {
  return std::as_bytes(std::span(text));
}

}  // namespace reachd::test
