#include "probes/net/linux/epoll_set.hpp"

#include <sys/epoll.h>

#include "probes/net/socket_handle.hpp"

namespace reachd::net {

error_code open_epoll(boost::asio::posix::stream_descriptor& set) {
  if (set.is_open()) {
    return {};
  }
  SocketHandle epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) {
    return last_socket_error();
  }
  error_code ec;
  set.assign(epoll.get(), ec);
  if (!ec) {
    epoll.release();
  }
  return ec;
}

}  // namespace reachd::net
