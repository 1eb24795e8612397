#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/policy/lab.hpp"

namespace reachd::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// The restart matrix: before and after, and what is told in each case.
class PolicyRestart : public ::testing::Test {
 protected:
  void SetUp() override {
    lab.plan({{.name = "web"}});
    lab.adopt();
    lab.up("web");
  }

  PolicyLab lab;
};

constexpr auto kAlert = "RequiredPortClosed|custom/web";
constexpr auto kOpen = "RequiredPortClosed critical custom/web\n";

TEST_F(PolicyRestart, DownBeforeAndAfterIsNotToldAgain) {
  lab.pass(1min);
  lab.down("web");
  const WallTime since = lab.now().wall;
  const event::Alert before = *lab.alert(kAlert);
  lab.told();
  lab.pass(1h);
  lab.restart();
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.open(), kOpen);
  lab.pass(1min);
  lab.down("web");
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.open(), kOpen);
  EXPECT_EQ(*lab.alert(kAlert), before);
  EXPECT_EQ(lab.rows().at("custom/web").since, since);
  lab.pass(1h);
  lab.up("web");
  EXPECT_EQ(lab.told(), "check.up critical web down->up\n");
  EXPECT_EQ(lab.last_event().since, since);
}

TEST_F(PolicyRestart, DownBeforeAndUpAfterEndsTheAlert) {
  lab.down("web");
  const WallTime since = lab.now().wall;
  lab.told();
  lab.pass(1h);
  lab.restart();
  EXPECT_EQ(lab.open(), kOpen);
  lab.up("web");
  EXPECT_EQ(lab.told(), "check.up critical web down->up\n");
  EXPECT_EQ(lab.last_event().since, since);
  EXPECT_EQ(lab.last_event().message,
            "web (192.0.2.1:443) can be used again after 1 h; it was down with: no answer: "
            "silently dropped on the way, or the host is off");
  EXPECT_EQ(lab.open(), "");
  EXPECT_THAT(lab.ended(), ElementsAre(kAlert));
}

TEST_F(PolicyRestart, UpBeforeAndDownAfterIsTold) {
  lab.pass(1h);
  lab.restart();
  lab.pass(1min);
  lab.down("web");
  EXPECT_EQ(lab.told(), "check.down critical web up->down\n");
  EXPECT_EQ(lab.last_event().since, lab.now().wall);
  EXPECT_EQ(lab.open(), kOpen);
}

TEST_F(PolicyRestart, UpBeforeAndAfterIsNoNews) {
  lab.restart();
  lab.up("web");
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.open(), "");
  EXPECT_THAT(lab.ended(), IsEmpty());
}

TEST_F(PolicyRestart, RemovedFromTheConfigurationMeanwhileEndsTheAlert) {
  lab.down("web");
  lab.told();
  lab.restart_with({{.name = "other"}});
  EXPECT_EQ(lab.told(), "check.unknown critical web down->unknown\n");
  EXPECT_EQ(lab.open(), "");
  EXPECT_THAT(lab.ended(), ElementsAre(kAlert));
  EXPECT_FALSE(lab.rows().contains("custom/web"));
}

TEST_F(PolicyRestart, AnotherTargetMeanwhileEndsTheAlert) {
  lab.down("web");
  lab.told();
  lab.restart_with({{.name = "web", .target = "192.0.2.7:443"}});
  EXPECT_EQ(lab.told(), "check.unknown critical web down->unknown\n");
  EXPECT_EQ(lab.open(), "");
  lab.up("web");
  EXPECT_EQ(lab.told(), "");
}

TEST_F(PolicyRestart, AnAlertStaysAsItWasUntilThereIsAVerdict) {
  lab.down("web");
  lab.told();
  const event::Alert before = *lab.alert(kAlert);
  lab.restart();
  lab.pass(2h);
  EXPECT_EQ(*lab.alert(kAlert), before);
  EXPECT_EQ(lab.told(), "");
}

TEST_F(PolicyRestart, WhatEndedLatelyIsStillToldAfterwards) {
  lab.down("web");
  lab.up("web");
  lab.pass(10min);
  lab.restart();
  EXPECT_THAT(lab.ended(), ElementsAre(kAlert));
  lab.pass(4min);
  EXPECT_THAT(lab.ended(), ElementsAre(kAlert));
  lab.pass(1min);
  EXPECT_THAT(lab.ended(), IsEmpty());
}

TEST_F(PolicyRestart, AnUnknownBetweenKeepsTheOutage) {
  lab.down("web");
  lab.unknown("web");
  lab.told();
  lab.restart();
  lab.down("web");
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.open(), kOpen);
  lab.up("web");
  EXPECT_EQ(lab.told(), "check.up critical web down->up\n");
}

TEST_F(PolicyRestart, HavingBeenUpIsRemembered) {
  lab.restart_with({{.name = "web", .evidence = config::Evidence::general}});
  lab.down("web");
  EXPECT_EQ(lab.open(), "RequiredPortClosed warning custom/web\n");
}

TEST_F(PolicyRestart, TheSeverityStaysFixed) {
  lab.down("web");
  lab.told();
  lab.restart_with({{.name = "web", .necessity = config::Necessity::optional}});
  lab.down("web");
  EXPECT_EQ(lab.open(), kOpen);
  lab.up("web");
  EXPECT_EQ(lab.told(), "check.up critical web down->up\n");
}

TEST_F(PolicyRestart, AClockThatWasSetBackDoesNotBreakIt) {
  lab.down("web");
  lab.told();
  lab.jump(-1h);
  lab.restart();
  lab.up("web");
  EXPECT_EQ(lab.told(), "check.up critical web down->up\n");
  EXPECT_LE(*lab.last_event().since, lab.now().wall);
}

}  // namespace
}  // namespace reachd::test
