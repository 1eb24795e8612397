#include "probes/net/resolver.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <thread>

#include "tests/net/resolver_fixture.hpp"

namespace reachd::net {
namespace {

TEST_F(ResolverTest, GivesIpv4BeforeIpv6) {
  const auto found = resolve("both.example.com");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(*found, (Addresses{ip("192.0.2.1"), ip("192.0.2.2"), ip("2001:db8::1")}));
}

TEST_F(ResolverTest, AnAddressIsItsOwnAnswer) {
  EXPECT_EQ(resolve("2001:db8::7").value(), Addresses{ip("2001:db8::7")});
  EXPECT_TRUE(server_.seen().empty());
}

TEST_F(ResolverTest, LocalhostNeverLeavesTheHost) {
  EXPECT_EQ(resolve("web.localhost").value(), (Addresses{ip("127.0.0.1"), ip("::1")}));
  EXPECT_EQ(resolve("web.localhost.").value(), (Addresses{ip("127.0.0.1"), ip("::1")}));
  EXPECT_TRUE(server_.seen().empty());
}

TEST_F(ResolverTest, TellsTheWaysToFailApart) {
  EXPECT_EQ(resolve("nxdomain.example.com").error().reason, Reason::dns_nxdomain);
  EXPECT_EQ(resolve("nodata.example.com").error().reason, Reason::dns_no_data);
  EXPECT_EQ(resolve("servfail.example.com").error().reason, Reason::dns_failure);
  EXPECT_EQ(resolve("silent.example.com", 300ms).error().reason, Reason::dns_timeout);
  EXPECT_EQ(resolve("garbage.example.com", 300ms).error().reason, Reason::dns_timeout);
  EXPECT_EQ(resolve("bad name with spaces").error().reason, Reason::dns_failure);
}

TEST_F(ResolverTest, ServersThatThisHostCannotSendToAreItsOwnFault) {
  // The system refuses to send there, whatever its routes are.
  const auto found = resolve("both.example.com", {Endpoint{ip("255.255.255.255"), 53}});
  ASSERT_FALSE(found);
  EXPECT_TRUE(is_local_fault(found.error().reason)) << found.error().message;
  EXPECT_TRUE(
      resolve("both.example.com", {Endpoint{ip("255.255.255.255"), 53}, server_.endpoint()}));
}

TEST_F(ResolverTest, NamesTheServersItAsked) {
  const auto failed = resolve("nxdomain.example.com");
  EXPECT_NE(failed.error().message.find(server_.endpoint().to_string()), std::string::npos)
      << failed.error().message;
}

TEST_F(ResolverTest, ServersThatDropAaaaDoNotLookDead) {
  // Within 500 ms although c-ares itself would wait for seconds; the guard is the deadline.
  EXPECT_EQ(resolve("dropsaaaa.example.com", 500ms).value(),
            (Addresses{ip("192.0.2.1"), ip("192.0.2.2")}));
  EXPECT_TRUE(resolve("dropsaaaa.example.com", 100ms)) << "from the cache";
}

TEST_F(ResolverTest, FollowsATruncatedAnswerOverTcp) {
  EXPECT_EQ(resolve("truncated.example.com").value(), Addresses{ip("192.0.2.1")});
}

TEST_F(ResolverTest, CachesForTheTtl) {
  ASSERT_TRUE(resolve("cached.example.com"));
  ASSERT_TRUE(resolve("CACHED.example.com"));
  EXPECT_EQ(server_.queries(kA), 1);
  ASSERT_TRUE(resolve("short.example.com"));
  ASSERT_TRUE(resolve("short.example.com"));
  EXPECT_EQ(server_.queries(kA), 3) << "a TTL of 0 is not cached";
}

TEST_F(ResolverTest, CachesThatANameDoesNotExistButNoFailure) {
  EXPECT_FALSE(resolve("nxdomain.example.com"));
  EXPECT_FALSE(resolve("nxdomain.example.com"));
  EXPECT_EQ(server_.queries(kA), 1);
  EXPECT_FALSE(resolve("servfail.example.com"));
  const int asked = server_.queries(kA);
  EXPECT_FALSE(resolve("servfail.example.com"));
  EXPECT_GT(server_.queries(kA), asked);
}

TEST_F(ResolverTest, EqualQuestionsShareOneQuery) {
  EXPECT_EQ(test::run(context_, ask_at_once("slow.example.com", 20)), 20);
  EXPECT_EQ(server_.queries(kA), 1);
  EXPECT_EQ(server_.queries(kAaaa), 1);
}

TEST_F(ResolverTest, ALateAnswerFillsTheCache) {
  EXPECT_EQ(resolve("slow.example.com", 50ms).error().reason, Reason::dns_timeout);
  // Joins the question that the first waiter left, or finds its answer: no second query.
  EXPECT_TRUE(resolve("slow.example.com"));
  EXPECT_EQ(server_.queries(kA), 1);
}

TEST_F(ResolverTest, ADeadServerDelaysNobodyElse) {
  DnsServer dead(context_, [](const DnsQuery&) { return Reply(); });
  bool dead_answered = false;
  for (int index = 0; index < 50; ++index) {
    auto question = ask(*resolver_, queue_, "n" + std::to_string(index) + ".example.com",
                        {dead.endpoint()}, 3s);
    asio::co_spawn(context_, std::move(question),
                   [&](std::exception_ptr, Resolved) { dead_answered = true; });
  }
  EXPECT_TRUE(resolve("both.example.com", 500ms));
  EXPECT_FALSE(dead_answered);
  context_.restart();
  context_.run_for(0ms);
  queue_.stop();
  context_.restart();
  context_.poll();
}

TEST_F(ResolverTest, TheSecondServerAnswersForADeadFirst) {
  DnsServer dead(context_, [](const DnsQuery&) { return Reply(); });
  EXPECT_TRUE(resolve("both.example.com", {dead.endpoint(), server_.endpoint()}, 3s));
}

TEST_F(ResolverTest, RecoversWhenRefusingServersComeBack) {
  resolver_ = make_resolver({.server_timeout = 100ms});
  std::optional<DnsServer> server(std::in_place, context_, zone);
  const Endpoint endpoint = server->endpoint();
  server.reset();
  context_.poll();
  for (const char* name : {"a.example.com", "b.example.com", "c.example.com", "d.example.com"}) {
    // c-ares may lose a refusal to another question on the same socket, which then times out.
    EXPECT_THAT(resolve(name, {endpoint}).error().reason,
                testing::AnyOf(Reason::dns_failure, Reason::dns_timeout));
  }
  server.emplace(context_, zone, endpoint);
  EXPECT_TRUE(resolve("e.example.com", {endpoint}));
}

TEST_F(ResolverTest, StoppingTheDeadlineEndsTheWaitAtOnce) {
  DnsServer silent(context_, [this](const DnsQuery&) {
    asio::post(context_, [this] { queue_.stop(); });
    return Reply();
  });
  EXPECT_FALSE(resolve("a.example.com", {silent.endpoint()}, 60s));
}

TEST_F(ResolverTest, EndingTheResolverFailsWhatStillWaits) {
  DnsServer silent(context_, [this](const DnsQuery&) {
    asio::post(context_, [this] { resolver_.reset(); });
    return Reply();
  });
  EXPECT_EQ(resolve("a.example.com", {silent.endpoint()}).error().reason, Reason::dns_failure);
}

TEST_F(ResolverTest, AWaitingCoroutineMayVanishWithItsLoop) {
  {
    asio::io_context doomed;
    DeadlineQueue queue(doomed.get_executor());
    asio::co_spawn(doomed, ask(*resolver_, queue, "slow.example.com", {server_.endpoint()}, 4s),
                   asio::detached);
    doomed.poll();
    queue.stop();
    doomed.restart();
    doomed.poll();
  }
  EXPECT_TRUE(resolve("slow.example.com"));
}

TEST_F(SystemResolverTest, TheHostsFileComesFirst) {
  EXPECT_EQ(resolve("erp.example.com", std::vector<Endpoint>()).value(), Addresses{ip("10.1.2.3")});
  EXPECT_TRUE(server_.seen().empty());
  EXPECT_EQ(resolve("erp.example.com").value().size(), 3u)
      << "servers of the check's own are asked past the hosts file";
}

TEST_F(ResolverTest, ManyLoopsMayAskAtOnce) {
  std::atomic<int> resolved_in_time = 0;
  std::atomic<bool> serving = true;
  std::thread server_thread([&] {
    while (serving) {
      context_.restart();
      context_.run_for(10ms);
    }
  });
  std::vector<std::thread> loops;
  for (int loop = 0; loop < 3; ++loop) {
    loops.emplace_back([&] {
      asio::io_context context;
      DeadlineQueue queue(context.get_executor());
      int ended = 0;
      for (int index = 0; index < 100; ++index) {
        const std::string name =
            (index % 3 == 0 ? "short.n" : "n") + std::to_string(index % 20) + ".example.com";
        // Every other waiter leaves before any answer.
        const bool patient = index % 2 == 0;
        asio::co_spawn(context,
                       ask(*resolver_, queue, name, {server_.endpoint()}, patient ? 4s : 0s),
                       [&, patient](std::exception_ptr, Resolved resolved) {
                         resolved_in_time += patient && resolved ? 1 : 0;
                         ++ended;
                       });
      }
      while (ended < 100 && context.run_one_for(5s) > 0) {
      }
    });
  }
  for (std::thread& loop : loops) {
    loop.join();
  }
  serving = false;
  server_thread.join();
  EXPECT_EQ(resolved_in_time, 150);
}

}  // namespace
}  // namespace reachd::net
