#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/core/address.hpp"

namespace reachd::test {

namespace asio = boost::asio;
using Bytes = std::vector<std::uint8_t>;

enum DnsRcode : std::uint8_t { kNoError = 0, kServFail = 2, kNxDomain = 3, kRefused = 5 };

/// One question as the server saw it.
struct DnsQuery {
  Bytes raw;
  std::string name;  ///< as sent, no trailing dot
  std::uint16_t type = 0;
  bool over_tcp = false;
};

struct DnsRecord {
  std::uint16_t type;
  std::uint32_t ttl;
  Bytes data;
};

inline void put16(Bytes& to, unsigned value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value));
}

/// A name in wire form, without compression.
inline Bytes dns_name(std::string_view name) {
  Bytes wire;
  while (!name.empty()) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    wire.push_back(static_cast<std::uint8_t>(dot));
    wire.insert(wire.end(), name.begin(), name.begin() + static_cast<std::ptrdiff_t>(dot));
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  wire.push_back(0);
  return wire;
}

/// An A or AAAA record.
inline DnsRecord dns_address(std::string_view text, std::uint32_t ttl = 60) {
  const IpAddress address = IpAddress::parse(text).value();
  const std::ptrdiff_t length = address.is_v4() ? 4 : 16;
  return {static_cast<std::uint16_t>(address.is_v4() ? 1 : 28), ttl,
          Bytes(address.bytes.begin(), address.bytes.begin() + length)};
}

/// A reply to `query`: its id and question, the records owned by the name asked for.
inline Bytes dns_reply(const DnsQuery& query, const std::vector<DnsRecord>& answers,
                       unsigned rcode = kNoError, bool truncated = false) {
  Bytes reply(query.raw.begin(), query.raw.begin() + 2);
  put16(reply, 0x8180u | (truncated ? 0x0200u : 0u) | rcode);
  put16(reply, 1);
  put16(reply, static_cast<unsigned>(answers.size()));
  put16(reply, 0);
  put16(reply, 0);
  const Bytes name = dns_name(query.name);
  reply.insert(reply.end(), name.begin(), name.end());
  put16(reply, query.type);
  put16(reply, 1);
  for (const DnsRecord& record : answers) {
    put16(reply, 0xc00c);
    put16(reply, record.type);
    put16(reply, 1);
    put16(reply, record.ttl >> 16);
    put16(reply, record.ttl & 0xffffu);
    put16(reply, static_cast<unsigned>(record.data.size()));
    reply.insert(reply.end(), record.data.begin(), record.data.end());
  }
  return reply;
}

/// The records of `answers` that have the type asked for; with none of them the reply is NODATA.
inline Bytes dns_reply_of_type(const DnsQuery& query, std::vector<DnsRecord> answers) {
  std::erase_if(answers, [&](const DnsRecord& record) { return record.type != query.type; });
  return dns_reply(query, answers);
}

/// A name server on a loopback address, UDP and TCP on one port, that runs on the test's own
/// context and does what the script says: bytes to send (now or after a delay), or silence.
class DnsServer {
 public:
  struct Reply {
    Bytes bytes;
    std::chrono::milliseconds delay{0};
  };
  using Script = std::function<std::optional<Reply>(const DnsQuery&)>;

  DnsServer(asio::io_context& context, Script script,
            const Endpoint& at = {IpAddress::v4(0x7f000001), 0})
      : state_(std::make_shared<State>(context, std::move(script), at)) {
    asio::co_spawn(context, serve_udp(state_), asio::detached);
    asio::co_spawn(context, serve_tcp(state_), asio::detached);
  }
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;
  ~DnsServer() {
    boost::system::error_code ignored;
    state_->udp.close(ignored);
    state_->tcp.close(ignored);
  }

  Endpoint endpoint() const { return {state_->address, state_->udp.local_endpoint().port()}; }
  /// How many questions came for this type.
  int queries(std::uint16_t type) const {
    return static_cast<int>(std::ranges::count(state_->seen, type, &DnsQuery::type));
  }
  const std::vector<DnsQuery>& seen() const { return state_->seen; }

 private:
  using Udp = asio::ip::udp;
  using Tcp = asio::ip::tcp;

  struct State {
    State(asio::io_context& context, Script what, const Endpoint& at)
        : script(std::move(what)), address(at.address), udp(context), tcp(context) {
      const asio::ip::address_v4 local(address.v4_number());
      // A free UDP port may be taken for TCP: try others.
      for (int attempt = 0; attempt < 20; ++attempt) {
        udp = Udp::socket(context, Udp::endpoint(local, at.port));
        boost::system::error_code taken;
        tcp.open(Tcp::v4());
        tcp.set_option(Tcp::acceptor::reuse_address(true));
        tcp.bind({local, udp.local_endpoint().port()}, taken);
        if (!taken) {
          tcp.listen();
          return;
        }
        tcp.close();
      }
      throw std::runtime_error("no port is free for UDP and TCP");
    }

    Script script;
    IpAddress address;
    Udp::socket udp;
    Tcp::acceptor tcp;
    std::vector<DnsQuery> seen;
  };

  static DnsQuery parse(std::span<const std::uint8_t> raw, bool over_tcp) {
    DnsQuery query{Bytes(raw.begin(), raw.end()), {}, 0, over_tcp};
    std::size_t at = 12;
    while (at < raw.size() && raw[at] != 0 && at + 1 + raw[at] < raw.size()) {
      for (std::size_t index = 0; index < raw[at]; ++index) {
        query.name += static_cast<char>(raw[at + 1 + index]);
      }
      query.name += '.';
      at += 1u + raw[at];
    }
    if (!query.name.empty()) {
      query.name.pop_back();
    }
    if (at + 2 < raw.size()) {
      query.type = static_cast<std::uint16_t>(raw[at + 1] << 8 | raw[at + 2]);
    }
    return query;
  }

  static asio::awaitable<void> serve_udp(std::shared_ptr<State> state) {
    // Whatever comes must fit: see UdpSocket's implementation.
    std::array<std::uint8_t, 65536> buffer{};
    while (state->udp.is_open()) {
      Udp::endpoint peer;
      const auto received = co_await state->udp.async_receive_from(
          asio::buffer(buffer), peer, asio::as_tuple(asio::use_awaitable));
      if (std::get<0>(received)) {
        continue;
      }
      const DnsQuery query =
          parse(std::span(buffer).first(std::get<1>(received)), /*over_tcp=*/false);
      state->seen.push_back(query);
      auto reply = state->script(query);
      if (reply) {
        auto sender = send_udp(state, std::move(*reply), peer);
        asio::co_spawn(state->udp.get_executor(), std::move(sender), asio::detached);
      }
    }
  }

  static asio::awaitable<void> send_udp(std::shared_ptr<State> state, Reply reply,
                                        Udp::endpoint peer) {
    co_await wait(*state, reply.delay);
    co_await state->udp.async_send_to(asio::buffer(reply.bytes), peer,
                                      asio::as_tuple(asio::use_awaitable));
  }

  static asio::awaitable<void> serve_tcp(std::shared_ptr<State> state) {
    while (state->tcp.is_open()) {
      Tcp::socket socket(state->tcp.get_executor());
      const auto accepted =
          co_await state->tcp.async_accept(socket, asio::as_tuple(asio::use_awaitable));
      if (std::get<0>(accepted)) {
        continue;
      }
      auto session = answer_tcp(state, std::move(socket));
      asio::co_spawn(state->tcp.get_executor(), std::move(session), asio::detached);
    }
  }

  static asio::awaitable<void> answer_tcp(std::shared_ptr<State> state, Tcp::socket socket) {
    std::array<std::uint8_t, 2> head{};
    const auto token = asio::as_tuple(asio::use_awaitable);
    const auto got_head = co_await asio::async_read(socket, asio::buffer(head), token);
    if (std::get<0>(got_head)) {
      co_return;
    }
    Bytes body(static_cast<std::size_t>(head[0] << 8 | head[1]));
    const auto got_body = co_await asio::async_read(socket, asio::buffer(body), token);
    if (std::get<0>(got_body)) {
      co_return;
    }
    const DnsQuery query = parse(body, /*over_tcp=*/true);
    state->seen.push_back(query);
    const auto reply = state->script(query);
    if (!reply) {
      // Silence: hold the connection until the client goes.
      co_await asio::async_read(socket, asio::buffer(head), token);
      co_return;
    }
    co_await wait(*state, reply->delay);
    Bytes framed;
    put16(framed, static_cast<unsigned>(reply->bytes.size()));
    framed.insert(framed.end(), reply->bytes.begin(), reply->bytes.end());
    co_await asio::async_write(socket, asio::buffer(framed), token);
  }

  static asio::awaitable<void> wait(State& state, std::chrono::milliseconds delay) {
    if (delay.count() > 0) {
      asio::steady_timer timer(state.udp.get_executor(), delay);
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  std::shared_ptr<State> state_;
};

}  // namespace reachd::test
