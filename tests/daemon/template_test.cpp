#include "daemon/alert/template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/alert/links.hpp"

namespace reachd::alert {
namespace {

using ::testing::HasSubstr;
using Content = Template::Content;

event::Event full_event() {
  event::Event event;
  event.id = "01J0000000000000000000000A";
  event.time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(12);
  event.kind = event::Kind::check_down;
  event.severity = config::Severity::critical;
  event.vantage = "beacon-1";
  event.from = engine::Verdict::up;
  event.to = engine::Verdict::down;
  event.since = event.time;
  event.reason = Reason::refused;
  event.phase = Phase::connect;
  event.message = "it said \"no\"\n";
  event.evidence.attempts.resize(2);
  event.evidence.attempts[1].address = "192.0.2.7:443";
  event.evidence.offender = "192.0.2.1";
  event.evidence.process = "nginx";
  event.suppressed_by = engine::Modifier::maintenance;
  event.parent = "custom/router";
  event.affected = {"custom/a", "custom/b"};
  event.affected_count = 5;
  event::Identity& check = event.check.emplace();
  check.id = "custom/erp";
  check.name = "erp";
  check.product = "custom";
  check.requirement = "r.1";
  check.necessity = "required";
  check.direction = "outbound";
  check.target = "erp.example.com:443";
  check.host = "erp.example.com";
  check.port = 443;
  check.transport = "tcp";
  check.probe = "tls";
  check.device = "rack-1";
  check.labels = {{"site", "ams"}};
  return event;
}

std::string filled(std::string_view text, Content content, const event::Event& event) {
  const auto made = Template::parse(text, content);
  EXPECT_TRUE(made) << made.error();
  return made ? made->fill(event, R"({"k":"v"})", "https://r.example/x") : "";
}

std::string problem(std::string_view text, Content content = Content::json) {
  const auto made = Template::parse(text, content);
  return made ? "" : made.error();
}

TEST(Template, KnowsEveryField) {
  EXPECT_EQ(
      filled("{{id}}|{{time}}|{{kind}}|{{severity}}|{{vantage}}|{{from}}|{{to}}|{{since}}|"
             "{{reason}}|{{phase}}|{{address}}|{{offender}}|{{process}}|{{suppressed_by}}|"
             "{{parent}}|{{affected}}|{{affected_count}}|{{url}}|{{event}}",
             Content::text, full_event()),
      "01J0000000000000000000000A|2026-11-22T12:00:00.000Z|check.down|critical|beacon-1|up|down|"
      "2026-11-22T12:00:00.000Z|refused|connect|192.0.2.7:443|192.0.2.1|nginx|maintenance|"
      "custom/router|custom/a, custom/b|5|https://r.example/x|{\"k\":\"v\"}");
  EXPECT_EQ(filled("{{check.id}}|{{check.name}}|{{check.product}}|{{check.requirement}}|"
                   "{{check.necessity}}|{{check.direction}}|{{check.target}}|{{check.host}}|"
                   "{{check.port}}|{{check.transport}}|{{check.probe}}|{{check.device}}|"
                   "{{check.labels.site}}|{{check.labels.none}}",
                   Content::text, full_event()),
            "custom/erp|erp|custom|r.1|required|outbound|erp.example.com:443|erp.example.com|443|"
            "tcp|tls|rack-1|ams|");
}

TEST(Template, WritesValuesAsTheContentWantsThem) {
  const event::Event event = full_event();
  EXPECT_EQ(
      filled(R"({"a":"<{{ message }}>","p":{{check.port}},"e":{{event}}})", Content::json, event),
      R"({"a":"<it said \"no\"\n>","p":443,"e":{"k":"v"}})");
  EXPECT_EQ(filled("m={{message}}&e={{event}}", Content::form, event),
            "m=it%20said%20%22no%22%0A&e=%7B%22k%22%3A%22v%22%7D");
  EXPECT_EQ(filled("{{message}}{ {x} }", Content::text, event), "it said \"no\"\n{ {x} }");
}

TEST(Template, RepairsWhatIsNotUtf8) {
  event::Event event;
  event.message = "a\xff";
  EXPECT_EQ(filled(R"("{{message}}")", Content::json, event), "\"a\xef\xbf\xbd\"");
  EXPECT_EQ(filled("{{message}}", Content::text, event), "a\xef\xbf\xbd");
  EXPECT_EQ(filled("{{message}}", Content::form, event), "a%EF%BF%BD");
}

TEST(Template, AnEventOfTheDaemonHasNoCheck) {
  event::Event event;
  event.kind = event::Kind::daemon_started;
  event.message = "started";
  EXPECT_EQ(filled("{{kind}}[{{check.id}}][{{check.port}}][{{check.labels.site}}][{{reason}}]",
                   Content::text, event),
            "daemon.started[][0][][]");
}

TEST(Template, SaysWhatIsWrong) {
  EXPECT_EQ(problem("{{mesage}}"), "there is no field \"mesage\"; did you mean message?");
  EXPECT_EQ(problem("{{}}"), "there is no field \"\"");
  EXPECT_THAT(problem("{{check.labels.}}"), HasSubstr("there is no field"));
  EXPECT_THAT(problem("{{check.labels.a-b}}"), HasSubstr("there is no field"));
  EXPECT_EQ(problem("{\"a\": \"{{message\"}"), "a {{ is not closed by }}");
  EXPECT_THAT(problem(R"({"a": {{message}}})"), HasSubstr("it is no JSON"));
  EXPECT_THAT(problem(R"({"a": "{{message}}"} x)"), HasSubstr("it is no JSON"));
  EXPECT_THAT(problem(R"({"a": "{{message}}")"), HasSubstr("it is no JSON"));
  EXPECT_THAT(problem(R"({"a": "{{event}}"})"), HasSubstr("it is no JSON"));
  EXPECT_THAT(problem(R"({"a": 1{{reason}}})"), HasSubstr("it is no JSON"));
  EXPECT_THAT(problem(R"([{{message}}])"), HasSubstr("it is no JSON"));
  EXPECT_EQ(problem(R"({"a": {{message}}})", Content::text), "");
}

TEST(Links, LeadToTheCheck) {
  const std::string base = "https://r.example/reachd/";
  event::Identity check = *full_event().check;
  EXPECT_EQ(link_to(base, &check), base + "?check=custom/erp");
  check.id = "a.b/[2001:db8::1]:443 x?y#z%\xc3\xa4";
  EXPECT_EQ(link_to(base, &check), base + "?check=a.b/%5B2001:db8::1%5D:443%20x%3Fy%23z%25%C3%A4");
  check.probe.clear();
  EXPECT_EQ(link_to(base, &check), base) << "a device is no check and has no page";
  EXPECT_EQ(link_to(base, nullptr), base);
  EXPECT_EQ(link_to("", &check), "");
  EXPECT_EQ(link_to("https://r.example/%zz/", nullptr), "") << "no URL (RFC 3986, 2.1)";
}

}  // namespace
}  // namespace reachd::alert
