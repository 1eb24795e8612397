#include "probes/dns.hpp"

#include <gmock/gmock.h>

#include "tests/support/dns_server.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::Bytes;
using test::DnsQuery;
using test::DnsRecord;
using test::DnsServer;
using test::list;
using test::params;
using test::text;
using testing::ElementsAre;
using testing::HasSubstr;
using Reply = std::optional<DnsServer::Reply>;

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

// ---- the parser, from bytes ---------------------------------------------------------------------

const dns::Question kQuestion{"www.example.com", 1};

DnsQuery query_of(const dns::Question& question, std::uint16_t id = 0x1234) {
  const auto wire = dns::build_query(id, question, true).value();
  DnsQuery query;
  for (const std::byte byte : wire) {
    query.raw.push_back(std::to_integer<std::uint8_t>(byte));
  }
  query.name = question.name;
  query.type = question.type;
  return query;
}

std::expected<dns::Reply, dns::Misfit> parse(const Bytes& message,
                                             const dns::Question& question = kQuestion) {
  return dns::parse_reply(std::as_bytes(std::span(message)), 0x1234, question);
}

/// The answer's data as the parser shows it.
std::string shown(std::uint16_t type, const Bytes& data) {
  const dns::Question question{"x.example.com", type};
  const auto reply = parse(test::dns_reply(query_of(question), {{type, 300, data}}), question);
  if (!reply || reply->answers.empty()) {
    return "malformed";
  }
  const std::string& line = reply->answers.front();
  return line.substr(line.rfind('\t') + 1);
}

TEST(DnsMessage, AsksAsRfc1035Says) {
  const DnsQuery query = query_of({"a.bc", 15});
  EXPECT_THAT(query.raw, ElementsAre(0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 2, 'b',
                                     'c', 0, 0, 15, 0, 1));
  EXPECT_EQ(dns::build_query(1, {".", 2}, true)->size(), 17u);
  EXPECT_EQ(dns::build_query(1, {"a.bc.", 1}, true), dns::build_query(1, {"a.bc", 1}, true));
}

TEST(DnsMessage, RefusesNamesThatDoNotFit) {
  EXPECT_FALSE(dns::build_query(1, {"a..b", 1}, true));
  EXPECT_FALSE(dns::build_query(1, {".a", 1}, true));
  EXPECT_FALSE(dns::build_query(1, {std::string(64, 'a'), 1}, true));
  std::string longest;
  for (int label = 0; label < 127; ++label) {
    longest += "a.";
  }
  EXPECT_TRUE(dns::build_query(1, {longest, 1}, true));
  EXPECT_FALSE(dns::build_query(1, {longest + "a.", 1}, true));
}

TEST(DnsMessage, ShowsAnswersInZoneFileForm) {
  const auto reply = parse(test::dns_reply(query_of(kQuestion), {test::dns_address("192.0.2.1")}));
  ASSERT_TRUE(reply);
  EXPECT_THAT(reply->answers, ElementsAre("www.example.com.\t60\tIN\tA\t192.0.2.1"));
  EXPECT_EQ(reply->answer_count, 1);
  EXPECT_EQ(shown(28, test::dns_address("2001:db8::1").data), "2001:db8::1");
  EXPECT_EQ(shown(5, test::dns_name("Host.example.com")), "Host.example.com.");
  EXPECT_EQ(shown(15, joined({{0, 10}, test::dns_name("mail.example.com")})),
            "10 mail.example.com.");
  EXPECT_EQ(shown(33, joined({{0, 1, 0, 2, 0x01, 0xbb}, test::dns_name("s.example.com")})),
            "1 2 443 s.example.com.");
  EXPECT_EQ(shown(16, {3, 'a', ' ', 'b', 2, '"', 7}), R"("a b" "\"\007")");
  EXPECT_EQ(shown(6, joined({test::dns_name("ns.example.com"),
                             test::dns_name("admin.example.com"),
                             {0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5}})),
            "ns.example.com. admin.example.com. 1 2 3 4 5");
  EXPECT_EQ(shown(65, {0xde, 0xad}), "\\# 2 DEAD");
}

TEST(DnsMessage, EscapesWhatWouldFoolAReader) {
  EXPECT_EQ(shown(12, {4, 'a', '.', '\n', 0xff, 0}), R"(a\.\010\255.)");
}

TEST(DnsMessage, FollowsCompressionOnlyBackwards) {
  EXPECT_EQ(shown(5, {1, 'm', 0xc0, 12}), "m.x.example.com.");
  EXPECT_EQ(shown(5, {0xc0, 0xff}), "malformed") << "beyond the end";
  const Bytes question = test::dns_name("x.example.com");
  const auto here = static_cast<std::uint8_t>(12 + question.size() + 4 + 12);
  EXPECT_EQ(shown(5, {0xc0, here}), "malformed") << "a pointer to itself";
  EXPECT_EQ(shown(5, {1, 'm', 0xc0, here}), "malformed") << "a loop";
  EXPECT_EQ(shown(5, {0x40, 'm', 0}), "malformed") << "a label type that does not exist";
}

TEST(DnsMessage, RefusesDataThatDoesNotFillItsLength) {
  EXPECT_EQ(shown(1, {192, 0, 2}), "malformed");
  EXPECT_EQ(shown(1, {192, 0, 2, 1, 0}), "malformed");
  EXPECT_EQ(shown(16, {5, 'a'}), "malformed");
  EXPECT_EQ(shown(15, {0, 10, 1, 'm', 0, 0}), "malformed");
}

TEST(DnsMessage, EveryCutOfAReplyIsRefused) {
  const Bytes whole = test::dns_reply(
      query_of(kQuestion),
      {test::dns_address("192.0.2.1"), {15, 1, joined({{0, 1}, test::dns_name("m.example")})}});
  ASSERT_TRUE(parse(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))))
        << size;
  }
}

TEST(DnsMessage, KnowsWhatIsNotItsReply) {
  const Bytes good = test::dns_reply(query_of(kQuestion), {});
  EXPECT_EQ(parse(query_of(kQuestion).raw).error(), dns::Misfit::not_ours) << "a question";
  EXPECT_EQ(parse(test::dns_reply(query_of(kQuestion, 0x4321), {})).error(), dns::Misfit::not_ours);
  EXPECT_EQ(parse(good, {"other.example.com", 1}).error(), dns::Misfit::not_ours);
  EXPECT_EQ(parse(good, {"www.example.com", 2}).error(), dns::Misfit::not_ours);
  EXPECT_TRUE(parse(good, {"WWW.Example.com.", 1}));
  EXPECT_EQ(parse({1, 2, 3}).error(), dns::Misfit::malformed);
}

TEST(DnsMessage, ErrorsMayLeaveTheQuestionOut) {
  EXPECT_EQ(parse({0x12, 0x34, 0x81, 0x85, 0, 0, 0, 0, 0, 0, 0, 0})->rcode, 5u);
  EXPECT_FALSE(parse({0x12, 0x34, 0x81, 0x80, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(DnsMessage, KnowsItsWords) {
  EXPECT_EQ(dns::parse_type("mx"), 15);
  EXPECT_FALSE(dns::parse_type("bogus"));
  EXPECT_EQ(dns::type_name(65), "TYPE65");
  EXPECT_EQ(dns::parse_rcode("nxdomain"), 3u);
  EXPECT_EQ(dns::parse_rcode("RCODE11"), 11u);
  EXPECT_FALSE(dns::parse_rcode("bogus"));
  EXPECT_EQ(dns::reverse_name(*IpAddress::parse("192.0.2.1")), "1.2.0.192.in-addr.arpa");
  EXPECT_THAT(dns::reverse_name(*IpAddress::parse("2001:db8::1")),
              testing::AllOf(testing::StartsWith("1.0.0."), testing::EndsWith("1.0.0.2.ip6.arpa")));
}

// ---- the exchange -------------------------------------------------------------------------------

class DnsProbe : public testing::Test {
 protected:
  Outcome see(DnsServer::Script script, const Value& values = {}, Duration timeout = 4s) {
    DnsServer server(lab.context, std::move(script));
    Outcome outcome = lab.probe(dns_probe_type(), server.endpoint().to_string(), values, timeout);
    seen = server.seen();
    return outcome;
  }
  static Reply good(const DnsQuery& query) {
    return DnsServer::Reply{test::dns_reply_of_type(query, {test::dns_address("192.0.2.1")})};
  }
  static DnsServer::Script rcode(unsigned code) {
    return [code](const DnsQuery& query) {
      return DnsServer::Reply{test::dns_reply(query, {}, code)};
    };
  }
  static const DnsFacts& facts(const Outcome& outcome) {
    return std::get<DnsFacts>(*outcome.facts);
  }

  test::NetLab lab;
  std::vector<DnsQuery> seen;
  const Value www = params({{"query", text("www.example.com")}});
};

TEST_F(DnsProbe, AnAnswerIsUpWithItsFacts) {
  const Outcome outcome = see(good, www);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  ASSERT_TRUE(outcome.facts);
  EXPECT_EQ(facts(outcome).rcode, "NOERROR");
  EXPECT_THAT(facts(outcome).answers, ElementsAre("www.example.com.\t60\tIN\tA\t192.0.2.1"));
  EXPECT_FALSE(facts(outcome).over_tcp);
  EXPECT_TRUE(outcome.timings[Phase::request]);
  ASSERT_EQ(outcome.attempts.size(), 1u);
}

TEST_F(DnsProbe, WithoutAQueryEveryAnswerProvesTheServer) {
  EXPECT_EQ(see(rcode(test::kRefused)).reason, Reason::ok);
  EXPECT_EQ(seen.front().name, "");
  EXPECT_EQ(seen.front().type, 2);
}

TEST_F(DnsProbe, AResponseCodeThatWasNotExpectedHasItsReason) {
  EXPECT_EQ(see(rcode(test::kNxDomain), www).reason, Reason::dns_nxdomain);
  const Outcome failed = see(rcode(test::kServFail), www);
  EXPECT_EQ(failed.reason, Reason::dns_failure);
  EXPECT_EQ(failed.phase, Phase::request);
  EXPECT_THAT(failed.message, HasSubstr("SERVFAIL for www.example.com A"));
  EXPECT_EQ(facts(failed).rcode, "SERVFAIL");
  Value wanted = www;
  wanted.members.push_back({"valid_rcodes", {}, list({text("NXDOMAIN")})});
  EXPECT_EQ(see(rcode(test::kNxDomain), wanted).reason, Reason::ok);
  EXPECT_EQ(see(good, wanted).reason, Reason::content_mismatch);
}

TEST_F(DnsProbe, AnswersAreHeldAgainstPatterns) {
  const auto with = [this](const char* key, const char* pattern) {
    Value values = www;
    values.members.push_back({key, {}, text(pattern)});
    return values;
  };
  EXPECT_EQ(see(good, with("answers_match", "\tA\t192\\.0\\.2\\.1$")).reason, Reason::ok);
  EXPECT_EQ(see(good, with("answers_match", "192\\.0\\.2\\.9")).reason, Reason::content_mismatch);
  EXPECT_EQ(see(rcode(test::kNoError), with("answers_match", "192")).reason, Reason::dns_no_data);
  EXPECT_EQ(see(good, with("answers_not_match", "192\\.0")).reason, Reason::content_mismatch);
  EXPECT_EQ(see(good, with("answers_not_match", "10\\.0")).reason, Reason::ok);
}

TEST_F(DnsProbe, SendsAgainWhenADatagramIsLost) {
  int count = 0;
  const Outcome outcome =
      see([&count](const DnsQuery& query) { return ++count < 3 ? Reply() : good(query); }, www, 2s);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen.front().raw, seen.back().raw) << "the same question with the same id";
}

TEST_F(DnsProbe, SilenceProvesNothing) {
  const Outcome outcome = see([](const DnsQuery&) { return Reply(); }, www, 300ms);
  EXPECT_EQ(outcome.reason, Reason::no_reply);
  EXPECT_EQ(outcome.phase, Phase::request);
  EXPECT_GE(seen.size(), 2u);
}

TEST_F(DnsProbe, APortUnreachableIsARefusal) {
  Endpoint closed;
  {
    const DnsServer server(lab.context, good);
    closed = server.endpoint();
  }
  lab.context.poll();
  const Outcome outcome = lab.probe(dns_probe_type(), closed.to_string(), www);
  EXPECT_EQ(outcome.reason, Reason::refused) << outcome.message;
  EXPECT_EQ(outcome.phase, Phase::connect);
  EXPECT_EQ(outcome.attempts.front().phase, Phase::connect);
  EXPECT_EQ(outcome.attempts.front().offender, IpAddress::parse("127.0.0.1"));
}

TEST_F(DnsProbe, PassesOverForgedAnswers) {
  const Outcome outcome = see(
      [](const DnsQuery& query) {
        Bytes forged = test::dns_reply(query, {});
        forged[0] ^= 1;
        return query.over_tcp ? Reply() : DnsServer::Reply{forged};
      },
      www, 300ms);
  EXPECT_EQ(outcome.reason, Reason::protocol_mismatch) << outcome.message;
}

TEST_F(DnsProbe, AForgedAnswerDoesNotHideTheGoodOne) {
  int count = 0;
  const Outcome outcome = see(
      [&count](const DnsQuery& query) {
        Bytes reply = test::dns_reply_of_type(query, {test::dns_address("192.0.2.1")});
        if (++count == 1) {
          reply[1] ^= 1;
        }
        return DnsServer::Reply{reply};
      },
      www, 1s);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
}

TEST_F(DnsProbe, GarbageIsAnotherProtocol) {
  const Outcome outcome =
      see([](const DnsQuery&) { return DnsServer::Reply{Bytes{'n', 'o'}}; }, www, 300ms);
  EXPECT_EQ(outcome.reason, Reason::protocol_mismatch);
}

TEST_F(DnsProbe, ATruncatedAnswerIsFetchedOverTcp) {
  const Outcome outcome = see(
      [](const DnsQuery& query) {
        return query.over_tcp ? good(query) : DnsServer::Reply{test::dns_reply(query, {}, 0, true)};
      },
      www);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_TRUE(facts(outcome).over_tcp);
  EXPECT_EQ(facts(outcome).answer_count, 1);
}

TEST_F(DnsProbe, AsksOverTcpAlone) {
  Value values = www;
  values.members.push_back({"transport", {}, text("tcp")});
  const Outcome outcome = see(good, values);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_TRUE(seen.front().over_tcp);
  EXPECT_TRUE(outcome.timings[Phase::connect]);
  EXPECT_EQ(see([](const DnsQuery&) { return Reply(); }, values, 200ms).reason, Reason::stalled);
}

TEST_F(DnsProbe, ABannerOverTcpIsAnotherProtocolAtOnce) {
  test::LoopbackServer server(lab.context, test::banner("SSH-2.0-OpenSSH_9.2\r\n"));
  Value values = www;
  values.members.push_back({"transport", {}, text("tcp")});
  const Outcome outcome = lab.probe(dns_probe_type(), server.target(), values);
  EXPECT_EQ(outcome.reason, Reason::protocol_mismatch) << outcome.message;
}

TEST_F(DnsProbe, AResetOverTcpEndsWhereItHappened) {
  const test::Script reset = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read_until("example");
    peer.reset();
  };
  test::LoopbackServer server(lab.context, reset);
  Value values = www;
  values.members.push_back({"transport", {}, text("tcp")});
  const Outcome outcome = lab.probe(dns_probe_type(), server.target(), values);
  EXPECT_EQ(outcome.reason, Reason::reset) << outcome.message;
  EXPECT_EQ(outcome.phase, Phase::request);
}

TEST_F(DnsProbe, SendsNothingAfterAStop) {
  DnsServer server(lab.context, good);
  lab.deadlines.stop();
  const Outcome outcome = lab.probe(dns_probe_type(), server.endpoint().to_string(), www);
  EXPECT_TRUE(is_local_fault(outcome.reason)) << outcome.message;
  EXPECT_TRUE(server.seen().empty());
}

TEST_F(DnsProbe, AnAddressIsAskedForByItsReverseName) {
  see(good, params({{"query", text("192.0.2.1")}, {"type", text("PTR")}}));
  EXPECT_EQ(seen.front().name, "1.2.0.192.in-addr.arpa");
  see(good, params({{"query", text("a.example.com")}, {"recursion", text("false")}}));
  EXPECT_EQ(seen.front().raw[2] & 1, 0) << "recursion desired";
}

TEST_F(DnsProbe, SaysWhatIsWrongInItsParameters) {
  const auto problems = [this](const char* key, const char* value) {
    return lab.problems(dns_probe_type(), "127.0.0.1", params({{key, text(value)}}));
  };
  EXPECT_THAT(problems("type", "AAAAA"), HasSubstr("type is one of A, AAAA"));
  EXPECT_THAT(problems("query", "a..b"), HasSubstr("no name that can be asked for"));
  EXPECT_THAT(problems("valid_rcodes", "OK"), HasSubstr("no response code"));
  EXPECT_THAT(problems("answers_match", "("), HasSubstr("answers_match"));
  EXPECT_THAT(problems("transport", "icmp"), HasSubstr("transport"));
  EXPECT_THAT(problems("bogus", "1"), HasSubstr("bogus"));
}

}  // namespace
}  // namespace reachd
