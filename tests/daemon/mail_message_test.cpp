#include "daemon/alert/sinks/mail_message.hpp"

#include <gmock/gmock.h>

#include "daemon/alert/sinks/smtp_dialogue.hpp"
#include "tests/daemon/delivery_lab.hpp"

namespace reachd::alert {
namespace {

using namespace std::chrono_literals;
using test::down_event;
using test::up_event;
using testing::Each;
using testing::HasSubstr;
using testing::Le;
using testing::Not;
using testing::Property;
using testing::StartsWith;

Mail mail() {
  return {.from = "reachd@example.com",
          .to = {"noc@example.com", "night@example.com"},
          .prefix = {},
          .vantage = "beacon-1",
          .external_url = {}};
}

std::string written(const Mail& to, const std::vector<event::Event>& events) {
  std::vector<Delivery> deliveries;
  for (const event::Event& event : events) {
    deliveries.push_back({event, {}});
  }
  return mail_text(to, deliveries, test::kNoon + 1min);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  }
  return lines;
}

/// As a mail program shows the body.
std::string shown(std::string_view text) {
  text.remove_prefix(text.find("\r\n\r\n") + 4);
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r') {
      continue;
    }
    if (text[i] != '=') {
      result += text[i];
    } else if (text[i + 1] == '\r') {
      i += 2;
    } else {
      result += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    }
  }
  return result;
}

TEST(MailMessage, TellsATiredPersonAll) {
  event::Event event = down_event();
  event.check->requirement = "sap.1.gateway";
  event.evidence.offender = "10.0.0.1";
  event.affected = {"custom/a", "custom/b"};
  event.affected_count = 3;
  Mail to = mail();
  to.external_url = "https://beacon-1.example.com/";
  const std::string text = written(to, {event});
  EXPECT_THAT(text, StartsWith("Date: Sun, 22 Nov 2026 10:55:45 +0000\r\n"
                               "From: <reachd@example.com>\r\n"
                               "To: noc@example.com,\r\n night@example.com\r\n"
                               "Subject: [critical] erp (erp.example.com:3300) is down\r\n"
                               "Message-ID: <01KAQ7J3W30000000000000101@beacon-1>\r\n"
                               "Auto-Submitted: auto-generated\r\n"
                               "MIME-Version: 1.0\r\n"
                               "Content-Type: text/plain; charset=UTF-8\r\n"
                               "Content-Transfer-Encoding: quoted-printable\r\n\r\n"));
  EXPECT_EQ(shown(text),
            "erp (erp.example.com:3300) can't be used: 10.0.0.5:3300 refused the connection.\n"
            "\n"
            "Seen from     beacon-1\n"
            "Target        erp.example.com:3300, tcp\n"
            "Product       custom\n"
            "Required by   sap.1.gateway (required)\n"
            "Change        up to down at 2026-11-22 10:54:45 UTC\n"
            "Since         2026-11-22 10:54:45 UTC\n"
            "Reason        refused in phase connect\n"
            "In the way    10.0.0.1\n"
            "Down with it  custom/a, custom/b and 1 more\n"
            "\n"
            "Tried:\n"
            "  2026-11-22 10:54:45 UTC  10.0.0.5  refused (connect), error 111, after 0.4 ms\n"
            "\n"
            "Ask whoever runs erp.example.com whether the service is up.\n"
            "If it is, ask the firewall team whether something on the way rejects TCP from "
            "beacon-1 to erp.example.com (10.0.0.5) port 3300.\n"
            "\n"
            "Event 01KAQ7J3W30000000000000101 of check custom/erp\n"
            "\n"
            "More: https://beacon-1.example.com/\n");
  EXPECT_THAT(lines_of(text), Each(Property(&std::string_view::size, Le(76U))));
}

TEST(MailMessage, ARecoverySaysSoInItsSubject) {
  const std::string text = written(mail(), {up_event()});
  EXPECT_THAT(text,
              HasSubstr("\r\nSubject: [resolved] erp (erp.example.com:3300) is up again\r\n"));
  EXPECT_THAT(shown(text), Not(HasSubstr("Ask ")));
}

TEST(MailMessage, SeveralEventsAreOneDigestInTheirOrder) {
  Mail to = mail();
  to.prefix = "[ams]";
  const std::string text = written(to, {down_event(1), up_event(2), down_event(3)});
  EXPECT_THAT(text,
              HasSubstr("\r\nSubject: [ams] [critical] 3 events at beacon-1, the first: erp\r\n"
                        " (erp.example.com:3300) is down\r\n"));
  EXPECT_THAT(text, HasSubstr("Message-ID: <01KAQ7J3W30000000000000101."
                              "01KAQ7J3W30000000000000103@beacon-1>\r\n"));
  const std::string body = shown(text);
  EXPECT_THAT(body, StartsWith("3 events, in their order:\n\n"
                               "  2026-11-22 10:54:45 UTC  erp (erp.example.com:3300) is down\n"
                               "  2026-11-22 10:54:45 UTC  erp (erp.example.com:3300) is up again\n"
                               "  2026-11-22 10:54:45 UTC  erp (erp.example.com:3300) is down\n"));
  const std::size_t first = body.find("Event 01KAQ7J3W30000000000000101");
  const std::size_t second = body.find("Event 01KAQ7J3W30000000000000102");
  EXPECT_LT(first, second);
  EXPECT_LT(second, body.find("Event 01KAQ7J3W30000000000000103"));
}

TEST(MailMessage, TheSameEventsHaveTheSameKey) {
  const auto id = [](const std::vector<event::Event>& events, const std::string& vantage) {
    Mail to = mail();
    to.vantage = vantage;
    const std::string text = written(to, events);
    const std::size_t begin = text.find("Message-ID: ");
    return text.substr(begin, text.find("\r\n", begin) - begin);
  };
  EXPECT_EQ(id({down_event(1)}, "b"), id({down_event(1)}, "b"));
  EXPECT_NE(id({down_event(1)}, "b"), id({down_event(1), up_event(2)}, "b"))
      << "a mail server that drops repetitions must not take one for the other";
  EXPECT_EQ(id({down_event(1)}, "a b>\r\nX:"), "Message-ID: <01KAQ7J3W30000000000000101@a-b---X->");
}

TEST(MailMessage, OfTheDaemonItselfIsItsSentence) {
  event::Event event;
  event.id = "01KAQ7J3W30000000000000101";
  event.time = test::kNoon;
  event.kind = event::Kind::journal_failing;
  event.severity = config::Severity::warning;
  event.vantage = "beacon-1";
  event.message = "the journal can't be written: the disk is full";
  const std::string text = written(mail(), {event});
  EXPECT_THAT(text,
              HasSubstr("Subject: [warning] the journal can't be written: the disk is full\r\n"));
  EXPECT_EQ(shown(text),
            "the journal can't be written: the disk is full.\n\n"
            "Seen from     beacon-1\n"
            "Time          2026-11-22 10:54:45 UTC\n\n"
            "Event 01KAQ7J3W30000000000000101\n\n");
}

TEST(MailMessage, WhatToAskFitsTheReason) {
  const auto asked = [](Reason reason) {
    event::Event event = down_event();
    event.reason = reason;
    return shown(written(mail(), {event}));
  };
  EXPECT_THAT(asked(Reason::timeout),
              HasSubstr("Ask the firewall team to allow TCP from beacon-1 to erp.example.com "
                        "(10.0.0.5) port 3300.\n"));
  EXPECT_THAT(asked(Reason::local_firewall), HasSubstr("in the firewall of beacon-1 itself.\n"));
  EXPECT_THAT(asked(Reason::dns_nxdomain), HasSubstr("Ask the DNS team"));
  EXPECT_THAT(asked(Reason::tls_intercepted), HasSubstr("out of TLS inspection.\n"));
  EXPECT_THAT(asked(Reason::http_status), Not(HasSubstr("Ask ")));
}

TEST(MailHeader, StaysAsciiInShortLines) {
  EXPECT_EQ(header("Subject", "plain"), "Subject: plain\r\n");
  EXPECT_EQ(header("Subject", "a\r\nBcc: x@example.com"), "Subject: a  Bcc: x@example.com\r\n");
  // RFC 2047, 8 shows this word in ISO 8859-1.
  EXPECT_EQ(header("Subject", "Patrik Fältström"),
            "Subject: =?UTF-8?Q?Patrik_F=C3=A4ltstr=C3=B6m?=\r\n");
  EXPECT_EQ(header("Subject", "=?UTF-8?Q?x?="),
            "Subject: =?UTF-8?Q?=3D=3FUTF=2D8=3FQ=3Fx=3F=3D?=\r\n")
      << "shown as it is, not decoded";
  std::string umlauts;
  for (int i = 0; i < 60; ++i) {
    umlauts += "ä";
  }
  const std::string folded = header("Subject", umlauts);
  EXPECT_THAT(lines_of(folded), Each(Property(&std::string_view::size, Le(76U))));
  EXPECT_THAT(folded, Not(HasSubstr("=C3?="))) << "a character is never cut";
  EXPECT_EQ(header("Subject", std::string(100, 'x') + " y"),
            "Subject: " + std::string(100, 'x') + "\r\n y\r\n")
      << "a word is never cut";
}

TEST(QuotedPrintable, IsThatOfRfc2045) {
  EXPECT_EQ(quoted_printable("a=b\n"), "a=3Db\r\n");
  EXPECT_EQ(quoted_printable("Grüße\n"), "Gr=C3=BC=C3=9Fe\r\n");
  EXPECT_EQ(quoted_printable("blank \n"), "blank=20\r\n") << "at the end it would get lost";
  EXPECT_EQ(quoted_printable("no end"), "no end\r\n");
  EXPECT_EQ(quoted_printable("\n\n"), "\r\n\r\n");
  EXPECT_EQ(quoted_printable("a\x1b\x07\x7f\xff"), "a   =EF=BF=BD\r\n");
  EXPECT_EQ(quoted_printable(std::string(76, 'x')), std::string(76, 'x') + "\r\n");
  EXPECT_EQ(quoted_printable(std::string(77, 'x')), std::string(75, 'x') + "=\r\nxx\r\n");
  std::string long_line;
  for (int i = 0; i < 100; ++i) {
    long_line += "ü ";
  }
  EXPECT_THAT(lines_of(quoted_printable(long_line)),
              Each(Property(&std::string_view::size, Le(76U))));
}

TEST(DotStuffing, NothingEndsTheMailButItsEnd) {
  EXPECT_EQ(dot_stuffed("a\r\n"), "a\r\n.\r\n");
  EXPECT_EQ(dot_stuffed(".\r\nb\r\n"), "..\r\nb\r\n.\r\n");
  EXPECT_EQ(dot_stuffed("a\r\n..b\r\nc.\r\n"), "a\r\n...b\r\nc.\r\n.\r\n");
}

TEST(MailAddress, IsOneWordOfAscii) {
  for (const char* good : {"noc@example.com", "a.b+c@x", "o'neil@example.com", "x@[192.0.2.1]",
                           "x@[IPv6:2001:db8::1]"}) {
    EXPECT_TRUE(is_mail_address(good)) << good;
  }
  for (const char* bad : {"",
                          "noc",
                          "@example.com",
                          "noc@",
                          "a b@example.com",
                          "a@b c",
                          "a@b>",
                          "<a@b>",
                          "a@b\r\nRCPT TO:<c@d>",
                          "a..b@c",
                          ".a@b",
                          "a.@b",
                          "\"a b\"@c",
                          "jürg@example.com",
                          "a@exämple.com",
                          "NOC <noc@example.com>",
                          "a@b,c@d",
                          "x@[192.0.2.1",
                          "x@[2001:db8::1]",
                          "x@[IPv6:192.0.2.1]",
                          "x@192.0.2.1"}) {
    EXPECT_FALSE(is_mail_address(bad)) << bad;
  }
  EXPECT_FALSE(is_mail_address(std::string(65, 'a') + "@b"));
  EXPECT_FALSE(is_mail_address("a@" + std::string(260, 'b')));
}

}  // namespace
}  // namespace reachd::alert
