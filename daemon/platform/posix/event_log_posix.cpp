#include "daemon/platform/event_log.hpp"

namespace reachd::platform {

bool has_event_log() noexcept { return false; }

std::unique_ptr<EventLog> make_event_log() { return nullptr; }

}  // namespace reachd::platform
