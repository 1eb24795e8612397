#pragma once

#include <string>
#include <vector>

#include "config/plan.hpp"
#include "daemon/json/reader.hpp"

namespace reachd::cli {

/// The openings that these checks need as rows for the firewall team, the first with the heads.
/// Of the verdicts, "unknown" is also said where the leg of the way that a row is about shows in
/// no result: behind a proxy out of reach. Without any verdicts the column is empty.
std::vector<std::vector<std::string>> opening_rows(const config::Plan& plan,
                                                   const std::vector<const config::Check*>& checks,
                                                   const json::LastVerdicts& verdicts);

}  // namespace reachd::cli
