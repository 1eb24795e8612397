#pragma once

#include <string>
#include <string_view>

#include "daemon/event/event.hpp"

namespace reachd::alert {

/// RFC 3986, 2.1: all but its unreserved characters and those of `also` become %XX.
std::string percent_encoded(std::string_view text, std::string_view also = {});

/// Where a person reads more: below `external_url` (SinkRun), empty if that is, or is no good URL.
/// Of a device or another parent, and of the daemon itself, the start page.
std::string link_to(const std::string& external_url, const event::Identity* check);

}  // namespace reachd::alert
