#include "probes/dns.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <random>
#include <string_view>
#include <utility>

#include "daemon/blackbox/address.hpp"
#include "daemon/blackbox/run.hpp"
#include "daemon/blackbox/tls_samples.hpp"
#include "probes/core/duration.hpp"
#include "probes/net/tcp.hpp"
#include "probes/net/udp.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::DnsValidator;

constexpr std::uint16_t kPort = 53;
constexpr std::uint16_t kPortOverTls = 853;  // RFC 7858, 3.1
constexpr std::uint16_t kSoa = 6;
constexpr std::size_t kMaxDatagram = 4096;

void set_phase(Run& run, std::string_view phase, double seconds) {
  run.samples.set(Family::dns_duration_seconds, "phase", phase, seconds);
}

bool matches_any(const std::vector<Pattern>& patterns, const std::string& record) {
  return std::ranges::any_of(patterns, [&](const Pattern& p) { return p.found_in(record); });
}

bool matches_all(const std::vector<Pattern>& patterns, const std::string& record) {
  return std::ranges::all_of(patterns, [&](const Pattern& p) { return p.found_in(record); });
}

/// What is wrong with a section; empty if nothing is. `fail_if_all_match` is upside down, as it is
/// upstream, where modules rely on it (peers.md 2.6, no. 1): it fails unless all match.
std::string_view complaint(const std::vector<std::string>& records, const DnsValidator& wanted) {
  const auto any_record = [&](auto&& test) { return std::ranges::any_of(records, test); };
  if (records.empty() &&
      !(wanted.fail_if_not_matches.empty() && wanted.fail_if_none_matches.empty())) {
    return "has no record, and one has to match";
  }
  if (any_record([&](const auto& record) { return matches_any(wanted.fail_if_matches, record); })) {
    return "has a record that none may match";
  }
  if (any_record(
          [&](const auto& record) { return !matches_all(wanted.fail_if_not_matches, record); })) {
    return "has a record that does not match";
  }
  if (any_record(
          [&](const auto& record) { return !matches_all(wanted.fail_if_all_match, record); })) {
    return "has a record that does not match fail_if_all_match_regexp";
  }
  if (!wanted.fail_if_none_matches.empty() && !any_record([&](const auto& record) {
        return matches_any(wanted.fail_if_none_matches, record);
      })) {
    return "has no record that matches";
  }
  return {};
}

/// The serial number in "example.\t60\tIN\tSOA\tns. mail. 2026112201 ...".
std::optional<double> serial_of(std::string_view record) {
  constexpr std::string_view kMark = "\tSOA\t";
  const auto mark = record.find(kMark);
  if (mark == std::string_view::npos) {
    return std::nullopt;
  }
  record.remove_prefix(mark + kMark.size());
  for (int word = 0; word < 2; ++word) {
    record.remove_prefix(std::min(record.find(' ') + 1, record.size()));
  }
  std::uint32_t serial = 0;
  const auto [end, error] = std::from_chars(record.data(), record.data() + record.size(), serial);
  return error == std::errc{} ? std::optional<double>(serial) : std::nullopt;
}

/// One query to one server.
class Inquiry {
 public:
  Inquiry(Run& run, Endpoint server, std::string host)
      : run_(run),
        module_(run.module.dns),
        server_(server),
        host_(std::move(host)),
        question_{.name = module_.query_name,
                  .type = module_.query_type,
                  .of_class = module_.query_class},
        id_(static_cast<std::uint16_t>(std::random_device()())) {}

  /// None if no answer came; the log then says why.
  asio::awaitable<std::optional<dns::Reply>> ask() {
    const auto query = dns::build_query(id_, question_, module_.recursion_desired);
    if (!query) {
      say("query_name is no name that can be asked for");
      co_return std::nullopt;
    }
    start_ = now();
    connected_ = start_;
    std::optional<dns::Reply> reply;
    if (module_.tcp) {
      reply = co_await ask_stream(*query);
    } else {
      reply = co_await ask_datagram(*query);
    }
    const TimePoint end = now();
    set_phase(run_, "connect", to_seconds(connected_ - start_));
    set_phase(run_, "request", to_seconds(end - connected_));
    co_return reply;
  }

 private:
  TimePoint now() const noexcept { return run_.network.clock.steady_now(); }
  void say(std::string_view text) const {
    log_line(run_, [&] { return std::string(text); });
  }

  /// Once and without a second try over TCP: what comes is what counts, cut short or not.
  asio::awaitable<std::optional<dns::Reply>> ask_datagram(const std::vector<std::byte>& query) {
    auto socket = net::open_udp(run_.network, server_, module_.source, run_.deadline);
    if (!socket) {
      say(socket.error().message);
      co_return std::nullopt;
    }
    connected_ = now();
    const auto sent = co_await (*socket)->send(query);
    if (!sent) {
      say(sent.error().message);
      co_return std::nullopt;
    }
    std::vector<std::byte> datagram(kMaxDatagram);
    for (;;) {
      const auto size = co_await (*socket)->receive(datagram);
      if (!size) {
        say(size.error().message);
        co_return std::nullopt;
      }
      const std::span<const std::byte> message =
          std::span(datagram).first(std::min(size->value_or(0), datagram.size()));
      auto reply = dns::parse_reply(message, id_, question_, dns::Sections::all);
      if (reply) {
        co_return std::move(*reply);
      }
      if (reply.error() == dns::Misfit::malformed) {
        say("the answer is malformed");
        co_return std::nullopt;
      }
      say("what came is not the answer to this query");
    }
  }

  asio::awaitable<std::optional<dns::Reply>> ask_stream(const std::vector<std::byte>& query) {
    const net::TcpOptions options{.source = module_.source};
    auto stream = co_await net::connect_tcp(run_.network, server_, options, run_.deadline);
    if (!stream) {
      connected_ = now();
      say(stream.error().message);
      co_return std::nullopt;
    }
    std::unique_ptr<net::Stream> way = std::move(*stream);
    if (module_.tls) {
      // The exporter has no series of the TLS of a name server.
      Samples unused;
      Run secured{.module = run_.module,
                  .target = run_.target,
                  .hostname = run_.hostname,
                  .network = run_.network,
                  .deadline = run_.deadline,
                  .allow = run_.allow,
                  .samples = unused,
                  .log = run_.log};
      way = co_await secure(secured, std::move(way), module_.tls_config, host_);
    }
    connected_ = now();
    if (way == nullptr) {
      co_return std::nullopt;
    }
    const auto message = co_await dns::exchange(*way, id_, query, server_, run_.deadline);
    if (!message) {
      say(message.error().message);
      co_return std::nullopt;
    }
    auto reply = dns::parse_reply(*message, id_, question_, dns::Sections::all);
    if (!reply) {
      say("the answer is malformed");
      co_return std::nullopt;
    }
    co_return std::move(*reply);
  }

  Run& run_;
  const config::blackbox::Dns& module_;
  const Endpoint server_;
  const std::string host_;
  const dns::Question question_;
  const std::uint16_t id_;
  TimePoint start_;
  TimePoint connected_;
};

/// Adds what the answer says, and judges it.
bool judge(Run& run, const dns::Reply& reply) {
  const config::blackbox::Dns& module = run.module.dns;
  run.samples.set(Family::dns_answer_rrs, reply.answer_count);
  run.samples.set(Family::dns_authority_rrs, reply.authority_count);
  run.samples.set(Family::dns_additional_rrs, reply.additional_count);
  run.samples.set(Family::dns_query_succeeded, 1);
  if (module.query_type == kSoa) {
    run.samples.set(Family::dns_serial, 0);
    for (const std::string& record : reply.answers) {
      if (const auto serial = serial_of(record)) {
        run.samples.set(Family::dns_serial, *serial);
      }
    }
  }
  log_line(run, [&] { return "the server answered " + dns::rcode_name(reply.rcode); });
  if (std::ranges::find(module.valid_rcodes, reply.rcode) == module.valid_rcodes.end()) {
    log_line(run, [] { return std::string("that is none of valid_rcodes"); });
    return false;
  }
  const auto is_good = [&run](std::string_view section, const std::vector<std::string>& records,
                              const DnsValidator& wanted) {
    for (const std::string& record : records) {
      log_line(run, [&] { return std::string(section) + ": " + record; });
    }
    const std::string_view wrong = complaint(records, wanted);
    if (!wrong.empty()) {
      log_line(run,
               [&] { return "the " + std::string(section) + " section " + std::string(wrong); });
    }
    return wrong.empty();
  };
  return is_good("answer", reply.answers, module.answer) &&
         is_good("authority", reply.authorities, module.authority) &&
         is_good("additional", reply.additionals, module.additional);
}

}  // namespace

asio::awaitable<bool> probe_dns(Run& run) {
  const config::blackbox::Dns& module = run.module.dns;
  for (const std::string_view phase : {"resolve", "connect", "request"}) {
    set_phase(run, phase, 0);
  }
  for (const Family family : {Family::dns_answer_rrs, Family::dns_authority_rrs,
                              Family::dns_additional_rrs, Family::dns_query_succeeded}) {
    run.samples.set(family, 0);
  }
  HostPort where{.host = run.target, .port = module.tls ? kPortOverTls : kPort};
  if (auto given = split_host_port(run.target)) {
    where = std::move(*given);
  }
  const auto address = co_await choose_address(run, where.host, where.port, module.address);
  if (!address) {
    co_return false;
  }
  set_phase(run, "resolve", run.samples.value(Family::dns_lookup_time_seconds));
  const Endpoint server{.address = *address, .port = where.port};
  Inquiry inquiry(run, server, std::move(where.host));
  const auto reply = co_await inquiry.ask();
  co_return reply&& judge(run, *reply);
}

}  // namespace reachd::blackbox
