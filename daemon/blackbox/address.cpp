#include "daemon/blackbox/address.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "probes/core/duration.hpp"
#include "probes/core/target.hpp"
#include "probes/net/resolver.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::AddressChoice;

std::string_view family_word(IpAddress::Family family) noexcept {
  return family == IpAddress::Family::v4 ? "IPv4" : "IPv6";
}

std::string refusal(const Run& run, const std::string& host, const IpAddress& address,
                    std::uint16_t port) {
  if (run.allow.empty()) {
    return std::string(kNothingAllowed);
  }
  const std::string at =
      port == 0 ? address.to_string() : Endpoint{.address = address, .port = port}.to_string();
  const bool named = host != address.to_string();
  return (named ? host + " (" + at + ")" : at) + " may not be probed with module " +
         run.module.name + ": no entry of probe_allow in reachd's configuration allows it.";
}

/// Adds the samples of what was chosen, unless it may not be probed.
std::optional<IpAddress> judge(Run& run, const std::string& host, std::uint16_t port,
                               const std::optional<IpAddress>& address) {
  if (!address) {
    return std::nullopt;
  }
  if (!run.allow.allows(*address, port, run.module.name)) {
    run.refused = refusal(run, host, *address, port);
    log_line(run, [&] { return run.refused; });
    return std::nullopt;
  }
  run.samples.set(Family::ip_protocol, address->is_v4() ? 4 : 6);
  run.samples.set(Family::ip_addr_hash, hash_of(*address));
  log_line(run, [&] { return host + " is probed at " + address->to_string(); });
  return address;
}

void no_address_of(const Run& run, std::string_view host, AddressChoice choice) {
  log_line(run, [&] {
    return std::string(host) + " has no " + std::string(family_word(choice.preferred)) +
           " address, and no other may be taken";
  });
}

}  // namespace

std::optional<HostPort> split_host_port(std::string_view target) {
  const auto colon = target.rfind(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  const auto port = parse_port(target.substr(colon + 1));
  std::string_view host = target.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.contains(':')) {
    return std::nullopt;  // an IPv6 address without brackets: the port can't be told from it
  }
  if (!port || host.empty() || host.find_first_of("[]") != std::string_view::npos) {
    return std::nullopt;
  }
  return HostPort{.host = std::string(host), .port = *port};
}

std::optional<IpAddress> pick(const std::vector<IpAddress>& addresses,
                              AddressChoice choice) noexcept {
  const auto preferred = std::ranges::find(addresses, choice.preferred, &IpAddress::family);
  if (preferred != addresses.end()) {
    return *preferred;
  }
  return choice.fallback && !addresses.empty() ? std::optional(addresses.front()) : std::nullopt;
}

std::uint32_t hash_of(const IpAddress& address) noexcept {
  std::uint32_t hash = 2166136261U;
  for (const std::uint8_t byte :
       std::span(address.bytes).first(address.is_v4() ? std::size_t{4} : std::size_t{16})) {
    hash = (hash ^ byte) * 16777619U;
  }
  return hash;
}

Literal choose_literal(Run& run, std::string_view host, std::uint16_t port, AddressChoice choice) {
  const TimePoint start = run.network.clock.steady_now();
  const auto address = IpAddress::parse(host);
  if (!address) {
    return {};
  }
  run.samples.set(Family::ip_protocol, 0);
  run.samples.set(Family::ip_addr_hash, 0);
  Literal literal{.is_address = true, .address = std::nullopt};
  if (address->family == choice.preferred || choice.fallback) {
    literal.address = judge(run, std::string(host), port, address);
  } else {
    no_address_of(run, host, choice);
  }
  run.samples.set(Family::dns_lookup_time_seconds,
                  to_seconds(run.network.clock.steady_now() - start));
  return literal;
}

asio::awaitable<std::optional<IpAddress>> choose_address(Run& run, std::string host,
                                                         std::uint16_t port, AddressChoice choice) {
  const Literal literal = choose_literal(run, host, port, choice);
  if (literal.is_address) {
    co_return literal.address;
  }
  if (run.allow.empty()) {
    run.refused = kNothingAllowed;  // without a word to a name server
    co_return std::nullopt;
  }
  const TimePoint start = run.network.clock.steady_now();
  run.samples.set(Family::ip_protocol, 0);
  run.samples.set(Family::ip_addr_hash, 0);
  std::optional<IpAddress> chosen;
  if (is_host(host)) {
    const std::span<const Endpoint> system_servers;
    const auto found = co_await run.network.resolver.resolve(host, system_servers, run.deadline);
    if (found) {
      chosen = pick(*found, choice);
      if (!chosen) {
        no_address_of(run, host, choice);
      }
    } else {
      log_line(run, [&] { return "can't resolve " + host + ": " + found.error().message; });
    }
  } else {
    log_line(run, [&] { return "the target is neither an address nor a name"; });
  }
  run.samples.set(Family::dns_lookup_time_seconds,
                  to_seconds(run.network.clock.steady_now() - start));
  co_return judge(run, host, port, chosen);
}

}  // namespace reachd::blackbox
