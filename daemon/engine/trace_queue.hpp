#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "probes/core/address.hpp"
#include "probes/core/clock.hpp"
#include "probes/core/path.hpp"

namespace reachd::engine {

/// Which endpoints that fell silent are traced, and when. A network that goes away takes thousands
/// of checks with it, and its routers answer few: so one begins a second, two go on at once, what
/// waits is bounded, and a path that was found serves all who ask for it. Pure: the caller tells
/// the time and traces what it is given. One a loop.
class TraceQueue {
 public:
  static constexpr Duration kGap = std::chrono::seconds(1);
  static constexpr std::size_t kMostRunning = 2;
  static constexpr std::size_t kMostWaiting = 64;
  /// So long a path is not looked for again, unless the endpoint has answered meanwhile.
  static constexpr Duration kNotAgain = std::chrono::minutes(10);

  /// One endpoint, and who wants to know: the caller's numbers.
  struct Job {
    Endpoint endpoint;
    std::vector<std::uint32_t> wanted_by;
    bool answered = false;  ///< while it was traced: the path is history
  };
  enum class Answer : std::uint8_t {
    queued,
    known,  ///< path() has it
    full,   ///< it will not be traced
  };

  /// Somebody wants to know the path to the endpoint.
  Answer want(const Endpoint& endpoint, std::uint32_t who, TimePoint now);
  /// The path that was found lately; null if none was.
  std::shared_ptr<const Path> path(const Endpoint& endpoint, TimePoint now) const;
  /// The endpoint answered: what was found is history, and what waits needs no trace.
  void answers(const Endpoint& endpoint);

  /// The next one to be traced, if it is time for one. Its job is running until ended().
  std::optional<Job> pop(TimePoint now);
  /// When pop() will have something; TimePoint::max() if not before want() or ended().
  TimePoint next() const noexcept;
  /// A trace has ended, with a path or without (null). Returns who wanted it.
  std::vector<std::uint32_t> ended(const Endpoint& endpoint, std::shared_ptr<const Path> path,
                                   TimePoint now);

  /// Gives everybody another number, `renumbered[who]`, after a reload; kGone: wants it no more.
  /// What nobody wants is taken out if it waits.
  static constexpr std::uint32_t kGone = 0xffffffff;
  void renumber(const std::vector<std::uint32_t>& renumbered);

 private:
  struct Found {
    std::shared_ptr<const Path> path;
    TimePoint at;
  };

  /// The first that waits for an address that nobody traces now: a gently probed host makes the
  /// second wait long, and others with it.
  std::deque<Job>::const_iterator first_free() const noexcept;

  std::deque<Job> waiting_;
  std::vector<Job> running_;
  std::map<Endpoint, Found> found_;  ///< no more than began within kNotAgain
  TimePoint last_start_ = TimePoint::min();
};

}  // namespace reachd::engine
