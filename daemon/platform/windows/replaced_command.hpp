#pragma once

#include <cstdint>
#include <string>

namespace reachd::platform {

/// Keeps what a service ran before an update, in its own part of the registry: it goes with the
/// service. The result is Windows' error code.
std::uint32_t remember_replaced(const std::string& service, const std::wstring& command);

/// What was kept last; empty if there was no update.
std::wstring replaced_command(const std::string& service);

}  // namespace reachd::platform
