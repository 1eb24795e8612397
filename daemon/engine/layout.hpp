#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/plan.hpp"
#include "daemon/engine/board.hpp"

namespace reachd::engine {

/// A list of numbers for each of `rows` numbers, in two allocations. Immutable.
class Lists {
 public:
  Lists() = default;
  /// Of (row, value) pairs; a row's values keep their order.
  Lists(std::size_t rows, std::span<const std::pair<std::uint32_t, std::uint32_t>> pairs);
  std::span<const std::uint32_t> of(std::size_t row) const noexcept {
    return std::span(values_).subspan(begins_[row], begins_[row + 1] - begins_[row]);
  }

 private:
  std::vector<std::uint32_t> begins_;
  std::vector<std::uint32_t> values_;
};

/// Which checks each probe serves.
Lists list_checks(const config::Plan& plan);

/// What is known of the groups that gates look at. Thread-safe: the checks of a group may be on
/// several loops.
class Gates {
 public:
  /// What `before` knows of groups with the same name is kept.
  Gates(const config::Plan& plan, const Gates* before);

  /// A check of the group was probed, and it proved something.
  void saw(std::uint32_t group, bool success) noexcept;
  /// Why the gate holds back what was found; empty if it does not.
  std::string_view holds(const config::Gate& gate) const noexcept;

 private:
  struct State {
    std::atomic<bool> answered = false;  ///< once is enough
    std::atomic<bool> answers = false;   ///< the last time
  };
  std::vector<std::string> names_;
  std::unique_ptr<State[]> states_;
};

/// Everything that one plan needs while it runs, made once when it is applied. Immutable but for
/// the board and the gates, which take care of themselves.
struct Layout {
  /// `loops`: among so many the probes are divided, by host. `before`: the one that runs now, or
  /// null. `remember`: as in EngineOptions. Finding what stays takes its time with 100,000 checks,
  /// so it is not done on the loops.
  Layout(std::shared_ptr<const config::Plan> plan, unsigned loops, const Layout* before,
         const Remember& remember = {});

  std::shared_ptr<const config::Plan> plan;
  std::shared_ptr<Board> board;
  Gates gates;
  Lists checks_of_probe;
  Lists groups_of_check;
  std::vector<std::uint8_t>
      loop_of_probe;  ///< kNoLoop: not run, because no result would ever count

  /// Index of the check with the same id, kind of probe and target, or kNew.
  std::vector<std::uint32_t> check_before;
  std::vector<std::uint32_t> probe_before;  ///< index of the probe with the same key, or kNew

  static constexpr std::uint8_t kNoLoop = 0xff;
  static constexpr std::uint32_t kNew = 0xffffffff;
};

/// True if nothing that the probe finds would count: all its checks are held back for ever.
bool is_idle(const config::Plan& plan, std::span<const std::uint32_t> checks) noexcept;

}  // namespace reachd::engine
