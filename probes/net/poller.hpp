#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "probes/net/endpoint.hpp"

namespace reachd::net {

/// Waits for a changing set of sockets; the seam between poll() and WSAPoll(). One thread uses it;
/// only wake() may be called from others.
class Poller {
 public:
  struct Ready {
    NativeSocket socket;
    bool readable;  ///< also on errors, so that the reader sees them
    bool writable;
  };

  virtual ~Poller() = default;
  /// What to wait for on a socket; neither takes it out.
  virtual void watch(NativeSocket socket, bool readable, bool writable) = 0;
  /// Waits until a socket is ready, wake() was called or the time is over; none: no limit. `ready`
  /// is replaced.
  virtual void wait(std::optional<std::chrono::nanoseconds> limit, std::vector<Ready>& ready) = 0;
  /// Ends the wait that runs or comes next. Thread-safe.
  virtual void wake() noexcept = 0;
};

/// Throws std::system_error if there are no descriptors left.
std::unique_ptr<Poller> make_poller();

/// Where the operating system keeps its table of hosts, and what tells that its name servers have
/// changed (empty: nothing to look at).
const char* system_hosts_file() noexcept;
const char* system_resolver_file() noexcept;

}  // namespace reachd::net
