#pragma once

#include <memory>
#include <string>

#include "probes/net/network.hpp"
#include "probes/net/result.hpp"
#include "probes/net/stream.hpp"

namespace reachd::net {

/// Connects to the Unix socket of that path, which takes no time: it is there or not. The stream is
/// watched by the deadline as long as it lives. Fails with refused (nobody listens, or too many
/// wait), local_permission, local_error (there is no such socket, and everywhere on Windows).
Result<std::unique_ptr<Stream>> connect_unix(Network& network, const std::string& path,
                                             Deadline& deadline);

}  // namespace reachd::net
