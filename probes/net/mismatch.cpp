#include "probes/net/mismatch.hpp"

#include <string>

#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"

namespace reachd::net {

Failure not_spoken(std::string_view protocol, std::string_view why,
                   std::span<const std::byte> seen) {
  Failure failure;
  failure.reason = Reason::protocol_mismatch;
  failure.message = "what answers there does not speak " + std::string(protocol);
  if (!why.empty()) {
    failure.message += " (" + std::string(why) + ")";
  }
  failure.message += seen.empty() ? std::string(": it sends an empty message")
                                  : ": it starts with " + printable(as_text(seen));
  return failure;
}

}  // namespace reachd::net
