#include "probes/net/ip_status.hpp"

#include <array>
#include <cstring>
#include <string>
#include <utility>

namespace reachd::net {
namespace {

// ipexport.h. One number has two names where ICMPv6 means something else by it.
enum : std::uint32_t {
  ip_dest_net_unreachable = 11002,
  ip_dest_host_unreachable = 11003,
  ip_dest_protocol_unreachable = 11004,  // ICMPv6: prohibited
  ip_dest_port_unreachable = 11005,
  ip_no_resources = 11006,
  ip_packet_too_big = 11009,
  ip_bad_route = 11012,
  ip_hop_limit_in_transit = 11013,
  ip_hop_limit_in_reassembly = 11014,
  ip_parameter_problem = 11015,
  ip_source_quench = 11016,
  ip_bad_destination = 11018,
  ip_dest_unreachable = 11040,
  ip_time_exceeded = 11041,
  ip_bad_header = 11042,
  ip_unrecognized_next_header = 11043,
  ip_icmp_error = 11044,
  ip_dest_scope_mismatch = 11045,
  ip_general_failure = 11050,
};

// winerror.h: what a call says that could not send.
enum : std::uint32_t {
  error_access_denied = 5,
  error_not_enough_memory = 8,
  error_out_of_memory = 14,
  error_not_supported = 50,
  error_network_access_denied = 65,
  error_call_not_implemented = 120,
  error_invalid_network_name = 1214,
  error_network_unreachable = 1231,
  error_host_unreachable = 1232,
  error_no_system_resources = 1450,
  wsa_access_denied = 10013,
  wsa_family_not_supported = 10047,
  wsa_network_unreachable = 10051,
  wsa_no_buffers = 10055,
  wsa_host_unreachable = 10065,
};

/// Makes the failures of one answer.
class Teller {
 public:
  Teller(std::uint32_t status, const IpAddress& to, const std::optional<IpAddress>& from)
      : status_(status), to_(to.to_string()), from_(from) {
    who_ = from && *from == to ? "the host itself" : from ? from->to_string() : "a router";
  }

  const std::string& target() const noexcept { return to_; }
  /// An ICMP error of somebody else.
  Failure other(Reason reason, const std::string& says) const {
    return make(reason, who_ + " " + says, from_);
  }
  Failure own(Reason reason, std::string message,
              std::optional<IpAddress> offender = std::nullopt) const {
    return make(reason, std::move(message), offender);
  }
  Failure no_route() const { return own(Reason::local_route, "this host has no route to " + to_); }
  Failure firewall(std::optional<IpAddress> source) const {
    return own(Reason::local_firewall, "this host's own firewall refuses to send to " + to_,
               source);
  }
  Failure error() const {
    // No text of the system: it may be localised.
    return own(Reason::local_error,
               "this host failed to run the probe (error " + std::to_string(status_) + ")");
  }

 private:
  Failure make(Reason reason, std::string message, std::optional<IpAddress> offender) const {
    return Failure{reason, std::move(message), static_cast<int>(status_), offender};
  }

  std::uint32_t status_;
  std::string to_;
  std::string who_;
  std::optional<IpAddress> from_;
};

/// An ICMP error that this host made up itself.
Failure own_complaint(std::uint32_t status, const Teller& teller, const OwnPart& own) {
  switch (status) {
    case ip_dest_net_unreachable:
    case ip_bad_route:
      return teller.no_route();
    case ip_dest_protocol_unreachable:
    case ip_dest_port_unreachable:
      return teller.firewall(own.source);
    case ip_hop_limit_in_transit:
    case ip_time_exceeded:
      return teller.own(Reason::host_unreachable,
                        teller.target() + ": the hop limit ended on this host");
    case ip_dest_host_unreachable:
    case ip_dest_unreachable:
    case ip_dest_scope_mismatch:
      // What the system makes up when ARP or neighbour discovery gets no answer.
      return own.source ? teller.own(Reason::host_unreachable,
                                     teller.target() + ": a neighbour did not answer")
                        : teller.no_route();
    default:
      return teller.error();
  }
}

/// An ICMP error of a router or of the target. None: that status is none.
std::optional<Failure> complaint(std::uint32_t status, const Teller& teller) {
  const std::string& to = teller.target();
  switch (status) {
    case ip_dest_net_unreachable:
      return teller.other(Reason::net_unreachable, "has no route to " + to);
    case ip_dest_protocol_unreachable:  // every host has ICMP, so a firewall speaks
    case ip_dest_port_unreachable:
      return teller.other(Reason::admin_prohibited, "rejects " + to);
    case ip_hop_limit_in_transit:
    case ip_time_exceeded:
      return teller.other(Reason::host_unreachable, "says that the hop limit ended on the way to " +
                                                        to + ", maybe a routing loop");
    case ip_hop_limit_in_reassembly:
      return teller.other(Reason::host_unreachable, "got only parts of the echo request to " + to);
    case ip_packet_too_big:
      return teller.other(Reason::host_unreachable, "can't pass on a packet of this size to " + to);
    case ip_source_quench:
      return teller.other(Reason::host_unreachable, "is too busy to pass on a packet to " + to);
    case ip_dest_host_unreachable:
    case ip_dest_unreachable:
    case ip_dest_scope_mismatch:
    case ip_bad_route:
      return teller.other(Reason::host_unreachable, "can't reach " + to);
    case ip_parameter_problem:
    case ip_bad_header:
    case ip_unrecognized_next_header:
    case ip_icmp_error:
      return teller.other(Reason::host_unreachable, "did not like the echo request to " + to);
    default:
      return std::nullopt;
  }
}

/// What is no ICMP error: nothing left this host.
Failure local_trouble(std::uint32_t status, const Teller& teller, const OwnPart& own) {
  switch (status) {
    case ip_general_failure:
      // Says little: either nothing leads there, or a filter of the Windows firewall dropped it.
      return own.source ? teller.firewall(own.source) : teller.no_route();
    case wsa_access_denied:
      return teller.firewall(own.source);
    case ip_bad_destination:
    case error_invalid_network_name:
    case error_network_unreachable:
    case error_host_unreachable:
    case wsa_network_unreachable:
    case wsa_host_unreachable:
      return teller.no_route();
    case ip_no_resources:
    case error_not_enough_memory:
    case error_out_of_memory:
    case error_no_system_resources:
    case wsa_no_buffers:
      return teller.own(Reason::local_descriptors,
                        "this host is out of handles or memory for echo requests");
    case error_access_denied:
    case error_network_access_denied:
      return teller.own(Reason::local_permission, "this process may not send pings");
    case error_not_supported:
    case error_call_not_implemented:
    case wsa_family_not_supported:
      return teller.own(Reason::local_route,
                        "this system can't send pings to this kind of address");
    default:
      return teller.error();
  }
}

std::uint32_t number_at(std::span<const std::byte> buffer, std::size_t offset) noexcept {
  std::uint32_t value = 0;
  std::memcpy(&value, buffer.subspan(offset, sizeof value).data(), sizeof value);
  return value;
}

}  // namespace

bool is_hop_limit(std::uint32_t status) noexcept {
  return status == ip_hop_limit_in_transit || status == ip_time_exceeded;
}

std::optional<Failure> echo_failure(std::uint32_t status, const IpAddress& to,
                                    const std::optional<IpAddress>& from, const OwnPart& own) {
  if (status == kIpSuccess || status == kIpRequestTimedOut) {
    return std::nullopt;
  }
  const Teller teller(status, to, from);
  const auto failure = complaint(status, teller);
  if (!failure) {
    return local_trouble(status, teller, own);
  }
  return own.complained || !from ? own_complaint(status, teller, own) : *failure;
}

std::optional<Icmp6Reply> parse_icmp6_reply(std::span<const std::byte> buffer) noexcept {
  // IPV6_ADDRESS_EX is packed: port, flow, address and scope are 26 bytes. The numbers are in the
  // byte order of the machine.
  constexpr std::size_t kAddress = 6;
  constexpr std::size_t kScope = 22;
  constexpr std::size_t kStatus = 28;
  constexpr std::size_t kPayload = 36;
  if (buffer.size() < kPayload) {
    return std::nullopt;
  }
  Icmp6Reply reply;
  reply.from.family = IpAddress::Family::v6;
  std::memcpy(reply.from.bytes.data(), buffer.subspan(kAddress).data(), reply.from.bytes.size());
  const bool link_local = reply.from.bytes[0] == 0xfe && (reply.from.bytes[1] & 0xc0U) == 0x80;
  reply.from.scope = link_local ? number_at(buffer, kScope) : 0;
  reply.status = number_at(buffer, kStatus);
  reply.payload = buffer.subspan(kPayload);
  return reply;
}

}  // namespace reachd::net
