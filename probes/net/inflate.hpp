#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace reachd::net {

/// `deflate` is the zlib format as RFC 9110, 8.4.1.2 says, or the bare one that some servers send.
enum class Encoding : std::uint8_t { gzip, deflate };

struct Inflated {
  std::string bytes;
  bool cut = false;  ///< there is more than `most`, or the input breaks off
};

/// Decompresses until the input ends or `most` bytes are out, whichever comes first, so a bomb
/// costs no more than that. Gzip members that follow each other are one text (RFC 1952, 2.2). The
/// error is a sentence. Pure.
std::expected<Inflated, std::string> inflate(std::string_view input, Encoding encoding,
                                             std::size_t most);

}  // namespace reachd::net
