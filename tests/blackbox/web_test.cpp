// /probe through the web server: many at a time, clients that leave, a stop in between.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <deque>
#include <thread>

#include "daemon/blackbox/service.hpp"
#include "probes/net/resolver.hpp"
#include "probes/net/trust.hpp"
#include "tests/blackbox/blackbox_lab.hpp"
#include "tests/daemon/web_client.hpp"

namespace reachd::blackbox {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using testing::HasSubstr;
using testing::StartsWith;

/// A listener that accepts in its backlog and never says a word.
struct Mute {
  boost::asio::io_context context;
  tcp::acceptor acceptor{context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};

  std::string target() const {
    return "127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
  }
};

/// Waits with a guard for what the server's thread is about to do.
template <typename Condition>
bool comes_true(Condition&& condition) {
  const auto until = std::chrono::steady_clock::now() + test::kGuard;
  while (!condition() && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  return condition();
}

/// The web server with /probe and two modules: one connects, one waits for what never comes.
struct WebLab {
  explicit WebLab(std::size_t most_in_flight = 512, std::size_t connections = 512) {
    test::BlackboxLab lab;
    lab.allow_all();
    config::blackbox::Modules modules;
    modules.modules.resize(2);
    modules.modules[0].name = "connect";
    modules.modules[0].prober = config::blackbox::Prober::tcp;
    modules.modules[1] = modules.modules[0];
    modules.modules[1].name = "wait";
    modules.modules[1].tcp.query_response.emplace_back().expect_bytes = "never";
    current.set(std::make_shared<const Configuration>(
        Configuration{.modules = std::move(modules), .allow = lab.allowed}));
    web::Callbacks callbacks = test::well(nullptr);
    callbacks.make_prober = [this, most_in_flight](const asio::any_io_executor& executor) {
      return make_service(executor,
                          {.current = current,
                           .counters = counters,
                           .resolver = *resolver,
                           .trust = trust,
                           .clock = system_clock()},
                          most_in_flight);
    };
    web::ServerLimits limits;
    limits.connections = connections;
    server = test::start(std::move(callbacks), limits);
  }

  Endpoint endpoint() const { return server->endpoints().front(); }
  std::string ask(const std::string& module, const std::string& target) const {
    return test::get("/probe?module=" + module + "&target=" + target);
  }
  bool comes_to(std::size_t in_flight) const {
    return comes_true([&] { return counters.in_flight() == in_flight; });
  }

  Current current;
  Counters counters;
  net::TrustStore trust;
  std::unique_ptr<net::Resolver> resolver = net::make_resolver();
  std::unique_ptr<web::Server> server;
};

TEST(ProbeOverTheWeb, AConnectionIsKeptFromProbeToProbe) {
  const WebLab lab;
  const Mute target;
  test::Client client(lab.endpoint());
  for (int round = 0; round < 3; ++round) {
    client.send(lab.ask("connect", target.target()));
    EXPECT_THAT(client.read_to("probe_timeout_seconds 119.5\n"), HasSubstr("\nprobe_success 1\n"));
  }
}

TEST(ProbeOverTheWeb, TheScrapesTimeLimitIsTaken) {
  const WebLab lab;
  const Mute target;
  test::Client client(lab.endpoint());
  client.send(test::get("/probe?module=wait&target=" + target.target(),
                        "X-Prometheus-Scrape-Timeout-Seconds: 0.6\r\n"));
  EXPECT_THAT(client.read_to("probe_timeout_seconds 0.0"), HasSubstr("\nprobe_success 0\n"));
}

TEST(ProbeOverTheWeb, OnlyGetAndHeadAreTaken) {
  const WebLab lab;
  test::Client client(lab.endpoint());
  client.send(test::get("/probe?module=connect&target=a:1", "Connection: close\r\n", "POST"));
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 405 "));
}

TEST(ProbeOverTheWeb, AThousandAtATimeAreBounded) {
  constexpr std::size_t kProbes = 100;
  WebLab lab(kProbes, 1100);
  const Mute target;
  std::deque<test::Client> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.emplace_back(lab.endpoint()).send(lab.ask("wait", target.target()));
  }
  EXPECT_TRUE(
      comes_true([&] { return lab.counters.requests(Outcome::busy) == clients.size() - kProbes; }));
  EXPECT_EQ(lab.counters.in_flight(), kProbes);
  clients.clear();
  EXPECT_TRUE(lab.comes_to(0)) << lab.counters.in_flight();
}

TEST(ProbeOverTheWeb, AClientThatLeavesEndsItsProbe) {
  WebLab lab;
  const Mute target;
  {
    test::Client client(lab.endpoint());
    client.send(lab.ask("wait", target.target()));
    EXPECT_TRUE(lab.comes_to(1));
  }
  // The probe itself would wait for two minutes.
  EXPECT_TRUE(lab.comes_to(0));
}

TEST(ProbeOverTheWeb, AClientThatSendsItsNextRequestHasNotLeft) {
  WebLab lab;
  const Mute target;
  test::Client client(lab.endpoint());
  client.send(test::get("/probe?module=wait&target=" + target.target(),
                        "X-Prometheus-Scrape-Timeout-Seconds: 2\r\n") +
              test::get("/-/healthy"));
  EXPECT_THAT(client.read_to("healthy.\n"), HasSubstr("\nprobe_timeout_seconds 1.5\n"));
  EXPECT_EQ(lab.counters.requests(Outcome::failure), 1U);
}

TEST(ProbeOverTheWeb, AStopEndsProbesInFlight) {
  WebLab lab;
  const Mute target;
  std::deque<test::Client> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(lab.endpoint()).send(lab.ask("wait", target.target()));
  }
  ASSERT_TRUE(lab.comes_to(20));
  const auto begin = std::chrono::steady_clock::now();
  lab.server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
  EXPECT_EQ(lab.counters.in_flight(), 0U);
}

}  // namespace
}  // namespace reachd::blackbox
