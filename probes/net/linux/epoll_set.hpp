#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>

#include "probes/net/result.hpp"

namespace reachd::net {

/// Puts an epoll set of its own in `set` unless it is open already: a loop then waits for one
/// descriptor instead of for each in it. Loop thread only.
error_code open_epoll(boost::asio::posix::stream_descriptor& set);

}  // namespace reachd::net
