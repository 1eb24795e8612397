#pragma once

#include <span>

#include "probes/core/outcome.hpp"

namespace reachd::engine {

/// One outcome of a check out of those of its addresses, which were probed side by side and are
/// moved from. At least one. Ok if any address is, degraded if only some are; addresses where our
/// own side failed count only if all did. Reason, timings and facts are those of the address that
/// speaks for the check: the slowest good one, or the first bad one. The certificate is the one
/// that ends first.
Outcome merge_outcomes(std::span<Outcome> parts);

}  // namespace reachd::engine
