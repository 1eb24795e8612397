#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "config/plan.hpp"
#include "daemon/engine/prefetch.hpp"
#include "probes/core/outcome.hpp"

namespace reachd::engine {

/// The confirmed state of a check (contract, 1); the numbers are those of reachd_check_state.
enum class Verdict : std::uint8_t { unknown, up, degraded, down };
std::string_view to_string(Verdict) noexcept;

/// What holds a check's alerts back; never its probing, never recovery (contract, 1).
enum class Modifier : std::uint8_t { none, dependency, maintenance, flapping };
/// "dependency", "maintenance", "flapping"; empty for none.
std::string_view to_string(Modifier) noexcept;

/// Those that hold now.
struct Modifiers {
  bool dependency = false;
  bool maintenance = false;
  bool flapping = false;

  bool operator==(const Modifiers&) const = default;
};
/// One by one, in the order of Modifier.
std::vector<Modifier> held_by(const Modifiers& modifiers);

/// What is remembered of a check from before this process.
struct Memory {
  Verdict verdict = Verdict::unknown;
  WallTime since{};  ///< when that began
  bool has_been_up = false;
};
/// Of the check with this id; nothing: it is not known.
using Remember = std::function<std::optional<Memory>(std::string_view check)>;

/// What is known of one check. Cheap to copy: the outcome is shared.
struct CheckStatus {
  Verdict verdict = Verdict::unknown;
  bool has_been_up = false;  ///< ever since the state began; kept across reloads and restarts
  bool observed = false;     ///< this process reached a verdict at least once
  Verdict remembered = Verdict::unknown;  ///< that of the process before; unknown: none
  WallTime
      last_change{};  ///< when the verdict last changed; the start while unknown from the start
  std::shared_ptr<const Outcome> last;  ///< of the last probe, raw; null before the first
  std::uint64_t probes = 0;
  std::uint64_t failures = 0;
  std::vector<std::pair<Reason, std::uint64_t>>
      results;  ///< count by reason, in order of first appearance
  /// A sentence where the last outcome alone does not explain the verdict: unknown (a gate, no
  /// proof yet) or degraded (slow, a certificate near its end). Lives as long as the board.
  std::string_view why;
  /// Where the way ends, of a check that is down because its port is silent; null: not traced.
  std::shared_ptr<const Path> path;
  Modifiers modifiers;          ///< kept by whoever raises alerts
  WallTime remembered_since{};  ///< when `remembered` began: the first verdict goes on from there
};

/// A plan and the status of each of its checks. The plan never changes; a reload makes a new board
/// that takes over what is known of the checks that stay. Loops write, the web and the command line
/// read: thread-safe, each check's status is consistent in itself.
class Board {
 public:
  explicit Board(std::shared_ptr<const config::Plan> plan);

  const config::Plan& plan() const noexcept { return *plan_; }
  std::size_t size() const noexcept { return statuses_.size(); }
  CheckStatus status(std::size_t check) const;
  /// The index of the check with this id, or nothing.
  std::optional<std::size_t> find(std::string_view id) const;
  /// Runs `change(CheckStatus&)` under the check's lock; keep it short.
  template <typename Function>
  void update(std::size_t check, Function&& change) {
    const std::scoped_lock lock(lock_of(check));
    std::forward<Function>(change)(statuses_[check]);
  }
  /// Asks for the check's status to come into the cache.
  void fetch(std::size_t check) const noexcept { prefetch(statuses_[check]); }

 private:
  static constexpr std::size_t kLocks = 64;
  std::mutex& lock_of(std::size_t check) const { return locks_[check % kLocks]; }

  std::shared_ptr<const config::Plan> plan_;
  mutable std::array<std::mutex, kLocks> locks_;
  std::vector<std::uint32_t> by_id_;   ///< indices of the plan's checks, sorted by id
  std::vector<CheckStatus> statuses_;  ///< by index of the plan's checks; each guarded by lock_of()
};

}  // namespace reachd::engine
