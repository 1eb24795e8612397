#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "config/plan.hpp"
#include "probes/core/clock.hpp"

namespace reachd::bench {

/// A process that accepts and closes on one port of 127.0.0.1 to 127.0.0.16, so that its CPU is not
/// ours. Start it before any thread.
class LoopbackServer {
 public:
  static constexpr unsigned kAddresses = 16;

  LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  ~LoopbackServer();

  std::uint16_t port() const noexcept { return port_; }
  /// Gives the server the first CPU that we may use and leaves us the others, if there are any.
  /// Call it before any thread.
  void keep_apart() const;

 private:
  pid_t child_ = 0;
  std::uint16_t port_ = 0;
};

/// `count` TCP checks of that server, one probe each, closed with a reset.
std::shared_ptr<const config::Plan> tcp_plan(std::uint32_t count, Duration interval,
                                             std::uint16_t port);

/// The number that the program was told at this place of its command line, at least 1.
unsigned argument(std::span<char* const> given, std::size_t index, unsigned fallback);

/// CPU that this process has used.
struct Cpu {
  Duration user{};
  Duration system{};
  Duration total() const noexcept { return user + system; }
  Cpu operator-(const Cpu& other) const noexcept {
    return {user - other.user, system - other.system};
  }
};
Cpu cpu_time();
/// "10.6 us"
std::string microseconds(Duration duration);

}  // namespace reachd::bench
