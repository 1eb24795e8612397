#include "daemon/cli/journal.hpp"

#include <ostream>

#include "daemon/cli/common.hpp"
#include "daemon/cli/table.hpp"
#include "daemon/json/time.hpp"
#include "daemon/observations.hpp"
#include "probes/core/duration.hpp"

namespace reachd::cli {

std::unique_ptr<journal::Reading> journal_or_explain(const std::string& config_path,
                                                     Context& context, int& code) {
  const auto configuration = load_or_explain(config_path, context);
  if (!configuration) {
    code = kUsage;
    return nullptr;
  }
  auto reading = journal::open_reading(state_folder(configuration->settings));
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
  const auto time = json::parse_rfc3339(text);
  if (!time) {
    context.err << option << ": \"" << printable(text)
                << "\" is neither a duration, such as 2h or 7d, nor a time, such as "
                   "2026-11-22T08:00:00Z\n";
    wrong = true;
  }
  return time;
}

}  // namespace reachd::cli
