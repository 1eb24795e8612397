#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/core/outcome.hpp"
#include "probes/core/reader.hpp"
#include "probes/core/target.hpp"

namespace reachd {

namespace net {
class Deadline;
struct Network;
}  // namespace net

namespace asio = boost::asio;

enum class Transport : std::uint8_t { tcp, udp, icmp, local };
std::string_view to_string(Transport) noexcept;

/// Where a running probe is. Phases are stamped as they change, so a timeout knows where it was and
/// every finished phase has its time. One a probe run, on its loop's thread.
class Progress {
 public:
  explicit Progress(const Clock& clock)
      : clock_(clock), start_(clock.steady_now()), since_(start_) {}

  /// Ends the current phase and begins another; times of a phase entered twice add up.
  void enter(Phase phase) noexcept;
  Phase phase() const noexcept { return phase_; }
  /// Ends the current phase; the total runs from the construction to now.
  Timings finish() noexcept;
  const Clock& clock() const noexcept { return clock_; }

 private:
  const Clock& clock_;
  TimePoint start_;
  TimePoint since_;
  Phase phase_ = Phase::none;
  Timings timings_;
};

/// Receives the steps of a probe for `debug=true` and `probe --verbose`; usually there is none.
class ProbeLog {
 public:
  virtual ~ProbeLog() = default;
  virtual void line(std::string text) = 0;
};

/// Lent to a probe for one attempt at one address; never stored. Everything lives on the loop that
/// runs the probe.
struct ProbeRun {
  const Target& target;
  std::optional<Endpoint>
      endpoint;  ///< the address of this attempt, resolved by the caller; none if !wants_address()
  std::span<const Endpoint> name_servers;  ///< the check's own resolver, empty: the system's
  net::Network& network;
  net::Deadline& deadline;
  Progress& progress;
  ProbeLog* log = nullptr;
};

/// Says a step of the run, if somebody listens. The text is put together only then:
/// `log_step(run, [&] { return "connected to " + name; });`
template <typename Text>
void log_step(const ProbeRun& run, Text&& text) {
  if (run.log != nullptr) {
    run.log->line(text());
  }
}

/// One way to look at a target, ready to run. Immutable after construction: run() may be active
/// many times at once. run() never throws for what the network does; it returns an Outcome with
/// exactly one Attempt (or none for probes without an address), leaving `timings` to the caller,
/// who takes them from Progress.
class Probe {
 public:
  virtual ~Probe() = default;
  virtual asio::awaitable<Outcome> run(ProbeRun run) const = 0;
  /// False if the probe looks at no address that the caller has to resolve (listen; a name that
  /// goes to a proxy).
  virtual bool wants_address() const noexcept { return true; }
  /// What it looks at goes over this, where the probe's parameters decide it; `type` is what its
  /// type says.
  virtual Transport transport(Transport type) const noexcept { return type; }
};

/// A row of the table of probe types.
struct ProbeType {
  std::string_view name;     ///< the word in configuration and metrics
  std::string_view summary;  ///< one line for --help and the documentation
  Transport transport;
  std::uint16_t default_port;  ///< 0: the target must name one, unless it has none at all (icmp)
  bool needs_port;
  /// Reads the probe's own keys; problems go to the reader's diagnostics, then null may be
  /// returned. The caller runs params.done() afterwards.
  std::shared_ptr<const Probe> (*make)(const Target& target, Reader& params);
};

/// An outcome that failed: one attempt, its phase where the run is now.
Outcome failed(const ProbeRun& run, Failure failure);
/// An outcome that succeeded at the run's endpoint.
Outcome succeeded(const ProbeRun& run);
/// One that succeeded, but something is wrong: `message` says what.
Outcome degraded(const ProbeRun& run, std::string message);

}  // namespace reachd
