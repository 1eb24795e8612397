#include "daemon/alert/sinks/syslog_message.hpp"

#include <gmock/gmock.h>

#include "probes/core/utf8.hpp"
#include "tests/daemon/delivery_lab.hpp"

namespace reachd::alert {
namespace {

using test::down_event;
using test::up_event;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::size_t kMost = 8192;

SyslogSender sender() { return {.host = "beacon-1", .process = "77"}; }

TEST(SyslogMessage, HasEveryPartOfRfc5424) {
  event::Event event = down_event();
  event.evidence.offender = "10.0.0.1";
  event.check->requirement = "sap.1.gateway";
  event.suppressed_by = engine::Modifier::maintenance;
  EXPECT_EQ(
      syslog_message(event, sender(), kMost),
      "<26>1 2026-11-22T10:54:45.123Z beacon-1 reachd 77 check.down "
      "[reachd@32473 id=\"01KAQ7J3W30000000000000101\" check=\"custom/erp\" severity=\"critical\" "
      "from=\"up\" to=\"down\" reason=\"refused\" phase=\"connect\" suppressed_by=\"maintenance\" "
      "target=\"erp.example.com:3300\" address=\"10.0.0.5\" offender=\"10.0.0.1\" "
      "since=\"2026-11-22T10:54:45.123Z\" product=\"custom\" requirement=\"sap.1.gateway\"] "
      "erp (erp.example.com:3300) can't be used: 10.0.0.5:3300 refused the connection");
}

TEST(SyslogMessage, PriorityIsMadeOfFacilityAndSeverity) {
  const auto priority = [](event::Event event, config::Severity severity, std::string_view word) {
    event.severity = severity;
    SyslogSender from = sender();
    from.facility = parse_facility(word).value();
    const std::string text = syslog_message(event, from, kMost);
    return text.substr(0, text.find('>') + 1);
  };
  EXPECT_EQ(priority(down_event(), config::Severity::critical, "kern"), "<2>");
  EXPECT_EQ(priority(down_event(), config::Severity::warning, "daemon"), "<28>");
  EXPECT_EQ(priority(down_event(), config::Severity::info, "authpriv"), "<86>");
  EXPECT_EQ(priority(up_event(), config::Severity::critical, "local7"), "<189>") << "notice";
  event::Event better = up_event();
  better.kind = event::Kind::check_degraded;
  better.to = engine::Verdict::degraded;
  EXPECT_EQ(priority(better, config::Severity::critical, "local0"), "<133>") << "down no more";
  EXPECT_FALSE(parse_facility("local8"));
  EXPECT_FALSE(parse_facility(""));
}

TEST(SyslogMessage, OfTheDaemonItselfSaysWhatThereIs) {
  event::Event event;
  event.id = "01KAQ7J3W30000000000000101";
  event.time = test::kNoon;
  event.kind = event::Kind::daemon_started;
  event.message = "reachd 0.1.0 has started";
  SyslogSender from = sender();
  from.process.clear();
  EXPECT_EQ(syslog_message(event, from, kMost),
            "<30>1 2026-11-22T10:54:45.123Z beacon-1 reachd - daemon.started [reachd@32473 "
            "id=\"01KAQ7J3W30000000000000101\" severity=\"info\"] reachd 0.1.0 has started");
}

TEST(SyslogMessage, EscapesWhatEndsAValue) {
  event::Event event = down_event();
  event.check->target = "a\"b]c\\d\ne";
  EXPECT_THAT(syslog_message(event, sender(), kMost),
              HasSubstr("target=\"a\\\"b\\]c\\\\d e\" address="))
      << "RFC 5424, 6.3.3; a line end would begin a message of its own at many receivers";
}

TEST(SyslogMessage, ForeignTextStaysOneLineOfUtf8) {
  event::Event event = down_event();
  event.message = "one\r\ntwo\x1b[31m\xff";
  const std::string text = syslog_message(event, sender(), kMost);
  EXPECT_TRUE(is_utf8(text));
  EXPECT_THAT(text, EndsWith("\xEF\xBB\xBFone  two [31m\xEF\xBF\xBD"));
}

TEST(SyslogMessage, HasAByteOrderMarkWhereItIsNotAscii) {
  event::Event event = down_event();
  EXPECT_THAT(syslog_message(event, sender(), kMost), Not(HasSubstr("\xEF\xBB\xBF")));
  event.message = "Übertragung steht";
  EXPECT_THAT(syslog_message(event, sender(), kMost), EndsWith("] \xEF\xBB\xBFÜbertragung steht"));
}

TEST(SyslogMessage, HostNameIsOneWord) {
  const auto host = [](std::string name) {
    SyslogSender from = sender();
    from.host = std::move(name);
    const std::string text = syslog_message(down_event(), from, kMost);
    const std::size_t begin = text.find("Z ") + 2;
    return text.substr(begin, text.find(' ', begin) - begin);
  };
  EXPECT_EQ(host("beacon-1.example.com"), "beacon-1.example.com");
  EXPECT_EQ(host("a b/c"), "a-b-c");
  EXPECT_EQ(host("Zürich"), "Z--rich");
  EXPECT_EQ(host(""), "-");
  EXPECT_EQ(host(std::string(300, 'x')).size(), 255U);
}

TEST(SyslogMessage, ADatagramIsCutBetweenCharacters) {
  event::Event event = down_event();
  event.message.clear();
  for (int i = 0; i < 900; ++i) {
    event.message += "é";
  }
  const std::string whole = syslog_message(event, sender(), kMost);
  for (std::size_t most = 2045; most <= 2048; ++most) {
    const std::string cut = syslog_message(event, sender(), most);
    EXPECT_LE(cut.size(), most);
    EXPECT_GE(cut.size(), most - 1);
    EXPECT_TRUE(is_utf8(cut)) << most;
    EXPECT_THAT(whole, StartsWith(cut));
  }
}

TEST(SyslogMessage, WhereRoomIsShortParametersGoBeforeTheSentence) {
  event::Event event = down_event();
  event.check->id = std::string(300, 'i');
  event.check->target = std::string(300, ']');
  event.message = std::string(100, 'm');
  const std::string text = syslog_message(event, sender(), 480);
  EXPECT_LE(text.size(), 480U);
  EXPECT_THAT(text, HasSubstr(" id=\"01KAQ7J3W30000000000000101\""));
  EXPECT_THAT(text, EndsWith("] " + event.message)) << "the list is closed, the sentence whole";
  event.message = std::string(5000, 'm');
  const std::string longest = syslog_message(event, sender(), kMost);
  EXPECT_LE(longest.size(), kMost);
  EXPECT_EQ(longest.find(std::string(2049, 'm')), std::string::npos);
}

}  // namespace
}  // namespace reachd::alert
