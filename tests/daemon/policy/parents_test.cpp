#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/daemon/policy/lab.hpp"

namespace reachd::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Wanted = PolicyLab::Wanted;

/// A device's checks: "NAME-1", "NAME-2", ... on the ports 1, 2, ... of the host.
void add_device(std::vector<Wanted>& checks, const std::string& name, const std::string& host,
                int ports, const std::string& behind = {}) {
  for (int port = 1; port <= ports; ++port) {
    Wanted check;
    check.name = name + "-" + std::to_string(port);
    check.target = host + ":" + std::to_string(port);
    check.device = name;
    if (!behind.empty()) {
      check.depends_on = {"device/" + behind};
    }
    checks.push_back(std::move(check));
  }
}

class PolicyParents : public ::testing::Test {
 protected:
  /// Without other hosts, so that this host's own network is no question, unless a test has some.
  void start(const std::vector<Wanted>& checks) { lab.start_up(checks); }

  PolicyLab lab;
};

TEST_F(PolicyParents, AChildOfAParentThatIsDownIsSuppressedAtOnce) {
  start({{.name = "router"}, {.name = "web", .depends_on = {"router"}}});
  lab.down("router");
  lab.down("web");
  EXPECT_EQ(lab.told(),
            "check.down critical router up->down\n"
            "check.down critical web up->down held by dependency on custom/router\n");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical custom/router\n");
  EXPECT_TRUE(lab.mark("web").dependency);
  EXPECT_FALSE(lab.mark("router").dependency);
  lab.pass(1s);
  EXPECT_THAT(lab.alert("RequiredPortClosed|custom/router")->affected, ElementsAre("custom/web"));
  EXPECT_EQ(lab.alert("RequiredPortClosed|custom/router")->affected_count, 1U);
  lab.up("web");
  lab.up("router");
  EXPECT_EQ(lab.told(),
            "check.up critical web down->up held by dependency on custom/router\n"
            "check.up critical router down->up\n");
  EXPECT_FALSE(lab.mark("web").dependency);
}

TEST_F(PolicyParents, AnAlertWaitsForWhatTheParentAnswers) {
  start({{.name = "router"}, {.name = "web", .depends_on = {"router"}}});
  lab.down("web");
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.open(), "");
  EXPECT_THAT(lab.asked(), ElementsAre("custom/router"));
  const WallTime since = lab.now().wall;
  lab.pass(3s);
  lab.down("router");
  EXPECT_EQ(lab.told(),
            "check.down critical router up->down\n"
            "check.down critical web up->down held by dependency on custom/router\n");
  EXPECT_EQ(lab.last_event().since, since);
  EXPECT_EQ(lab.last_event().time, lab.now().wall);
}

TEST_F(PolicyParents, AParentThatAnswersLetsTheAlertGo) {
  start({{.name = "router"}, {.name = "web", .depends_on = {"router"}}});
  lab.down("web");
  lab.pass(1s);
  lab.result("router", Reason::ok);
  EXPECT_EQ(lab.told(), "");
  lab.settle("router");
  EXPECT_EQ(lab.told(), "check.down critical web up->down\n");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical custom/web\n");
}

TEST_F(PolicyParents, AParentThatWasJustSeenWellIsNotAsked) {
  start({{.name = "router"}, {.name = "web", .depends_on = {"router"}}});
  lab.result("router", Reason::ok);
  lab.pass(5s);
  lab.down("web");
  EXPECT_EQ(lab.told(), "check.down critical web up->down\n");
  EXPECT_THAT(lab.asked(), IsEmpty());
}

TEST_F(PolicyParents, NobodyWaitsForEverForAParent) {
  start({{.name = "router"}, {.name = "web", .depends_on = {"router"}}});
  lab.down("web");
  lab.pass(19s);
  EXPECT_EQ(lab.told(), "");
  lab.pass(1s);  // 3 times 5 s to confirm, and the timeout
  EXPECT_EQ(lab.told(), "check.down critical web up->down\n");
}

TEST_F(PolicyParents, GoneWhileItWaitedIsRecordedAndNotAlerted) {
  start({{.name = "router"}, {.name = "web", .depends_on = {"router"}}});
  lab.down("web");
  lab.pass(2s);
  lab.up("web");
  EXPECT_EQ(lab.told(),
            "check.down critical web up->down held by dependency on custom/router\n"
            "check.up critical web down->up held by dependency on custom/router\n");
  lab.pass(1h);
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.open(), "");
}

TEST_F(PolicyParents, AWaitIsNotLostByARestart) {
  start({{.name = "router"}, {.name = "web", .depends_on = {"router"}}});
  lab.down("web");
  const WallTime since = lab.now().wall;
  lab.restart();
  lab.up("router");
  EXPECT_EQ(lab.told(), "");
  lab.down("web");
  EXPECT_EQ(lab.told(), "check.down critical web up->down\n");
  EXPECT_EQ(lab.last_event().since, since);
}

TEST_F(PolicyParents, WhenTheParentComesUpAChildThatIsStillDownAlerts) {
  start({{.name = "router"}, {.name = "web", .depends_on = {"router"}}});
  lab.down("router");
  lab.down("web");
  lab.told();
  lab.pass(10min);
  lab.up("router");
  EXPECT_EQ(lab.told(), "check.up critical router down->up\n");
  EXPECT_THAT(lab.asked(), ElementsAre("custom/web"));
  lab.result("web", Reason::timeout);
  lab.settle("web");
  EXPECT_EQ(lab.told(), "check.down critical web down->down\n");
  EXPECT_EQ(lab.last_event().message,
            "web (192.0.2.1:443) can't be used for 10 min now: no answer: silently dropped on the "
            "way, or the host is off");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical custom/web\n");
}

TEST_F(PolicyParents, AChildThatComesUpAfterItsParentIsNeverAlerted) {
  start({{.name = "router"}, {.name = "web", .depends_on = {"router"}}});
  lab.down("router");
  lab.down("web");
  lab.up("router");
  lab.told();
  lab.pass(5s);
  lab.up("web");
  EXPECT_EQ(lab.told(), "check.up critical web down->up held by dependency on custom/router\n");
  lab.pass(1h);
  EXPECT_EQ(lab.told(), "");
}

TEST_F(PolicyParents, SuppressionSurvivesARestart) {
  start({{.name = "router"}, {.name = "web", .depends_on = {"router"}}});
  lab.down("router");
  lab.down("web");
  lab.told();
  lab.restart();
  EXPECT_TRUE(lab.mark("web").dependency);
  lab.down("web");
  lab.down("router");
  EXPECT_EQ(lab.told(), "");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical custom/router\n");
  lab.up("router");
  lab.settle("web");
  EXPECT_EQ(lab.told(), "check.up critical router down->up\ncheck.down critical web down->down\n");
}

TEST_F(PolicyParents, AnOpenAlertStaysOpenWhenTheParentGoesDown) {
  start({{.name = "router"}, {.name = "web", .depends_on = {"router"}}});
  lab.result("router", Reason::ok);
  lab.down("web");
  lab.down("router");
  EXPECT_EQ(lab.open(),
            "RequiredPortClosed critical custom/router\nRequiredPortClosed critical custom/web\n");
}

TEST_F(PolicyParents, ACycleSuppressesNothing) {
  start({{.name = "a", .depends_on = {"b"}},
         {.name = "b", .depends_on = {"c"}},
         {.name = "c", .depends_on = {"a"}},
         {.name = "self", .depends_on = {"self"}},
         {.name = "leaf", .depends_on = {"a"}}});
  lab.down("a");
  lab.down("b");
  lab.down("c");
  lab.down("self");
  lab.down("leaf");
  EXPECT_EQ(lab.told(),
            "check.down critical a up->down\ncheck.down critical b up->down\n"
            "check.down critical c up->down\ncheck.down critical self up->down\n"
            "check.down critical leaf up->down held by dependency on custom/a\n");
}

TEST_F(PolicyParents, AChildWhoseParentIsRemovedAlerts) {
  start({{.name = "router"}, {.name = "web", .depends_on = {"router"}}});
  lab.down("router");
  lab.down("web");
  lab.told();
  lab.reload({{.name = "web"}});
  EXPECT_EQ(lab.told(),
            "check.unknown critical router down->unknown\ncheck.down critical web down->down\n");
}

TEST_F(PolicyParents, ADeviceIsDownWhenAllItsPortsAreAndAlertsOnce) {
  std::vector<Wanted> checks;
  add_device(checks, "rack", "192.0.2.1", 3);
  start(checks);
  lab.down("rack-1", Reason::refused);
  EXPECT_EQ(lab.told(), "");
  EXPECT_THAT(lab.asked(), UnorderedElementsAre("custom/rack-2", "custom/rack-3"));
  lab.down("rack-2", Reason::refused);
  lab.pass(1s);
  lab.down("rack-3", Reason::refused);
  EXPECT_EQ(lab.told(),
            "check.down critical device/rack up->down\n"
            "check.down critical rack-1 up->down held by dependency on device/rack\n"
            "check.down critical rack-2 up->down held by dependency on device/rack\n"
            "check.down critical rack-3 up->down held by dependency on device/rack\n");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical device/rack\n");
  const event::Event& event = lab.events()[lab.events().size() - 4];
  EXPECT_EQ(event.check->name, "rack");
  EXPECT_EQ(event.check->device, "rack");
  EXPECT_EQ(event.check->host, "192.0.2.1");
  EXPECT_EQ(event.check->product, "custom");
  EXPECT_THAT(event.message, HasSubstr("none of its 3 TCP ports answers as it should"));
  EXPECT_EQ(event.affected_count, 3U);
}

TEST_F(PolicyParents, AnotherPortThatAnswersLeavesTheFaultWithThePort) {
  std::vector<Wanted> checks;
  add_device(checks, "rack", "192.0.2.1", 3);
  start(checks);
  lab.down("rack-1", Reason::refused);
  lab.result("rack-2", Reason::ok);
  lab.settle("rack-2");
  EXPECT_EQ(lab.told(), "check.down critical rack-1 up->down\n");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical custom/rack-1\n");
}

TEST_F(PolicyParents, ADeviceIsUpWithItsFirstPortAndTheOthersSpeakForThemselves) {
  std::vector<Wanted> checks;
  add_device(checks, "rack", "192.0.2.1", 2);
  start(checks);
  lab.down("rack-1");
  lab.down("rack-2");
  lab.told();
  lab.asked();
  lab.pass(1min);
  lab.up("rack-2");
  EXPECT_EQ(lab.told(),
            "check.up critical device/rack down->up\n"
            "check.up critical rack-2 down->up held by dependency on device/rack\n");
  EXPECT_THAT(lab.asked(), ElementsAre("custom/rack-1"));
  lab.settle("rack-1");
  EXPECT_EQ(lab.told(), "check.down critical rack-1 down->down\n");
}

TEST_F(PolicyParents, ASuccessFromBeforeTheOutageClearsNoDevice) {
  std::vector<Wanted> checks;
  add_device(checks, "rack", "192.0.2.1", 2);
  checks.push_back({.name = "elsewhere", .target = "198.51.100.1:443"});
  start(checks);
  // Refused at once, three times, confirmed every 5 s: it began 10 s ago, not up to 20 s.
  lab.result("rack-2", Reason::ok);
  lab.pass(12s);
  lab.result("elsewhere", Reason::ok);
  lab.down("rack-1");
  EXPECT_EQ(lab.told(), "");
  lab.down("rack-2");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical device/rack\n");
}

TEST_F(PolicyParents, OneOutageOfAChassisIsOneAlertThatSaysWhatItTakesWithIt) {
  std::vector<Wanted> checks;
  add_device(checks, "chassis", "192.0.2.1", 3);
  for (int node = 1; node <= 14; ++node) {
    add_device(checks, "node" + std::to_string(node), "192.0.2." + std::to_string(100 + node), 2,
               "chassis");
  }
  checks.push_back({.name = "elsewhere", .target = "198.51.100.1:443"});
  start(checks);
  // In any order: the nodes' ports first.
  for (int node = 1; node <= 14; ++node) {
    lab.down("node" + std::to_string(node) + "-1");
    lab.result("elsewhere", Reason::ok);
    lab.settle("elsewhere");
  }
  EXPECT_EQ(lab.told(), "");
  for (int node = 1; node <= 14; ++node) {
    lab.down("node" + std::to_string(node) + "-2");
    lab.pass(1s);
  }
  const auto loud = [&] {
    return std::ranges::count(lab.events(), engine::Modifier::none, &event::Event::suppressed_by);
  };
  EXPECT_EQ(loud(), 0);
  lab.result("elsewhere", Reason::ok);  // so this host's own link is not in question
  for (const char* port : {"chassis-1", "chassis-2", "chassis-3"}) {
    lab.down(port);
  }
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical device/chassis\n");
  lab.pass(2s);
  const event::Alert* alert = lab.alert("RequiredPortClosed|device/chassis");
  EXPECT_EQ(alert->affected_count, 17U);  // 14 devices, and its own three ports
  EXPECT_THAT(alert->affected, ::testing::Contains("device/node14"));
  EXPECT_EQ(loud(), 1);
  for (const char* port : {"chassis-1", "chassis-2", "chassis-3"}) {
    lab.up(port);
  }
  for (int node = 1; node <= 14; ++node) {
    lab.up("node" + std::to_string(node) + "-1");
    lab.up("node" + std::to_string(node) + "-2");
  }
  lab.pass(1h);
  EXPECT_EQ(lab.open(), "");
  EXPECT_EQ(loud(), 2);  // the chassis went down and came up
}

TEST_F(PolicyParents, ANodesAlertSurvivesARestart) {
  std::vector<Wanted> checks;
  add_device(checks, "rack", "192.0.2.1", 2);
  start(checks);
  lab.down("rack-1");
  lab.down("rack-2");
  lab.told();
  lab.restart();
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical device/rack\n");
  lab.down("rack-1");
  lab.down("rack-2");
  EXPECT_EQ(lab.told(), "");
  lab.restart();
  lab.up("rack-1");
  EXPECT_EQ(lab.told(),
            "check.up critical device/rack down->up\n"
            "check.up critical rack-1 down->up held by dependency on device/rack\n");
  lab.up("rack-2");
  EXPECT_EQ(lab.open(), "");
}

TEST_F(PolicyParents, ADeviceThatIsRemovedEndsItsAlert) {
  std::vector<Wanted> checks;
  add_device(checks, "rack", "192.0.2.1", 2);
  start(checks);
  lab.down("rack-1");
  lab.down("rack-2");
  lab.told();
  lab.reload({{.name = "other"}});
  EXPECT_EQ(lab.open(), "");
  EXPECT_THAT(lab.told(), HasSubstr("check.unknown critical device/rack down->unknown\n"));
}

TEST_F(PolicyParents, AProxyThatCannotBeReachedIsOneAlertAtOnce) {
  const std::string proxy = "proxy.example.com:3128";
  start({{.name = "a", .target = "a.example.com:443", .proxy = proxy},
         {.name = "b", .target = "b.example.com:443", .proxy = proxy},
         {.name = "direct", .target = "192.0.2.1:443"}});
  lab.result("direct", Reason::ok);
  lab.down("a", Reason::proxy_unreachable);
  EXPECT_EQ(lab.told(),
            "check.down critical proxy/proxy.example.com:3128 up->down\n"
            "check.down critical a up->down held by dependency on proxy/proxy.example.com:3128\n");
  lab.down("b", Reason::proxy_unreachable);
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical proxy/proxy.example.com:3128\n");
  lab.up("a");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical proxy/proxy.example.com:3128\n");
  // It is reached now, and says no.
  lab.told();
  lab.asked();
  lab.result("b", Reason::proxy_denied);
  EXPECT_EQ(lab.told(), "check.up critical proxy/proxy.example.com:3128 down->up\n");
  lab.settle("b");
  EXPECT_EQ(lab.told(), "check.down critical b down->down\n");
}

TEST_F(PolicyParents, NamesThatCannotBeLookedUpAreOneAlertOfTheResolver) {
  start({{.name = "a", .target = "a.example.com:443"},
         {.name = "b", .target = "b.example.com:443"},
         {.name = "c", .target = "c.example.com:443"},
         {.name = "d", .target = "192.0.2.1:443"}});
  lab.result("d", Reason::ok);
  lab.down("a", Reason::dns_timeout);
  EXPECT_EQ(lab.told(), "");
  EXPECT_THAT(lab.asked(), UnorderedElementsAre("custom/b", "custom/c"));
  lab.down("b", Reason::dns_failure);
  EXPECT_EQ(lab.told(),
            "check.down critical resolver up->down\n"
            "check.down critical a up->down held by dependency on resolver\n"
            "check.down critical b up->down held by dependency on resolver\n");
  EXPECT_EQ(lab.open(), "NameResolutionFailing critical resolver\n");
  EXPECT_THAT(lab.alert("NameResolutionFailing|resolver")->message,
              HasSubstr("2 of 3 names can't be looked up"));
}

TEST_F(PolicyParents, ANameThatDoesNotExistIsItsOwnFault) {
  start(
      {{.name = "a", .target = "a.example.com:443"}, {.name = "b", .target = "b.example.com:443"}});
  lab.down("a", Reason::dns_nxdomain);
  EXPECT_EQ(lab.told(), "check.down critical a up->down\n");
}

TEST_F(PolicyParents, SilenceFromEveryHostIsThisHostsNetwork) {
  start({{.name = "a", .target = "192.0.2.1:443"},
         {.name = "b", .target = "192.0.2.2:443"},
         {.name = "c", .target = "192.0.2.2:80"},
         {.name = "own", .target = "127.0.0.1:80"}});
  lab.down("a");
  EXPECT_EQ(lab.told(), "");
  EXPECT_THAT(lab.asked(), ElementsAre("custom/c"));  // one of a host
  lab.down("c");
  lab.down("b");
  EXPECT_EQ(lab.told(),
            "check.down critical link up->down\n"
            "check.down critical a up->down held by dependency on link\n"
            "check.down critical c up->down held by dependency on link\n"
            "check.down critical b up->down held by dependency on link\n");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical link\n");
  lab.down("own");
  EXPECT_EQ(lab.told(), "check.down critical own up->down\n");
}

TEST_F(PolicyParents, AnOrdinaryFailureOnABusyHostAlertsAtOnce) {
  start({{.name = "a", .target = "192.0.2.1:443"},
         {.name = "b", .target = "192.0.2.2:443"},
         {.name = "c", .target = "192.0.2.3:443"}});
  lab.live = true;
  lab.down("a");
  EXPECT_EQ(lab.told(), "check.down critical a up->down\n");
  EXPECT_THAT(lab.asked(), IsEmpty());
}

TEST_F(PolicyParents, AHostThatAnswersWithARefusalHasANetwork) {
  start({{.name = "a", .target = "192.0.2.1:443"}, {.name = "b", .target = "192.0.2.2:443"}});
  lab.down("a", Reason::refused);
  lab.down("b", Reason::refused);
  EXPECT_EQ(lab.told(), "check.down critical a up->down\ncheck.down critical b up->down\n");
}

TEST_F(PolicyParents, TheLinkTakesDevicesWithIt) {
  std::vector<Wanted> checks;
  add_device(checks, "rack", "192.0.2.1", 2);
  add_device(checks, "other", "192.0.2.2", 2);
  start(checks);
  for (const char* name : {"rack-1", "other-1", "rack-2", "other-2"}) {
    lab.down(name);
    lab.pass(100ms);
  }
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical link\n");
}

}  // namespace
}  // namespace reachd::test
