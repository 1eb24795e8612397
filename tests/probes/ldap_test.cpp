#include "probes/ldap.hpp"

#include <gmock/gmock.h>

#include "probes/core/ber.hpp"
#include "tests/support/details.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/octets.hpp"
#include "tests/support/test_ca.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::details;
using test::LoopbackServer;
using test::octets;
using test::params;
using test::text;
using testing::ElementsAre;
using testing::HasSubstr;

// What slapd 2.5.13 answers to build_search(2).
const std::string kEntry = test::from_hex(
    "3081df0201026481d904003081d43025040e6e616d696e67436f6e74657874733113041164633d6578616d706c652c"
    "64633d636f6d30818d0412737570706f72746564457874656e73696f6e31770416312e332e362e312e342e312e3134"
    "36362e32303033370417312e332e362e312e342e312e343230332e312e31312e310417312e332e362e312e342e312e"
    "343230332e312e31312e33040b312e332e362e312e312e38040e312e332e362e312e312e32312e33040e312e332e36"
    "2e312e312e32312e31301b0414737570706f727465644c44415056657273696f6e3103040133");
const std::string kDone = test::from_hex("300c02010265070a010004000400");
// The same server with `require authc`.
const std::string kRefusal =
    test::from_hex("3023020102651e0a01350400041761757468656e7469636174696f6e207265717569726564");
// The same server's answer to build_starttls(1).
const std::string kStartTlsGranted = test::from_hex("300c02010178070a010004000400");
// The ends of what the probe sends.
constexpr std::string_view kSearchEnd = "supportedCapabilities";
constexpr std::string_view kStartTlsEnd = "1.3.6.1.4.1.1466.20037";
const std::string kUnbind = test::from_hex("30050201034200");

std::string as_string(const ByteWriter& writer) { return std::string(as_text(writer.data())); }

/// An element around others.
std::string element(std::uint8_t tag, std::string_view contents) {
  ByteWriter out(65'536);
  ber::write(out, tag, contents);
  return as_string(out);
}

/// A PartialAttribute (RFC 4511, 4.1.7).
std::string attribute(std::string_view name, std::initializer_list<std::string_view> values) {
  std::string set;
  for (const std::string_view value : values) {
    set += element(ber::kOctetString, value);
  }
  return element(ber::kSequence, element(ber::kOctetString, name) + element(ber::kSet, set));
}

/// An operation of the server with the id of the search, or another.
std::string message(std::uint8_t tag, std::string_view operation, std::string_view id = "\x02") {
  return element(ber::kSequence, element(ber::kInteger, id) + element(tag, operation));
}

std::string entry(std::string_view attributes) {
  return message(0x64, element(ber::kOctetString, "") + element(ber::kSequence, attributes));
}

std::string result(char code, std::string_view diagnostic) {
  return element(ber::kEnumerated, std::string_view(&code, 1)) + element(ber::kOctetString, "") +
         element(ber::kOctetString, diagnostic);
}

/// Answers the search, then waits for the client to go.
test::Script answer(std::string bytes) {
  return [bytes = std::move(bytes)](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read_until(kSearchEnd);
    co_await peer.send(bytes);
    co_await peer.wait_until_closed();
  };
}

Outcome see(test::Script script, Duration timeout = 4s) {
  test::NetLab lab;
  LoopbackServer server(lab.context, std::move(script));
  return lab.probe(ldap_probe_type(), server.target(), {}, timeout);
}

using Details = std::vector<std::pair<std::string_view, std::string>>;

TEST(LdapMessage, TheRequestsAreThoseThatServersKnow) {
  // As OpenLDAP's ldapsearch encodes them, but for the names asked for.
  EXPECT_EQ(as_text(ldap::build_unbind(3)), kUnbind);
  EXPECT_EQ(as_text(ldap::build_starttls(1)),
            test::from_hex("301d02010177188016312e332e362e312e342e312e313436362e3230303337"));
  const auto search = ldap::build_search(2);
  EXPECT_TRUE(as_text(search).starts_with(
      test::from_hex("308200b8020102"  // the message, its id
                     "638200b104000a01000a0100020100020100010100870b6f626a656374436c617373")));
  EXPECT_TRUE(as_text(search).ends_with(kSearchEnd));
  EXPECT_EQ(ldap::frame(search), net::Framing(search.size()));
}

TEST(LdapMessage, ReadsAnEntryOfOpenLdap) {
  const auto parsed = ldap::parse(octets(kEntry));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->id, 2);
  EXPECT_EQ(parsed->kind, ldap::Message::Kind::entry);
  EXPECT_THAT(parsed->entry.versions, ElementsAre("3"));
  EXPECT_THAT(parsed->entry.naming_contexts, ElementsAre("dc=example,dc=com"));
  EXPECT_TRUE(parsed->entry.starttls);
  EXPECT_FALSE(parsed->entry.active_directory);
}

TEST(LdapMessage, ReadsAnEntryAsActiveDirectoryShowsIt) {
  const auto parsed = ldap::parse(octets(entry(
      attribute("dnsHostName", {"dc1.example.com"}) +
      attribute("DEFAULTNAMINGCONTEXT", {"DC=example,DC=com"}) +
      attribute("supportedLDAPVersion", {"3", "2"}) +
      attribute("supportedCapabilities", {"1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670"}))));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->entry.dns_host_name, "dc1.example.com");
  EXPECT_EQ(parsed->entry.default_naming_context, "DC=example,DC=com");
  EXPECT_THAT(parsed->entry.versions, ElementsAre("3", "2"));
  EXPECT_TRUE(parsed->entry.active_directory);
}

TEST(LdapMessage, ReadsResultsAndTheNoticeOfDisconnection) {
  const auto done = ldap::parse(octets(kRefusal));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->kind, ldap::Message::Kind::done);
  EXPECT_EQ(done->result.code, 53);
  EXPECT_EQ(done->result.diagnostic, "authentication required");
  // RFC 4511, 4.4.1: id 0 and a responseName after the result.
  const auto notice = ldap::parse(
      octets(message(0x78, result(52, "going down") + element(0x8A, "1.3.6.1.4.1.1466.20036"),
                     std::string_view("\0", 1))));
  ASSERT_TRUE(notice);
  EXPECT_EQ(notice->id, 0);
  EXPECT_EQ(notice->kind, ldap::Message::Kind::extended);
  EXPECT_EQ(notice->result.code, 52);
  EXPECT_EQ(ldap::parse(octets(message(0x73, "")))->kind, ldap::Message::Kind::reference);
}

TEST(LdapMessage, WhatIsMalformedIsNoMessage) {
  for (std::size_t size = 0; size < kEntry.size(); ++size) {
    EXPECT_FALSE(ldap::parse(octets(kEntry.substr(0, size)))) << size;
  }
  EXPECT_FALSE(ldap::parse(octets(message(0x61, result(0, ""))))) << "a bind was not asked for";
  EXPECT_FALSE(ldap::parse(octets(message(0x65, "")))) << "no result in it";
  EXPECT_FALSE(ldap::parse(octets(entry(element(ber::kSequence, element(ber::kSet, ""))))));
  EXPECT_FALSE(ldap::parse(octets(entry(
      element(ber::kSequence, element(ber::kOctetString, "a") + element(ber::kSet, "\x04"))))));
}

TEST(LdapMessage, WhatIsKeptIsBoundedAndUtf8) {
  std::string many;
  for (int i = 0; i < 30; ++i) {
    many += attribute("namingContexts", {std::string(1000, '\xFF')});
  }
  const auto parsed = ldap::parse(octets(entry(many)));
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->entry.naming_contexts.size(), 8U);
  EXPECT_EQ(parsed->entry.naming_contexts.front().size(), 128 * std::string("\uFFFD").size());
}

TEST(LdapFrame, LooksAtTheFirstBytesBeforeItWaits) {
  EXPECT_EQ(ldap::frame(octets("0")), net::Framing(std::nullopt));
  EXPECT_EQ(ldap::frame(octets(kEntry + kDone)), net::Framing(kEntry.size()));
  EXPECT_FALSE(ldap::frame(octets("SSH-2.0")));
  EXPECT_FALSE(ldap::frame(octets("0\x84\xFF\xFF\xFF\xFF")));
  EXPECT_FALSE(ldap::frame(octets("0\x80")));
  EXPECT_FALSE(ldap::frame(octets("0abc"))) << "no id after the length";
}

TEST(LdapProbe, ARootEntryIsUpWithItsFacts) {
  const Outcome outcome = see(answer(kEntry + kDone));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_EQ(outcome.message, "an LDAP server for dc=example,dc=com");
  EXPECT_EQ(details(outcome), (Details{{"ldap_versions", "3"},
                                       {"naming_contexts", "dc=example,dc=com"},
                                       {"starttls", "offered"}}));
}

TEST(LdapProbe, ActiveDirectoryIsNamed) {
  const Outcome outcome =
      see(answer(entry(attribute("dnsHostName", {"dc1.example.com"}) +
                       attribute("supportedCapabilities", {"1.2.840.113556.1.4.800"})) +
                 kDone));
  EXPECT_EQ(details(outcome), (Details{{"vendor", "Microsoft Active Directory"},
                                       {"host_name", "dc1.example.com"},
                                       {"starttls", "not offered"}}));
}

TEST(LdapProbe, SaysGoodByeAtTheEnd) {
  test::NetLab lab;
  std::string said;
  const test::Script script = [&said](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read_until(kSearchEnd);
    co_await peer.send(kEntry + kDone);
    said = co_await peer.read_until(kUnbind);
  };
  LoopbackServer server(lab.context, script);
  EXPECT_EQ(lab.probe(ldap_probe_type(), server.target()).reason, Reason::ok);
  lab.context.restart();
  while (said.empty() && lab.context.run_one_for(5s) > 0) {
  }
  EXPECT_EQ(said, kUnbind);
}

TEST(LdapProbe, ARefusalIsUpAndTold) {
  const Outcome outcome = see(answer(kRefusal));
  EXPECT_EQ(outcome.reason, Reason::ok);
  EXPECT_FALSE(outcome.degraded);
  EXPECT_THAT(outcome.message, HasSubstr("unwillingToPerform (53): authentication required"));
}

TEST(LdapProbe, BusyAndUnavailableAreDegraded) {
  for (const char code : {char{51}, char{52}}) {
    const Outcome outcome = see(answer(message(0x65, result(code, ""))));
    EXPECT_EQ(outcome.reason, Reason::ok);
    EXPECT_TRUE(outcome.degraded) << outcome.message;
  }
  const Outcome notice =
      see(answer(message(0x78, result(52, "maintenance"), std::string_view("\0", 1))));
  EXPECT_TRUE(notice.degraded);
  EXPECT_THAT(notice.message, HasSubstr("unavailable (52): maintenance"));
}

TEST(LdapProbe, AnAnswerInPiecesIsPutTogether) {
  const test::Script script = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read_until(kSearchEnd);
    co_await peer.send(kEntry.substr(0, 1));
    co_await peer.pause(5ms);
    co_await peer.send(kEntry.substr(1, 100));
    co_await peer.pause(5ms);
    co_await peer.send(kEntry.substr(101) + kDone);
    co_await peer.wait_until_closed();
  };
  const Outcome outcome = see(script);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
}

TEST(LdapProbe, WhatIsNotTheAnswerIsAMismatch) {
  for (const std::string& bytes :
       {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string("\0\0\0\0", 4),
        std::string("0garbage"), message(0x65, result(0, ""), "\x07"), message(0x61, result(0, "")),
        message(0x78, result(0, ""))}) {
    const Outcome outcome = see(answer(bytes));
    EXPECT_EQ(outcome.reason, Reason::protocol_mismatch) << outcome.message;
    EXPECT_EQ(outcome.phase, Phase::request);
  }
}

TEST(LdapProbe, EntriesWithoutAnEndAreAMismatch) {
  std::string flood;
  for (int i = 0; i < 20; ++i) {
    flood += kEntry;
  }
  EXPECT_EQ(see(answer(flood)).reason, Reason::protocol_mismatch);
}

TEST(LdapProbe, SilenceAndAnEndAreToldApart) {
  EXPECT_EQ(see(test::mute(), 50ms).reason, Reason::stalled);
  EXPECT_EQ(see(answer(kEntry), 50ms).reason, Reason::stalled)
      << "the end of the search is missing";
  const test::Script script = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read_until(kSearchEnd);
    co_await peer.send(kEntry.substr(0, 20));
  };
  const Outcome closed = see(script);
  EXPECT_EQ(closed.reason, Reason::closed_early) << closed.message;
}

class LdapTls : public testing::Test {
 protected:
  test::NetLab lab;
  test::TestCa ca;
  test::TempFile ca_file{ca.certificate()};
  test::ServerTls tls{ca.issue()};

  Value secured(std::string security) const {
    return params({{"security", text(std::move(security))},
                   {"tls", params({{"ca_file", text(ca_file.path())}})}});
  }
  Outcome start_tls(const test::Script& script) {
    LoopbackServer server(lab.context, script);
    return lab.probe(ldap_probe_type(), server.target(), secured("starttls"));
  }
};

TEST_F(LdapTls, SpeaksTlsFromTheFirstByte) {
  LoopbackServer server(lab.context, answer(kEntry + kDone), tls);
  const Outcome outcome = lab.probe(ldap_probe_type(), server.target(), secured("tls"));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_TRUE(outcome.tls);
  EXPECT_FALSE(details(outcome).empty());
}

TEST_F(LdapTls, ADemandForAClientCertificateProvesTheServer) {
  tls.client_certificate = test::ServerTls::ClientCertificate::required;
  tls.client_ca = ca.certificate();
  LoopbackServer server(lab.context, answer(kEntry + kDone), tls);
  const Outcome outcome = lab.probe(ldap_probe_type(), server.target(), secured("tls"));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_THAT(outcome.message, HasSubstr("client certificate"));
}

TEST_F(LdapTls, StartTlsChangesTheConnectionAndSearchesInside) {
  const test::Script script = [this](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read_until(kStartTlsEnd);
    co_await peer.send(kStartTlsGranted);
    const bool secured = co_await peer.start_tls(tls);
    if (secured) {
      co_await peer.read_until(kSearchEnd);
      co_await peer.send(kEntry + kDone);
      co_await peer.wait_until_closed();
    }
  };
  const Outcome outcome = start_tls(script);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  ASSERT_TRUE(outcome.tls);
  EXPECT_EQ(outcome.tls->version, "TLSv1.3");
  EXPECT_TRUE(outcome.timings[Phase::tls]);
}

TEST_F(LdapTls, ARefusedStartTlsIsNoTls) {
  const test::Script script = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read_until(kStartTlsEnd);
    co_await peer.send(message(0x78, result(2, "unsupported extended operation"), "\x01"));
    co_await peer.wait_until_closed();
  };
  const Outcome outcome = start_tls(script);
  EXPECT_EQ(outcome.reason, Reason::tls_handshake);
  EXPECT_THAT(outcome.message, HasSubstr("protocolError (2): unsupported extended operation"));
}

TEST_F(LdapTls, BytesBehindTheGrantOfStartTlsAreNotTakenIntoTheSecuredConnection) {
  const test::Script script = [this](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read_until(kStartTlsEnd);
    co_await peer.send(kStartTlsGranted + kEntry + kDone);
    co_await peer.start_tls(tls);
  };
  const Outcome outcome = start_tls(script);
  EXPECT_EQ(outcome.reason, Reason::protocol_mismatch) << outcome.message;
}

TEST_F(LdapTls, ABadCertificateIsJudgedAfterTheAnswerWasRead) {
  LoopbackServer server(lab.context, answer(kEntry + kDone), test::ServerTls{test::self_signed()});
  const Outcome outcome = lab.probe(ldap_probe_type(), server.target(), secured("tls"));
  EXPECT_EQ(outcome.reason, Reason::tls_untrusted) << outcome.message;
  EXPECT_EQ(outcome.phase, Phase::tls);
  EXPECT_FALSE(details(outcome).empty());
}

TEST_F(LdapTls, ThePortsOfLdapsAndItsSchemeSpeakTls) {
  // A map `tls` is an error without security.
  const Value observe = params({{"tls", params({{"verify", text("observe")}})}});
  for (const char* target : {"h:636", "h:3269", "ldaps://h", "ldaps://h:10636"}) {
    EXPECT_EQ(lab.problems(ldap_probe_type(), target, observe), "") << target;
  }
  for (const char* target : {"h", "h:3268", "ldap://h"}) {
    EXPECT_NE(lab.problems(ldap_probe_type(), target, observe), "") << target;
  }
  EXPECT_EQ(parse_target("ldaps://h", 389)->port, 636);
}

}  // namespace
}  // namespace reachd
