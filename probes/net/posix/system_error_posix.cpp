#include "probes/net/system_error.hpp"

namespace reachd::net {

namespace errc = boost::system::errc;

errc::errc_t meaning_of(error_code ec) noexcept {
  const auto condition = ec.default_error_condition();
  const bool generic = condition.category() == boost::system::generic_category();
  return generic ? static_cast<errc::errc_t>(condition.value()) : errc::not_supported;
}

}  // namespace reachd::net
