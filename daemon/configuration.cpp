#include "daemon/configuration.hpp"

#include <algorithm>
#include <utility>

namespace reachd {

std::optional<Loaded> load(const std::string& path, Diagnostics& diagnostics,
                           const config::ReadObserved& read_observed) {
  alert::Alerting alerting;
  auto configuration = config::load_configuration(
      path, diagnostics, read_observed,
      [&](const config::Settings& settings, Diagnostics& problems) {
        alerting = alert::read_alerting(settings.alerting, problems);
        // What the journal forgets can't wait for a sink.
        alerting.outbox.max_age = std::min(alerting.outbox.max_age, settings.journal.max_age);
      });
  if (!configuration) {
    return std::nullopt;
  }
  return Loaded{.configuration = std::move(*configuration), .alerting = std::move(alerting)};
}

}  // namespace reachd
