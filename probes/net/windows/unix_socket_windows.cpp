#include "probes/net/unix_socket.hpp"

namespace reachd::net {

Result<std::unique_ptr<Stream>> connect_unix(Network& /*network*/, const std::string& /*path*/,
                                             Deadline& /*deadline*/) {
  return std::unexpected(
      Failure{Reason::local_error, "Unix sockets can't be probed on Windows", 0, std::nullopt});
}

}  // namespace reachd::net
