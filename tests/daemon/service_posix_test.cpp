#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <csignal>

#include "daemon/platform/service_host.hpp"

namespace reachd::platform {
namespace {

using namespace std::chrono_literals;

TEST(ServicePosix, TwoSignalsAtOnceStopOnceAndLetTheLoopEnd) {
  boost::asio::io_context context;
  const auto host = make_service_host(context);
  int stops = 0;
  host->on_requests(
      [&] {
        ++stops;
        host->close();
      },
      [] {});
  std::raise(SIGTERM);
  std::raise(SIGINT);
  context.run_for(5s);
  EXPECT_EQ(stops, 1);
  EXPECT_TRUE(context.stopped()) << "the signals are still waited for";
}

TEST(ServicePosix, HangupAsksForAReload) {
  boost::asio::io_context context;
  const auto host = make_service_host(context);
  int reloads = 0;
  host->on_requests([] { FAIL() << "asked to stop"; },
                    [&] {
                      ++reloads;
                      host->close();
                    });
  std::raise(SIGHUP);
  context.run_for(5s);
  EXPECT_EQ(reloads, 1);
  EXPECT_TRUE(context.stopped());
}

}  // namespace
}  // namespace reachd::platform
