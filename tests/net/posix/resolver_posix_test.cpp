#include <sys/resource.h>

#include "tests/net/resolver_fixture.hpp"

namespace reachd::net {
namespace {

TEST_F(ResolverTest, OutOfDescriptorsIsALocalFault) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  rlimit none = limit;
  none.rlim_cur = 3;  // descriptors that are open stay open
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto found = resolve("both.example.com");
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason, Reason::local_descriptors) << found.error().message;
}

TEST_F(SystemResolverTest, AsksTheConfiguredServers) {
  EXPECT_EQ(resolver_->system_servers(), std::vector{server_.endpoint()});
  EXPECT_TRUE(resolve("both.example.com", std::vector<Endpoint>()));
}

TEST_F(SystemResolverTest, SeesThatTheConfigurationChanged) {
  ASSERT_TRUE(resolve("both.example.com", std::vector<Endpoint>()));
  DnsServer other(context_, zone, {ip("127.0.0.2"), server_.endpoint().port});
  name_server(other.endpoint(), "search example.com\n");
  // The file is looked at once a second: ask for new names until the other server is asked.
  const auto guard = std::chrono::steady_clock::now() + 5s;
  for (int index = 0; other.seen().empty() && std::chrono::steady_clock::now() < guard; ++index) {
    ASSERT_TRUE(resolve("n" + std::to_string(index) + ".example.com", std::vector<Endpoint>()));
  }
  EXPECT_FALSE(other.seen().empty());
}

TEST_F(SystemResolverTest, UsesTheSearchList) {
  name_server(server_.endpoint(), "search example.com\n");
  renew();
  ASSERT_TRUE(resolve("both", std::vector<Endpoint>()));
  EXPECT_EQ(server_.seen().front().name, "both.example.com");
}

}  // namespace
}  // namespace reachd::net
