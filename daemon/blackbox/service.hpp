#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "config/blackbox.hpp"
#include "config/probe_allow.hpp"
#include "daemon/blackbox/counters.hpp"
#include "daemon/web/prober.hpp"
#include "probes/net/network.hpp"

namespace reachd::blackbox {

/// What /probe may do: the modules, and where. Immutable.
struct Configuration {
  config::blackbox::Modules modules;
  config::ProbeAllow allow;
};

/// The configuration that counts now; none: /probe is switched off. Thread-safe, so that a reload
/// may change it at any time: a probe that runs ends by the one that it began with.
class Current {
 public:
  explicit Current(std::shared_ptr<const Configuration> configuration = nullptr)
      : configuration_(std::move(configuration)) {}
  void set(std::shared_ptr<const Configuration> configuration);
  std::shared_ptr<const Configuration> get() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Configuration> configuration_;
};

/// How long a probe may take, in seconds: what Prometheus gives (`header`, the value of
/// X-Prometheus-Scrape-Timeout-Seconds; empty or 0: 120) less half a second for the way, or the
/// module's own (0: none) if that is shorter or nothing is left. The error is why the header is no
/// number.
std::expected<double, std::string> time_limit(std::string_view header,
                                              std::chrono::nanoseconds module);

/// What the service borrows; all of it outlives it.
struct Surroundings {
  const Current& current;
  Counters& counters;
  net::Resolver& resolver;
  net::TrustStore& trust;
  const Clock& clock;
};

/// blackbox_exporter's /probe (peers.md, 2.3): the modules' probers on the server's own thread, so
/// that no scheduled check waits for them. Beyond `most_in_flight` probes it answers 503.
std::unique_ptr<web::Prober> make_service(const boost::asio::any_io_executor& executor,
                                          const Surroundings& surroundings,
                                          std::size_t most_in_flight);

}  // namespace reachd::blackbox
