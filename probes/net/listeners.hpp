#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/core/address.hpp"
#include "probes/core/probe.hpp"
#include "probes/net/result.hpp"

namespace reachd::net {

/// A socket of this host (of this network namespace, on Linux) that takes what arrives on a port.
struct Listener {
  Endpoint endpoint;        ///< the address may be 0.0.0.0 or ::
  bool takes_both = false;  ///< on ::, and IPv4 arrives there too
  std::string user;         ///< name, or "uid 1000"; empty: the system does not tell
  std::string unit;         ///< systemd's: "nginx.service"; empty: not in one, or not known
  std::vector<std::string> processes;  ///< names, distinct; empty: not looked for or not readable
  /// The system itself listens, for processes that it does not name: IIS through http.sys, on
  /// Windows.
  bool for_others = false;

  /// "nginx (unit nginx.service, user root)"; what is not known is left out, so it may be empty.
  std::string owner() const;
  /// Whether a process of that name holds it, in any case of letters and with or without ".exe";
  /// none if that can't be told.
  std::optional<bool> held_by(const std::string& process) const;
};

/// How much to find out about owners; process names may take a walk over all processes.
enum class Owners : std::uint8_t { user_and_unit, process };

/// Who listens (TCP) or receives unconnected (UDP) on `port`, at most 64 sockets. Blocks for
/// microseconds, with Owners::process up to some milliseconds. Needs no rights but for the names of
/// other users' processes.
Result<std::vector<Listener>> find_listeners(Transport transport, std::uint16_t port,
                                             Owners owners);

}  // namespace reachd::net
