#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/engine/board.hpp"
#include "daemon/engine/tracer.hpp"
#include "probes/core/clock.hpp"

namespace reachd::net {
class Resolver;
class TrustStore;
}  // namespace reachd::net

namespace reachd::engine {

/// Why a due probe was not run: its previous run still went on, this process had no descriptor
/// left, or the process itself stood still (suspended) and the run is made up for by the next one.
enum class Skip : std::uint8_t { overlap, descriptors, suspended };
std::string_view to_string(Skip) noexcept;

/// Told of what happens, on the loops' threads; must be thread-safe and quick.
class Observer {
 public:
  virtual ~Observer() = default;
  /// Every finished probe. `lag`: how much later than scheduled it was taken up; waiting for its
  /// turn at a gently probed host is not lag.
  virtual void on_probe(const ProbeType& type, const Outcome& outcome, Duration lag) = 0;
  virtual void on_skip(Skip cause, std::uint64_t count) = 0;
  /// A verdict changed; the status is that after the change.
  virtual void on_change(const config::Check& check, Verdict from, const CheckStatus& status) = 0;
  /// A check that look_now() asked for has been looked at, and nothing is being confirmed there any
  /// more; after on_change() if its verdict changed. Once for each time it was asked for, where it
  /// had not been asked for already. Never told of other checks.
  virtual void on_settled(const config::Check& /*check*/, const CheckStatus& /*status*/) {}
};

struct EngineOptions {
  unsigned loops = 1;  ///< threads that probe; a check stays on one
  std::uint32_t concurrency =
      0;  ///< probes in flight on all loops; 0: from the descriptor limit, with a reserve
  MakeTracer tracer = make_tracer;  ///< called on the loops
  /// Asked by apply(), on its thread, of every check whose id the plan before did not hold. May be
  /// empty.
  Remember remember{};
};

/// When to look: runs the checks of a plan on its loops, on schedule, within the limits, and keeps
/// the board.
class Engine {
 public:
  virtual ~Engine() = default;
  /// Begins with a plan, or goes over to a new one: checks whose id and target stay keep their
  /// status, and probes whose key stays keep their place in the schedule. Returns when all loops
  /// have swapped. Not concurrently with itself or stop().
  virtual void apply(std::shared_ptr<const config::Plan> plan) = 0;
  /// Aborts what is in flight and ends the loops; at most one second. Idempotent.
  virtual void stop() = 0;
  /// Has the probes of these checks run at once, still within the limits and one after the other at
  /// each host, and tells Observer::on_settled(). One in flight, or one that confirms anyway, is
  /// taken as it is. A check that is never probed has settled already. Ids that the running plan
  /// does not hold wait for the next apply(), and are left out if that does not either. Any thread.
  virtual void look_now(std::vector<std::string> checks) = 0;
  /// Shows on the board what holds these checks' alerts back; it stays across reloads. Ids that the
  /// running plan does not hold wait as for look_now(). Any thread; done in the order of the calls.
  virtual void mark(std::vector<std::pair<std::string, Modifiers>> marks) = 0;
  /// The board now; stays readable for as long as it is held. Any thread.
  virtual std::shared_ptr<const Board> board() const = 0;
  /// When the scheduler last moved, the oldest of all loops. Any thread. An idle loop moves at
  /// least every 5 seconds.
  virtual TimePoint last_progress() const = 0;
  virtual std::uint32_t in_flight() const = 0;
};

/// Starts the loops, with nothing to do yet. The lent objects outlive the engine.
std::unique_ptr<Engine> make_engine(const EngineOptions& options, net::Resolver& resolver,
                                    net::TrustStore& trust, const Clock& clock, Observer& observer);

}  // namespace reachd::engine
