#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daemon/engine/engine.hpp"
#include "daemon/engine/launcher.hpp"
#include "daemon/engine/layout.hpp"
#include "daemon/engine/schedule.hpp"
#include "daemon/engine/trace_queue.hpp"
#include "daemon/engine/verdict.hpp"
#include "daemon/log/log.hpp"
#include "probes/net/deadline.hpp"

namespace reachd::engine {

/// Probes one loop's share of the plan: takes what is due, has it launched, judges what comes back
/// and writes it on the board. One timer wakes it, at most every 2 ms, and what is due by then is
/// taken together. Loop thread only, unless a member says otherwise.
class Runner {
 public:
  /// `number`: of this loop, as in Layout::loop_of_probe.
  Runner(const net::Network& network, std::uint8_t number, std::uint32_t concurrency,
         Observer& observer, MakeTracer make_tracer);

  /// Goes over to another plan. What stays keeps its status, its place in the schedule and, if it
  /// is in flight, its flight.
  void apply(std::shared_ptr<Layout> layout);
  /// What Engine::look_now() and Engine::mark() ask for, as far as the checks are this loop's.
  void look_now(const std::vector<std::string>& checks);
  void mark(const std::vector<std::pair<std::string, Modifiers>>& marks);
  /// Aborts what is in flight and waits for nothing any more, so that the loop ends by itself.
  void stop();

  /// Any thread.
  TimePoint last_progress() const noexcept { return last_progress_.load(); }
  std::uint32_t in_flight() const noexcept { return in_flight_.load(); }
  /// True once stop() has run its course.
  bool idle() const noexcept { return launcher_.idle(); }

 private:
  /// A probe of this loop.
  struct Entry {
    std::uint32_t probe = 0;     ///< index in the plan
    bool light = false;          ///< the present run is the light one
    bool full_was_good = false;  ///< the last full probe succeeded without a flaw
    const config::ProbeSpec* spec = nullptr;
    std::span<const std::uint32_t> checks;
    Launcher::Flight* flight = nullptr;  ///< while it runs
    Duration lag{};                      ///< of the present run
    TimePoint last_full{};               ///< when the last full probe began

    void take(const Layout& layout, std::uint32_t its_probe);
  };

  /// Judges a check of this loop. What it needs of the plan stands with it, because each look there
  /// would be another cache miss.
  struct Judge {
    // Without its tail padding, where `asked` has room: it would cost every look a longer stride.
    [[no_unique_address]] VerdictMachine machine;
    bool asked = false;  ///< look_now() waits for it to settle
    const config::Timing* timing = nullptr;
    const config::Gate* gate = nullptr;  ///< null: none
  };

  void take_over_checks(const Layout* before);
  /// True if the check's status is written by this loop.
  bool is_mine(const Layout& layout, std::uint32_t check) const noexcept;
  void hasten(std::uint32_t check, TimePoint now);
  void settle(std::uint32_t check);
  void wake();
  void arm(TimePoint now);
  void launch_due(TimePoint now);
  void take_due(TimePoint now, std::size_t most);
  /// Asks for what launching and judging the due probes will read. A plan of thousands does not fit
  /// into the cache, and to wait for all of it at once is cheaper than for each part in its turn.
  void fetch_due() const noexcept;
  void launch(const Schedule::Due& due, TimePoint now);
  bool wants_light(const Entry& entry, TimePoint now) const;
  void finished(std::uint32_t index, Outcome& outcome, TimePoint now);
  /// What follows from one outcome for one check.
  struct Judged {
    bool confirm = false;      ///< probe again soon
    bool fell_silent = false;  ///< it is down, and since this outcome because its port is silent
  };
  Judged judge_check(std::uint32_t check, const std::shared_ptr<const Outcome>& outcome,
                     TimePoint now, WallTime wall);
  void want_path(std::uint32_t index, const Outcome& outcome, TimePoint now);
  void start_traces(TimePoint now);
  void traced(std::uint32_t slot, const Outcome& outcome, TimePoint now);
  void show_path(const Entry& entry, const std::shared_ptr<const Path>& path);

  net::Network network_;
  const std::uint8_t number_;
  Observer& observer_;
  const MakeTracer make_tracer_;
  Launcher launcher_;
  std::shared_ptr<Layout> layout_;
  Schedule schedule_;
  std::vector<Schedule::Due> due_;  ///< being launched
  std::vector<Entry> entries_;      ///< by index of the schedule
  std::vector<Judge> judges_;       ///< by index of the plan's checks
  // Asked for of checks that no plan holds yet.
  std::vector<std::string> early_looks_;
  std::vector<std::pair<std::string, Modifiers>> early_marks_;
  TraceQueue traces_;  ///< wanted by index of the schedule
  std::array<std::optional<Endpoint>, TraceQueue::kMostRunning> tracing_;
  log::RareWarning trace_warning_;
  boost::asio::steady_timer timer_;
  TimePoint armed_for_ = TimePoint::max();
  TimePoint last_wake_{};
  std::uint64_t arming_ = 0;  ///< tells a handler that its timer was set anew
  bool starved_ = false;      ///< something may be due that there was no room for
  bool stopping_ = false;
  log::RareWarning descriptor_warning_;
  std::atomic<TimePoint> last_progress_;
  std::atomic<std::uint32_t> in_flight_ = 0;
};

}  // namespace reachd::engine
