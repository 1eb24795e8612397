#include "probes/net/errors.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <string>
#include <utility>

#include "probes/net/error_queue.hpp"
#include "probes/net/system_error.hpp"

namespace reachd::net {
namespace {

namespace errc = boost::system::errc;

Failure make(Reason reason, std::string message, int error_number = 0,
             std::optional<IpAddress> offender = std::nullopt) {
  return Failure{reason, std::move(message), error_number, offender};
}

Failure stopped() { return make(Reason::local_error, "the probe was stopped"); }

/// What an ICMP error says about the way to the target.
enum class Obstacle : std::uint8_t { prohibited, port, host, net, hop_limit };

Obstacle judge_v4(int type, int code) noexcept {
  if (type == 11) {  // time exceeded
    return Obstacle::hop_limit;
  }
  if (type != 3) {
    return Obstacle::host;
  }
  switch (code) {  // destination unreachable
    case 0:
    case 6:
    case 11:
      return Obstacle::net;
    case 3:
      return Obstacle::port;
    case 2:  // protocol unreachable: every host has TCP, UDP and ICMP, so a firewall speaks
    case 9:
    case 10:
    case 13:
    case 14:
    case 15:
      return Obstacle::prohibited;
    default:
      return Obstacle::host;
  }
}

Obstacle judge_v6(int type, int code) noexcept {
  if (type == 3) {  // time exceeded
    return Obstacle::hop_limit;
  }
  if (type != 1) {
    return Obstacle::host;
  }
  switch (code) {  // destination unreachable
    case 0:
      return Obstacle::net;
    case 1:
    case 5:
    case 6:
      return Obstacle::prohibited;
    case 4:
      return Obstacle::port;
    default:
      return Obstacle::host;
  }
}

Failure icmp_failure(const Endpoint& to, int error_number, const IcmpError& icmp,
                     Transport transport) {
  const std::string target = transport == Transport::icmp ? to.address.to_string() : to.to_string();
  const bool v4 = icmp.family == IpAddress::Family::v4;
  const Obstacle obstacle = v4 ? judge_v4(icmp.type, icmp.code) : judge_v6(icmp.type, icmp.code);
  const std::string said = (v4 ? " (ICMP " : " (ICMPv6 ") + std::to_string(icmp.type) + "/" +
                           std::to_string(icmp.code) + ")";
  const bool itself = icmp.offender && icmp.offender == to.address;
  const std::string who = itself          ? "the host itself"
                          : icmp.offender ? icmp.offender->to_string()
                                          : "a router";

  if (obstacle == Obstacle::port && transport == Transport::udp) {
    return make(Reason::refused, who + " says that nothing listens on " + target + said,
                error_number, icmp.offender);
  }
  if (icmp.own) {
    if (obstacle == Obstacle::host) {
      // What the kernel makes up when ARP or neighbour discovery gets no answer. An own firewall
      // that rejects with host unreachable, which none does unless told to, looks the same.
      return make(Reason::host_unreachable, target + ": a neighbour did not answer", error_number);
    }
    if (obstacle == Obstacle::hop_limit) {
      return make(Reason::host_unreachable, target + ": the hop limit ended on this host",
                  error_number);
    }
    return make(Reason::local_firewall, "this host's own firewall rejects " + target + said,
                error_number, icmp.offender);
  }
  switch (obstacle) {
    case Obstacle::port:
    case Obstacle::prohibited:
      return make(Reason::admin_prohibited, who + " rejects " + target + said, error_number,
                  icmp.offender);
    case Obstacle::net:
      return make(Reason::net_unreachable, who + " has no route to " + target + said, error_number,
                  icmp.offender);
    case Obstacle::hop_limit:
      return make(Reason::host_unreachable,
                  target + ": the hop limit ended at " + who + ", maybe a routing loop" + said,
                  error_number, icmp.offender);
    case Obstacle::host:
      break;
  }
  return make(Reason::host_unreachable, who + " can't reach " + target + said, error_number,
              icmp.offender);
}

}  // namespace

Failure connect_failure(const Endpoint& to, error_code ec, bool immediate,
                        const std::optional<IcmpError>& icmp, const Deadline& deadline,
                        Transport transport) {
  const std::string target = transport == Transport::icmp ? to.address.to_string() : to.to_string();
  const int number = ec.value();
  if (is_firewall_refusal(ec)) {
    return make(Reason::local_firewall, "this host's own firewall refuses to send to " + target,
                number, icmp && icmp->own ? icmp->offender : source_address(to.address));
  }
  if (icmp) {
    return icmp_failure(to, number, *icmp, transport);
  }
  if (ec == asio::error::operation_aborted || !ec) {
    if (deadline.ended() == Deadline::Ended::stopped) {
      return stopped();
    }
    return make(Reason::timeout, target + " did not answer in time");
  }
  switch (meaning_of(ec)) {
    case errc::connection_refused:
      // A firewall's reset looks like the host's own.
      return make(Reason::refused,
                  target + " refused the connection: nothing listens there, or a firewall says so",
                  number);
    case errc::connection_reset:
      if (transport == Transport::udp) {
        // How Windows tells a port unreachable that answered an earlier datagram.
        return make(Reason::refused, target + " says that nothing listens there", number);
      }
      [[fallthrough]];
    case errc::connection_aborted:
    case errc::broken_pipe:
      return make(Reason::reset, target + " reset the connection", number);
    case errc::timed_out:
      return make(Reason::timeout, target + " did not answer in time", number);
    case errc::network_reset:  // Windows, of a datagram
      return make(Reason::host_unreachable,
                  target + ": the hop limit ended on the way, maybe a routing loop", number);
    case errc::network_unreachable:
    case errc::host_unreachable:
      if (!immediate) {
        // The system kept no ICMP error that could tell who said so.
        const bool net = meaning_of(ec) == errc::network_unreachable;
        return make(net ? Reason::net_unreachable : Reason::host_unreachable,
                    target + " can't be reached", number);
      }
      [[fallthrough]];
    case errc::network_down:
    case errc::invalid_argument:  // a blackhole route
      return make(Reason::local_route, "this host has no route to " + target, number);
    default:
      return local_failure(ec);
  }
}

Failure stream_failure(error_code ec, Phase phase, const Deadline& deadline) {
  if (ec == asio::error::eof || ec == asio::ssl::error::stream_truncated) {
    return make(Reason::closed_early, "the peer closed the connection before it answered");
  }
  if (ec == asio::error::operation_aborted || !ec) {
    if (deadline.ended() == Deadline::Ended::stopped) {
      return stopped();
    }
    switch (phase) {
      case Phase::resolve:
        return make(Reason::dns_timeout, "no name server answered in time");
      case Phase::none:
      case Phase::connect:
        return make(Reason::timeout, "no answer in time");
      default:
        return make(Reason::stalled, "connected, but no answer in time");
    }
  }
  switch (meaning_of(ec)) {
    case errc::connection_reset:
    case errc::connection_aborted:
    case errc::broken_pipe:
      return make(Reason::reset, "the peer reset the connection", ec.value());
    case errc::connection_refused:
      return make(Reason::refused, "the connection was refused", ec.value());
    case errc::timed_out:  // the peer stopped acknowledging
    case errc::network_reset:
      return make(Reason::stalled, "the peer fell silent", ec.value());
    case errc::host_unreachable:
      return make(Reason::host_unreachable, "the peer can't be reached any more", ec.value());
    case errc::network_unreachable:
      return make(Reason::net_unreachable, "the peer can't be reached any more", ec.value());
    default:
      return local_failure(ec);
  }
}

Failure other_family(const IpAddress& source) {
  return make(Reason::local_address, "the source address " + source.to_string() +
                                         " can't reach an address of the other family");
}

Failure local_failure(error_code ec) {
  const int number = ec.value();
  switch (meaning_of(ec)) {
    case errc::too_many_files_open:
    case errc::too_many_files_open_in_system:
    case errc::no_buffer_space:
    case errc::not_enough_memory:
      return make(Reason::local_descriptors,
                  "this host is out of file descriptors or socket memory", number);
    case errc::permission_denied:
    case errc::operation_not_permitted:
      return make(Reason::local_permission, "this process may not open or use the socket it needs",
                  number);
    case errc::address_not_available:
      return make(Reason::local_address,
                  "the source address is not on this host, or no local port is free", number);
    case errc::address_in_use:
      return make(Reason::local_address, "the local address is in use", number);
    case errc::address_family_not_supported:
    case errc::network_unreachable:
    case errc::host_unreachable:
      return make(Reason::local_route, "this host has no route for this kind of address", number);
    default:
      // No text of the system: it may be localised (Windows).
      return make(Reason::local_error,
                  "this host failed to run the probe (error " + std::to_string(number) + ")",
                  number);
  }
}

}  // namespace reachd::net
