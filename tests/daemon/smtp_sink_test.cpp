#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>

#include "probes/net/http.hpp"
#include "tests/daemon/delivery_lab.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/test_ca.hpp"

namespace reachd::alert {
namespace {

using namespace std::chrono_literals;
using test::down_event;
using test::list;
using test::params;
using test::Peer;
using test::text;
using test::up_event;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

constexpr std::string_view kHangUp = "(hang up)";
constexpr std::string_view kSilence = "(silence)";

/// A mail server that answers each command by its first word from a table; what is not in it goes
/// well. "" is the greeting, "." the end of a mail.
class Relay {
 public:
  Relay(test::DeliveryLab& lab, std::map<std::string, std::string> replies,
        std::optional<test::ServerTls> starttls = {}, std::optional<test::ServerTls> tls = {})
      : replies_(std::move(replies)),
        starttls_(std::move(starttls)),
        server_(lab.context, script(), std::move(tls)) {}

  std::string target() const { return server_.target(); }
  std::uint16_t port() const { return server_.port(); }
  void change(const std::string& word, const std::string& reply) { replies_[word] = reply; }

  std::vector<std::string> commands;  // of all connections
  std::vector<std::string> mails;     // as they came, with the dots
  int connections = 0;

 private:
  test::Script script() {
    return [this](Peer& peer) { return serve(peer); };
  }

  asio::awaitable<void> serve(Peer& peer) {
    ++connections;
    std::string reply = said("", "220 mail.example.com ESMTP");
    for (;;) {
      if (reply == kSilence) {
        co_await peer.wait_until_closed();
      }
      if (reply == kHangUp || reply == kSilence) {
        co_return;
      }
      co_await peer.send(reply + "\r\n");
      if (reply.starts_with("354")) {
        std::string mail = co_await peer.read_until("\r\n.\r\n");
        mails.push_back(std::move(mail));
        reply = said(".", "250 2.0.0 queued");
        continue;
      }
      if (!commands.empty() && commands.back() == "STARTTLS" && reply.starts_with("220")) {
        const bool secured = co_await peer.start_tls(*starttls_);
        if (!secured) {
          co_return;
        }
      }
      std::string line = co_await peer.read_until("\r\n");
      if (!line.ends_with("\r\n")) {
        co_return;
      }
      line.resize(line.size() - 2);
      commands.push_back(line);
      reply = answer(line);
    }
  }

  std::string answer(const std::string& line) {
    const std::string word = line.substr(0, line.find_first_of(" :"));
    static const std::map<std::string, std::string> kUsual{
        {"EHLO", "250-mail.example.com\r\n250-PIPELINING\r\n250-StartTLS\r\n250 AUTH LOGIN PLAIN"},
        {"STARTTLS", "220 2.0.0 go ahead"},
        {"AUTH", "235 2.7.0 welcome"},
        {"DATA", "354 go on"},
        {"QUIT", "221 2.0.0 bye"}};
    const auto usual = kUsual.find(word);
    const std::string whole = said(line, "");
    return !whole.empty() ? whole : said(word, usual == kUsual.end() ? "250 ok" : usual->second);
  }

  std::string said(const std::string& word, const std::string& otherwise) const {
    const auto found = replies_.find(word);
    return found == replies_.end() ? otherwise : found->second;
  }

  std::map<std::string, std::string> replies_;
  std::optional<test::ServerTls> starttls_;
  test::LoopbackServer server_;
};

class SmtpSink : public testing::Test {
 protected:
  static Value values(const std::string& address, std::vector<std::pair<std::string, Value>> more) {
    Value map =
        params({{"from", text("reachd@example.com")}, {"ehlo", text("beacon-1.example.com")}});
    map.members.push_back({"address", {}, text(address)});
    for (auto& [key, value] : more) {
      map.members.push_back({key, {}, std::move(value)});
    }
    if (map.find("to") == nullptr) {
      map.members.push_back({"to", {}, text("noc@example.com")});
    }
    return map;
  }
  /// In clear unless `more` says otherwise.
  std::shared_ptr<Sink> sink(const std::string& address,
                             std::vector<std::pair<std::string, Value>> more = {}) {
    Value map = values(address, std::move(more));
    if (map.find("starttls") == nullptr && map.find("implicit_tls") == nullptr) {
      map.members.push_back({"starttls", {}, text("false")});
    }
    return lab.make(smtp_sink(), map);
  }
  std::shared_ptr<Sink> secured(const Relay& relay, const std::string& how,
                                std::vector<std::pair<std::string, Value>> more = {}) {
    more.emplace_back(how, text("true"));
    more.emplace_back("tls", params({{"ca_file", text(ca_file.path())}}));
    return sink(relay.target(), std::move(more));
  }
  /// How one event fares with a relay that answers so, and why.
  std::string fate(std::map<std::string, std::string> replies, Duration timeout = 4s) {
    Relay relay(lab, std::move(replies));
    const auto receipts = lab.deliver(*sink(relay.target()), {down_event()}, timeout);
    return test::hows(receipts) + (receipts[0].why.empty() ? "" : ": " + receipts[0].why);
  }

  test::DeliveryLab lab;
  test::TestCa ca;
  test::TempFile ca_file{ca.certificate()};
  test::ServerTls tls{ca.issue()};
};

TEST_F(SmtpSink, HandsOverAMail) {
  Relay relay(lab, {});
  const auto made = sink(relay.target());
  EXPECT_EQ(test::hows(lab.deliver(*made, {down_event()})), "delivered");
  EXPECT_THAT(relay.commands,
              ElementsAre("EHLO beacon-1.example.com", "MAIL FROM:<reachd@example.com>",
                          "RCPT TO:<noc@example.com>", "DATA", "QUIT"));
  ASSERT_THAT(relay.mails, SizeIs(1));
  EXPECT_THAT(relay.mails[0], HasSubstr("Subject: [critical] erp (erp.example.com:3300) is down"));
}

TEST_F(SmtpSink, SeveralEventsAreOneMail) {
  Relay relay(lab, {});
  EXPECT_EQ(test::hows(lab.deliver(*sink(relay.target()), {down_event(1), up_event(2)})),
            "delivered delivered");
  ASSERT_THAT(relay.mails, SizeIs(1));
  EXPECT_THAT(relay.mails[0], HasSubstr("2 events"));
}

TEST_F(SmtpSink, ADotBeginsNoEnd) {
  Relay relay(lab, {});
  event::Event event = down_event();
  event.message = "\n.\nQUIT";
  EXPECT_EQ(test::hows(lab.deliver(*sink(relay.target()), {event})), "delivered");
  ASSERT_THAT(relay.mails, SizeIs(1));
  EXPECT_THAT(relay.mails[0], HasSubstr("\r\n..\r\nQUIT"));
  EXPECT_THAT(relay.mails[0], EndsWith("\r\n.\r\n"));
}

TEST_F(SmtpSink, WhatIsRefusedForGoodIsTheMailAlone) {
  EXPECT_EQ(fate({{".", "554 5.7.1 spam"}}),
            "refused: the mail server refuses the mail: 554 5.7.1 spam");
  // All else is a setting that somebody will mend, or the moment; the events wait.
  EXPECT_EQ(fate({{"", "554 5.7.1 not you"}}),
            "retry: the mail server refuses the connection: 554 5.7.1 not you");
  EXPECT_EQ(fate({{"", "421 too busy"}}),
            "retry: the mail server refuses the connection: 421 too busy");
  EXPECT_EQ(fate({{"EHLO", "550 who?"}}),
            "retry: the mail server refuses to hear of beacon-1.example.com: 550 who?");
  EXPECT_EQ(fate({{"MAIL", "553 5.7.1 not yours"}}),
            "retry: the mail server refuses mail from reachd@example.com: 553 5.7.1 not yours");
  EXPECT_EQ(fate({{"MAIL", "451 4.3.0 later"}}),
            "retry: the mail server refuses mail from reachd@example.com: 451 4.3.0 later");
  EXPECT_EQ(
      fate({{"RCPT", "554 5.7.1 relay access denied"}}),
      "retry: the mail server refuses mail to noc@example.com: 554 5.7.1 relay access denied");
  EXPECT_EQ(fate({{"RCPT", "450 4.2.0 greylisted"}}),
            "retry: the mail server refuses mail to noc@example.com: 450 4.2.0 greylisted");
  EXPECT_EQ(fate({{"DATA", "452 4.3.1 no space"}}),
            "retry: the mail server refuses DATA: 452 4.3.1 no space");
  EXPECT_EQ(fate({{".", "451 4.3.0 later"}}),
            "retry: the mail server refuses the mail: 451 4.3.0 later");
}

TEST_F(SmtpSink, AConnectionThatIsCutLeavesTheEventWaiting) {
  for (const char* step : {"", "EHLO", "MAIL", "RCPT", "DATA", "."}) {
    EXPECT_THAT(fate({{step, std::string(kHangUp)}}), StartsWith("retry: the peer closed")) << step;
  }
  EXPECT_EQ(fate({{"QUIT", std::string(kHangUp)}}), "delivered") << "the mail was taken before";
}

TEST_F(SmtpSink, SilenceEndsWithTheTime) {
  for (const char* step : {"", "EHLO", "MAIL", "RCPT", "DATA", "."}) {
    EXPECT_THAT(fate({{step, std::string(kSilence)}}, 100ms),
                StartsWith("retry: connected, but no answer in time"))
        << step;
  }
  EXPECT_EQ(fate({{"QUIT", std::string(kSilence)}}, 100ms), "delivered");
}

TEST_F(SmtpSink, WhoIsNoMailServerGetsNothing) {
  test::LoopbackServer web(lab.context, test::banner("HTTP/1.1 400 Bad Request\r\n\r\n"));
  const auto receipts = lab.deliver(*sink(web.target()), {down_event()});
  ASSERT_EQ(test::hows(receipts), "retry");
  EXPECT_THAT(receipts[0].why, HasSubstr("does not speak SMTP"));
  const test::ClosedPort closed(lab.context);
  EXPECT_EQ(test::hows(lab.deliver(*sink(closed.endpoint().to_string()), {down_event()})), "retry");
}

TEST_F(SmtpSink, AnOldServerHearsHelo) {
  Relay relay(lab, {{"EHLO", "502 5.5.1 what?"}});
  EXPECT_EQ(test::hows(lab.deliver(*sink(relay.target()), {down_event()})), "delivered");
  EXPECT_THAT(relay.commands, testing::Contains("HELO beacon-1.example.com"));
}

TEST_F(SmtpSink, OneRecipientThatIsTurnedAwayKeepsNobodyElseFromIt) {
  Relay relay(lab, {{"RCPT TO:<gone@example.com>", "550 5.1.1 unknown"}});
  const auto made =
      sink(relay.target(), {{"to", list({text("gone@example.com"), text("noc@example.com")})}});
  EXPECT_EQ(test::hows(lab.deliver(*made, {down_event()})), "delivered");
  EXPECT_THAT(relay.mails, SizeIs(1));
}

TEST_F(SmtpSink, WhoIsToTryLaterGetsItLaterAndTheOthersOnce) {
  Relay relay(lab, {{"RCPT TO:<full@example.com>", "452 4.2.2 mailbox full"}});
  const auto made =
      sink(relay.target(), {{"to", list({text("full@example.com"), text("noc@example.com")})}});
  const auto again = [&](const std::string& reply, const std::vector<event::Event>& events) {
    relay.change("RCPT TO:<full@example.com>", reply);
    relay.commands.clear();
    relay.mails.clear();
    return test::hows(lab.deliver(*made, events));
  };
  EXPECT_EQ(again("452 4.2.2 mailbox full", {down_event(1)}), "retry");
  EXPECT_THAT(relay.mails, SizeIs(1));
  EXPECT_EQ(again("452 4.2.2 mailbox full", {down_event(1)}), "retry");
  EXPECT_THAT(relay.mails, SizeIs(0));
  EXPECT_THAT(relay.commands, Not(testing::Contains("RCPT TO:<noc@example.com>")));
  EXPECT_EQ(again("250 ok", {down_event(1), up_event(2)}), "delivered delivered")
      << "the second is for both";
  EXPECT_THAT(relay.mails, SizeIs(2));
  EXPECT_EQ(std::ranges::count(relay.commands, "RCPT TO:<noc@example.com>"), 1);
  EXPECT_EQ(again("451 4.3.0 later", {down_event(3)}), "retry");
  EXPECT_EQ(again("550 5.1.1 unknown", {down_event(3)}), "delivered") << "to all who want it";
}

TEST_F(SmtpSink, ADigestThatIsRefusedIsSentInPieces) {
  Relay relay(lab, {{".", "552 5.3.4 too large"}});
  const auto receipts = lab.deliver(*sink(relay.target()), {down_event(1), up_event(2)});
  EXPECT_EQ(test::hows(receipts), "refused refused");
  EXPECT_THAT(relay.mails, SizeIs(3));
  EXPECT_EQ(relay.connections, 1);
}

TEST_F(SmtpSink, TheNextAddressMayDoBetter) {
  Relay relay(lab, {});
  lab.resolver.names["mail.example.com"] = {*IpAddress::parse("127.0.0.2"),
                                            *IpAddress::parse("127.0.0.1")};
  EXPECT_EQ(test::hows(lab.deliver(*sink("mail.example.com:" + std::to_string(relay.port())),
                                   {down_event()})),
            "delivered");
}

TEST_F(SmtpSink, StarttlsComesBeforeAllElse) {
  Relay relay(lab, {}, tls);
  EXPECT_EQ(test::hows(lab.deliver(*secured(relay, "starttls"), {down_event()})), "delivered");
  EXPECT_THAT(
      relay.commands,
      ElementsAre("EHLO beacon-1.example.com", "STARTTLS", "EHLO beacon-1.example.com",
                  "MAIL FROM:<reachd@example.com>", "RCPT TO:<noc@example.com>", "DATA", "QUIT"));
}

TEST_F(SmtpSink, ImplicitTlsNeedsNoStarttls) {
  Relay relay(lab, {}, {}, tls);
  EXPECT_EQ(test::hows(lab.deliver(*secured(relay, "implicit_tls"), {down_event()})), "delivered");
  EXPECT_THAT(relay.commands, Not(testing::Contains("STARTTLS")));
}

TEST_F(SmtpSink, WithoutStarttlsNothingIsSaidInClear) {
  Relay silent_about_it(lab, {{"EHLO", "250 mail.example.com"}}, tls);
  const auto without = lab.deliver(*secured(silent_about_it, "starttls"), {down_event()});
  ASSERT_EQ(test::hows(without), "retry");
  EXPECT_THAT(without[0].why, HasSubstr("offers no STARTTLS"));
  EXPECT_THAT(silent_about_it.commands, ElementsAre("EHLO beacon-1.example.com"));

  Relay refusing(lab, {{"STARTTLS", "454 4.7.0 not now"}}, tls);
  EXPECT_EQ(test::hows(lab.deliver(*secured(refusing, "starttls"), {down_event()})), "retry");
  EXPECT_THAT(refusing.commands, ElementsAre("EHLO beacon-1.example.com", "STARTTLS"));
}

TEST_F(SmtpSink, WordsSlippedInBeforeTheHandshakeEndIt) {
  Relay relay(lab, {{"STARTTLS", "220 go ahead\r\n250 injected"}}, tls);
  const auto receipts = lab.deliver(*secured(relay, "starttls"), {down_event()});
  ASSERT_EQ(test::hows(receipts), "retry");
  EXPECT_EQ(receipts[0].why, "something was slipped in before the TLS handshake");
  EXPECT_THAT(relay.mails, IsEmpty());
}

TEST_F(SmtpSink, AServerThatIsNotTrustedGetsNoMailAndNoPassword) {
  const test::TestCa other("another authority");
  tls.identity = other.issue();
  Relay relay(lab, {}, tls);
  const auto made =
      secured(relay, "starttls", {{"user", text("reachd")}, {"password", text("hunter2")}});
  EXPECT_EQ(test::hows(lab.deliver(*made, {down_event()})), "retry");
  EXPECT_THAT(relay.commands, ElementsAre("EHLO beacon-1.example.com", "STARTTLS"));
}

TEST_F(SmtpSink, LogsInWithPlain) {
  Relay relay(lab, {}, tls);
  const auto made =
      secured(relay, "starttls", {{"user", text("reachd")}, {"password", text("hunter2")}});
  EXPECT_EQ(test::hows(lab.deliver(*made, {down_event()})), "delivered");
  // RFC 4616, 2: no other identity, NUL, user, NUL, password.
  EXPECT_THAT(relay.commands, testing::Contains("AUTH PLAIN AHJlYWNoZABodW50ZXIy"));
}

TEST_F(SmtpSink, LogsInStepByStepWhereThatIsAllThereIs) {
  Relay relay(lab,
              {{"EHLO", "250-mail.example.com\r\n250 AUTH=LOGIN"},
               {"AUTH LOGIN", "334 VXNlcm5hbWU6"},
               {net::base64("reachd"), "334 UGFzc3dvcmQ6"},
               {net::base64("hunter2"), "235 welcome"}},
              {}, tls);
  const auto made =
      secured(relay, "implicit_tls", {{"user", text("reachd")}, {"password", text("hunter2")}});
  EXPECT_EQ(test::hows(lab.deliver(*made, {down_event()})), "delivered");
}

TEST_F(SmtpSink, AWrongPasswordWaitsForTheRightOneAndIsNotShown) {
  Relay relay(lab, {{"AUTH", "535 5.7.8 wrong: reachd hunter2"}}, tls);
  const auto made =
      secured(relay, "starttls", {{"user", text("reachd")}, {"password", text("hunter2")}});
  const auto receipts = lab.deliver(*made, {down_event()});
  ASSERT_EQ(test::hows(receipts), "retry");
  EXPECT_EQ(receipts[0].why, "the mail server refuses to log in the user: it answered 535");
  EXPECT_THAT(relay.mails, IsEmpty());

  Relay other(lab, {{"EHLO", "250-mail.example.com\r\n250 AUTH GSSAPI"}}, {}, tls);
  const auto unable = lab.deliver(
      *secured(other, "implicit_tls", {{"user", text("reachd")}, {"password", text("x")}}),
      {down_event()});
  ASSERT_EQ(test::hows(unable), "retry");
  EXPECT_THAT(unable[0].why, HasSubstr("neither AUTH PLAIN nor AUTH LOGIN"));
}

TEST_F(SmtpSink, ReadsItsKeysStrictly) {
  const auto said = [](const std::string& address,
                       std::vector<std::pair<std::string, Value>> more) {
    return test::DeliveryLab::problems(smtp_sink(), values(address, std::move(more)));
  };
  EXPECT_EQ(said("mail.example.com", {}), "");
  EXPECT_EQ(said("mail.example.com:25", {}), "") << "in clear, as relays within a site are";
  EXPECT_EQ(said("mail.example.com:465", {{"tls", params({})}}), "");
  EXPECT_EQ(said("localhost:25", {{"user", text("a")}, {"password", text("b")}}), "");
  EXPECT_EQ(said("[::1]:25", {{"user", text("a")}, {"password", text("b")}}), "");
  EXPECT_THAT(said("smtp://mail.example.com", {}), HasSubstr("address is host:port"));
  EXPECT_THAT(said("mail.example.com:25", {{"user", text("a")}, {"password", text("b")}}),
              HasSubstr("the password would cross the network"));
  EXPECT_THAT(said("mail.example.com:587",
                   {{"user", text("a")}, {"password", text("b")}, {"starttls", text("false")}}),
              HasSubstr("the password would cross the network"));
  EXPECT_THAT(said("mail.example.com", {{"user", text("a")}}), HasSubstr("belong together"));
  EXPECT_THAT(said("mail.example.com", {{"password", text("a")}}), HasSubstr("belong together"));
  EXPECT_THAT(said("m", {{"starttls", text("true")}, {"implicit_tls", text("true")}}),
              HasSubstr("exclude each other"));
  EXPECT_THAT(said("m:25", {{"tls", params({})}}), HasSubstr("tls has no effect"));
  EXPECT_THAT(said("m", {{"to", list({text("noc@example.com"), text("a@b\r\nDATA")})}}),
              HasSubstr("is no mail address"));
  EXPECT_THAT(said("m", {{"to", list({})}}), HasSubstr("between 1 and 50"));
  EXPECT_THAT(said("m", {{"subjet", text("x")}}), HasSubstr("subject"));
  EXPECT_THAT(test::DeliveryLab::problems(smtp_sink(),
                                          params({{"address", text("m")}, {"to", text("a@b")}})),
              HasSubstr("from"));
}

}  // namespace
}  // namespace reachd::alert
