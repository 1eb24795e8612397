#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/configuration.hpp"
#include "daemon/alert/alerter.hpp"
#include "daemon/alert/settings.hpp"
#include "daemon/blackbox/service.hpp"
#include "daemon/journal/journal.hpp"

namespace reachd {

/// All that a configuration file says.
struct Loaded {
  config::Configuration configuration;
  alert::Alerting alerting;
  /// What /probe may do; null: it is switched off.
  std::shared_ptr<const blackbox::Configuration> probing;
  /// Selectors of sinks and of maintenance that pick nothing: most likely written wrong.
  std::vector<Diagnostic> idle_selectors;
};

/// Reads the file, what `config/` knows of it and what it leaves to others: the one place where a
/// configuration is loaded. All problems come out of the same run; if there is any, nothing is
/// returned.
std::optional<Loaded> load(const std::string& path, Diagnostics& diagnostics,
                           const config::ReadObserved& read_observed = {});

/// What is right and yet of no use here, a sentence each: a plan without a check, the modules of
/// /probe that can't be honoured, the selectors that pick nothing.
std::vector<std::string> notes_of(const Loaded& loaded);

/// "12 checks by 1 probe"
std::string counts_of(std::size_t checks, std::size_t probes);
std::string counts_of(const config::Plan& plan);

/// Takes a configuration without a check away where `running` has some, and reports it: it comes
/// from a file that was emptied by mistake or is half written; whoever means it stops the daemon.
void refuse_to_watch_nothing(std::optional<Loaded>& loaded, const config::Plan& running,
                             Diagnostics& diagnostics);

/// Where and how long the journal keeps what it is told.
journal::Options journal_options(const config::Settings& settings);
/// What alerting goes by.
alert::Rules rules_of(Loaded loaded);

}  // namespace reachd
