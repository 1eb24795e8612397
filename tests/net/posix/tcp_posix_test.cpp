#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "probes/net/tcp.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/process.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

TEST(TcpPosix, OutOfDescriptorsIsALocalFault) {
  test::NetLab net;
  tcp::acceptor acceptor(net.context, test::kAnyPort);
  Deadline deadline(net.deadlines, std::chrono::steady_clock::now() + 3s);
  // All descriptors that the process may have.
  std::vector<std::unique_ptr<tcp::socket>> hoard;
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  rlimit low = limit;
  low.rlim_cur = static_cast<rlim_t>(test::open_descriptors());
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  error_code ec;
  while (!ec) {
    hoard.push_back(std::make_unique<tcp::socket>(net.context));
    hoard.back()->open(tcp::v4(), ec);
  }
  const auto connected =
      test::run(net.context, connect_tcp(net.network, test::endpoint_of(acceptor), {}, deadline));
  hoard.clear();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().reason, Reason::local_descriptors);
}

}  // namespace
}  // namespace reachd::net
