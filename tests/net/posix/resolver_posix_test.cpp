#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "probes/net/resolver.hpp"
#include "tests/support/coroutine.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;

TEST(ResolverPosix, OutOfDescriptorsIsALocalFault) {
  asio::io_context context;
  DeadlineQueue queue(context.get_executor());
  Deadline deadline(queue, std::chrono::steady_clock::now() + 4s);
  const auto resolver = make_resolver();
  const std::string name = "both.example.com";
  const std::vector<Endpoint> servers{{*IpAddress::parse("127.0.0.1"), 53}};
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  rlimit none = limit;
  none.rlim_cur = 3;  // descriptors that are open stay open
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto found = test::run(context, resolver->resolve(name, servers, deadline));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason, Reason::local_descriptors) << found.error().message;
}

}  // namespace
}  // namespace reachd::net
