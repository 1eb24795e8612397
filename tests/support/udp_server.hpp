#pragma once

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "probes/core/address.hpp"

namespace reachd::test {

namespace asio = boost::asio;

/// Listens on a free UDP port of 127.0.0.1 and answers each datagram with those that the script
/// returns, on the test's own io_context. Destroyed before the io_context.
class UdpServer {
 public:
  using Script = std::function<std::vector<std::string>(const std::string& datagram)>;

  UdpServer(asio::io_context& context, Script script)
      : state_(std::make_shared<State>(context, std::move(script))) {
    asio::co_spawn(context, serve(state_), asio::detached);
  }
  UdpServer(const UdpServer&) = delete;
  UdpServer& operator=(const UdpServer&) = delete;
  ~UdpServer() {
    boost::system::error_code ignored;
    state_->socket.close(ignored);
  }

  Endpoint endpoint() const {
    return {IpAddress::v4(0x7f000001), state_->socket.local_endpoint().port()};
  }
  /// "127.0.0.1:PORT"
  std::string target() const { return endpoint().to_string(); }

 private:
  using Udp = asio::ip::udp;

  struct State {
    State(asio::io_context& context, Script what)
        : script(std::move(what)),
          socket(context, Udp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
    Script script;
    Udp::socket socket;
  };

  static asio::awaitable<void> serve(std::shared_ptr<State> state) {
    std::array<char, 65536> buffer{};
    while (state->socket.is_open()) {
      Udp::endpoint peer;
      const auto received = co_await state->socket.async_receive_from(
          asio::buffer(buffer), peer, asio::as_tuple(asio::use_awaitable));
      if (std::get<0>(received)) {
        continue;
      }
      const auto replies = state->script(std::string(buffer.data(), std::get<1>(received)));
      for (const std::string& reply : replies) {
        co_await state->socket.async_send_to(asio::buffer(reply), peer,
                                             asio::as_tuple(asio::use_awaitable));
      }
    }
  }

  std::shared_ptr<State> state_;
};

}  // namespace reachd::test
