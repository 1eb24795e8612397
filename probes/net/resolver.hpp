#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "probes/core/address.hpp"
#include "probes/net/deadline.hpp"
#include "probes/net/result.hpp"

namespace reachd::net {

/// Asynchronous name resolution on a thread of its own (c-ares). Equal questions that run at the
/// same time share one query; answers are cached for their TTL (bounded), negative ones for a few
/// seconds, failures of the servers not at all; each set of name servers has a channel of its own,
/// so a dead server never delays the questions of others. Thread-safe.
class Resolver {
 public:
  virtual ~Resolver() = default;

  /// The addresses of `name`: IPv4 before IPv6 in the order of the answer, without duplicates, at
  /// most 16. Resumes on the awaiting coroutine's executor; an address or a cached
  /// answer is returned without leaving the thread. `servers` empty: the hosts file, then the
  /// system's name servers with its search list; else these servers alone. Names below "localhost"
  /// are never asked for (RFC 6761, 6.3).
  /// A and AAAA are asked apart: once one has an answer the other gets 250 ms, so that a server
  /// that drops AAAA does not look dead. Fails with dns_nxdomain, dns_no_data, dns_timeout (also
  /// when the deadline ends first) or dns_failure, and with local_* where this host can
  /// send to none of the servers; a question that the waiter leaves goes on and
  /// fills the cache.
  virtual asio::awaitable<Result<std::vector<IpAddress>>> resolve(std::string name,
                                                                  std::span<const Endpoint> servers,
                                                                  Deadline& deadline) = 0;
  /// The system's name servers as configured now. Reads a file: not for a loop's fast path.
  virtual std::vector<Endpoint> system_servers() = 0;
};

struct ResolverOptions {
  std::string hosts_file = {};   ///< empty: the system's
  std::string config_file = {};  ///< resolv.conf(5); empty: the system's
  std::uint16_t port = 53;       ///< of the system's name servers
  /// The first wait for a name server; it doubles with each round over the servers. Short, so that
  /// a dead first server leaves time for the second within a probe's usual 5 s.
  std::chrono::milliseconds server_timeout{800};
  int rounds = 3;
  std::chrono::milliseconds family_grace{250};
};

/// Starts the thread; the destructor ends it and fails what still waits with dns_failure.
std::unique_ptr<Resolver> make_resolver(ResolverOptions options = {});

}  // namespace reachd::net
