#include "daemon/event/event.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "daemon/json/event.hpp"
#include "daemon/json/time.hpp"
#include "tests/daemon/board_fixture.hpp"

namespace reachd::event {
namespace {

using namespace std::chrono_literals;

const WallTime kNow(1'700'000'000s + 123ms);

Event down_event() {
  Outcome outcome;
  outcome.attempts.push_back({.endpoint = Endpoint{*IpAddress::parse("10.0.0.1"), 443},
                              .reason = Reason::admin_prohibited,
                              .phase = Phase::connect,
                              .error_number = 113,
                              .offender = IpAddress::parse("10.9.9.1"),
                              .time = kNow,
                              .duration = 1500us});
  Event event;
  event.id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  event.time = kNow;
  event.kind = Kind::check_down;
  event.severity = config::Severity::critical;
  event.vantage = "beacon-1";
  event.check = Identity{.id = "flexera.3.batch-server/h",
                         .name = "batch server",
                         .product = "flexera-beacon",
                         .requirement = "flexera.3.batch-server",
                         .necessity = "required",
                         .direction = "outbound",
                         .target = "h:443",
                         .host = "h",
                         .port = 443,
                         .transport = "tcp",
                         .probe = "tcp",
                         .device = "",
                         .labels = {{"site", "ams"}}};
  event.from = engine::Verdict::up;
  event.to = engine::Verdict::down;
  event.since = kNow - 5s;
  event.reason = Reason::admin_prohibited;
  event.phase = Phase::connect;
  event.message = "a firewall says \"no\"";
  event.evidence = evidence_of(outcome, nullptr);
  event.suppressed_by = engine::Modifier::dependency;
  event.parent = "device/chassis-1";
  event.affected = {"a", "b"};
  event.affected_count = 14;
  event.also_for = {"am"};
  return event;
}

TEST(Event, HasTheKeysOfTheContract) {
  const auto root = boost::json::parse(json::event_text(down_event())).as_object();
  for (const char* key : {"id", "time", "kind", "severity", "vantage", "check", "from", "to",
                          "since", "reason", "phase", "message", "evidence"}) {
    EXPECT_TRUE(root.contains(key)) << key;
  }
  for (const char* key : {"id", "name", "product", "requirement", "necessity", "direction",
                          "target", "address", "port", "transport", "probe", "device", "labels"}) {
    EXPECT_TRUE(root.at("check").as_object().contains(key)) << key;
  }
  const auto& evidence = root.at("evidence").as_object();
  for (const char* key : {"attempts", "offender", "path", "certificate", "process"}) {
    EXPECT_TRUE(evidence.contains(key)) << key;
  }
  EXPECT_EQ(boost::json::parse(R"({"time": "2023-11-14T22:13:20.123Z", "address": "10.0.0.1",
      "reason": "admin_prohibited", "phase": "connect", "errno": 113, "milliseconds": 1.5})"),
            evidence.at("attempts").as_array().at(0));
  EXPECT_EQ(evidence.at("offender").as_string(), "10.9.9.1");
}

TEST(Event, IsOneLine) {
  EXPECT_THAT(json::event_text(down_event()), testing::Not(testing::HasSubstr("\n")));
}

TEST(Event, IsReadBackAsItWas) {
  const Event event = down_event();
  const auto read = json::read_event(json::event_text(event));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(json::event_text(*read), json::event_text(event));
  EXPECT_EQ(read->check, event.check);
  EXPECT_EQ(read->evidence.attempts, event.evidence.attempts);
}

TEST(Event, OfTheDaemonHasNoCheck) {
  Event event;
  event.kind = Kind::daemon_started;
  const auto read = json::read_event(json::event_text(event));
  ASSERT_TRUE(read) << read.error();
  EXPECT_FALSE(read->check);
  EXPECT_FALSE(read->from);
  EXPECT_FALSE(read->since);
}

TEST(Event, WhatIsNoneIsTold) {
  EXPECT_FALSE(json::read_event(""));
  EXPECT_FALSE(json::read_event("[]"));
  EXPECT_FALSE(json::read_event(R"({"kind": "check.exploded"})"));
  EXPECT_TRUE(json::read_event(R"({"kind": "check.up", "check": 7, "evidence": []})"));
}

TEST(Event, EveryKindHasAWord) {
  for (std::size_t i = 0; i < kKinds; ++i) {
    const auto kind = static_cast<Kind>(i);
    EXPECT_EQ(parse_kind(to_string(kind)), kind);
  }
  EXPECT_EQ(parse_kind("check"), std::nullopt);
}

TEST(Alert, IsReadBackAsItWas) {
  Alert alert;
  alert.key = "TlsIntercepted|x";
  alert.name = AlertName::tls_intercepted;
  alert.severity = config::Severity::warning;
  alert.vantage = "beacon-1";
  alert.check = down_event().check;
  alert.since = WallTime(1'700'000'000s);
  alert.ended = WallTime(1'700'000'001s);
  alert.reason = "tls_intercepted";
  alert.phase = "tls";
  alert.message = "somebody is in the way";
  alert.address = "10.0.0.1";
  alert.offender = "10.9.9.1";
  alert.path = "silence behind 10.9.9.2";
  alert.affected = {"a"};
  alert.affected_count = 3;
  alert.also_for = {"am", "hook"};
  alert.flapping = true;
  EXPECT_EQ(json::read_alert(json::alert_text(alert)), alert);
  alert.ended.reset();
  alert.check.reset();
  EXPECT_EQ(json::read_alert(json::alert_text(alert)), alert);
  EXPECT_FALSE(json::read_alert("{}"));
}

TEST(Identity, IsWhatThePlanSays) {
  const auto board = test::small_board();
  const config::Plan& plan = board->plan();
  for (const config::Check& check : plan.checks) {
    const Identity identity = identity_of(plan, check);
    EXPECT_EQ(identity.id, check.id);
    EXPECT_EQ(identity.target, plan.probes[check.probe].target.text);
    EXPECT_EQ(fields_of(identity).probe, plan.probes[check.probe].type->name);
  }
}

}  // namespace
}  // namespace reachd::event
