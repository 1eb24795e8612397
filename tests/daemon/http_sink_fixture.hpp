#pragma once

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/alert/sink.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"

namespace reachd::test {

/// A request as a receiver got it.
struct Request {
  std::string head;  ///< with the empty line
  std::string body;

  std::string line() const { return head.substr(0, head.find("\r\n")); }
  /// The value of the header with this name, or "(none)".
  std::string header(std::string_view name) const {
    const std::size_t at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) {
      return "(none)";
    }
    const std::size_t begin = at + 4 + name.size();
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

/// "HTTP/1.1 200 OK" and what else belongs to a response.
inline std::string response(std::string_view status, std::string_view headers = {},
                            std::string_view body = {}) {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

/// Reads one request whole.
inline asio::awaitable<Request> receive(Peer& peer) {
  Request request;
  request.head = co_await peer.read_until("\r\n\r\n");
  const std::string length = request.header("Content-Length");
  const std::size_t size = length == "(none)" ? 0 : std::stoul(length);
  request.body = co_await peer.read(size);
  co_return request;
}

/// Keeps each request and answers as told. Who says nothing asked for nothing.
inline Script receiver(std::vector<Request>& got,
                       std::function<std::string(const Request&)> answer = {}) {
  return [&got, answer = std::move(answer)](Peer& peer) -> asio::awaitable<void> {
    Request request = co_await receive(peer);
    if (request.head.empty()) {
      co_return;
    }
    const std::string bytes = answer ? answer(request) : response("200 OK");
    got.push_back(std::move(request));
    co_await peer.send(bytes);
  };
}

/// Our wall clock, by hand; the steady one runs.
class WallByHand final : public Clock {
 public:
  TimePoint steady_now() const noexcept override { return system_clock().steady_now(); }
  WallTime wall_now() const noexcept override { return wall; }

  WallTime wall = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(12);
};

/// What a sink borrows from the outbox.
struct SinkLab {
  NetLab lab;
  WallByHand clock;
  net::Network network{lab.context.get_executor(), lab.deadlines, lab.resolver, lab.trust, clock};
  std::string vantage = "beacon-1";
  std::string external_url = "https://reachd.example.com:9790/";
  Duration timeout = std::chrono::seconds(4);
  Duration resend = std::chrono::minutes(1);

  alert::SinkRun run_with(net::Deadline& deadline) {
    return {network, deadline, vantage, external_url, resend};
  }

  static alert::MadeSink make(const alert::SinkType& type, const Value& values) {
    Diagnostics diagnostics;
    Reader reader(values, diagnostics, "sink test");
    alert::MadeSink made = type.make(reader);
    reader.done();
    EXPECT_TRUE(diagnostics.ok()) << diagnostics.to_string();
    return made;
  }

  static std::string problems(const alert::SinkType& type, const Value& values) {
    Diagnostics diagnostics;
    Reader reader(values, diagnostics, "sink test");
    type.make(reader);
    reader.done();
    return diagnostics.to_string();
  }
};

}  // namespace reachd::test
