// What silence over UDP does to a check: the real `udp` probe under the engine, a real socket on
// the other side.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "daemon/engine/verdict.hpp"
#include "probes/net/trust.hpp"
#include "probes/udp.hpp"
#include "tests/daemon/engine_fakes.hpp"
#include "tests/support/udp_server.hpp"

namespace reachd::engine {
namespace {

using namespace std::chrono_literals;

/// Hears datagrams on a thread of its own, and answers them while it is told to.
class Service {
 public:
  Service() : thread_([this] { context_.run(); }) {}
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service() {
    context_.stop();
    thread_.join();
  }

  std::uint16_t port() const { return server_.endpoint().port; }

  std::atomic<bool> answers = false;

 private:
  boost::asio::io_context context_{1};
  test::UdpServer server_{context_, [this](const std::string&) {
                            return answers ? std::vector<std::string>{"here"}
                                           : std::vector<std::string>{};
                          }};
  std::thread thread_;  // last: it runs what stands above
};

class SilenceTest : public ::testing::Test {
 protected:
  /// A check of the service, probed at once and then every few milliseconds.
  void begin(bool reply_owed) {
    Target target;
    target.host = "127.0.0.1";
    target.port = service.port();
    Value values = Value::map();
    values.members.push_back({"reply_owed", {}, Value::text(reply_owed ? "true" : "false")});
    Diagnostics diagnostics;
    Reader params(values, diagnostics, "check silence");
    maker.timing.interval = 2ms;
    maker.timing.timeout = 20ms;
    maker.timing.stale_after = 60'000;
    const auto check = maker.add("a", target.host, udp_probe_type().make(target, params));
    maker.spec(check).target.port = target.port;
    engine = make_engine({}, resolver, trust, system_clock(), recorder);
    engine->apply(maker.share());
  }
  CheckStatus status() const {
    const auto board = engine->board();
    return board->status(board->find("a").value());
  }
  bool wait_for_verdict(Verdict verdict) {
    return recorder.wait([&] { return status().verdict == verdict; });
  }

  Service service;
  test::FakeResolver resolver;
  net::TrustStore trust;
  test::Recorder recorder;
  test::PlanMaker maker;
  std::unique_ptr<Engine> engine;
};

TEST_F(SilenceTest, ProvesNothingOfAServiceThatNeverAnswered) {
  begin(/*reply_owed=*/false);
  ASSERT_TRUE(recorder.wait([&] { return status().probes >= 6; }));
  EXPECT_EQ(status().verdict, Verdict::unknown);
  EXPECT_EQ(status().last->reason, Reason::no_reply);
  EXPECT_TRUE(recorder.changes().empty());
}

TEST_F(SilenceTest, IsDownAfterSomeTimesWhereAReplyIsOwed) {
  begin(/*reply_owed=*/true);
  ASSERT_TRUE(wait_for_verdict(Verdict::down));
  EXPECT_GE(status().probes, 3U);
  EXPECT_EQ(status().last->reason, Reason::no_reply);
}

TEST_F(SilenceTest, IsDownOnceThereWereReplies) {
  service.answers = true;
  begin(/*reply_owed=*/false);
  ASSERT_TRUE(wait_for_verdict(Verdict::up));
  service.answers = false;
  ASSERT_TRUE(wait_for_verdict(Verdict::down));
  EXPECT_EQ(status().last->reason, Reason::no_reply);
  service.answers = true;
  EXPECT_TRUE(wait_for_verdict(Verdict::up));
}

}  // namespace
}  // namespace reachd::engine
