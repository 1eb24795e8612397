#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/engine/engine.hpp"
#include "probes/net/trust.hpp"
#include "tests/daemon/engine_fakes.hpp"

namespace reachd::engine {
namespace {

using namespace std::chrono_literals;
using test::FakeProbe;
using test::PlanMaker;
using test::Recorder;

/// A tracer that finds a way of one hop at once, or waits until it is stopped.
class FakeTracer final : public Probe {
 public:
  asio::awaitable<Outcome> run(ProbeRun run) const override {
    ++runs;
    most_running = std::max(most_running.load(), ++running);
    if (hangs) {
      Outcome ignored = co_await hanging->run(run);
    }
    --running;
    Outcome outcome = succeeded(run);
    auto path = std::make_shared<Path>();
    path->target = *run.endpoint;
    path->hops.push_back({.number = 1, .address = IpAddress::v4(1)});
    outcome.path = std::move(path);
    co_return outcome;
  }

  std::shared_ptr<FakeProbe> hanging = FakeProbe::hanging();
  std::atomic<bool> hangs = false;
  mutable std::atomic<int> runs = 0;
  mutable std::atomic<int> running = 0;
  mutable std::atomic<int> most_running = 0;
};

class EngineTraceTest : public ::testing::Test {
 protected:
  EngineTraceTest() {
    maker.timing.interval = 5ms;
    maker.timing.down_after = 1;
    maker.timing.up_after = 1;
  }
  void begin(EngineOptions options = {}) {
    options.tracer = [this](const config::Timing&) { return tracer; };
    engine = make_engine(std::move(options), resolver, trust, system_clock(), recorder);
    engine->apply(maker.share());
  }
  /// Says what it is told to.
  std::shared_ptr<FakeProbe> saying() {
    return std::make_shared<FakeProbe>([this](const ProbeRun&) { return reason.load(); });
  }
  CheckStatus status(std::string_view id) const {
    const auto board = engine->board();
    return board->status(board->find(id).value());
  }
  bool wait_for_path(std::string_view id) {
    return recorder.wait([&] { return status(id).path != nullptr; });
  }
  bool wait_for_verdict(std::string_view id, Verdict verdict) {
    return recorder.wait([&] { return status(id).verdict == verdict; });
  }
  bool wait_for_probes(int more) {
    const int before = recorder.probes();
    return recorder.wait([&] { return recorder.probes() >= before + more; });
  }

  std::atomic<Reason> reason = Reason::timeout;
  std::shared_ptr<FakeTracer> tracer = std::make_shared<FakeTracer>();
  test::FakeResolver resolver;
  net::TrustStore trust;
  Recorder recorder;
  PlanMaker maker;
  std::unique_ptr<Engine> engine;
};

TEST_F(EngineTraceTest, APortThatFallsSilentIsTracedOnce) {
  maker.add("a", "127.0.0.1", saying());
  begin();
  ASSERT_TRUE(wait_for_path("a"));
  EXPECT_EQ(status("a").path->target.to_string(), "127.0.0.1:7");
  EXPECT_EQ(status("a").verdict, Verdict::down);
  EXPECT_EQ(status("a").last->path, nullptr) << "the probes themselves trace nothing";
  const auto path = status("a").path;
  ASSERT_TRUE(wait_for_probes(20));
  EXPECT_EQ(tracer->runs, 1);
  EXPECT_EQ(status("a").path, path) << "it stays while the port stays silent";
}

TEST_F(EngineTraceTest, ThePathGoesWhenThePortComesUpAndComesAnewWithTheNextSilence) {
  maker.add("a", "127.0.0.1", saying());
  begin();
  ASSERT_TRUE(wait_for_path("a"));
  reason = Reason::ok;
  ASSERT_TRUE(wait_for_verdict("a", Verdict::up));
  EXPECT_EQ(status("a").path, nullptr);
  reason = Reason::timeout;
  ASSERT_TRUE(wait_for_path("a"));
  EXPECT_EQ(tracer->runs, 2);
}

TEST_F(EngineTraceTest, OtherFailuresAreNotTracedUntilTheyTurnToSilence) {
  reason = Reason::refused;
  maker.add("a", "127.0.0.1", saying());
  begin();
  ASSERT_TRUE(wait_for_verdict("a", Verdict::down));
  ASSERT_TRUE(wait_for_probes(10));
  EXPECT_EQ(tracer->runs, 0);
  reason = Reason::timeout;
  ASSERT_TRUE(wait_for_path("a"));
  EXPECT_EQ(tracer->runs, 1);
}

TEST_F(EngineTraceTest, ThePathGoesWhenTheFailureIsAnotherThanSilence) {
  maker.add("a", "127.0.0.1", saying());
  begin();
  ASSERT_TRUE(wait_for_path("a"));
  reason = Reason::refused;
  ASSERT_TRUE(wait_for_probes(20));
  EXPECT_EQ(status("a").verdict, Verdict::down);
  EXPECT_EQ(status("a").path, nullptr);
}

TEST_F(EngineTraceTest, AnUnconfirmedSilenceIsNotTraced) {
  maker.timing.down_after = 1000;
  maker.add("a", "127.0.0.1", saying());
  begin();
  ASSERT_TRUE(wait_for_probes(20));
  EXPECT_EQ(tracer->runs, 0);
}

TEST_F(EngineTraceTest, OnlyTcpPortsAreTraced) {
  ProbeType type = test::fake_type();
  type.transport = Transport::icmp;
  maker.spec(maker.add("a", "127.0.0.1", saying())).type = &type;
  const auto without_port = maker.add("b", "127.0.0.2", saying(), 1);
  maker.spec(without_port).target.port = 0;
  begin();
  ASSERT_TRUE(wait_for_verdict("a", Verdict::down));
  ASSERT_TRUE(wait_for_verdict("b", Verdict::down));
  ASSERT_TRUE(wait_for_probes(10));
  EXPECT_EQ(tracer->runs, 0);
  engine->stop();
}

TEST_F(EngineTraceTest, ChecksOfOneEndpointShareAPath) {
  maker.add("a", "127.0.0.1", saying());
  maker.add("b", "127.0.0.1", saying(), 1);
  begin();
  ASSERT_TRUE(wait_for_path("a"));
  ASSERT_TRUE(wait_for_path("b"));
  EXPECT_EQ(tracer->runs, 1);
}

TEST_F(EngineTraceTest, AStormOfSilenceIsTracedOneASecond) {
  maker.timing.per_host = 1000;
  for (int i = 0; i < 300; ++i) {
    maker.add("check-" + std::to_string(i), "127.0.1." + std::to_string(i % 250), saying(),
              static_cast<std::uint64_t>(i));
    maker.plan.probes.back().target.port = static_cast<std::uint16_t>(1 + i);
  }
  const auto began = std::chrono::steady_clock::now();
  begin();
  ASSERT_TRUE(recorder.wait([&] { return tracer->runs >= 2; }));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 1s);
  EXPECT_EQ(tracer->most_running, 1);
}

TEST_F(EngineTraceTest, ATraceIsOneMoreProbeAtAGentlyProbedHost) {
  maker.timing.per_host = 1;
  const auto probe = saying();
  const auto elsewhere = FakeProbe::ending_with(Reason::ok);
  maker.add("a", "127.0.0.1", probe);
  maker.add("b", "127.0.0.2", elsewhere, 1);
  tracer->hangs = true;
  begin();
  ASSERT_TRUE(recorder.wait([&] { return tracer->running == 1; }));
  const int before = probe->runs;
  const int others = elsewhere->runs;
  ASSERT_TRUE(recorder.wait([&] { return elsewhere->runs > others + 10; }));
  EXPECT_EQ(probe->runs, before) << "one at a time";
}

TEST_F(EngineTraceTest, ATraceHoldsUpNeitherOtherProbesNorTheStop) {
  maker.add("a", "127.0.0.1", saying());
  maker.add("b", "127.0.0.2", FakeProbe::ending_with(Reason::ok), 1);
  tracer->hangs = true;
  begin();
  ASSERT_TRUE(recorder.wait([&] { return tracer->running == 1; }));
  const auto before = status("a").probes + status("b").probes;
  ASSERT_TRUE(recorder.wait([&] {
    return status("a").probes > 3 && status("a").probes + status("b").probes > before + 20;
  }));
  const auto began = std::chrono::steady_clock::now();
  engine->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
  EXPECT_EQ(tracer->running, 0);
}

TEST_F(EngineTraceTest, AReloadKeepsPathsAndTracesThatAreUnderWay) {
  maker.add("removed", "127.0.0.9", FakeProbe::ending_with(Reason::ok), 9);
  maker.add("a", "127.0.0.1", saying());
  begin();
  ASSERT_TRUE(wait_for_path("a"));
  const auto path = status("a").path;

  PlanMaker next;
  next.timing = maker.timing;
  next.add("first", "127.0.0.8", saying(), 8);
  next.add("a", "127.0.0.1", saying());
  engine->apply(next.share());
  EXPECT_EQ(status("a").path, path);
  // Wanted while the next reload gives it another number.
  PlanMaker last;
  last.timing = maker.timing;
  last.add("a", "127.0.0.1", saying());
  last.add("other", "127.0.0.7", FakeProbe::ending_with(Reason::ok), 7);
  last.add("first", "127.0.0.8", saying(), 8);
  ASSERT_TRUE(wait_for_verdict("first", Verdict::down));
  engine->apply(last.share());
  ASSERT_TRUE(wait_for_path("first"));
  EXPECT_EQ(status("first").path->target.to_string(), "127.0.0.8:7");
  EXPECT_EQ(status("other").path, nullptr);
}

}  // namespace
}  // namespace reachd::engine
