// What the engine does without descriptors; only here can a test take them away.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "probes/registry.hpp"
#include "tests/daemon/engine_fixture.hpp"

namespace reachd::engine {
namespace {

using namespace std::chrono_literals;
using test::EngineTest;
using test::Recorder;

TEST_F(EngineTest, RunningOutOfDescriptorsIsNeverADown) {
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor server(
      context, {boost::asio::ip::address_v4::loopback(), 0});  // the backlog answers
  const ProbeType* type = find_probe_type("tcp");
  maker.timing.interval = 50ms;
  maker.timing.per_host = 1000;
  maker.timing.down_after = 1;
  for (int i = 0; i < 20; ++i) {
    const auto check = maker.add("check-" + std::to_string(i), "127.0.0.1", nullptr,
                                 static_cast<std::uint64_t>(i));
    config::ProbeSpec& spec = maker.spec(check);
    spec.target.port = server.local_endpoint().port();
    Value params = Value::map();
    params.members.push_back({.key = "close", .place = {}, .value = Value::text("reset")});
    Diagnostics diagnostics;
    Reader reader(params, diagnostics, "check");
    spec.type = type;
    spec.probe = type->make(spec.target, reader);
  }
  begin(maker, {.loops = 1, .concurrency = 20});
  ASSERT_TRUE(recorder.wait([&] { return recorder.probes() > 40; }));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 3;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_TRUE(recorder.wait([&] { return recorder.skips(Skip::descriptors) > 40; }));
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  engine->stop();
  for (const Recorder::Change& change : recorder.changes()) {
    EXPECT_NE(change.to, Verdict::down) << change.check;
  }
}

}  // namespace
}  // namespace reachd::engine
