#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace reachd {

/// True for well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view text) noexcept;

/// `text` with U+FFFD for each byte that is not part of well-formed UTF-8. For what foreign hosts
/// send.
std::string repair_utf8(std::string_view text);

/// The front of `text`, at most `most` bytes, without a character of UTF-8 that is cut through.
std::string_view cut_utf8(std::string_view text, std::size_t most) noexcept;

}  // namespace reachd
