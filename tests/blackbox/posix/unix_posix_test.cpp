#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "tests/blackbox/blackbox_lab.hpp"
#include "tests/support/temporary_folder.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::Module;
using local = boost::asio::local::stream_protocol;

struct UnixLab : test::BlackboxLab {
  UnixLab() { allow({{"path", folder.path().string() + "/"}}); }

  std::string path(const std::string& name = "test.sock") const {
    return (folder.path() / name).string();
  }

  bool probe(const Module& module, const std::string& target,
             Duration timeout = std::chrono::seconds(4)) {
    test::ModuleRun run(*this, module, target, timeout);
    const bool success = test::run(context, probe_unix(run.run));
    samples = run.samples;
    refused = run.run.refused;
    log = run.log.lines;
    return success;
  }

  test::TemporaryFolder folder;
  Samples samples;
  std::string refused;
  std::string log;
};

TEST(UnixProber, ASocketThatIsListenedOnSucceedsWithoutSamplesOfAnAddress) {
  UnixLab lab;
  const local::acceptor acceptor(lab.context, local::endpoint(lab.path()));
  EXPECT_TRUE(lab.probe({}, lab.path())) << lab.log;
  EXPECT_TRUE(lab.samples.has(Family::failed_due_to_regex));
  EXPECT_FALSE(lab.samples.has(Family::ip_protocol));
  EXPECT_FALSE(lab.samples.has(Family::dns_lookup_time_seconds));
}

TEST(UnixProber, NoSocketAndOneThatNobodyListensOnFail) {
  UnixLab lab;
  EXPECT_FALSE(lab.probe({}, lab.path("none.sock")));
  EXPECT_THAT(lab.log, testing::HasSubstr("none.sock"));
  local::socket bound(lab.context, local::endpoint(lab.path("bound.sock")));
  EXPECT_FALSE(lab.probe({}, lab.path("bound.sock")));
  EXPECT_THAT(lab.log, testing::HasSubstr("nobody listens"));
  EXPECT_FALSE(lab.samples.has(Family::failed_due_to_regex));
}

TEST(UnixProber, StepsAreSpoken) {
  UnixLab lab;
  local::acceptor acceptor(lab.context, local::endpoint(lab.path()));
  local::socket peer(lab.context);
  std::string heard(5, '\0');
  acceptor.async_accept(peer, [&](const boost::system::error_code&) {
    boost::asio::async_read(peer, boost::asio::buffer(heard),
                            [&](const boost::system::error_code&, std::size_t) {
                              boost::asio::write(peer, boost::asio::buffer("PONG\n", 5));
                            });
  });
  Module module;
  module.unix_socket.query_response.resize(2);
  module.unix_socket.query_response[0].send = "PING";
  module.unix_socket.query_response[1].expect = *Pattern::compile("^PONG$");
  EXPECT_TRUE(lab.probe(module, lab.path())) << lab.log;
  EXPECT_EQ(heard, "PING\n");
}

TEST(UnixProber, SilenceEndsWithTheDeadline) {
  UnixLab lab;
  const local::acceptor acceptor(lab.context, local::endpoint(lab.path()));
  Module module;
  module.unix_socket.query_response.resize(1);
  module.unix_socket.query_response[0].expect = *Pattern::compile("never");
  EXPECT_FALSE(lab.probe(module, lab.path(), std::chrono::milliseconds(50)));
}

TEST(UnixProber, OnlyPathsThatTheListHasAreOpened) {
  UnixLab lab;
  EXPECT_FALSE(lab.probe({}, "/run/other.sock"));
  EXPECT_THAT(lab.refused, testing::HasSubstr("/run/other.sock may not be probed"));
  EXPECT_FALSE(lab.probe({}, lab.path("../other.sock")));
  EXPECT_NE(lab.refused, "");
}

TEST(UnixProber, APathThatIsTooLongIsNoReasonToCrash) {
  UnixLab lab;
  EXPECT_FALSE(lab.probe({}, lab.path(std::string(200, 'x'))));
  EXPECT_EQ(lab.refused, "");
}

}  // namespace
}  // namespace reachd::blackbox
