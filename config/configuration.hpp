#pragma once

#include <functional>
#include <optional>
#include <string>

#include "config/catalog.hpp"
#include "config/maintenance.hpp"
#include "config/observed.hpp"
#include "config/plan.hpp"
#include "config/settings.hpp"

namespace reachd::config {

/// What the daemon and every command start from.
struct Configuration {
  /// Without what has been read further: `products`, `checks`, `alerting`, `maintenance`.
  Settings settings;
  Plan plan;
  Maintenance maintenance;
};

/// Gives what was observed so far, from the state that the settings name.
using ReadObserved = std::function<Observed(const Settings&)>;

/// Reads what is left in its words in the settings for those above this folder.
using ReadRest = std::function<void(const Settings&, Diagnostics&)>;

/// Reads the file, loads the catalogue (with the folder that `catalog_dir` names) and makes the
/// plan. Settings, plan and `read_rest` report their problems in the same run; if there is any,
/// nothing is returned. The parse tree and the catalogue are gone afterwards and their memory is
/// given back.
std::optional<Configuration> load_configuration(const std::string& path, Diagnostics& diagnostics,
                                                const ReadObserved& read_observed = {},
                                                const ReadRest& read_rest = {});

}  // namespace reachd::config
