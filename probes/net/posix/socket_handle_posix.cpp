#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "probes/net/socket_handle.hpp"

namespace reachd::net {

void SocketHandle::close() noexcept {
  if (is_open()) {
    ::close(release());
  }
}

void SocketHandle::reset_on_close() noexcept {
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

boost::system::error_code last_socket_error() noexcept {
  return {errno, boost::system::system_category()};
}

}  // namespace reachd::net
