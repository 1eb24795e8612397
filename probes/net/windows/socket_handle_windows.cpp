#include <winsock2.h>

#include <cstring>

#include "probes/net/socket_handle.hpp"

namespace reachd::net {

void SocketHandle::close() noexcept {
  if (is_open()) {
    ::closesocket(release());
  }
}

void SocketHandle::reset_on_close() noexcept {
  const linger reset{.l_onoff = 1, .l_linger = 0};
  char value[sizeof reset];
  std::memcpy(value, &reset, sizeof reset);
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, value, sizeof reset);
}

boost::system::error_code last_socket_error() noexcept {
  return {::WSAGetLastError(), boost::system::system_category()};
}

}  // namespace reachd::net
