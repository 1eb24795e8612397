#pragma once

#include <optional>
#include <string>

#include "config/configuration.hpp"
#include "daemon/alert/settings.hpp"

namespace reachd {

/// All that a configuration file says.
struct Loaded {
  config::Configuration configuration;
  alert::Alerting alerting;
};

/// Reads the file, what `config/` knows of it and what it leaves to others: the one place where a
/// configuration is loaded. All problems come out of the same run; if there is any, nothing is
/// returned.
std::optional<Loaded> load(const std::string& path, Diagnostics& diagnostics,
                           const config::ReadObserved& read_observed = {});

}  // namespace reachd
