// What the server does without descriptors; only here can a test take them away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "daemon/log/log.hpp"
#include "tests/daemon/web_client.hpp"

namespace reachd {
namespace {

using test::Client;
using test::get;
using test::start;
using testing::StartsWith;

TEST(WebServerLimits, WithoutDescriptorsItWaitsForOne) {
  // The log's line says that accepting failed: that is the event to wait for.
  std::array<int, 2> lines{};
  ASSERT_EQ(pipe(lines.data()), 0);
  std::FILE* log_end = fdopen(lines[1], "w");
  log::configure({.out = log_end});
  const auto server = start();
  Client client;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowest_free = dup(0);
  ASSERT_GE(lowest_free, 0);
  close(lowest_free);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest_free);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  client.connect(server->endpoints().front());
  client.send(get("/-/healthy"));
  pollfd waiting{.fd = lines[0], .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&waiting, 1, 5000), 1);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(client.read_to("healthy.\n"), StartsWith("HTTP/1.1 200"));
  server->stop();
  log::configure({});
  std::fclose(log_end);
  close(lines[0]);
}

}  // namespace
}  // namespace reachd
