#include "tests/fuzz/targets.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "config/blackbox.hpp"
#include "daemon/blackbox/http_prober_cookies.hpp"
#include "probes/core/bytes.hpp"
#include "probes/core/target.hpp"
#include "probes/core/words.hpp"
#include "probes/db2.hpp"
#include "probes/dns.hpp"
#include "probes/ipmi.hpp"
#include "probes/ldap.hpp"
#include "probes/mssql.hpp"
#include "probes/mssql_browser.hpp"
#include "probes/mysql.hpp"
#include "probes/net/conversation.hpp"
#include "probes/net/crl.hpp"
#include "probes/net/deadline.hpp"
#include "probes/net/http.hpp"
#include "probes/net/http_text.hpp"
#include "probes/net/icmp_packet.hpp"
#include "probes/net/inflate.hpp"
#include "probes/net/ocsp.hpp"
#include "probes/net/proxy.hpp"
#include "probes/net/reply.hpp"
#include "probes/net/socks.hpp"
#include "probes/ntp.hpp"
#include "probes/oracle.hpp"
#include "probes/postgresql.hpp"
#include "probes/sap.hpp"
#include "probes/slp.hpp"
#include "probes/smb.hpp"
#include "probes/snmp.hpp"
#include "probes/ssh.hpp"
#include "probes/tcp_dialogue.hpp"
#include "probes/wbem.hpp"
#include "tests/fuzz/memory_stream.hpp"
#include "tests/fuzz/web_targets.hpp"
#include "tests/support/coroutine.hpp"

namespace reachd::fuzz {
namespace {

using namespace std::chrono_literals;
using Bytes = std::span<const std::byte>;

/// No result is wrong.
template <typename T>
void any(const T&) noexcept {}

void must(bool holds) {
  if (!holds) {
    std::abort();
  }
}

/// What an exchange over a stream borrows.
struct Loop {
  boost::asio::io_context context{1};
  net::DeadlineQueue queue{context.get_executor()};
  net::Deadline deadline{queue, system_clock().steady_now() + 1min};
};

/// A whole message by its framer, then its parser, as a probe has it.
template <typename Parse>
void framed(Bytes bytes, net::Framer framer, Parse parse) {
  const net::Framing framing = bytes.empty() ? net::Framing() : framer(bytes);
  if (framing && *framing && **framing <= bytes.size()) {
    any(parse(bytes.first(**framing)));
  }
}

void db2(Bytes bytes) {
  framed(bytes, &drda::frame_reply, &drda::parse_reply);
  any(drda::parse_reply(bytes));
}

/// What the seeds of ocsp and crl are about; both end in 2036.
constexpr const char* kLeaf =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBzDCCAXKgAwIBAgICEAAwCgYIKoZIzj0EAwIwEjEQMA4GA1UEAwwHRnV6eiBD\n"
    "QTAeFw0yNjExMjIwOTE2NTJaFw0zNjExMTkwOTE2NTJaMA8xDTALBgNVBAMMBGxl\n"
    "YWYwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAS3SqofKjff4foCHMgetcsCAwFL\n"
    "n/K/EVdIqYS1e8x/vrn76DQ2CV7x2uMF0UqJxqiBsln3kN+hdpafAbaggOZOo4G6\n"
    "MIG3MBcGA1UdEQQQMA6CDGxlYWYuZXhhbXBsZTAwBggrBgEFBQcBAQQkMCIwIAYI\n"
    "KwYBBQUHMAGGFGh0dHA6Ly9vY3NwLmV4YW1wbGUvMCoGA1UdHwQjMCEwH6AdoBuG\n"
    "GWh0dHA6Ly9jcmwuZXhhbXBsZS9jYS5jcmwwHQYDVR0OBBYEFAx3yjhKyqCrlgLo\n"
    "FHNtsDqHdXP8MB8GA1UdIwQYMBaAFDXPTqM9FP9jTZ87yDX11ZTcEfLHMAoGCCqG\n"
    "SM49BAMCA0gAMEUCIQCuhxKABvE8mI58mHALcZykYN/y++xSxs7IT/AMYbYwowIg\n"
    "NC+qRrSOSlTsD8+mosWRiEsdMfE3wEm7GHUeU+idUIk=\n"
    "-----END CERTIFICATE-----\n";
constexpr const char* kAuthority =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBaDCCAQ6gAwIBAgIUMjkxLiGWzYgp3tpwLpREiJ2Mrb0wCgYIKoZIzj0EAwIw\n"
    "EjEQMA4GA1UEAwwHRnV6eiBDQTAeFw0yNjExMjIwOTE2NTJaFw0zNjExMTkwOTE2\n"
    "NTJaMBIxEDAOBgNVBAMMB0Z1enogQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
    "AATrngbwFIGAf6HebVF/G58k9aUQSoVafnk84MSivb+vI6UaDoddI0vZ/V7hQBL1\n"
    "65naI0jUvvLuORB+Jr7H5yX0o0IwQDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB\n"
    "/wQEAwIBBjAdBgNVHQ4EFgQUNc9Ooz0U/2NNnzvINfXVlNwR8scwCgYIKoZIzj0E\n"
    "AwIDSAAwRQIgSRa7LMUaZVwI/AaIFqvfNGVLPFqQRTpQVnRFwYh2A4wCIQCA88T7\n"
    "cdMtQd8zjxgj1kJkyqNfkCSm5nSveq19IiC2Yw==\n"
    "-----END CERTIFICATE-----\n";

std::shared_ptr<X509> certificate(const char* pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new_mem_buf(pem, -1), &BIO_free);
  return {PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr), &X509_free};
}

/// An hour after the seeds were made, so that they are of now.
constexpr WallTime kSeedTime(std::chrono::seconds(1'795'342'613));

net::IssuedCertificate issued() {
  static const std::shared_ptr<X509> kParsedLeaf = certificate(kLeaf);
  static const std::shared_ptr<X509> kParsedAuthority = certificate(kAuthority);
  return {kParsedLeaf.get(), kParsedAuthority.get()};
}

/// Not from the network, but in a format that others define and generate.
void blackbox(Bytes bytes) {
  Diagnostics diagnostics;
  any(config::blackbox::parse_modules(as_text(bytes), "blackbox.yml", diagnostics));
}

/// Each line is one that a server sets, for a redirect to itself.
void cookies(Bytes bytes) {
  static const Target kUrl = parse_target("https://www.example.com/a/b?c").value();
  net::HttpResponse response;
  std::string line;
  for (const char c : as_text(bytes)) {
    if (c == '\n') {
      response.headers.emplace_back("Set-Cookie", std::exchange(line, {}));
    } else if (c != '\r' && c != '\0') {
      line += c;
    }
  }
  response.headers.emplace_back("Set-Cookie", line);
  reachd::blackbox::CookieJar jar;
  jar.take(kUrl, response, WallTime(std::chrono::seconds(1'800'000'000)));
  const std::string sent = jar.line_for(kUrl);
  must(is_field_value(sent) && sent.size() < 256 * std::size_t{1024});
}

void crl(Bytes bytes) { any(net::read_crl(bytes, issued(), kSeedTime)); }

void dns(Bytes bytes) {
  // The seeds answer this question with this id.
  any(dns::parse_reply(bytes, 0x1234, {"www.example.com", 1}));
  any(dns::parse_reply(bytes, 0x1234, {"www.example.com", 1}, dns::Sections::all));
}

/// Keeps what the other way to take a body keeps.
struct KeptBody final : net::BodySink {
  bool start(const net::HttpResponse&) override { return true; }
  bool take(std::string_view piece) override {
    text += piece;
    return text.size() <= 4096;
  }
  std::string text;
};

net::Result<net::HttpResponse> exchanged(Bytes bytes, net::BodySink* sink) {
  Loop loop;
  MemoryStream stream(bytes);
  net::HttpRequest request;
  request.target = "/";
  const net::HttpLimits limits{.head = 4096, .body = 4096, .sink = sink};
  return test::run(loop.context,
                   net::exchange(stream, request, limits, Phase::request, loop.deadline));
}

/// Both ways to take a body find the same; only one of them sees a trailer among the headers.
void http(Bytes bytes) {
  const auto kept = exchanged(bytes, nullptr);
  KeptBody sink;
  const auto taken = exchanged(bytes, &sink);
  must(kept.has_value() == taken.has_value());
  must(!kept ||
       (kept->status == taken->status && kept->body == sink.text.substr(0, 4096) &&
        kept->headers.size() >= taken->headers.size() &&
        std::ranges::equal(taken->headers, std::span(kept->headers).first(taken->headers.size()))));
}

void http_date(Bytes bytes) { any(net::parse_http_date(as_text(bytes))); }

void icmp(Bytes bytes) {
  any(net::parse_echo(IpAddress::Family::v4, net::without_ipv4_header(bytes)));
  any(net::parse_echo(IpAddress::Family::v6, bytes));
}

void ipmi(Bytes bytes) {
  // The seeds answer the number 0 and the tag 0x42.
  any(ipmi::parse_capabilities(bytes, 0));
  any(ipmi::parse_pong(bytes, 0x42));
}

/// At once or byte by byte, it is the same text.
void inflate(Bytes bytes) {
  constexpr std::size_t kMost = 65536;
  for (const auto encoding : {net::Encoding::gzip, net::Encoding::deflate}) {
    const auto whole = net::inflate(as_text(bytes), encoding, kMost);
    net::Inflater inflater(encoding);
    std::string text;
    const auto keep = [&](std::string_view piece) { return text.append(piece).size() <= kMost; };
    bool good = true;
    for (std::size_t at = 0; at < bytes.size() && good && text.size() <= kMost; ++at) {
      good = inflater.take(as_text(bytes.subspan(at, 1)), keep).has_value();
    }
    must(good == whole.has_value());
    must(!whole || whole->bytes == text.substr(0, kMost));
  }
}

void ldap(Bytes bytes) {
  if (!bytes.empty()) {
    any(ldap::frame(bytes));
  }
  any(ldap::parse(bytes));
}

void line(Bytes bytes) { any(net::frame_line(bytes)); }

void location(Bytes bytes) {
  static const Target kBase = parse_target("https://www.example.com:8443/a/b?c", 443).value();
  any(net::resolve_location(kBase, as_text(bytes)));
}

void mssql(Bytes bytes) {
  framed(bytes, &tds::frame_answer, &tds::parse_answer);
  any(tds::parse_answer(bytes));
}

void mssql_browser(Bytes bytes) { any(mssql_browser::parse_response(bytes)); }

void mysql(Bytes bytes) {
  framed(bytes, &mysql::frame_greeting, &mysql::parse_greeting);
  framed(bytes, &mysql::frame_packet, &mysql::parse_reply);
  any(mysql::parse_greeting(bytes));
}

void oracle(Bytes bytes) {
  framed(bytes, &tns::frame_packet, &tns::parse_answer);
  any(tns::parse_answer(bytes));
}

void postgresql(Bytes bytes) {
  framed(bytes, &postgresql::frame_answer, &postgresql::parse_answer);
  any(postgresql::parse_answer(bytes));
}

void ntp(Bytes bytes) {
  if (const auto reply = ntp::parse_reply(bytes)) {
    any(ntp::offset(*reply, reply->origin, 1h));
  }
}
void ocsp(Bytes bytes) { any(net::read_ocsp(bytes, issued(), kSeedTime)); }

void proxy_connect(Bytes bytes) {
  Loop loop;
  net::ProxyOptions proxy;
  proxy.server = parse_target("http://proxy.example.com:3128", 3128).value();
  any(test::run(loop.context, net::open_tunnel(std::make_unique<MemoryStream>(bytes), proxy,
                                               "www.example.com", 443, loop.deadline)));
}

void proxy_socks(Bytes bytes) {
  for (const auto parse :
       {net::parse_socks_method, net::parse_socks_auth, net::parse_socks_reply}) {
    const auto message = parse(bytes);
    // The reader's buffer has room for what is asked for.
    if (message.state == net::SocksMessage::State::more &&
        (message.missing == 0 || bytes.size() + message.missing > net::kMaxSocksMessage)) {
      std::abort();
    }
  }
}

void reply(Bytes bytes) { any(net::parse_reply(bytes)); }

void slp(Bytes bytes) {
  any(slp::parse_reply(bytes, 0x1234));
  any(slp::frame(bytes));
}

void snmp(Bytes bytes) {
  any(snmp::parse_report(bytes, 0x1234));
  any(snmp::parse_response(bytes, snmp::Version::v2c, 0x1234));
}

void ssh_line(Bytes bytes) {
  any(ssh::frame_line(bytes));
  any(ssh::parse_identification(as_text(bytes)));
}

void ssh_packet(Bytes bytes) {
  any(ssh::frame_packet(bytes));
  any(ssh::parse_offer(ssh::payload_of(bytes)));
}

void tcp_dialogue(Bytes bytes) {
  static const SendExpect kLine{{}, Pattern::compile("^[0-9]+ ").value(), {}};
  static const SendExpect kBytes{{}, {}, {std::byte{'O'}, std::byte{'K'}}};
  tcp::Ear ear;
  for (const Bytes part : {bytes.first(bytes.size() / 2), bytes.subspan(bytes.size() / 2)}) {
    ear.begin_step();
    ear.add(part);
    any(ear.take(kLine));
    any(ear.take(kBytes));
  }
}

void sap(Bytes bytes) {
  if (!bytes.empty()) {
    any(sap::frame(bytes));
  }
  any(sap::parse(bytes));
}

void smb(Bytes bytes) {
  if (!bytes.empty()) {
    any(smb::frame(bytes));
    any(smb::frame_session(bytes));
  }
  any(smb::parse(bytes));
  any(smb::parse_session(bytes));
}

void wbem(Bytes bytes) {
  net::HttpResponse response;
  response.status = 200;
  response.headers.emplace_back("Content-Type", "application/soap+xml");
  response.headers.emplace_back("CIMError", as_text(bytes));
  response.headers.emplace_back("WWW-Authenticate", as_text(bytes));
  response.body = as_text(bytes);
  any(wbem::judge_cim(response));
  any(wbem::judge_winrm(response));
}

}  // namespace

std::span<const Parser> targets() noexcept {
  // One line a parser.
  // clang-format off
  static constexpr std::array kTargets{
      Parser{"blackbox", blackbox},
      Parser{"cookies", cookies},
      Parser{"crl", crl},
      Parser{"db2", db2},
      Parser{"dns", dns},
      Parser{"http", http},
      Parser{"http_date", http_date},
      Parser{"icmp", icmp},
      Parser{"inflate", inflate},
      Parser{"ipmi", ipmi},
      Parser{"ldap", ldap},
      Parser{"line", line},
      Parser{"location", location},
      Parser{"mssql", mssql},
      Parser{"mssql_browser", mssql_browser},
      Parser{"mysql", mysql},
      Parser{"ntp", ntp},
      Parser{"ocsp", ocsp},
      Parser{"oracle", oracle},
      Parser{"postgresql", postgresql},
      Parser{"proxy_connect", proxy_connect},
      Parser{"proxy_socks", proxy_socks},
      Parser{"reply", reply},
      Parser{"sap", sap},
      Parser{"slp", slp},
      Parser{"smb", smb},
      Parser{"snmp", snmp},
      Parser{"ssh_line", ssh_line},
      Parser{"ssh_packet", ssh_packet},
      Parser{"tcp_dialogue", tcp_dialogue},
      Parser{"wbem", wbem},
      Parser{"web_accept", web_accept},
      Parser{"web_config", web_config},
      Parser{"web_credentials", web_credentials},
      Parser{"web_host", web_host},
      Parser{"web_query", web_query},
      Parser{"web_request", web_request},
      Parser{"web_scrape_timeout", web_scrape_timeout},
      Parser{"web_stream", web_stream},
  };
  // clang-format on
  return kTargets;
}

}  // namespace reachd::fuzz
