#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <vector>

#include "probes/net/endpoint.hpp"

namespace reachd::test {

inline const boost::asio::ip::tcp::endpoint kAnyPort{boost::asio::ip::address_v4::loopback(), 0};

template <typename Socket>
Endpoint endpoint_of(const Socket& socket) {
  const auto local = socket.local_endpoint();
  return {net::from_asio(local.address()), local.port()};
}

/// A port on which nothing listens, kept from others by a socket that is bound but doesn't listen.
class ClosedPort {
 public:
  explicit ClosedPort(boost::asio::io_context& context) : socket_(context, kAnyPort) {}
  Endpoint endpoint() const { return endpoint_of(socket_); }

 private:
  boost::asio::ip::tcp::socket socket_;
};

/// A listener whose backlog is full: Linux drops further SYNs in silence.
class MutePort {
 public:
  explicit MutePort(boost::asio::io_context& context) : acceptor_(context) {
    acceptor_.open(boost::asio::ip::tcp::v4());
    acceptor_.bind(kAnyPort);
    acceptor_.listen(0);
    for (int i = 0; i < 3; ++i) {
      fillers_.emplace_back(context).async_connect(acceptor_.local_endpoint(),
                                                   [](boost::system::error_code) {});
    }
  }
  Endpoint endpoint() const { return endpoint_of(acceptor_); }

 private:
  boost::asio::ip::tcp::acceptor acceptor_;
  std::vector<boost::asio::ip::tcp::socket> fillers_;
};

}  // namespace reachd::test
