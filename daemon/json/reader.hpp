#pragma once

#include <cstddef>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace reachd::json {

/// What a running daemon says of one check.
struct LastVerdict {
  std::string state;     ///< up, down, ...
  std::string reason;    ///< of the last probe; empty before the first
  std::string offender;  ///< who sent an ICMP error; empty: nobody
};
using LastVerdicts = std::map<std::string, LastVerdict, std::less<>>;  ///< by check id

struct VerdictPage {
  LastVerdicts verdicts;
  std::optional<std::size_t> next_offset;  ///< of the page after this one
};

/// Reads a page of /api/v1/checks; what it does not know it skips. The error is a sentence.
std::expected<VerdictPage, std::string> read_verdicts(std::string_view text);

/// Why a text is not JSON (RFC 8259); nothing if it is.
std::optional<std::string> complaint(std::string_view text);

}  // namespace reachd::json
