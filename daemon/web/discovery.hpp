#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/engine/board.hpp"
#include "daemon/web/http.hpp"

namespace reachd::web {

/// What `http_sd_configs` of Prometheus reads ("Writing HTTP service discovery" in its
/// documentation): a list of {"targets": [TARGET], "labels": {"__meta_reachd_...": TEXT}}, one
/// entry a check in the order of the plan, always whole. Checks of what listens on this host are
/// left out: nobody can connect to them from elsewhere by the target's name. `query` may hold
/// selectors (`product=flexera-*`, `label.site=ams`); anything else is an error (400), pages and
/// states too, because a list of targets must be neither partial nor restless. Touches no socket.
Response discovery(std::shared_ptr<const engine::Board> board,
                   const std::vector<std::pair<std::string, std::string>>& query);

}  // namespace reachd::web
