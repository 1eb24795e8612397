#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/blackbox/blackbox_lab.hpp"
#include "tests/support/dns_server.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/ports.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::Module;
using testing::HasSubstr;

constexpr std::uint16_t kA = 1;
constexpr std::uint16_t kSoa = 6;
constexpr std::uint16_t kTxt = 16;
constexpr std::uint16_t kChaos = 3;

Pattern pattern(std::string_view text) { return *Pattern::compile(text); }

Module asking(std::uint16_t type = kA) {
  Module module;
  module.dns.query_name = "www.example.com";
  module.dns.query_type = type;
  return module;
}

test::DnsServer::Script answers(std::vector<test::DnsRecord> records,
                                unsigned rcode = test::kNoError) {
  return [records = std::move(records), rcode](const test::DnsQuery& query) {
    return test::DnsServer::Reply{test::dns_reply(query, records, rcode)};
  };
}

struct DnsLab : test::BlackboxLab {
  DnsLab() { allow_all(); }

  bool probe(const Module& module, const std::string& target,
             Duration timeout = std::chrono::seconds(4)) {
    test::ModuleRun run(*this, module, target, timeout);
    const bool success = test::run(context, probe_dns(run.run));
    samples = run.samples;
    log = run.log.lines;
    text.clear();
    samples.render(text);
    return success;
  }

  Samples samples;
  std::string log;
  std::string text;
};

TEST(DnsProber, AnAnswerIsCountedAndHasItsPhases) {
  DnsLab lab;
  const test::DnsServer server(
      lab.context, answers({test::dns_address("192.0.2.1"), test::dns_address("192.0.2.2")}));
  EXPECT_TRUE(lab.probe(asking(), server.endpoint().to_string())) << lab.log;
  EXPECT_EQ(lab.samples.value(Family::dns_answer_rrs), 2);
  EXPECT_EQ(lab.samples.value(Family::dns_authority_rrs), 0);
  EXPECT_EQ(lab.samples.value(Family::dns_additional_rrs), 0);
  EXPECT_EQ(lab.samples.value(Family::dns_query_succeeded), 1);
  EXPECT_FALSE(lab.samples.has(Family::dns_serial));
  for (const char* phase : {"connect", "request", "resolve"}) {
    EXPECT_THAT(lab.text, HasSubstr("probe_dns_duration_seconds{phase=\"" + std::string(phase)));
  }
}

TEST(DnsProber, OverTcpTheSame) {
  DnsLab lab;
  const test::DnsServer server(lab.context, answers({test::dns_address("192.0.2.1")}));
  Module module = asking();
  module.dns.tcp = true;
  EXPECT_TRUE(lab.probe(module, server.endpoint().to_string())) << lab.log;
  EXPECT_TRUE(server.seen().front().over_tcp);
}

TEST(DnsProber, OverTlsWithTheNameOfTheServerJudged) {
  DnsLab lab;
  const test::TestCa ca;
  const test::Script script = [](test::Peer& peer) -> asio::awaitable<void> {
    const std::string head = co_await peer.read(2);
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(head[0]) << 8 |
                                               static_cast<unsigned char>(head[1]));
    const std::string raw = co_await peer.read(size);
    test::DnsQuery query;
    query.raw.assign(raw.begin(), raw.end());
    query.name = "www.example.com";
    query.type = kA;
    const test::Bytes reply = test::dns_reply(query, {test::dns_address("192.0.2.1")});
    test::Bytes framed;
    test::put16(framed, static_cast<unsigned>(reply.size()));
    framed.insert(framed.end(), reply.begin(), reply.end());
    const std::string bytes(framed.begin(), framed.end());
    co_await peer.send(bytes);
    co_await peer.wait_until_closed();
  };
  const test::LoopbackServer server(lab.context, script, test::ServerTls{ca.issue()});
  Module module = asking();
  module.dns.tcp = true;
  module.dns.tls = true;
  module.dns.tls_config.ca.text = Secret(ca.certificate());
  EXPECT_TRUE(lab.probe(module, server.target())) << lab.log;
  EXPECT_FALSE(lab.samples.has(Family::tls_version_info));
  module.dns.tls_config.server_name = "dns.example";
  EXPECT_FALSE(lab.probe(module, server.target()));
  EXPECT_EQ(lab.samples.value(Family::dns_query_succeeded), 0);
}

TEST(DnsProber, AnotherCodeThanExpectedFailsButTheQuerySucceeded) {
  DnsLab lab;
  const test::DnsServer server(lab.context, answers({}, test::kNxDomain));
  Module module = asking();
  EXPECT_FALSE(lab.probe(module, server.endpoint().to_string()));
  EXPECT_EQ(lab.samples.value(Family::dns_query_succeeded), 1);
  module.dns.valid_rcodes = {0, 3};
  EXPECT_TRUE(lab.probe(module, server.endpoint().to_string()));
}

TEST(DnsProber, SilenceEndsWithTheDeadlineAndIsAskedOnce) {
  DnsLab lab;
  const test::DnsServer server(lab.context, [](const test::DnsQuery&) { return std::nullopt; });
  EXPECT_FALSE(lab.probe(asking(), server.endpoint().to_string(), std::chrono::milliseconds(300)));
  EXPECT_EQ(lab.samples.value(Family::dns_query_succeeded), 0);
  EXPECT_EQ(server.queries(kA), 1);
}

TEST(DnsProber, TheSerialOfAZoneIsTold) {
  DnsLab lab;
  test::Bytes data = test::dns_name("ns.example.com");
  const test::Bytes mail = test::dns_name("mail.example.com");
  data.insert(data.end(), mail.begin(), mail.end());
  for (const std::uint32_t number : {2026112201U, 1U, 2U, 3U, 4U}) {
    test::put16(data, number >> 16U);
    test::put16(data, number & 0xffffU);
  }
  const test::DnsServer server(lab.context, answers({{kSoa, 60, data}}));
  EXPECT_TRUE(lab.probe(asking(kSoa), server.endpoint().to_string())) << lab.log;
  EXPECT_EQ(lab.samples.value(Family::dns_serial), 2026112201.0);
}

TEST(DnsProber, AnotherClassIsAskedForAndShown) {
  DnsLab lab;
  const test::DnsServer::Script script = [](const test::DnsQuery& query) {
    // The class of the question is repeated, and so is that of the record.
    test::Bytes reply = test::dns_reply(query, {{kTxt, 0, {4, '9', '.', '1', '8'}}});
    const std::size_t question_class = 12 + query.name.size() + 2 + 3;
    reply[question_class] = kChaos;
    reply[question_class + 6] = kChaos;
    return test::DnsServer::Reply{reply};
  };
  const test::DnsServer server(lab.context, script);
  Module module = asking(kTxt);
  module.dns.query_class = kChaos;
  module.dns.answer.fail_if_not_matches = {
      pattern("^www\\.example\\.com\\.\t0\tCH\tTXT\t\"9.18\"$")};
  EXPECT_TRUE(lab.probe(module, server.endpoint().to_string())) << lab.log;
}

TEST(DnsProber, WhatIsNoAnswerToTheQueryIsPassedOver) {
  DnsLab lab;
  const test::DnsServer server(lab.context, [](const test::DnsQuery& query) {
    test::DnsQuery other = query;
    other.raw[0] = static_cast<std::uint8_t>(other.raw[0] + 1);
    return test::DnsServer::Reply{test::dns_reply(other, {})};
  });
  EXPECT_FALSE(lab.probe(asking(), server.endpoint().to_string(), std::chrono::milliseconds(300)));
  EXPECT_THAT(lab.log, HasSubstr("not the answer to this query"));
}

TEST(DnsProber, WithoutAPortItIsThatOfTheTransport) {
  DnsLab lab;
  lab.allow({{"cidr", "192.0.2.0/24"}});
  Module module = asking();
  test::ModuleRun plain(lab, module, "127.0.0.1");
  EXPECT_FALSE(test::run(lab.context, probe_dns(plain.run)));
  EXPECT_THAT(plain.run.refused, HasSubstr("127.0.0.1:53 may not"));
  module.dns.tcp = true;
  module.dns.tls = true;
  test::ModuleRun secured(lab, module, "127.0.0.1");
  EXPECT_FALSE(test::run(lab.context, probe_dns(secured.run)));
  EXPECT_THAT(secured.run.refused, HasSubstr("127.0.0.1:853 may not"));
}

/// What a validator of the answers says of two records, 192.0.2.1 and 192.0.2.2, or of none.
struct Judged {
  std::vector<std::string> matches, all_match, not_matches, none_matches;
  bool two;   ///< with both
  bool none;  ///< with none
};

TEST(DnsProber, RecordsAreValidatedAsUpstream) {
  const std::vector<Judged> cases{
      {{}, {}, {}, {}, true, true},
      {{"192\\.0\\.2\\.1$"}, {}, {}, {}, false, true},
      {{"198\\.51"}, {}, {}, {}, true, true},
      // Upside down: it fails unless all match.
      {{}, {"192\\.0\\.2\\."}, {}, {}, true, true},
      {{}, {"192\\.0\\.2\\.1$"}, {}, {}, false, true},
      {{}, {}, {"\tIN\tA\t192\\.0"}, {}, true, false},
      {{}, {}, {"192\\.0\\.2\\.1$"}, {}, false, false},
      {{}, {}, {}, {"192\\.0\\.2\\.1$"}, true, false},
      {{}, {}, {}, {"nowhere", "192\\.0\\.2\\.2$"}, true, false},
      {{}, {}, {}, {"nowhere"}, false, false},
  };
  DnsLab lab;
  const test::DnsServer full(
      lab.context, answers({test::dns_address("192.0.2.1"), test::dns_address("192.0.2.2")}));
  const test::DnsServer empty(lab.context, answers({}));
  const auto patterns = [](const std::vector<std::string>& texts) {
    std::vector<Pattern> compiled;
    compiled.reserve(texts.size());
    for (const std::string& text : texts) {
      compiled.push_back(pattern(text));
    }
    return compiled;
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Module module = asking();
    module.dns.answer = {.fail_if_matches = patterns(cases[i].matches),
                         .fail_if_all_match = patterns(cases[i].all_match),
                         .fail_if_not_matches = patterns(cases[i].not_matches),
                         .fail_if_none_matches = patterns(cases[i].none_matches)};
    EXPECT_EQ(lab.probe(module, full.endpoint().to_string()), cases[i].two) << i << lab.log;
    EXPECT_EQ(lab.probe(module, empty.endpoint().to_string()), cases[i].none) << i << lab.log;
  }
}

TEST(DnsProber, TheOtherSectionsAreReadAndValidatedToo) {
  DnsLab lab;
  const test::DnsServer server(lab.context, [](const test::DnsQuery& query) {
    // Three records, one a section.
    test::Bytes reply =
        test::dns_reply(query, {test::dns_address("192.0.2.1"), test::dns_address("192.0.2.2"),
                                test::dns_address("192.0.2.3")});
    for (const std::size_t count : {7U, 9U, 11U}) {
      reply[count] = 1;
    }
    return test::DnsServer::Reply{reply};
  });
  Module module = asking();
  module.dns.authority.fail_if_not_matches = {pattern("192\\.0\\.2\\.2$")};
  module.dns.additional.fail_if_not_matches = {pattern("192\\.0\\.2\\.3$")};
  EXPECT_TRUE(lab.probe(module, server.endpoint().to_string())) << lab.log;
  EXPECT_EQ(lab.samples.value(Family::dns_authority_rrs), 1);
  EXPECT_EQ(lab.samples.value(Family::dns_additional_rrs), 1);
  module.dns.additional.fail_if_matches = {pattern("192\\.0\\.2\\.3$")};
  EXPECT_FALSE(lab.probe(module, server.endpoint().to_string()));
}

}  // namespace
}  // namespace reachd::blackbox
