#include "daemon/cli/journal.hpp"

#include <ostream>
#include <utility>

#include "config/settings.hpp"
#include "config/yaml.hpp"
#include "daemon/cli/common.hpp"
#include "daemon/cli/table.hpp"
#include "daemon/json/time.hpp"
#include "daemon/observations.hpp"
#include "probes/core/duration.hpp"

namespace reachd::cli {

std::unique_ptr<journal::Reading> journal_or_explain(const std::string& config_path,
                                                     Context& context, int& code) {
  Diagnostics diagnostics;
  auto root = config::load_yaml_with_includes(config_path, diagnostics);
  const auto settings =
      root ? config::read_settings(std::move(*root), config_path, diagnostics) : config::Settings();
  // Whoever may read the journal need not be able to read the daemon's secrets: of all else that
  // the file says nothing is wanted, and nothing is judged.
  if (!root || (settings.state_dir.empty() && diagnostics.count() > 0)) {
    explain(config_path, diagnostics, context);
    code = kUsage;
    return nullptr;
  }
  auto reading = journal::open_reading(state_folder(settings));
  if (!reading) {
    context.err << "reachd: " << printable(reading.error()) << "\n";
    code = kFailed;
    return nullptr;
  }
  return std::move(*reading);
}

std::optional<WallTime> parse_when(const std::string& option, const std::string& text, WallTime now,
                                   Context& context, bool& wrong) {
  if (text.empty()) {
    return std::nullopt;
  }
  if (const auto ago = parse_duration(text)) {
    return now - *ago;
  }
  auto time = json::parse_rfc3339(text);
  if (!time) {
    time = json::parse_rfc3339(text + "T00:00:00Z");
  }
  if (!time) {
    context.err << option << ": \"" << printable(text)
                << "\" is neither a duration, such as 2h or 7d, nor a day or a time, such as "
                   "2026-11-22 or 2026-11-22T08:00:00Z\n";
    wrong = true;
  }
  return time;
}

}  // namespace reachd::cli
