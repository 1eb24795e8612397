#pragma once

#include <gmock/gmock.h>

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "probes/net/resolver.hpp"
#include "tests/support/coroutine.hpp"
#include "tests/support/dns_server.hpp"

namespace reachd::net {

using namespace std::chrono_literals;
using test::Bytes;
using test::DnsQuery;
using test::DnsServer;
using Addresses = std::vector<IpAddress>;
using Resolved = Result<Addresses>;
using Reply = std::optional<DnsServer::Reply>;

inline constexpr std::uint16_t kA = 1;
inline constexpr std::uint16_t kAaaa = 28;

inline IpAddress ip(const char* text) { return *IpAddress::parse(text); }

/// A well-behaved zone by the first label of the name.
inline Reply zone(const DnsQuery& query) {
  using test::dns_address;
  const std::string label = query.name.substr(0, query.name.find('.'));
  if (label == "nxdomain") {
    return DnsServer::Reply{test::dns_reply(query, {}, test::kNxDomain)};
  }
  if (label == "nodata") {
    return DnsServer::Reply{test::dns_reply(query, {})};
  }
  if (label == "servfail") {
    return DnsServer::Reply{test::dns_reply(query, {}, test::kServFail)};
  }
  if (label == "silent" || (label == "dropsaaaa" && query.type == kAaaa)) {
    return std::nullopt;
  }
  if (label == "garbage") {
    return DnsServer::Reply{Bytes(query.raw.begin(), query.raw.begin() + 5)};
  }
  if (label == "short" || label == "truncated") {
    const bool truncate = label == "truncated" && !query.over_tcp;
    return DnsServer::Reply{test::dns_reply(query,
                                            query.type == kA && !truncate
                                                ? std::vector{dns_address("192.0.2.1", 0)}
                                                : std::vector<test::DnsRecord>{},
                                            test::kNoError, truncate)};
  }
  Bytes reply = test::dns_reply_of_type(
      query, {dns_address("192.0.2.1"), dns_address("192.0.2.2"), dns_address("2001:db8::1")});
  return DnsServer::Reply{std::move(reply), label == "slow" ? 400ms : 0ms};
}

class ResolverTest : public testing::Test {
 protected:
  Resolved resolve(std::string name, std::vector<Endpoint> servers,
                   std::chrono::milliseconds limit = 4s) {
    return test::run(context_, ask(*resolver_, queue_, std::move(name), std::move(servers), limit));
  }
  Resolved resolve(std::string name, std::chrono::milliseconds limit = 4s) {
    return resolve(std::move(name), {server_.endpoint()}, limit);
  }

  static asio::awaitable<Resolved> ask(Resolver& resolver, DeadlineQueue& queue, std::string name,
                                       std::vector<Endpoint> servers,
                                       std::chrono::milliseconds limit) {
    Deadline deadline(queue, system_clock().steady_now() + limit);
    Resolved result = co_await resolver.resolve(name, servers, deadline);
    co_return result;
  }

  /// How many of `count` equal questions got an answer.
  asio::awaitable<int> ask_at_once(std::string name, int count) {
    int ended = 0;
    int answers = 0;
    asio::steady_timer all_done(context_, asio::steady_timer::time_point::max());
    for (int index = 0; index < count; ++index) {
      asio::co_spawn(context_, ask(*resolver_, queue_, name, {server_.endpoint()}, 4s),
                     [&](std::exception_ptr, Resolved resolved) {
                       answers += resolved ? 1 : 0;
                       ++ended;
                       if (ended == count) {
                         all_done.cancel();
                       }
                     });
    }
    co_await all_done.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return answers;
  }

  asio::io_context context_;
  DeadlineQueue queue_{context_.get_executor()};
  DnsServer server_{context_, zone};
  std::unique_ptr<Resolver> resolver_ = make_resolver();
};

/// A host whose table of hosts and name servers (where a file has them) are the test's.
class SystemResolverTest : public ResolverTest {
 protected:
  SystemResolverTest()
      : folder_(std::filesystem::path(testing::TempDir()) /
                ("resolver_" + std::to_string(server_.endpoint().port))) {
    std::filesystem::create_directory(folder_);
    write("hosts", "10.1.2.3 erp.example.com erp\n");
    name_server(server_.endpoint(), "");
    renew();
  }
  ~SystemResolverTest() override { std::filesystem::remove_all(folder_); }

  void renew() {
    resolver_ = make_resolver({.hosts_file = (folder_ / "hosts").string(),
                               .config_file = (folder_ / "resolv.conf").string(),
                               .port = server_.endpoint().port});
  }
  void write(const char* file, const std::string& text) { std::ofstream(folder_ / file) << text; }
  void name_server(const Endpoint& endpoint, const std::string& more) {
    write("resolv.conf", "nameserver " + endpoint.address.to_string() + "\n" + more);
  }

  std::filesystem::path folder_;
};

}  // namespace reachd::net
