#pragma once

#include <string>
#include <string_view>

namespace reachd {

/// Bytes from the network in quotes for a message: what is not printable ASCII as \r, \n, \t or
/// \xNN, cut after `most` bytes.
std::string printable(std::string_view bytes, std::size_t most = 48);

/// Text of a foreign host as it is, fit for a terminal and for JSON: well-formed UTF-8 without
/// control characters, which become blanks, cut after `most` bytes, without blanks at its ends.
std::string plain_line(std::string_view bytes, std::size_t most = 512);

}  // namespace reachd
