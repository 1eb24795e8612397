#include "config/blackbox.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "config/blackbox_quantity.hpp"
#include "config/host.hpp"
#include "probes/core/file_path.hpp"
#include "probes/core/reader.hpp"
#include "tests/config/blackbox_text.hpp"

namespace reachd::config::blackbox {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Optional;
using testing::Pair;

TEST(Blackbox, DebiansFileIsTakenButForItsGrpcModules) {
  Diagnostics diagnostics;
  const std::string path = std::string(REACHD_TEST_DATA) + "/blackbox/debian.yml";
  const auto modules = load_modules(path, diagnostics);
  ASSERT_TRUE(modules) << diagnostics.to_string();
  std::vector<std::string> names;
  for (const Module& module : modules->modules) {
    names.push_back(module.name);
  }
  EXPECT_THAT(names, ElementsAre("http_2xx", "http_post_2xx", "icmp", "icmp_ttl5", "irc_banner",
                                 "pop3s_banner", "ssh_banner", "tcp_connect"));
  ASSERT_EQ(modules->refused.size(), 2u);
  EXPECT_EQ(modules->refused[0].name, "grpc");
  EXPECT_EQ(modules->refused[0].reasons.at(0).message,
            "module grpc: prober can't be honoured: reachd does not speak grpc");
  EXPECT_EQ(modules->refused[0].reasons.at(0).place.line, 20u);

  EXPECT_EQ(modules->find("http_post_2xx")->http.method, "POST");
  EXPECT_EQ(modules->find("icmp_ttl5")->icmp.ttl, 5);
  EXPECT_EQ(modules->find("icmp_ttl5")->timeout, 5s);
  const Tcp& irc = modules->find("irc_banner")->tcp;
  ASSERT_EQ(irc.query_response.size(), 4u);
  EXPECT_EQ(irc.query_response[2].send, "PONG ${1}");
  EXPECT_EQ(irc.query_response[2].expect->text(), "PING :([^ ]+)");
  EXPECT_TRUE(modules->find("pop3s_banner")->tcp.tls);
  EXPECT_EQ(modules->find("grpc"), nullptr);
  EXPECT_NE(modules->find_refused("grpc"), nullptr);
  EXPECT_EQ(modules->find_refused("http_2xx"), nullptr);
  EXPECT_EQ(modules->find("http"), nullptr);
}

TEST(Blackbox, WhatCantBeHonouredIsToldBesideWhatIsWrong) {
  Diagnostics diagnostics;
  EXPECT_FALSE(
      parse_modules("modules:\n"
                    "  a: {prober: http, http: {enable_http3: true}}\n"
                    "  b: {prober: tcp, tcp: {tsl: true}}\n",
                    "b.yml", diagnostics));
  EXPECT_THAT(
      diagnostics.to_string(),
      testing::AllOf(HasSubstr("b.yml:2:42: module a: http: enable_http3 can't be honoured"),
                     HasSubstr("unknown key \"tsl\"")));
}

TEST(Blackbox, TheExampleIsHonouredWhole) {
  Diagnostics diagnostics;
  const std::string path = to_text(to_path(REACHD_TEST_DATA).parent_path().parent_path() /
                                   "config/examples/blackbox.yml");
  const auto modules = load_modules(path, diagnostics);
  ASSERT_TRUE(modules) << diagnostics.to_string();
  EXPECT_EQ(modules->modules.size(), 7u);
  EXPECT_THAT(modules->refused, IsEmpty());
}

TEST(Blackbox, AModuleOfOneLineHasTheDefaultsOfBlackboxExporter) {
  const Module module = module_of("tcp");
  EXPECT_EQ(module.prober, Prober::tcp);
  EXPECT_EQ(to_string(module.prober), "tcp");
  EXPECT_EQ(module.timeout, 0s);
  EXPECT_EQ(module.tcp.address.preferred, IpAddress::Family::v6);
  EXPECT_TRUE(module.tcp.address.fallback);
  EXPECT_EQ(module.tcp.source, std::nullopt);
  EXPECT_FALSE(module.tcp.tls);
  EXPECT_THAT(module.tcp.query_response, IsEmpty());
  EXPECT_EQ(module.tcp.tls_config.min_version, 0x0303);
  EXPECT_EQ(module.tcp.tls_config.max_version, 0x0304);
  EXPECT_FALSE(module.tcp.tls_config.insecure_skip_verify);
  EXPECT_FALSE(module.tcp.tls_config.ca.given());

  const Icmp icmp = module_of("icmp").icmp;
  EXPECT_EQ(icmp.ttl, 64);
  EXPECT_EQ(icmp.payload_size, 0);
  EXPECT_FALSE(icmp.dont_fragment);
  EXPECT_TRUE(icmp.address.fallback);

  const Dns dns = module_of("dns", "      query_name: example.com\n").dns;
  EXPECT_EQ(dns.query_type, 255);
  EXPECT_EQ(dns.query_class, 1);
  EXPECT_TRUE(dns.recursion_desired);
  EXPECT_FALSE(dns.tcp);
  EXPECT_FALSE(dns.tls);
  EXPECT_THAT(dns.valid_rcodes, ElementsAre(0));
  EXPECT_THAT(dns.answer.fail_if_all_match, IsEmpty());
  EXPECT_EQ(dns.address.preferred, IpAddress::Family::v6);
}

TEST(Blackbox, EveryKeyOfTcpIsRead) {
  const Tcp tcp = module_of("tcp", R"yaml(
      preferred_ip_protocol: ip4
      ip_protocol_fallback: no
      source_ip_address: 127.0.0.9
      tls: on
      tls_config:
        ca_file: ca.pem
        cert: PEM
        key: SECRET
        server_name: mail.example.com
        insecure_skip_verify: true
        min_version: TLS10
        max_version: TLS11
      query_response:
        - expect: "^220 ([^ ]+)"
          labels:
            - name: server
              value: "${1}"
          send: "HELO me\r"
        - expect_bytes: "\0S"
        - send: !!binary AAAACATSFi8=
        - starttls: true
      check_revoked: false
)yaml")
                      .tcp;
  EXPECT_EQ(tcp.address.preferred, IpAddress::Family::v4);
  EXPECT_FALSE(tcp.address.fallback);
  EXPECT_EQ(tcp.source, IpAddress::parse("127.0.0.9"));
  EXPECT_TRUE(tcp.tls);
  EXPECT_EQ(tcp.tls_config.ca.file, resolve_path({}, "ca.pem"));
  EXPECT_EQ(tcp.tls_config.cert.text.reveal(), "PEM");
  EXPECT_EQ(tcp.tls_config.key.text.reveal(), "SECRET");
  EXPECT_EQ(tcp.tls_config.server_name, "mail.example.com");
  EXPECT_TRUE(tcp.tls_config.insecure_skip_verify);
  EXPECT_EQ(tcp.tls_config.min_version, 0x0301);
  EXPECT_EQ(tcp.tls_config.max_version, 0x0302);
  ASSERT_EQ(tcp.query_response.size(), 4u);
  EXPECT_THAT(tcp.query_response[0].labels, ElementsAre(Pair("server", "${1}")));
  EXPECT_EQ(tcp.query_response[0].send, "HELO me\r");
  EXPECT_EQ(tcp.query_response[1].expect_bytes, std::string("\0S", 2));
  EXPECT_FALSE(tcp.query_response[1].expect);
  EXPECT_EQ(tcp.query_response[2].send, std::string("\0\0\0\x08\x04\xd2\x16\x2f", 8));
  EXPECT_TRUE(tcp.query_response[3].starttls);
}

TEST(Blackbox, EveryKeyOfUnixIsReadWhereThereAreUnixSockets) {
  const std::string text = one("unix", R"(
      tls: true
      tls_config: {server_name: db}
      query_response: [{send: PING}, {expect: PONG}]
)");
  if (!has_unix_sockets()) {
    EXPECT_THAT(refusals_of(text), HasSubstr("module m: prober can't be honoured"));
    return;
  }
  const Modules modules = modules_of(text);
  const Module& module = modules.modules.at(0);
  EXPECT_EQ(to_string(module.prober), "unix");
  EXPECT_TRUE(module.unix_socket.tls);
  EXPECT_EQ(module.unix_socket.tls_config.server_name, "db");
  ASSERT_EQ(module.unix_socket.query_response.size(), 2u);
  EXPECT_EQ(module.unix_socket.query_response[0].send, "PING");
}

TEST(Blackbox, EveryKeyOfIcmpIsRead) {
  const Icmp icmp = module_of("icmp", R"(
      preferred_ip_protocol: ip4
      ip_protocol_fallback: false
      source_ip_address: "::1"
      payload_size: 1000
      ttl: 0
)")
                        .icmp;
  EXPECT_EQ(icmp.address.preferred, IpAddress::Family::v4);
  EXPECT_FALSE(icmp.address.fallback);
  EXPECT_EQ(icmp.source, IpAddress::parse("::1"));
  EXPECT_EQ(icmp.payload_size, 1000);
  EXPECT_EQ(icmp.ttl, 0);
  const std::string text = one("icmp", "      dont_fragment: true\n");
  if (can_forbid_fragments()) {
    EXPECT_TRUE(modules_of(text).find("m")->icmp.dont_fragment);
  } else {
    EXPECT_THAT(refusals_of(text), HasSubstr("icmp: dont_fragment can't be honoured"));
  }
}

TEST(Blackbox, EveryKeyOfDnsIsRead) {
  const Dns dns = module_of("dns", R"(
      preferred_ip_protocol: ip4
      ip_protocol_fallback: false
      source_ip_address: 127.0.0.1
      query_name: www.example.com.
      query_type: SOA
      query_class: CH
      recursion_desired: false
      transport_protocol: tcp
      dns_over_tls: true
      tls_config: {insecure_skip_verify: true}
      valid_rcodes: [NOERROR, NXDOMAIN]
      validate_answer_rrs:
        fail_if_matches_regexp: [a]
        fail_if_all_match_regexp: [b, c]
        fail_if_not_matches_regexp: ["\t300\tIN"]
        fail_if_none_matches_regexp: [d]
      validate_authority_rrs: {fail_if_matches_regexp: [e]}
      validate_additional_rrs: {fail_if_none_matches_regexp: [f]}
)")
                      .dns;
  EXPECT_EQ(dns.address.preferred, IpAddress::Family::v4);
  EXPECT_EQ(dns.source, IpAddress::parse("127.0.0.1"));
  EXPECT_EQ(dns.query_name, "www.example.com.");
  EXPECT_EQ(dns.query_type, 6);
  EXPECT_EQ(dns.query_class, 3);
  EXPECT_FALSE(dns.recursion_desired);
  EXPECT_TRUE(dns.tcp);
  EXPECT_TRUE(dns.tls);
  EXPECT_TRUE(dns.tls_config.insecure_skip_verify);
  EXPECT_THAT(dns.valid_rcodes, ElementsAre(0, 3));
  EXPECT_EQ(dns.answer.fail_if_matches.at(0).text(), "a");
  EXPECT_EQ(dns.answer.fail_if_all_match.at(1).text(), "c");
  EXPECT_EQ(dns.answer.fail_if_not_matches.at(0).text(), "\t300\tIN");
  EXPECT_EQ(dns.answer.fail_if_none_matches.at(0).text(), "d");
  EXPECT_EQ(dns.authority.fail_if_matches.at(0).text(), "e");
  EXPECT_EQ(dns.additional.fail_if_none_matches.at(0).text(), "f");
}

TEST(Blackbox, AllProblemsComeAtOnceWithTheirPlaces) {
  EXPECT_EQ(
      problems_of(R"(modules:
  a:
    prober: tcpp
    timeout: 1d
  b:
    prober: tcp
    tcp:
      tsl: true
      query_response:
        - expect: "("
          expect_bytes: x
)"),
      "b.yml:3:13: module a: there is no prober \"tcpp\"; did you mean tcp?\n"
      "b.yml:4:14: module a: timeout is a duration such as 5s, 1m30s or 500ms, not \"1d\"\n"
      "b.yml:8:7: module b: tcp: unknown key \"tsl\"; did you mean tls?\n"
      "b.yml:10:19: module b: tcp: query_response: expect: the pattern can't be used: missing "
      "): (\n"
      "b.yml:11:25: module b: tcp: query_response: at most one of expect, expect_bytes may be "
      "written\n");
}

TEST(Blackbox, WhatIsNoFileOfModulesIsSaidInOneSentence) {
  EXPECT_THAT(problems_of(""), HasSubstr("the file is empty; it needs `modules:`"));
  EXPECT_THAT(problems_of("# nothing\n"), HasSubstr("the file is empty"));
  EXPECT_THAT(problems_of("modules:\n"), HasSubstr("modules is missing, or has nothing below"));
  EXPECT_THAT(problems_of("modules: [a]\n"), HasSubstr("modules must be a map"));
  EXPECT_THAT(problems_of("modul: {a: {prober: tcp}}\n"), HasSubstr("did you mean modules?"));
  EXPECT_THAT(problems_of("modules: {a: {timeout: 5s}}\n"), HasSubstr("prober is missing"));
  Diagnostics diagnostics;
  EXPECT_FALSE(load_modules("no-such-file.yml", diagnostics));
  EXPECT_THAT(diagnostics.to_string(), HasSubstr("no-such-file.yml: can't read the file"));
}

class BlackboxWrong : public testing::TestWithParam<BlockCase> {};

TEST_P(BlackboxWrong, IsReported) {
  EXPECT_THAT(problems_of(one(GetParam().prober, GetParam().block)), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, BlackboxWrong,
    testing::Values(
        BlockCase{"tcp", "      preferred_ip_protocol: ipv4\n", "is one of ip6, ip4"},
        BlockCase{"tcp", "      source_ip_address: eth0\n", "is an address of this host"},
        BlockCase{"tcp", "      tls: maybe\n", "tls is true or false, not \"maybe\""},
        BlockCase{"tcp", "      tls: \"true\"\n", "tls is true or false"},
        BlockCase{"tcp", "      tls_config: {ca: A, ca_file: b}\n", "ca, ca_file, ca_ref"},
        BlockCase{"tcp", "      tls_config: {cert_file: a}\n", "needs its key"},
        BlockCase{"tcp", "      tls_config: {key: a}\n", "a key needs its certificate"},
        BlockCase{"tcp", "      tls_config: {min_version: TLS9}\n", "is one of TLS10"},
        BlockCase{"tcp", "      tls_config: {max_version: TLS11}\n", "above max_version"},
        BlockCase{"tcp", "      query_response: {send: x}\n", "query_response"},
        BlockCase{"tcp", "      query_response: [{labels: [{name: 1a, value: x}]}]\n",
                  "a label's name has letters"},
        BlockCase{"tcp", "      query_response: [{labels: [{name: a}, {name: a}]}]\n", "twice"},
        BlockCase{"tcp", "      query_response: [{labels: [{name: a, value: !!binary /w==}]}]\n",
                  "a label's value is text in UTF-8"},
        BlockCase{"tcp", "      query_response: [{send: !!binary \"?\"}]\n", "is not base64"},
        BlockCase{"tcp", "      query_response: [{send: !!set x}]\n", "tags"},
        BlockCase{"icmp", "      ttl: 256\n", "ttl"}, BlockCase{"icmp", "      ttl: -1\n", "ttl"},
        BlockCase{"icmp", "      payload_size: 70000\n", "payload_size"},
        BlockCase{"dns", "      query_type: A\n", "query_name is missing"},
        BlockCase{"dns", "      query_name: a..b\n", "query_name is no name"},
        BlockCase{"dns", "      query_name: x\n      query_type: AAAAA\n", "did you mean AAAA?"},
        BlockCase{"dns", "      query_name: x\n      query_class: INN\n", "did you mean IN?"},
        BlockCase{"dns", "      query_name: x\n      valid_rcodes: [NXDOMAINE]\n",
                  "did you mean NXDOMAIN?"},
        BlockCase{"dns", "      query_name: x\n      dns_over_tls: true\n",
                  "needs transport_protocol: tcp"},
        BlockCase{"dns", "      query_name: x\n      transport_protocol: quic\n", "is one of udp"},
        BlockCase{
            "dns",
            "      query_name: x\n      validate_answer_rrs: {fail_if_matches_regexp: [\"[\"]}"
            "\n",
            "the pattern can't be used"}));

TEST(Blackbox, ADnsModuleWithoutItsBlockLacksTheName) {
  EXPECT_THAT(problems_of(one("dns")), HasSubstr("dns: query_name is missing"));
}

TEST(Blackbox, BlocksOfOtherProbersAreCheckedAndHaveNoEffect) {
  const Modules modules = modules_of(R"(modules:
  m:
    prober: icmp
    http: {enable_http3: true, oauth2: {client_id: x}}
    grpc: {service: s, tls: true, tls_config: {}, preferred_ip_protocol: ip4, metadata: {a: [b]}}
    websocket:
      http_config: {basic_auth: {username: u, password: p}}
      headers: {X-Some: v}
      query_response: [{expect: a, send: b}]
)");
  EXPECT_THAT(modules.refused, IsEmpty());
  EXPECT_NE(modules.find("m"), nullptr);
  const std::string problems = problems_of(R"(modules:
  m: {prober: icmp, http: {metod: GET}, grpc: {servise: s}, dns: {}, websocket: {header: {}}}
)");
  EXPECT_THAT(problems, HasSubstr("module m: http: unknown key \"metod\"; did you mean method?"));
  EXPECT_THAT(problems, HasSubstr("module m: grpc: unknown key \"servise\""));
  EXPECT_THAT(problems, HasSubstr("module m: websocket: unknown key \"header\""));
  EXPECT_THAT(problems, HasSubstr("module m: dns: query_name is missing"));
}

TEST(Blackbox, WhatCantBeHonouredIsSaidOnceAKeyWithModuleAndPlace) {
  EXPECT_EQ(refusals_of("modules: {m: {prober: websocket}}"),
            "b.yml:1:23: module m: prober can't be honoured: reachd does not speak websocket\n");
  EXPECT_EQ(refusals_of(one("tcp", "      tls_config: {ca_ref: x}\n      check_revoked: true\n")),
            "b.yml:5:28: module m: tcp: tls_config: ca_ref can't be honoured: reachd has no secret "
            "manager; a file does the same\n"
            "b.yml:6:22: module m: tcp: check_revoked can't be honoured: reachd fetches no "
            "revocation lists for /probe; `checks:` have tls.revocation\n");
}

TEST(Blackbox, TheOtherModulesWorkBesideOneThatCantBeHonoured) {
  const Modules modules = modules_of("modules: {b: {prober: grpc}, a: {prober: tcp}}");
  EXPECT_NE(modules.find("a"), nullptr);
  EXPECT_EQ(modules.find("b"), nullptr);
  ASSERT_NE(modules.find_refused("b"), nullptr);
}

TEST(Blackbox, AnchorsAndMergesWorkAsInAnyYaml) {
  const Modules modules = modules_of(R"(modules:
  a: &base {prober: tcp, timeout: 3s, tcp: {tls: true}}
  b: {<<: *base, timeout: 1m30s}
)");
  EXPECT_EQ(modules.find("b")->timeout, 90s);
  EXPECT_TRUE(modules.find("b")->tcp.tls);
}

TEST(Blackbox, DebugShowsAModuleAsWrittenWithoutItsSecrets) {
  const Modules modules = modules_of(R"(modules:
  m:
    prober: http
    timeout: 5s
    http:
      method: POST
      headers: {Host: vhost, Authorization: hunter1, "X-Key": hunter2}
      basic_auth: {username: u, password: hunter3}
      tls_config: {cert: C, key: hunter4}
      proxy_url: "http://me:hunter5@proxy:3128"
      proxy_connect_header: {X-Token: [hunter6]}
      http_headers: {X-Api: {values: [hunter7], secrets: [hunter8]}, Accept: {values: ["*/*"]}}
      fail_if_body_matches_regexp: ["a\tb\"\\d"]
)");
  ASSERT_NE(modules.find("m"), nullptr);
  const std::string& text = modules.find("m")->text;
  EXPECT_THAT(text, Not(HasSubstr("hunter")));
  EXPECT_EQ(text, R"(prober: http
timeout: 5s
http:
  method: POST
  headers:
    Host: vhost
    Authorization: <secret>
    X-Key: <secret>
  basic_auth:
    username: u
    password: <secret>
  tls_config:
    cert: C
    key: <secret>
  proxy_url: "http://me:xxxxx@proxy:3128"
  proxy_connect_header: <secret>
  http_headers:
    X-Api: <secret>
    Accept:
      values:
        - "*/*"
  fail_if_body_matches_regexp:
    - "a\tb\"\\d"
)");
}

TEST(Blackbox, DebugShowsBytesThatAreNoText) {
  const Module module =
      module_of("tcp", "      query_response: [{send: !!binary AP8K}, {send: \u00e9}]\n");
  EXPECT_THAT(module.text, HasSubstr("send: \"\\x00\\xff\\n\""));
  EXPECT_THAT(module.text, HasSubstr("send: \"\u00e9\""));
}

TEST(BlackboxSource, AFileIsReadAtEachUse) {
  const auto path = std::filesystem::path(testing::TempDir()) / "blackbox_source.txt";
  const auto write = [&](std::string_view text) { std::ofstream(path, std::ios::binary) << text; };
  const Source source{.text = {}, .file = to_text(path)};
  write(" one\r\n");
  EXPECT_EQ(read_source(source, true)->reveal(), "one");
  EXPECT_EQ(read_source(source, false)->reveal(), " one\r\n");
  write("two");
  EXPECT_EQ(read_source(source, true)->reveal(), "two");
  write(" \n");
  EXPECT_EQ(read_source(source, true)->reveal(), "");
  write(std::string(std::size_t{1024} * 1024 + 1, 'x'));
  EXPECT_THAT(read_source(source, true).error(), HasSubstr("more than 1 MiB"));
  std::filesystem::remove(path);
  EXPECT_THAT(read_source(source, true).error(), HasSubstr("can't read the file"));
  EXPECT_FALSE(read_source({.text = {}, .file = testing::TempDir()}, true));
  EXPECT_EQ(read_source({.text = Secret(" as it is "), .file = {}}, true)->reveal(), " as it is ");
}

TEST(BlackboxQuantity, DurationsAreGos) {
  EXPECT_EQ(parse_go_duration("1h2m3s"), 3723s);
  EXPECT_EQ(parse_go_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_go_duration(".5m"), 30s);
  EXPECT_EQ(parse_go_duration("250ms"), 250ms);
  EXPECT_EQ(parse_go_duration("1us"), 1us);
  EXPECT_EQ(parse_go_duration("1\u00b5s"), 1us);
  EXPECT_EQ(parse_go_duration("7ns"), 7ns);
  EXPECT_EQ(parse_go_duration("0"), 0s);
  for (const std::string_view wrong : {"", "5", "1d", "s", "-1s", "+1s", "1 s", ".s", "1s2",
                                       "99999999999h", "9223372036854775808ns", "1..5s", "1S"}) {
    EXPECT_EQ(parse_go_duration(wrong), std::nullopt) << wrong;
  }
}

TEST(BlackboxQuantity, SizesArePowersOf1024) {
  EXPECT_THAT(parse_binary_size("10B"), Optional(10u));
  EXPECT_THAT(parse_binary_size("1KB"), Optional(1024u));
  EXPECT_THAT(parse_binary_size("1KiB"), Optional(1024u));
  EXPECT_THAT(parse_binary_size("1.5MB"), Optional(1572864u));
  EXPECT_THAT(parse_binary_size("1MB512KB"), Optional(1572864u));
  EXPECT_THAT(parse_binary_size("0"), Optional(0u));
  for (const std::string_view wrong : {"", "10", "10kb", "-1B", "8EB", "1MB5"}) {
    EXPECT_EQ(parse_binary_size(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace reachd::config::blackbox
