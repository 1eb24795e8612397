#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/core/pattern.hpp"
#include "probes/core/reader.hpp"

namespace reachd {

/// "0a ff:01" as bytes: pairs of digits in any case, with spaces and colons between them as wished.
/// Nothing if anything else is in it, or half a pair.
std::optional<std::vector<std::byte>> parse_hex(std::string_view text);

/// What a generic probe says and what it wants to hear, in the operator's own words.
struct SendExpect {
  std::vector<std::byte> send;          ///< may be empty
  std::optional<Pattern> expect;        ///< to be found in the answer
  std::vector<std::byte> expect_bytes;  ///< to be found in the answer; empty: anything will do
  bool expects() const noexcept { return expect || !expect_bytes.empty(); }
  bool met_by(std::span<const std::byte> answer) const;
};

/// Reads `send` or `send_hex`, and `expect` (RE2) or `expect_hex`. At most 1400 bytes are sent:
/// what fits into a datagram that no path cuts.
SendExpect read_send_expect(Reader& params);

}  // namespace reachd
