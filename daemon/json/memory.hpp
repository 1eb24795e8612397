#pragma once

#include <string>
#include <string_view>

#include "daemon/event/memory.hpp"

namespace reachd::json {

/// One line, times as milliseconds since the epoch, only what is set; empty for an empty memory.
std::string memory_text(const event::Memory& memory);
/// Reads memory_text() again. What it does not know, or can't read, is as if it were not there: a
/// memory that is lost is no reason not to start.
event::Memory read_memory(std::string_view text);

}  // namespace reachd::json
