#pragma once

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/web/server.hpp"
#include "tests/daemon/web_fixture.hpp"

namespace reachd::test {

constexpr std::chrono::seconds kGuard(5);

/// A client that says what it is told, byte for byte. Every wait ends by the guard.
class Client {
 public:
  explicit Client(const Endpoint& server) { connect(server); }
  /// From this address.
  Client(const Endpoint& server, const char* source) : Client() {
    socket_.bind({boost::asio::ip::make_address(source), 0});
    connect(server);
  }
  /// Has its descriptor, but no connection yet.
  Client() { socket_.open(boost::asio::ip::tcp::v4()); }

  void connect(const Endpoint& server) {
    const auto address = boost::asio::ip::make_address(server.address.to_string());
    socket_.connect(boost::asio::ip::tcp::endpoint(address, server.port));
  }

  void send(std::string_view text) {
    boost::system::error_code ignored;  // the server may have closed already
    boost::asio::write(socket_, boost::asio::buffer(text), ignored);
  }

  /// Up to the end of the connection.
  std::string read_all() {
    while (read_some()) {
    }
    return std::move(received_);
  }

  /// Up to and with `mark`, or what there is if it never comes.
  std::string read_to(std::string_view mark) {
    while (received_.find(mark) == std::string::npos && read_some()) {
    }
    const auto found = received_.find(mark);
    const auto end = found == std::string::npos ? received_.size() : found + mark.size();
    std::string result = received_.substr(0, end);
    received_.erase(0, end);
    return result;
  }

  bool closed() { return !read_some(); }
  /// Something has come that was not read yet.
  bool has_received() const { return socket_.available() > 0; }

 private:
  bool read_some() {
    std::array<char, std::size_t{16} * 1024> bytes{};
    bool done = false;
    bool more = false;
    socket_.async_read_some(boost::asio::buffer(bytes),
                            [&](const boost::system::error_code& error, std::size_t count) {
                              received_.append(bytes.data(), count);
                              more = !error;
                              done = true;
                            });
    context_.restart();
    context_.run_for(kGuard);
    if (!done) {
      ADD_FAILURE() << "the server neither answered nor closed; so far: " << received_;
      socket_.close();
      context_.run();
    }
    return more;
  }

  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_{context_};
  std::string received_;
};

/// An address of this host that is not loopback's, found without a packet; none if it has no
/// network.
inline std::optional<IpAddress> own_address_beyond_loopback() {
  boost::asio::io_context context;
  boost::asio::ip::udp::socket socket(context, boost::asio::ip::udp::v4());
  boost::system::error_code none;
  socket.connect({boost::asio::ip::make_address("198.51.100.1"), 9}, none);  // RFC 5737: nobody
  if (none) {
    return std::nullopt;
  }
  return IpAddress::v4(socket.local_endpoint().address().to_v4().to_uint());
}

inline Target local(std::uint16_t port = 0) {
  Target target;
  target.text = "127.0.0.1:" + std::to_string(port);
  target.host = "127.0.0.1";
  target.port = port;
  return target;
}

inline std::unique_ptr<web::Server> start(web::Callbacks callbacks, web::ServerLimits limits = {},
                                          Target target = local()) {
  auto server = web::start_server({std::move(target)}, std::move(callbacks), limits);
  EXPECT_TRUE(server) << server.error();
  return std::move(*server);
}

inline std::unique_ptr<web::Server> start(web::ServerLimits limits = {}) {
  return start(well(small_board()), limits);
}

inline std::string get(const std::string& path, const std::string& headers = {},
                       const std::string& method = "GET") {
  return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
}

}  // namespace reachd::test
