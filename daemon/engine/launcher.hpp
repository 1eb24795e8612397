#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "config/plan.hpp"
#include "daemon/engine/host_gate.hpp"
#include "daemon/log/log.hpp"
#include "probes/core/probe.hpp"
#include "probes/net/network.hpp"

namespace reachd::engine {

/// A probe to be run once.
struct Order {
  const config::ProbeSpec* spec = nullptr;
  const Probe* probe = nullptr;       ///< the spec's full or light one
  std::shared_ptr<const void> owner;  ///< what keeps the two alive
  std::uint32_t token = 0;            ///< given back with the outcome
  ProbeLog* log = nullptr;            ///< lent; usually null
};

/// Runs probes on one loop: resolves the name, probes the addresses that the policy asks for side
/// by side, within the limits (attempts in flight; each host by its resolved address), and makes
/// one outcome of them. The time limit of an attempt is the spec's, less what resolving took;
/// waiting for a turn does not count. Loop thread only.
///
/// Attempts run in a few long-lived coroutines (slots) that take the next one when they are done:
/// starting a coroutine for every attempt would cost more than the rest of the pipeline.
class Launcher {
 public:
  struct Flight;
  /// Told of each outcome, which it may move from, and of the time; may start another probe.
  using Done = std::function<void(std::uint32_t token, Outcome& outcome, TimePoint now)>;

  /// `concurrency`: attempts in flight at most. The network outlives the launcher, and the loop has
  /// to run until idle() after stop() before the launcher may go.
  Launcher(net::Network& network, std::uint32_t concurrency, Done done);
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;
  ~Launcher();

  /// False while as many attempts are in flight or about to be as there may be; done() is called
  /// when that changes. More may be started nevertheless; they wait.
  bool has_room() const noexcept { return room() > 0; }
  /// How many more that would be.
  std::size_t room() const noexcept {
    const std::size_t taken = active_ + ready_.size();
    return taken < concurrency_ ? concurrency_ - taken : 0;
  }
  /// Queues a probe; go() sets out with all that are queued. The flight is valid until its outcome
  /// is given to done(), or cancel().
  Flight* start(Order order, TimePoint now);
  /// May call done(), for probes that end without waiting.
  void go();
  /// Aborts a flight; done() is not called for it.
  void cancel(Flight* flight);
  static void set_token(Flight* flight, std::uint32_t token) noexcept;
  /// Cancels all and lets the slots end. Nothing may be started afterwards.
  void stop();

  std::uint32_t in_flight() const noexcept { return active_; }
  /// True once nothing of the launcher is left on the loop.
  bool idle() const noexcept { return slots_ == 0; }

 private:
  struct Part;
  /// Something for a slot to do: resolve the name of a flight, or one of its attempts.
  struct Job {
    Flight* flight;
    std::uint32_t part;
  };

  Flight& new_flight(Order order, TimePoint now);
  void set_out(Flight& flight, TimePoint now);
  void set_out(Flight& flight, std::vector<IpAddress> found);
  std::size_t startable() const noexcept;
  void drain_gate(TimePoint now);
  void arm_gate_timer(TimePoint now);

  asio::awaitable<void> slot();
  std::optional<Job> next_job();
  asio::awaitable<void> resolve(Flight& flight);
  void attempt_ended(Flight& flight, Part& part, TimePoint began);
  void leave_gate(Part& part, TimePoint now);
  void part_ended(Flight& flight, TimePoint now);
  void land(Flight& flight, TimePoint now);

  net::Network& network_;
  const std::uint32_t concurrency_;
  const Done done_;

  std::vector<std::unique_ptr<Flight>> flights_;  ///< as many as were ever needed at once
  std::vector<Flight*> free_;
  std::deque<Job> resolves_;  ///< not limited: they cost no descriptor
  std::deque<Job> ready_;     ///< attempts that have passed the gate
  HostGate gate_;
  log::RareWarning bug_warning_;
  asio::steady_timer gate_timer_;
  TimePoint gate_armed_ = TimePoint::max();
  std::vector<std::move_only_function<void()>> parked_;
  std::uint32_t slots_ = 0;
  std::uint32_t starting_ = 0;  ///< of them, those that have not begun to look for work
  std::uint32_t active_ = 0;
  bool going_ = false;
  bool stopping_ = false;
};

}  // namespace reachd::engine
