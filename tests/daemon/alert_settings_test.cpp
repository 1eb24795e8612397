#include "daemon/alert/settings.hpp"

#include <gmock/gmock.h>

#include <array>
#include "config/yaml.hpp"

namespace reachd::alert {
namespace {

using namespace std::chrono_literals;
using config::Severity;
using engine::Modifier;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Nowhere final : public Sink {
 public:
  asio::awaitable<std::vector<Receipt>> deliver(SinkRun,
                                                std::span<const Delivery> events) override {
    co_return std::vector<Receipt>(events.size());
  }
};

class NoState final : public StateSink {
 public:
  asio::awaitable<Receipt> send(SinkRun, std::span<const event::Alert>) override {
    co_return Receipt{};
  }
  std::string title() const override { return "nowhere"; }
};

MadeSink make_record(Reader& params) {
  static_cast<void>(params.required_text("path"));
  return {.events = std::make_shared<Nowhere>(), .states = {}};
}

MadeSink make_caller(Reader&) { return {.events = std::make_shared<Nowhere>(), .states = {}}; }

MadeSink make_state(Reader&) { return {.events = {}, .states = {std::make_shared<NoState>()}}; }

constexpr std::array<SinkType, 3> kTypes{{
    {.name = "record", .calls_people = false, .make = &make_record},
    {.name = "caller", .calls_people = true, .make = &make_caller},
    {.name = "state", .calls_people = true, .make = &make_state},
}};

Alerting read(std::string_view text, Diagnostics& diagnostics) {
  const auto root = config::parse_yaml(text, "t", diagnostics);
  return root ? read_alerting(*root, diagnostics, kTypes) : Alerting();
}

Alerting read(std::string_view text) {
  Diagnostics diagnostics;
  Alerting alerting = read(text, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.to_string();
  return alerting;
}

std::string problems(std::string_view text) {
  Diagnostics diagnostics;
  static_cast<void>(read(text, diagnostics));
  return diagnostics.to_string();
}

event::Event event_of(Severity severity, std::string product = "erp") {
  event::Event event;
  event.severity = severity;
  if (!product.empty()) {
    event.check.emplace();
    event.check->product = std::move(product);
  }
  return event;
}

TEST(AlertSettings, AnUnknownTypeIsToldWithThoseThatThereAre) {
  Diagnostics diagnostics;
  read("sinks: [{name: pager, type: pagerduty}]", diagnostics);
  EXPECT_THAT(diagnostics.to_string(),
              HasSubstr("sink pager: type is one of record, caller, state, not \"pagerduty\""));
}

TEST(AlertSettings, NothingWrittenMeansTheDefaults) {
  const Alerting alerting = read("{}");
  EXPECT_EQ(alerting.external_url, "");
  EXPECT_EQ(alerting.resend, 1min);
  EXPECT_EQ(alerting.flapping.changes, 6);
  EXPECT_EQ(alerting.flapping.within, 30min);
  EXPECT_THAT(alerting.certificate_expiring, ElementsAre(24h * 30, 24h * 7));
  EXPECT_EQ(alerting.outbox.max_events, 100'000u);
  EXPECT_EQ(alerting.outbox.max_age, 24h * 7);
  EXPECT_THAT(alerting.sinks, IsEmpty());
}

TEST(AlertSettings, WhatIsWrittenIsTaken) {
  const Alerting alerting = read(R"(
external_url: https://ams.example.com:9790/reachd
resend: 30s
flapping: {changes: 4, within: 10m}
certificate_expiring: [7d, 60d, 1d]
outbox: {max_events: 10, max_age: 1h}
sinks:
  - {name: lines, type: record, path: x, min_severity: warning, match: "product=erp"}
  - {name: hook, type: caller, suppressed: true, match: [name=a*, device=b]}
)");
  EXPECT_EQ(alerting.external_url, "https://ams.example.com:9790/reachd/");
  EXPECT_EQ(alerting.resend, 30s);
  EXPECT_EQ(alerting.flapping.changes, 4);
  EXPECT_EQ(alerting.flapping.within, 10min);
  EXPECT_THAT(alerting.certificate_expiring, ElementsAre(24h * 60, 24h * 7, 24h));
  EXPECT_EQ(alerting.outbox.max_events, 10u);
  EXPECT_EQ(alerting.outbox.max_age, 1h);
  ASSERT_THAT(alerting.sinks, SizeIs(2));
  EXPECT_EQ(alerting.sinks[0].name, "lines");
  EXPECT_EQ(alerting.sinks[0].type, "record");
  EXPECT_EQ(alerting.sinks[0].min_severity, Severity::warning);
  EXPECT_THAT(alerting.sinks[0].match, SizeIs(1));
  EXPECT_NE(alerting.sinks[0].made.events, nullptr);
  EXPECT_THAT(alerting.sinks[1].match, SizeIs(2));
}

TEST(AlertSettings, NoReminderOfCertificatesIsAllowed) {
  EXPECT_THAT(read("certificate_expiring: []").certificate_expiring, IsEmpty());
}

TEST(AlertSettings, OnlyThoseThatCallPeopleLeaveOutWhatIsHeldBack) {
  const Alerting alerting = read(
      "sinks: [{name: a, type: record, path: x}, {name: b, type: caller},"
      " {name: c, type: record, path: x, suppressed: false}, {name: d, type: caller, suppressed: "
      "true}]");
  ASSERT_THAT(alerting.sinks, SizeIs(4));
  event::Event event = event_of(Severity::critical);
  for (const SinkSettings& sink : alerting.sinks) {
    EXPECT_TRUE(sink.wants(event)) << sink.name;
  }
  for (const Modifier modifier :
       {Modifier::dependency, Modifier::maintenance, Modifier::flapping}) {
    event.suppressed_by = modifier;
    EXPECT_TRUE(alerting.sinks[0].wants(event));
    EXPECT_FALSE(alerting.sinks[1].wants(event));
    EXPECT_FALSE(alerting.sinks[2].wants(event));
    EXPECT_TRUE(alerting.sinks[3].wants(event));
  }
}

TEST(AlertSettings, SeverityIsALowerBound) {
  const SinkSettings sink =
      read("sinks: [{name: a, type: caller, min_severity: warning}]").sinks.at(0);
  EXPECT_FALSE(sink.wants(event_of(Severity::info)));
  EXPECT_TRUE(sink.wants(event_of(Severity::warning)));
  EXPECT_TRUE(sink.wants(event_of(Severity::critical)));
  event::Alert alert;
  alert.severity = Severity::info;
  EXPECT_FALSE(sink.wants(alert));
  alert.severity = Severity::critical;
  EXPECT_TRUE(sink.wants(alert));
}

TEST(AlertSettings, AnyOfTheSelectorsWillDo) {
  const SinkSettings sink =
      read("sinks: [{name: a, type: caller, match: [product=erp, product=mail]}]").sinks.at(0);
  EXPECT_TRUE(sink.wants(event_of(Severity::info, "erp")));
  EXPECT_TRUE(sink.wants(event_of(Severity::info, "mail")));
  EXPECT_FALSE(sink.wants(event_of(Severity::info, "web")));
}

TEST(AlertSettings, WhatAnEventTakesWithItCountsAsPicked) {
  const SinkSettings sink =
      read("sinks: [{name: a, type: caller, min_severity: warning, match: product=erp}]")
          .sinks.at(0);
  event::Event event = event_of(Severity::critical, "");
  EXPECT_FALSE(sink.wants(event));
  event.also_for = {"b"};
  EXPECT_FALSE(sink.wants(event));
  event.also_for = {"b", "a"};
  EXPECT_TRUE(sink.wants(event));
  event.severity = Severity::info;
  EXPECT_FALSE(sink.wants(event));
  event::Alert alert;
  alert.severity = Severity::warning;
  EXPECT_FALSE(sink.wants(alert));
  alert.also_for = {"a"};
  EXPECT_TRUE(sink.wants(alert));
}

TEST(AlertSettings, TheDaemonsOwnGoWhereNothingIsPicked) {
  const Alerting alerting =
      read("sinks: [{name: a, type: caller}, {name: b, type: caller, match: \"product=*\"}]");
  EXPECT_TRUE(alerting.sinks.at(0).wants(event_of(Severity::info, "")));
  EXPECT_FALSE(alerting.sinks.at(1).wants(event_of(Severity::info, "")));
  event::Alert alert;
  EXPECT_TRUE(alerting.sinks.at(0).wants(alert));
  EXPECT_FALSE(alerting.sinks.at(1).wants(alert));
  alert.check.emplace();
  EXPECT_TRUE(alerting.sinks.at(1).wants(alert));
}

TEST(AlertSettings, NamesOfSinksAreTakenOnce) {
  EXPECT_EQ(problems("sinks:\n- {name: a, type: caller}\n- {name: a, type: record, path: x}\n"),
            "t:3:10: sink a: the name is taken by the sink at t:2:10\n");
}

TEST(AlertSettings, StateIsNeverHeldBack) {
  EXPECT_THAT(problems("sinks: [{name: a, type: state, suppressed: false}]"),
              HasSubstr("t:1:44: sink a: suppressed has no effect here"));
}

TEST(AlertSettings, AWordThatIsNoTypeGetsTheNearestOne) {
  EXPECT_EQ(problems("sinks: [{name: a, type: recort, path: x}]"),
            "t:1:25: sink a: type is one of record, caller, state, not \"recort\"; did you mean "
            "record?\n");
}

TEST(AlertSettings, ATypeReadsItsOwnKeysAndNoOther) {
  EXPECT_EQ(problems("sinks: [{name: a, type: record, pat: x}]"),
            "t:1:9: sink a: path is missing\n"
            "t:1:33: sink a: unknown key \"pat\"; did you mean path?\n");
}

TEST(AlertSettings, TheEventLogIsForWindows) {
  EXPECT_THAT(problems("sinks: [{name: log, type: windows_event_log}]"),
              HasSubstr("t:1:27: sink log: windows_event_log is there on Windows only"));
}

}  // namespace
}  // namespace reachd::alert
