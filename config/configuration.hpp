#pragma once

#include <functional>
#include <optional>
#include <string>

#include "config/catalog.hpp"
#include "config/observed.hpp"
#include "config/plan.hpp"
#include "config/settings.hpp"

namespace reachd::config {

/// What the daemon and every command start from.
struct Configuration {
  Settings settings;  ///< without `products` and `checks`, which have become the plan
  Plan plan;
};

/// Gives what was observed so far, from the state that the settings name.
using ReadObserved = std::function<Observed(const Settings&)>;

/// Reads the file, loads the catalogue (with the folder that `catalog_dir` names) and makes the
/// plan. Settings and plan report their problems in the same run; if there is any, nothing is
/// returned. The parse tree and the catalogue are gone afterwards and their memory is given back.
std::optional<Configuration> load_configuration(const std::string& path, Diagnostics& diagnostics,
                                                const ReadObserved& read_observed = {});

}  // namespace reachd::config
