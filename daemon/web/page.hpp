#pragma once

#include <memory>
#include <string_view>

#include "daemon/engine/board.hpp"
#include "daemon/web/http.hpp"
#include "probes/core/clock.hpp"

namespace reachd::web {

/// Rows of one page of the table.
inline constexpr std::size_t kPageRows = 200;

/// `/`: the checks, worst first, complete and correct without script; the script that it loads
/// makes it live. The query, as the page's own form and links write it: `q` (words that must all
/// occur), `state`, `page` (from 1), `check` (an id: its details above the table). `board` may be
/// null: there is no plan yet. Unknown keys are ignored: links with a tracker's additions work.
Response status_page(const engine::Board* board, const Request& request, WallTime now);

/// `/page/NAME`: the page's style sheet, scripts and icon, to be kept by the browser and asked for
/// with If-None-Match. 404 for other names.
Response page_file(std::string_view name, const Request& request);

}  // namespace reachd::web
