#include "daemon/observations.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/daemon/board_fixture.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

constexpr WallTime kNow = WallTime(std::chrono::seconds(1'800'000'000));

/// A board whose first check was shown a certificate that names one host; a folder of its own.
class Observing : public testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::path(testing::TempDir()) / "observations" /
             testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  static std::shared_ptr<engine::Board> board(std::string_view tls, Reason judgement) {
    config::Plan plan = test::small_plan();
    auto requirement = std::make_shared<config::Requirement>(*plan.checks[0].requirement);
    requirement->tls = tls;
    plan.checks[0].requirement = std::move(requirement);
    const Outcome seen = *test::small_board()->status(0).last;
    auto facts = std::make_shared<TlsFacts>(*seen.tls);
    facts->judgement = judgement;
    auto outcome = std::make_shared<Outcome>(seen);
    outcome->tls = std::move(facts);
    auto result =
        std::make_shared<engine::Board>(std::make_shared<const config::Plan>(std::move(plan)));
    result->update(0, [&](engine::CheckStatus& status) { status.last = outcome; });
    return result;
  }

  std::filesystem::path folder;
};

TEST_F(Observing, ATrustedCertificateIsLearntFromOnce) {
  Observations observations(folder.string());
  const auto seen = board("strict", Reason::ok);
  EXPECT_TRUE(observations.look(*seen, kNow));
  ASSERT_THAT(observations.observed().urls(), SizeIs(1));
  EXPECT_EQ(observations.observed().urls()[0].url, "http://ocsp.example.com/");
  EXPECT_EQ(observations.observed().urls()[0].requirement, "flexera.3.batch-server");
  EXPECT_FALSE(observations.look(*seen, kNow + 1h));
}

TEST_F(Observing, ItIsKnownAgainAfterARestart) {
  Observations(folder.string()).look(*board("strict", Reason::ok), kNow);
  config::Settings settings;
  settings.state_dir = folder.string();
  EXPECT_THAT(read_observed(settings).urls(), SizeIs(1));
  EXPECT_FALSE(Observations(folder.string()).look(*board("strict", Reason::ok), kNow));
}

TEST_F(Observing, AnUntrustedChainTeachesNothing) {
  Observations observations(folder.string());
  EXPECT_FALSE(observations.look(*board("strict", Reason::tls_untrusted), kNow));
  EXPECT_FALSE(observations.look(*board("observe", Reason::ok), kNow));
  EXPECT_FALSE(observations.look(*test::small_board(), kNow));
  EXPECT_THAT(observations.observed().urls(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(folder)) << "nothing to keep";
}

TEST_F(Observing, WhatIsNamedNoMoreIsForgotten) {
  Observations observations(folder.string());
  observations.look(*board("strict", Reason::ok), kNow);
  EXPECT_TRUE(
      observations.look(*test::small_board(), kNow + config::Observed::kForgottenAfter + 1s));
  EXPECT_THAT(observations.observed().urls(), IsEmpty());
}

TEST_F(Observing, AFolderThatCantEvenBeLookedIntoStopsNothing) {
  // ELOOP, for whoever runs the test; a folder of somebody else gives EACCES.
  std::filesystem::create_directories(folder.parent_path());
  std::filesystem::create_symlink(folder.filename(), folder);
  Observations observations(folder.string());
  EXPECT_FALSE(observations.look(*test::small_board(), kNow));
}

TEST_F(Observing, AFolderThatCantBeWrittenStopsNothing) {
  std::filesystem::create_directories(folder.parent_path());
  std::ofstream(folder) << "a file is in the way";
  Observations observations(folder.string());
  EXPECT_TRUE(observations.look(*board("strict", Reason::ok), kNow));
  EXPECT_THAT(observations.observed().urls(), SizeIs(1));
}

}  // namespace
}  // namespace reachd
