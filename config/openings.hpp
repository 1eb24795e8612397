#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "config/plan.hpp"

namespace reachd::config {

/// Which part of the way to a target an opening is.
enum class Leg : std::uint8_t {
  direct,
  to_proxy,    ///< its checks' targets lie behind its destination
  from_proxy,  ///< the proxy opens it
};

/// What a firewall has to let through: one line of a request to those who run it.
struct Opening {
  /// The hosts at the end that was put together from several, or the one host there, with the
  /// checks that look at it.
  struct Member {
    std::string host;
    std::vector<const Check*> checks;
  };

  std::string source;       ///< a host, a network, "10.30.1.3-10.30.1.9", or who in words
  std::string destination;  ///< the same
  std::uint16_t port = 0;   ///< 0: the transport has none
  Transport transport = Transport::tcp;
  Leg leg = Leg::direct;
  // Each once, in the order of the plan.
  std::vector<std::string> purposes;
  std::vector<std::string> requirements;  ///< of a check of `checks:` its id
  std::vector<Evidence> evidence;
  Necessity necessity = Necessity::optional;  ///< the strongest
  bool in_use = false;                        ///< of any
  std::vector<Member> members;                ///< in the order of addresses
};

/// The openings that these checks of `plan` need, in its order. Checks of the same endpoint are one
/// opening; openings that differ in one end only, over addresses without a gap, are one too: a
/// network where the configuration or the addresses make one, else a range. What this host asks of
/// itself needs none. Through a proxy there are two: to it, and from it to the target. An inbound
/// requirement comes from its peers; this host goes by its vantage. The plan outlives the result.
std::vector<Opening> openings(const Plan& plan, const std::vector<const Check*>& checks);

/// What others call this host by, as far as its listeners tell.
using OwnNames = std::set<std::string>;
OwnNames own_names(const Plan& plan);
/// The same for who asks about one check after the other and has own_names() already.
std::vector<Opening> openings(const Plan& plan, const std::vector<const Check*>& checks,
                              const OwnNames& names);

}  // namespace reachd::config
