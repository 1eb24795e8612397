#pragma once

#include <string>

#include "config/plan.hpp"
#include "daemon/web/glance.hpp"
#include "probes/core/clock.hpp"

/// Pieces of the status page's HTML. Whatever comes from the network or the configuration is
/// escaped here.
namespace reachd::web {

/// A row of the table.
void append_row(std::string& out, const Glance& glance, WallTime now);
/// The heading of a product's rows of one state, where `glance` is the first of them.
void append_group(std::string& out, const Glance* before, const Glance& glance);
/// An entry of the list of certificates.
void append_certificate(std::string& out, const Glance& glance, WallTime end, WallTime now);
/// The section about one check.
std::string detail_html(const config::Plan& plan, const Glance& glance, WallTime now);

/// "3 h 12 min": two units at most, cut; "0 s" for none and less.
std::string rough_duration(Duration duration);

}  // namespace reachd::web
