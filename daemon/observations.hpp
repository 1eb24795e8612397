#pragma once

#include <string>

#include "config/observed.hpp"
#include "config/settings.hpp"
#include "daemon/engine/board.hpp"
#include "probes/core/clock.hpp"

namespace reachd {

/// Where state is kept: `state_dir`, or else the platform's place.
std::string state_folder(const config::Settings& settings);
/// What a daemon with these settings has observed so far; nothing if there is no such file.
config::Observed read_observed(const config::Settings& settings);

/// Learns from the certificates that the running checks are shown, and keeps it in the state folder
/// (file `observed`), so that the plan is whole at once after a restart. One thread.
class Observations {
 public:
  /// Reads what was kept in the folder.
  explicit Observations(const std::string& folder);

  const config::Observed& observed() const noexcept { return observed_; }
  /// Looks through the last results of the checks that are judged strictly. True if the plan is to
  /// be made anew: there is something new, or something has been forgotten. A folder that can't be
  /// written is logged once; then it lives as long as the process.
  bool look(const engine::Board& board, WallTime now);

 private:
  void keep(WallTime now);

  std::string path_;
  config::Observed observed_;
  WallTime kept_{};
  bool complained_ = false;
};

}  // namespace reachd
