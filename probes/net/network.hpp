#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "probes/core/clock.hpp"

namespace reachd::net {

class DeadlineQueue;
class Resolver;
class TrustStore;

/// What a loop lends to all probes that it runs; each member outlives them.
struct Network {
  boost::asio::any_io_executor executor;  ///< of the loop: one thread
  DeadlineQueue& deadlines;               ///< of the loop
  Resolver& resolver;                     ///< shared by all loops
  TrustStore& trust;                      ///< shared by all loops
  const Clock& clock;
};

}  // namespace reachd::net
