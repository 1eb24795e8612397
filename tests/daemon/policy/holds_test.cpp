#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/yaml.hpp"
#include "tests/daemon/policy/lab.hpp"

namespace reachd::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kAlert = "RequiredPortClosed|custom/web";
constexpr auto kOpen = "RequiredPortClosed critical custom/web\n";
constexpr auto kOpenFlapping = "RequiredPortClosed critical custom/web flapping\n";

/// What holds a check's own alerts back: flapping and maintenance.
class PolicyHolds : public ::testing::Test {
 protected:
  void SetUp() override {
    lab.alerting.flapping = {.changes = 4, .within = 30min};
    lab.plan({{.name = "web"}});
    lab.adopt();
    lab.up("web");
  }

  /// Down and up again, a minute each.
  void flap(int times) {
    for (int i = 0; i < times; ++i) {
      lab.pass(1min);
      lab.down("web");
      lab.pass(1min);
      lab.up("web");
    }
  }

  /// `start` is that of the entry, in UTC; the lab's clock begins at 2027-01-15 08:00.
  void maintenance(const std::string& entries) {
    Diagnostics diagnostics;
    const auto root = config::parse_yaml(entries, "t", diagnostics);
    ASSERT_TRUE(root);
    lab.maintenance = config::Maintenance::read(*root, diagnostics);
    ASSERT_TRUE(diagnostics.ok()) << diagnostics.to_string();
    lab.adopt();
  }

  PolicyLab lab;
};

constexpr auto kWindow =
    "[{name: w, checks: \"name=web\", start: 2027-01-15T09:00Z, end: 2027-01-15T10:00Z}]";

TEST_F(PolicyHolds, ManyChangesAreToldOnceAsFlapping) {
  flap(2);
  EXPECT_EQ(lab.told(),
            "check.down critical web up->down\ncheck.up critical web down->up\n"
            "check.down critical web up->down\ncheck.up critical web down->up\n"
            "check.flapping critical web up->up\n");
  EXPECT_THAT(lab.last_event().message, HasSubstr("4 changes within 30 min"));
  EXPECT_TRUE(lab.mark("web").flapping);
  flap(2);
  EXPECT_EQ(lab.told(),
            "check.down critical web up->down held by flapping\n"
            "check.up critical web down->up held by flapping\n"
            "check.down critical web up->down held by flapping\n"
            "check.up critical web down->up held by flapping\n");
  EXPECT_EQ(lab.open(), "");
}

TEST_F(PolicyHolds, TheDownThatMakesItFlappingStillAlertsAndTheAlertStays) {
  lab.alerting.flapping.changes = 3;
  lab.adopt();
  flap(1);
  lab.down("web");
  EXPECT_EQ(lab.open(), kOpenFlapping);
  lab.told();
  lab.up("web");
  EXPECT_EQ(lab.told(), "check.up critical web down->up held by flapping\n");
  EXPECT_EQ(lab.open(), kOpenFlapping);
}

TEST_F(PolicyHolds, FlappingEndsWithWhatIsTrue) {
  lab.alerting.flapping.changes = 3;
  lab.adopt();
  flap(1);
  lab.down("web");
  lab.up("web");
  lab.told();
  lab.pass(29min);
  EXPECT_EQ(lab.told(), "");
  lab.pass(2min);
  EXPECT_EQ(lab.told(), "check.up critical web up->up\n");
  EXPECT_EQ(lab.open(), "");
  EXPECT_THAT(lab.ended(), ElementsAre(kAlert));
  EXPECT_FALSE(lab.mark("web").flapping);
}

TEST_F(PolicyHolds, FlappingThatEndsDownOpensTheAlert) {
  flap(2);
  lab.down("web");
  lab.told();
  EXPECT_EQ(lab.open(), "");
  lab.pass(31min);
  EXPECT_EQ(lab.told(), "check.down critical web down->down\n");
  EXPECT_EQ(lab.open(), kOpen);
  lab.up("web");
  EXPECT_EQ(lab.told(), "check.up critical web down->up\n");
}

TEST_F(PolicyHolds, FlappingThatEndsDownKeepsTheAlertThatIsOpen) {
  lab.alerting.flapping.changes = 3;
  lab.adopt();
  flap(1);
  lab.down("web");
  lab.told();
  lab.pass(31min);
  EXPECT_EQ(lab.told(), "check.down critical web down->down\n");
  EXPECT_EQ(lab.open(), kOpen);
}

TEST_F(PolicyHolds, ItDoesNotEndAsSoonAsOneChangeLeavesTheWindow) {
  flap(2);  // at 1, 2, 3 and 4 minutes
  lab.told();
  lab.pass(28min + 30s);  // the first two are out, two of four are left
  EXPECT_EQ(lab.told(), "");
  lab.pass(1min);
  EXPECT_EQ(lab.told(), "check.up critical web up->up\n");
}

TEST_F(PolicyHolds, FlappingSurvivesARestart) {
  flap(2);
  lab.told();
  lab.restart();
  EXPECT_TRUE(lab.mark("web").flapping);
  lab.down("web");
  EXPECT_EQ(lab.told(), "check.down critical web up->down held by flapping\n");
  lab.pass(31min);
  EXPECT_EQ(lab.told(), "check.down critical web down->down\n");
  EXPECT_EQ(lab.open(), kOpen);
}

TEST_F(PolicyHolds, FlappingRunsByTheSteadyClock) {
  flap(2);
  lab.told();
  lab.jump(1h);
  lab.pass(1min);
  EXPECT_EQ(lab.told(), "");
  lab.jump(-2h);
  lab.pass(31min);
  EXPECT_EQ(lab.told(), "check.up critical web up->up\n");
}

TEST_F(PolicyHolds, WhatIsNotKnownIsNotToldAtTheEndOfFlapping) {
  flap(2);
  lab.unknown("web");
  lab.told();
  lab.pass(2h);
  EXPECT_EQ(lab.told(), "");
  lab.up("web");
  lab.pass(1min);
  EXPECT_THAT(lab.told(), HasSubstr("check.up critical web up->up\n"));
}

TEST_F(PolicyHolds, NothingIsAlertedInAMaintenanceWindow) {
  maintenance(kWindow);
  EXPECT_FALSE(lab.mark("web").maintenance);
  lab.pass(1h);
  EXPECT_TRUE(lab.mark("web").maintenance);
  lab.down("web");
  lab.pass(10min);
  lab.up("web");
  EXPECT_EQ(lab.told(),
            "check.down critical web up->down held by maintenance\n"
            "check.up critical web down->up held by maintenance\n");
  lab.pass(2h);
  EXPECT_EQ(lab.told(), "");
  EXPECT_FALSE(lab.mark("web").maintenance);
}

TEST_F(PolicyHolds, WhatAWindowHoldsBackNamesIt) {
  maintenance(kWindow);
  lab.pass(1h + 10min);
  lab.down("web");
  EXPECT_THAT(lab.last_event().message, HasSubstr(", in the maintenance window w"));
  EXPECT_EQ(lab.last_event().parent, "");
  lab.restart();
  lab.up("web");
  EXPECT_THAT(lab.last_event().message, HasSubstr(", in the maintenance window w"));
  lab.pass(2h);
  lab.down("web");
  EXPECT_THAT(lab.last_event().message, ::testing::Not(HasSubstr("maintenance")));
}

TEST_F(PolicyHolds, WhatIsStillDownWhenTheWindowClosesAlertsThen) {
  maintenance(kWindow);
  lab.pass(1h + 30min);
  lab.down("web");
  lab.told();
  lab.pass(30min - 1s);
  EXPECT_EQ(lab.told(), "");
  lab.pass(1s);
  EXPECT_EQ(lab.told(), "check.down critical web down->down\n");
  EXPECT_EQ(lab.open(), kOpen);
  EXPECT_EQ(lab.alert(kAlert)->since, lab.now().wall);
}

TEST_F(PolicyHolds, AnOpenAlertStaysOpenInAWindowAndItsEndIsTold) {
  maintenance(kWindow);
  lab.down("web");
  lab.pass(1h + 10min);
  EXPECT_EQ(lab.open(), kOpen);
  lab.told();
  lab.up("web");
  EXPECT_EQ(lab.told(), "check.up critical web down->up\n");
  EXPECT_EQ(lab.open(), "");
}

TEST_F(PolicyHolds, AnAlertFromBeforeARestartStaysOpenInAWindow) {
  maintenance(kWindow);
  lab.down("web");
  lab.told();
  lab.pass(1h + 10min);
  lab.restart();
  EXPECT_TRUE(lab.mark("web").maintenance);
  EXPECT_EQ(lab.open(), kOpen);
  lab.down("web");
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.open(), kOpen);
}

TEST_F(PolicyHolds, WhatAWindowHeldBackIsRememberedAcrossARestart) {
  maintenance(kWindow);
  lab.pass(1h + 30min);
  lab.down("web");
  lab.told();
  lab.restart();
  lab.down("web");
  EXPECT_EQ(lab.told(), "");
  lab.pass(30min);
  EXPECT_EQ(lab.told(), "check.down critical web down->down\n");
}

TEST_F(PolicyHolds, AWindowThatIsTakenOutLetsTheAlertGo) {
  maintenance(kWindow);
  lab.pass(1h + 30min);
  lab.down("web");
  lab.told();
  maintenance("[]");
  EXPECT_EQ(lab.told(), "check.down critical web down->down\n");
}

TEST_F(PolicyHolds, AWindowIsFoundWhenTheClockIsSet) {
  maintenance(kWindow);
  lab.jump(1h + 10min);
  lab.down("web");
  EXPECT_THAT(lab.told(), HasSubstr("held by maintenance"));
  lab.jump(-1h);
  lab.pass(1min);
  EXPECT_EQ(lab.told(), "check.down critical web down->down\n");
}

TEST_F(PolicyHolds, ADeviceWhosePortsAreAllInMaintenanceIsToo) {
  lab.plan({{.name = "web", .target = "192.0.2.1:1", .device = "rack"},
            {.name = "web2", .target = "192.0.2.1:2", .device = "rack"}});
  maintenance(
      "[{name: w, checks: [\"name=web*\"], start: 2027-01-15T09:00Z, end: 2027-01-15T10:00Z}]");
  lab.up("web");
  lab.up("web2");
  lab.pass(1h + 10min);
  lab.down("web");
  lab.down("web2");
  EXPECT_EQ(lab.open(), "");
  EXPECT_THAT(lab.told(),
              HasSubstr("check.down critical device/rack up->down held by maintenance\n"));
  lab.pass(50min);
  EXPECT_EQ(lab.told(), "check.down critical device/rack down->down\n");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical device/rack\n");
}

TEST_F(PolicyHolds, ACertificateNearItsEndIsToldAtEachThresholdOnce) {
  lab.certificate("web", 40 * 24h);
  EXPECT_EQ(lab.told(), "");
  lab.certificate("web", 29 * 24h);
  EXPECT_EQ(lab.told(), "certificate.expiring warning web\n");
  EXPECT_EQ(lab.last_event().message, "the certificate CN=web of web (192.0.2.1:443) ends in 29 d");
  EXPECT_EQ(lab.open(), "CertificateExpiring warning custom/web\n");
  lab.look("web");
  lab.pass(1h);
  lab.restart();
  lab.certificate("web", 29 * 24h - 1h);
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.open(), "CertificateExpiring warning custom/web\n");
  lab.pass(23 * 24h);
  lab.certificate("web", 6 * 24h - 1h);
  EXPECT_EQ(lab.told(), "certificate.expiring warning web\n");
  lab.pass(10 * 24h);
  lab.certificate("web", -4 * 24h);
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.open(), "CertificateExpiring warning custom/web\n");
}

TEST_F(PolicyHolds, ARenewedCertificateEndsItsAlertOnceAllServersHaveIt) {
  lab.certificate("web", 5 * 24h);
  EXPECT_EQ(lab.told(), "certificate.expiring warning web\n");  // both thresholds, one event
  for (int i = 0; i < 2; ++i) {
    lab.pass(1min);
    lab.certificate("web", 300 * 24h);
    lab.look("web");  // the same result is no further proof
  }
  EXPECT_EQ(lab.open(), "CertificateExpiring warning custom/web\n");
  lab.pass(1min);
  lab.certificate("web", 300 * 24h);
  EXPECT_EQ(lab.open(), "");
  EXPECT_EQ(lab.told(), "");
}

TEST_F(PolicyHolds, ACertificateNearItsEndWaitsForTheEndOfAWindow) {
  maintenance(kWindow);
  lab.pass(1h + 30min);
  lab.certificate("web", 5 * 24h);
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.open(), "");
  lab.pass(1h);
  lab.look("web");
  EXPECT_EQ(lab.told(), "certificate.expiring warning web\n");
  EXPECT_EQ(lab.open(), "CertificateExpiring warning custom/web\n");
}

TEST_F(PolicyHolds, ACertificateRenewedInAWindowIsNeverTold) {
  maintenance(kWindow);
  lab.pass(1h + 30min);
  lab.certificate("web", 5 * 24h);
  lab.pass(10min);
  lab.certificate("web", 300 * 24h);
  lab.pass(1h);
  lab.look("web");
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.open(), "");
}

TEST_F(PolicyHolds, OfACertificateThatNobodyTrustsNothingIsSaid) {
  lab.certificate("web", 5 * 24h, Reason::tls_untrusted);
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.open(), "");
}

TEST_F(PolicyHolds, ACertificatesAlertEndsWithItsCheck) {
  lab.certificate("web", 5 * 24h);
  lab.told();
  lab.reload({{.name = "other"}});
  EXPECT_EQ(lab.told(), "check.unknown warning web up->unknown\n");
  EXPECT_EQ(lab.open(), "");
}

}  // namespace
}  // namespace reachd::test
