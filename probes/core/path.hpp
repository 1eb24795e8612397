#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/core/address.hpp"
#include "probes/core/clock.hpp"

namespace reachd {

/// One place on the way to a target.
struct Hop {
  int number = 0;                    ///< 1: the first router
  std::optional<IpAddress> address;  ///< who said that the hop limit ended there; none: silent
  Duration duration{};               ///< until it said so
};

/// What a trace towards an endpoint found: plain data that owns everything it shows.
struct Path {
  enum class End : std::uint8_t {
    reached,     ///< the endpoint answered: with a connection, or with a reset (maybe a firewall's)
    rejected,    ///< an ICMP error ended it
    silent,      ///< behind the last hop nobody answers
    unfinished,  ///< the time ended first
  };

  Endpoint target;
  WallTime time{};        ///< when it began
  std::vector<Hop> hops;  ///< in order, up to the last one that answered
  End end = End::silent;
  std::optional<IpAddress> offender;  ///< who sent the ICMP error
  std::string message;                ///< one sentence for a person

  /// The last hop that answered; null if none did.
  const Hop* last_hop() const noexcept { return hops.empty() ? nullptr : &hops.back(); }
};

/// "reached", "rejected", "silent", "unfinished"
std::string_view to_string(Path::End end) noexcept;

}  // namespace reachd
