#pragma once

#include <boost/system/errc.hpp>

#include "probes/net/result.hpp"

namespace reachd::net {

/// The portable meaning of an error of the system's, not_supported if it has none.
boost::system::errc::errc_t meaning_of(error_code ec) noexcept;

}  // namespace reachd::net
