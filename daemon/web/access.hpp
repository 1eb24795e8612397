#pragma once

#include <string>
#include <vector>

namespace reachd::web {

/// Who may ask: `web.config_file` and `web.auth_excluded_paths`.
struct Access {
  std::string config_file;                  ///< absolute; empty: nobody is asked who they are
  std::vector<std::string> excluded_paths;  ///< answered without a password

  bool operator==(const Access&) const = default;
};

}  // namespace reachd::web
