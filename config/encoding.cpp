#include "config/encoding.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace reachd::config {
namespace {

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";
constexpr std::string_view kUtf16LittleMark = "\xff\xfe";
constexpr std::string_view kUtf16BigMark = "\xfe\xff";
constexpr std::uint32_t kBroken = 0xffff'ffff;

std::uint8_t byte_at(std::string_view text, std::size_t index) {
  return static_cast<std::uint8_t>(text[index]);
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto add = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xc0 | (point >> 6));
    add(0x80 | (point & 0x3f));
  } else if (point < 0x1'0000) {
    add(0xe0 | (point >> 12));
    add(0x80 | ((point >> 6) & 0x3f));
    add(0x80 | (point & 0x3f));
  } else {
    add(0xf0 | (point >> 18));
    add(0x80 | ((point >> 12) & 0x3f));
    add(0x80 | ((point >> 6) & 0x3f));
    add(0x80 | (point & 0x3f));
  }
}

/// The code point at `index`, which moves behind it; kBroken for what RFC 3629 forbids.
std::uint32_t next_utf8(std::string_view text, std::size_t& index) {
  const std::uint32_t first = byte_at(text, index++);
  if (first < 0x80) {
    return first;
  }
  if (first < 0xc2 || first > 0xf4) {
    return kBroken;
  }
  const std::size_t more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
  std::uint32_t point = first & (0x3fu >> more);
  for (std::size_t count = 0; count < more; ++count) {
    if (index >= text.size() || (byte_at(text, index) & 0xc0) != 0x80) {
      return kBroken;
    }
    point = (point << 6) | (byte_at(text, index++) & 0x3fu);
  }
  constexpr std::array<std::uint32_t, 4> kLeast{0, 0x80, 0x800, 0x1'0000};
  const bool surrogate = point >= 0xd800 && point < 0xe000;
  return point < kLeast[more] || surrogate || point > 0x10'ffff ? kBroken : point;
}

/// The same for UTF-16 (RFC 2781).
std::uint32_t next_utf16(std::string_view text, std::size_t& index, bool little) {
  const auto unit = [&]() -> std::uint32_t {
    if (text.size() - index < 2) {
      index = text.size();
      return kBroken;
    }
    const std::uint32_t one = byte_at(text, index);
    const std::uint32_t two = byte_at(text, index + 1);
    index += 2;
    return little ? (two << 8) | one : (one << 8) | two;
  };
  const std::uint32_t high = unit();
  if (high < 0xd800 || high >= 0xe000) {
    return high;
  }
  const std::uint32_t low = high < 0xdc00 ? unit() : kBroken;
  if (low < 0xdc00 || low >= 0xe000) {
    return kBroken;
  }
  return 0x1'0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

bool is_control(std::uint32_t point) {
  return (point < 0x20 && point != '\t' && point != '\n') || (point >= 0x7f && point < 0xa0);
}

std::string hex(std::uint32_t number) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (int shift = number > 0xffff ? 20 : 12; shift >= 0; shift -= 4) {
    result.push_back(kDigits[(number >> shift) & 0xf]);
  }
  return "U+" + result;
}

/// Plain ASCII with LF needs no walk through code points; nearly every file is that.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return c == '\n' || c == '\t' || (c >= ' ' && c < 0x7f); });
}

}  // namespace

std::optional<std::string> decode_text(std::string_view bytes,
                                       const std::shared_ptr<const std::string>& file,
                                       Diagnostics& diagnostics) {
  const bool little = bytes.starts_with(kUtf16LittleMark);
  const bool utf16 = little || bytes.starts_with(kUtf16BigMark);
  const std::string_view utf32_little("\xff\xfe\0\0", 4);
  const std::string_view utf32_big("\0\0\xfe\xff", 4);
  if (bytes.starts_with(utf32_little) || bytes.starts_with(utf32_big)) {
    diagnostics.error({file, 0, 0}, "the file is UTF-32; save it as UTF-8");
    return std::nullopt;
  }
  if (utf16) {
    bytes.remove_prefix(2);
  } else if (bytes.starts_with(kUtf8Mark)) {
    bytes.remove_prefix(kUtf8Mark.size());
  }
  if (!utf16 && is_plain(bytes)) {
    return std::string(bytes);
  }

  std::string result;
  result.reserve(bytes.size());
  Place place{file, 1, 1};
  const auto wrong = [&](const std::string& message) {
    diagnostics.error(place, message);
    return std::nullopt;
  };
  for (std::size_t index = 0; index < bytes.size();) {
    std::uint32_t point = utf16 ? next_utf16(bytes, index, little) : next_utf8(bytes, index);
    if (point == kBroken) {
      return wrong(utf16 ? "the file is not valid UTF-16; save it as UTF-8"
                         : "the file is not valid UTF-8; save it as UTF-8");
    }
    if (point == 0) {
      return wrong("a NUL character; the file is binary or UTF-16 without its byte order mark");
    }
    if (point == '\r') {
      // CRLF is one line end, and so is a lone CR.
      const std::size_t after = index;
      if (index < bytes.size()) {
        const std::uint32_t next =
            utf16 ? next_utf16(bytes, index, little) : next_utf8(bytes, index);
        index = next == '\n' ? index : after;
      }
      point = '\n';
    }
    if (is_control(point)) {
      return wrong("a control character (" + hex(point) + ") has no place in a configuration file");
    }
    append_utf8(result, point);
    place.column = point == '\n' ? 1 : place.column + 1;
    place.line += point == '\n' ? 1 : 0;
  }
  return result;
}

std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  std::uint32_t bits = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (c == ' ' || c == '\n' || c == '\t') {
      continue;
    }
    if (c == '=') {
      ++padding;
      continue;
    }
    if (digit == std::string_view::npos || padding > 0) {
      return std::nullopt;
    }
    bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
    if (++digits % 4 != 1) {
      const auto spare = (4 - digits % 4) % 4 * 2;
      result += static_cast<char>((bits >> spare) & 0xffU);
    }
  }
  return (digits + padding) % 4 == 0 && padding <= 2 ? std::optional(std::move(result))
                                                     : std::nullopt;
}

}  // namespace reachd::config
