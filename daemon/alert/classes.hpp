#pragma once

#include "config/settings.hpp"
#include "daemon/event/alert.hpp"
#include "probes/core/reason.hpp"

namespace reachd::alert {

/// The class of a failure (contract, 7). What is listening is named where it is known; everything
/// else is a port that can't be used.
event::AlertName class_of(Reason reason, bool optional) noexcept;

/// True if nobody answered, so that anything on the way may be at fault, this host's own link too.
bool is_silence(Reason reason) noexcept;

/// True if no name server was of any help.
bool is_resolver_failure(Reason reason, Phase phase) noexcept;

}  // namespace reachd::alert
