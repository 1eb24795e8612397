#pragma once

#include <string>

namespace reachd {

struct AppOptions {
  std::string config_file;
  std::string log_level = "info";  ///< debug, info, warning, error
  bool log_json = false;
  std::string log_file;  ///< empty: standard error
};

/// The daemon: builds the object graph, runs until the service host asks it to stop. Returns the
/// exit code of `reachd run` (contract, 3): 0 after a clean stop, 1 if it can't start, 2 for a bad
/// configuration.
int run_daemon(const AppOptions& options);

}  // namespace reachd
