#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "probes/core/address.hpp"
#include "probes/net/deadline.hpp"
#include "probes/net/result.hpp"

namespace reachd::net {

/// Asynchronous name resolution on a thread of its own (c-ares). Equal questions that run at the
/// same time share one query; answers are cached for their TTL (bounded), negative ones briefly;
/// each set of name servers has a channel of its own, so a dead server never delays the questions
/// of others. Thread-safe.
class Resolver {
 public:
  virtual ~Resolver() = default;

  /// The addresses of `name`, from the hosts file or the name servers: IPv4 before IPv6 in the
  /// order of the answer, without duplicates, at most 16. Resumes on the awaiting coroutine's
  /// executor. `servers` empty: those of the system. Fails with dns_nxdomain, dns_no_data,
  /// dns_timeout (also when the deadline ends first) or dns_failure; a question that the waiter
  /// leaves goes on and fills the cache.
  virtual asio::awaitable<Result<std::vector<IpAddress>>> resolve(std::string name,
                                                                  std::span<const Endpoint> servers,
                                                                  Deadline& deadline) = 0;
  /// The system's name servers as known now, for the DNS probe.
  virtual std::vector<Endpoint> system_servers() = 0;
};

/// Starts the thread; the destructor ends it and fails what still waits with dns_failure.
std::unique_ptr<Resolver> make_resolver();

}  // namespace reachd::net
