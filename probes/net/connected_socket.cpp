#include "probes/net/connected_socket.hpp"

#include <utility>

namespace reachd::net {

using boost::asio::ip::tcp;

void ConnectedSocket::reset_on_close() noexcept {
  if (socket_) {
    error_code ignored;
    socket_->set_option(tcp::socket::linger(true, 0), ignored);
  } else {
    handle_.reset_on_close();
  }
}

error_code ConnectedSocket::give_to(AsioSocket& socket, bool v4) {
  error_code ec;
  if (socket_) {
    socket = std::move(*socket_);
    socket_.reset();
  } else {
    socket.assign(v4 ? tcp::v4() : tcp::v6(), handle_.get(), ec);
    if (!ec) {
      handle_.release();
    }
  }
  return ec;
}

}  // namespace reachd::net
