#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace reachd {

/// What this executable was built from; constant.
struct BuildFacts {
  std::string_view version;   ///< "0.1.0"
  std::string_view commit;    ///< short git commit, "-dirty" behind it if the tree had changes,
                              ///< "unknown" without git
  std::string_view compiler;  ///< "clang 19.1.7"
  std::vector<std::pair<std::string_view, std::string_view>>
      libraries;  ///< name and version built with
};
const BuildFacts& build_facts();

}  // namespace reachd
