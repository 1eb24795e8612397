#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string_view>

#include "daemon/engine/engine.hpp"
#include "probes/net/trust.hpp"
#include "tests/daemon/engine_fakes.hpp"

namespace reachd::test {

/// An engine on a plan made by hand.
class EngineTest : public ::testing::Test {
 protected:
  /// Starts an engine with the plan.
  void begin(const PlanMaker& plan, const engine::EngineOptions& options = {}) {
    engine = engine::make_engine(options, resolver, trust, system_clock(), recorder);
    engine->apply(plan.share());
  }
  engine::CheckStatus status(std::string_view id) const {
    const auto board = engine->board();
    return board->status(board->find(id).value());
  }
  bool wait_for_verdict(std::string_view id, engine::Verdict verdict) {
    return recorder.wait([&] { return status(id).verdict == verdict; });
  }

  test::FakeResolver resolver;
  net::TrustStore trust;
  Recorder recorder;
  PlanMaker maker;
  std::unique_ptr<engine::Engine> engine;
};

}  // namespace reachd::test
