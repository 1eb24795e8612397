#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/daemon/policy/lab.hpp"

namespace reachd::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Wanted = PolicyLab::Wanted;

/// Who hears of a parent that is down: a sink that picks only children of it is to hear of it in
/// their place, as they are held back.
class PolicyRoutes : public ::testing::Test {
 protected:
  void start(const std::vector<Wanted>& checks) { lab.start_up(checks); }

  void add_sink(const std::string& name, std::string_view match,
                config::Severity least = config::Severity::info) {
    alert::SinkSettings sink;
    sink.name = name;
    sink.min_severity = least;
    sink.match.push_back(config::Selector::parse(match).value());
    lab.alerting.sinks.push_back(std::move(sink));
  }

  const alert::SinkSettings& sink(std::string_view name) const {
    return *std::ranges::find(lab.alerting.sinks, name, &alert::SinkSettings::name);
  }

  /// "check.down device/rack", of all that the sink is given.
  std::vector<std::string> heard_by(std::string_view name) const {
    std::vector<std::string> events;
    for (const event::Event& event : lab.events()) {
      if (event.suppressed_by == engine::Modifier::none && sink(name).wants(event)) {
        events.push_back(std::string(to_string(event.kind)) + " " + event.check->id);
      }
    }
    return events;
  }

  /// Ids of what the open alerts that the sink is given are about.
  std::vector<std::string> open_at(std::string_view name) const {
    std::vector<std::string> ids;
    for (const event::Alert& alert : lab.all_alerts()) {
      if (!alert.ended && sink(name).wants(alert)) {
        ids.push_back(alert.check->id);
      }
    }
    return ids;
  }

  PolicyLab lab;
};

TEST_F(PolicyRoutes, ThisHostsLinkIsToldToWhoeverPicksSomethingBehindIt) {
  add_sink("beacon", "product=flexera-beacon");
  add_sink("other", "product=xclarity-administrator");
  start({{.name = "batch", .target = "192.0.2.1:443", .product = "flexera-beacon"},
         {.name = "erp", .target = "198.51.100.1:443"}});
  lab.down("batch");
  lab.down("erp");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical link\n");
  EXPECT_THAT(heard_by("beacon"), ElementsAre("check.down link"));
  EXPECT_THAT(open_at("beacon"), ElementsAre("link"));
  EXPECT_THAT(heard_by("other"), IsEmpty());
  EXPECT_THAT(open_at("other"), IsEmpty());
  lab.up("batch");
  lab.up("erp");
  lab.pass(1min);
  EXPECT_THAT(heard_by("beacon"), ElementsAre("check.down link", "check.up link"));
  EXPECT_THAT(open_at("beacon"), IsEmpty());
}

TEST_F(PolicyRoutes, ADeviceIsToldToWhoeverPicksOneOfItsChecks) {
  add_sink("cim", "name=rack-2");
  add_sink("tcp", "probe=t?p");
  start({{.name = "rack-1", .target = "192.0.2.1:1", .device = "rack"},
         {.name = "rack-2", .target = "192.0.2.1:2", .device = "rack"}});
  lab.down("rack-1");
  lab.down("rack-2");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical device/rack\n");
  EXPECT_THAT(heard_by("cim"), ElementsAre("check.down device/rack"));
  EXPECT_THAT(open_at("tcp"), ElementsAre("device/rack"));
}

TEST_F(PolicyRoutes, AParentByHandIsToldToWhoeverPicksAChildOfAChild) {
  add_sink("erp", "name=erp");
  start({{.name = "core"},
         {.name = "site", .target = "192.0.2.2:443", .depends_on = {"core"}},
         {.name = "erp", .target = "192.0.2.3:443", .depends_on = {"site"}},
         {.name = "elsewhere", .target = "192.0.2.4:443"}});
  lab.result("elsewhere", Reason::ok);
  for (const char* name : {"core", "site", "erp"}) {
    lab.down(name, Reason::refused);
  }
  EXPECT_THAT(heard_by("erp"), ElementsAre("check.down custom/core"));
  EXPECT_THAT(open_at("erp"), ElementsAre("custom/core"));
}

TEST_F(PolicyRoutes, AlertsFollowTheSinksOfANewConfiguration) {
  start({{.name = "core"}, {.name = "erp", .target = "192.0.2.3:443", .depends_on = {"core"}}});
  lab.down("core", Reason::refused);
  lab.told();
  add_sink("erp", "name=erp");
  EXPECT_THAT(open_at("erp"), IsEmpty());
  lab.adopt();
  EXPECT_THAT(open_at("erp"), ElementsAre("custom/core"));
  EXPECT_EQ(lab.told(), "");  // an event is no state: it was told
  lab.restart();
  EXPECT_THAT(open_at("erp"), ElementsAre("custom/core"));
  lab.reload({{.name = "erp", .target = "192.0.2.3:443"}});
  EXPECT_THAT(heard_by("erp"), ElementsAre("check.unknown custom/core"));
}

TEST_F(PolicyRoutes, AnOptionalParentIsAsLoudAsWhatItTakesWithIt) {
  add_sink("pager", "name=*", config::Severity::critical);
  start({{.name = "opt", .necessity = config::Necessity::optional},
         {.name = "middle",
          .target = "192.0.2.2:443",
          .depends_on = {"opt"},
          .necessity = config::Necessity::optional},
         {.name = "child", .target = "192.0.2.3:443", .depends_on = {"middle"}}});
  lab.down("opt", Reason::refused);
  EXPECT_EQ(lab.told(), "check.down critical opt up->down\n");
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical custom/opt\n");
  EXPECT_THAT(open_at("pager"), ElementsAre("custom/opt"));
  lab.reload({{.name = "opt", .necessity = config::Necessity::optional}});
  EXPECT_EQ(lab.open(), "RequiredPortClosed critical custom/opt\n");  // fixed until recovery
  lab.up("opt");
  lab.told();
  lab.pass(1h);
  lab.down("opt", Reason::refused);
  EXPECT_EQ(lab.told(), "check.down warning opt up->down\n");
  EXPECT_EQ(lab.open(), "OptionalPortClosed warning custom/opt\n");
}

}  // namespace
}  // namespace reachd::test
