#pragma once

#include <string>
#include <string_view>

namespace reachd {

/// Bytes from the network in quotes for a message: what is not printable ASCII as \r, \n, \t or
/// \xNN, cut after `most` bytes.
std::string printable(std::string_view bytes, std::size_t most = 48);

}  // namespace reachd
