#include "daemon/alert/policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/daemon/policy/lab.hpp"

namespace reachd::test {
namespace {

using namespace std::chrono_literals;
using config::Evidence;
using config::Necessity;
using engine::Verdict;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Policy : public ::testing::Test {
 protected:
  void SetUp() override {
    lab.plan({{.name = "web"}, {.name = "other", .target = "192.0.2.2:443"}});
    lab.adopt();
    lab.up("other");  // so that nobody takes this host's own network for the culprit
  }

  PolicyLab lab;
};

TEST_F(Policy, TheFirstUpIsNoNews) {
  lab.up("web");
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.open(), "");
  EXPECT_TRUE(lab.rows().at("custom/web").has_been_up);
  EXPECT_EQ(lab.rows().at("custom/web").state, 1);
}

TEST_F(Policy, ADownIsToldAndOpensAnAlert) {
  lab.up("web");
  lab.pass(1min);
  lab.down("web", Reason::refused);
  EXPECT_EQ(lab.told(), "check.down critical web up->down\n");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical custom/web\n");
  const event::Event& event = lab.last_event();
  EXPECT_EQ(event.reason, Reason::refused);
  EXPECT_EQ(event.phase, Phase::connect);
  EXPECT_EQ(event.since, lab.now().wall);
  EXPECT_EQ(event.vantage, "beacon-1");
  EXPECT_EQ(event.message,
            "web (192.0.2.1:443) can't be used: refused: nothing listens on the port, or a "
            "firewall answers with a reset");
  const event::Alert* alert = lab.alert("RequiredPortClosed|custom/web");
  ASSERT_NE(alert, nullptr);
  EXPECT_EQ(alert->reason, "refused");
  EXPECT_EQ(alert->phase, "connect");
  EXPECT_EQ(alert->since, lab.now().wall);
  EXPECT_EQ(alert->message, event.message);
}

TEST_F(Policy, RecoveryIsToldWithTheSeverityOfWhatItEnds) {
  lab.up("web");
  lab.down("web");
  const WallTime since = lab.now().wall;
  lab.pass(12min);
  lab.up("web");
  EXPECT_EQ(lab.told(), "check.down critical web up->down\ncheck.up critical web down->up\n");
  EXPECT_EQ(lab.last_event().since, since);
  EXPECT_EQ(lab.last_event().message,
            "web (192.0.2.1:443) can be used again after 12 min; it was down with: no answer: "
            "silently dropped on the way, or the host is off");
  EXPECT_EQ(lab.open(), "");
  EXPECT_THAT(lab.ended(), ElementsAre("RequiredPortClosed|custom/web"));
}

TEST_F(Policy, AnEndedAlertIsToldForAWhileAndThenForgotten) {
  lab.down("web");
  lab.up("web");
  lab.pass(alert::Policy::kToldFor - 1s);
  EXPECT_THAT(lab.ended(), ElementsAre("RequiredPortClosed|custom/web"));
  lab.pass(1s);
  EXPECT_THAT(lab.ended(), IsEmpty());
}

TEST_F(Policy, AnAlertThatOpensAgainIsNotForgottenWithItsFormerEnd) {
  lab.down("web");
  lab.up("web");
  lab.pass(10min);
  lab.down("web");
  lab.pass(10min);
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical custom/web\n");
  lab.up("web");
  lab.pass(10min);
  EXPECT_THAT(lab.ended(), ElementsAre("RequiredPortClosed|custom/web"));
  lab.pass(5min);
  EXPECT_THAT(lab.ended(), IsEmpty());
}

TEST_F(Policy, TheAlertsNameFollowsTheReasonThatConfirmedIt) {
  const std::vector<std::pair<Reason, std::string>> names{
      {Reason::dns_nxdomain, "NameResolutionFailing"},
      {Reason::dns_failure, "NameResolutionFailing"},
      {Reason::tls_untrusted, "CertificateInvalid"},
      {Reason::tls_revoked, "CertificateInvalid"},
      {Reason::tls_intercepted, "TlsIntercepted"},
      {Reason::wrong_process, "WrongProcessOnPort"},
      {Reason::tls_handshake, "RequiredPortClosed"},
      {Reason::http_status, "RequiredPortClosed"}};
  for (const auto& [reason, name] : names) {
    lab.down("web", reason);
    EXPECT_EQ(lab.open(), name + " critical custom/web\n") << to_string(reason);
    lab.up("web");
    lab.pass(1h);
  }
}

TEST_F(Policy, NameAndSeverityStayWhateverTheReasonTurnsInto) {
  lab.down("web", Reason::timeout);
  lab.result("web", Reason::tls_untrusted);
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical custom/web\n");
  const event::Alert* alert = lab.alert("RequiredPortClosed|custom/web");
  EXPECT_EQ(alert->reason, "tls_untrusted");
  EXPECT_EQ(alert->phase, "tls");
  EXPECT_THAT(alert->message, HasSubstr("not from a trusted authority"));
  lab.up("web");
  EXPECT_EQ(lab.told(), "check.down critical web unknown->down\ncheck.up critical web down->up\n");
}

TEST(PolicySeverity, IsThatOfTheCheckAtTheConfirmingProbe) {
  PolicyLab lab;
  lab.plan({{.name = "optional", .necessity = Necessity::optional},
            {.name = "hearsay", .evidence = Evidence::general},
            {.name = "other", .target = "192.0.2.2:443"}});
  lab.adopt();
  lab.up("other");
  lab.down("optional");
  lab.down("hearsay");
  EXPECT_EQ(lab.open(),
            "OptionalPortClosed warning custom/optional\nRequiredPortClosed info custom/hearsay\n");
  lab.up("hearsay");
  lab.down("hearsay");
  EXPECT_EQ(
      lab.open(),
      "OptionalPortClosed warning custom/optional\nRequiredPortClosed warning custom/hearsay\n");
}

TEST_F(Policy, DegradedIsToldAndNotAlerted) {
  lab.up("web");
  lab.degraded("web");
  lab.up("web");
  EXPECT_EQ(lab.told(), "check.degraded info web up->degraded\ncheck.up info web degraded->up\n");
  EXPECT_THAT(lab.ended(), IsEmpty());
  EXPECT_EQ(lab.open(), "");
}

TEST_F(Policy, FromDownToDegradedIsARecoveryWithAFlaw) {
  lab.down("web");
  lab.pass(1h);
  lab.degraded("web");
  EXPECT_EQ(lab.told(),
            "check.down critical web unknown->down\ncheck.degraded critical web down->degraded\n");
  EXPECT_EQ(lab.last_event().message,
            "web (192.0.2.1:443) can be used again after 1 h, but something is wrong: the server "
            "answered 503");
  EXPECT_EQ(lab.open(), "");
}

TEST_F(Policy, UnknownNeitherRaisesNorEnds) {
  lab.up("web");
  lab.unknown("web");
  lab.up("web");
  EXPECT_EQ(lab.told(), "check.unknown info web up->unknown\ncheck.up info web unknown->up\n");
  lab.down("web");
  lab.unknown("web");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical custom/web\n");
  lab.down("web");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical custom/web\n");
  lab.unknown("web");
  lab.up("web");
  EXPECT_EQ(lab.open(), "");
  EXPECT_EQ(lab.told(),
            "check.down critical web up->down\n"
            "check.unknown info web down->unknown\n"
            "check.down info web unknown->down\n"
            "check.unknown info web down->unknown\n"
            "check.up critical web unknown->up\n");
}

TEST_F(Policy, EveryChangeOfVerdictIsATransition) {
  lab.up("web");
  lab.pass(1s);
  lab.down("web");
  lab.pass(1s);
  lab.unknown("web");
  std::vector<int> states;
  std::vector<WallTime> times;
  for (const journal::Transition& transition : lab.transitions()) {
    if (transition.check == "custom/web") {
      states.push_back(transition.state);
      times.push_back(transition.time);
    }
  }
  ASSERT_THAT(states, ElementsAre(1, 3, 0));
  EXPECT_EQ(times[1] - times[0], 1s);
}

TEST_F(Policy, AStateNeverBeginsInTheFuture) {
  lab.up("web");
  lab.down("web");
  lab.jump(-1h);
  lab.look("web");
  lab.up("web");
  EXPECT_LE(*lab.last_event().since, lab.now().wall);
  const event::Alert* alert = lab.alert("RequiredPortClosed|custom/web");
  EXPECT_LE(alert->since, *alert->ended);
}

TEST_F(Policy, ARemovedCheckEndsItsAlertAndSaysSo) {
  lab.down("web");
  lab.told();
  lab.reload({{.name = "other", .target = "192.0.2.2:443"}});
  EXPECT_EQ(lab.told(), "check.unknown critical web down->unknown\n");
  EXPECT_THAT(lab.last_event().message, HasSubstr("the configuration has it no longer"));
  EXPECT_EQ(lab.open(), "");
  EXPECT_THAT(lab.ended(), ElementsAre("RequiredPortClosed|custom/web"));
  EXPECT_EQ(lab.transitions().back().check, "custom/web");
  EXPECT_EQ(lab.transitions().back().state, 0);
  EXPECT_FALSE(lab.rows().contains("custom/web"));
  EXPECT_TRUE(lab.rows().contains("custom/other"));
}

TEST_F(Policy, ARemovedCheckThatWasWellGoesSilently) {
  lab.up("web");
  lab.reload({{.name = "other", .target = "192.0.2.2:443"}});
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.transitions().back().state, 0);
}

TEST_F(Policy, AnotherTargetUnderTheSameIdIsAnotherOutage) {
  lab.down("web");
  lab.told();
  lab.reload({{.name = "web", .target = "192.0.2.9:443"}});
  EXPECT_EQ(lab.told(), "check.unknown critical web down->unknown\n");
  EXPECT_EQ(lab.open(), "");
  lab.down("web");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical custom/web\n");
  EXPECT_EQ(lab.alert("RequiredPortClosed|custom/web")->check->target, "192.0.2.9:443");
}

TEST_F(Policy, AReloadChangesNothingForAlertsThatStay) {
  lab.down("web");
  lab.told();
  lab.reload({{.name = "web"}, {.name = "new", .target = "192.0.2.3:443"}});
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical custom/web\n");
  lab.up("web");
  EXPECT_EQ(lab.told(), "check.up critical web down->up\n");
}

TEST_F(Policy, ConfiguredChecksAreKnownToTheJournalBeforeTheirFirstVerdict) {
  EXPECT_EQ(lab.rows().at("custom/web").state, 0);
  EXPECT_EQ(lab.rows().at("custom/web").product, "custom");
  EXPECT_EQ(lab.transitions().size(), 1U);  // the other check's
}

TEST_F(Policy, VerdictsOfChecksThatAreNotInThePlanAreIgnored) {
  engine::CheckStatus status;
  status.verdict = Verdict::down;
  const alert::Decision decision =
      lab.policy().changed("custom/none", Verdict::up, status, lab.now());
  EXPECT_THAT(decision.events, IsEmpty());
  EXPECT_THAT(decision.checks, IsEmpty());
}

TEST_F(Policy, TroubleOfTheDaemonIsOneAlertUntilAllOfItIsOver) {
  lab.own(event::Kind::daemon_started, "started");
  lab.own(event::Kind::config_rejected, "line 3 is wrong");
  lab.own(event::Kind::journal_failing, "no space left");
  EXPECT_EQ(lab.open(), "MonitorDegraded warning\n");
  lab.own(event::Kind::journal_recovered, "written again");
  EXPECT_EQ(lab.open(), "MonitorDegraded warning\n");
  lab.own(event::Kind::config_reloaded, "reloaded");
  EXPECT_EQ(lab.open(), "");
  lab.own(event::Kind::config_reloaded, "reloaded");
  EXPECT_EQ(lab.told(),
            "daemon.started info\nconfig.rejected warning\njournal.failing warning\n"
            "journal.recovered warning\nconfig.reloaded warning\nconfig.reloaded info\n");
}

TEST_F(Policy, ANewProcessHasNoTroubleOfTheOldOne) {
  lab.own(event::Kind::config_rejected, "line 3 is wrong");
  lab.restart();
  EXPECT_EQ(lab.open(), "MonitorDegraded warning\n");
  lab.told();
  lab.own(event::Kind::daemon_started, "started");
  EXPECT_EQ(lab.open(), "");
  EXPECT_EQ(lab.told(), "daemon.started warning\n");
}

TEST_F(Policy, APathThatIsTracedLaterFollowsItsAlert) {
  constexpr auto kKey = "RequiredPortClosed|custom/web";
  lab.up("web");
  lab.pass(1min);
  lab.down("web");
  const std::string message = lab.alert(kKey)->message;
  EXPECT_EQ(lab.alert(kKey)->path, "");
  lab.traced("web", "nobody answers behind 192.0.2.254 (hop 3)");
  EXPECT_EQ(lab.alert(kKey)->path, "nobody answers behind 192.0.2.254 (hop 3)");
  EXPECT_EQ(lab.alert(kKey)->message, message);
  lab.restart();
  EXPECT_EQ(lab.alert(kKey)->path, "nobody answers behind 192.0.2.254 (hop 3)");
  EXPECT_EQ(lab.events().size(), 1U);
}

}  // namespace
}  // namespace reachd::test
