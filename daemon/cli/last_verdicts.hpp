#pragma once

#include <expected>
#include <string>

#include "config/settings.hpp"
#include "daemon/json/reader.hpp"

namespace reachd::cli {

/// What the daemon that serves this configuration's web address says of its checks. Only loopback
/// is asked: an address beyond it may be another machine's. Each of its pages has a second to come,
/// `most` checks are read; blocks for as long. The error is a sentence that says why there is
/// nothing.
std::expected<json::LastVerdicts, std::string> last_verdicts(const config::Web& web,
                                                             std::size_t most);

}  // namespace reachd::cli
