#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/engine/board.hpp"
#include "daemon/metrics/format.hpp"

namespace reachd::metrics {

/// How many checks are in each state; indexed by engine::Verdict.
using StateCounts = std::array<std::uint64_t, 4>;

/// What of a board's series never changes: each check's label block, escaped once.
class CheckLabels {
 public:
  explicit CheckLabels(const engine::Board& board);

  /// `check="...",product="...",target="...",site="..."`
  std::string_view block(std::size_t check) const noexcept;

 private:
  std::string text_;
  std::vector<std::size_t> ends_;
};

/// The per-check series of one scrape (contract, section 5), written piece by piece so that a large
/// plan needs little memory. The state is that of the moment of construction, for all families.
class CheckScrape {
 public:
  CheckScrape(std::shared_ptr<const engine::Board> board, std::shared_ptr<const CheckLabels> labels,
              Format format);

  /// Appends whole lines until `out` has at least `piece` bytes or nothing is left; false then.
  bool next(std::string& out, std::size_t piece = std::size_t{64} * 1024);
  const StateCounts& states() const noexcept { return states_; }

 private:
  // Constant after construction. The board comes first: statuses point into it.
  std::shared_ptr<const engine::Board> board_;
  std::shared_ptr<const CheckLabels> labels_;
  Format format_;
  std::vector<engine::CheckStatus> statuses_;
  StateCounts states_{};
  // Where next() goes on.
  std::size_t family_ = 0;
  std::size_t check_ = 0;
  bool header_written_ = false;
};

/// Begins scrapes and keeps the label blocks from one scrape of a board to the next. One thread.
class Exposition {
 public:
  CheckScrape scrape(std::shared_ptr<const engine::Board> board, Format format);

 private:
  std::weak_ptr<const engine::Board> board_;
  std::shared_ptr<const CheckLabels> labels_;
};

}  // namespace reachd::metrics
