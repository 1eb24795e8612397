#pragma once

#include <memory>
#include <optional>
#include <string>

#include "daemon/cli/cli.hpp"
#include "daemon/journal/reading.hpp"
#include "probes/core/clock.hpp"

namespace reachd::cli {

/// The journal of the daemon with this configuration, of which `state_dir` alone counts. What is
/// wrong goes to the error stream, then nothing is returned, and `code` is what the command
/// returns.
std::unique_ptr<journal::Reading> journal_or_explain(const std::string& config_path,
                                                     Context& context, int& code);

/// "2h" (so long before `now`), "2026-11-22" (its begin in UTC) or RFC 3339; an empty text is
/// nothing. What is wrong goes to the error stream with the option's name, and `wrong` is set.
std::optional<WallTime> parse_when(const std::string& option, const std::string& text, WallTime now,
                                   Context& context, bool& wrong);

}  // namespace reachd::cli
