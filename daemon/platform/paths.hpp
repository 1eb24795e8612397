#pragma once

#include <cstdint>
#include <string>
#include <system_error>

namespace reachd::platform {

/// Where the configuration is looked for if none is named (contract, 3).
std::string default_config_file();
/// Where state is kept if the configuration names no folder; the service manager may have its say.
std::string default_state_folder();
/// Where log lines go if nobody says where: a file for a service that has no standard error, else
/// nowhere (empty): to standard error.
std::string default_log_file();
/// Makes a folder, and those above it, where there is none; on Windows for the administrators, the
/// system and the account that makes it alone.
std::error_code make_private_folder(const std::string& path);
/// True if this standard stream (1 or 2) is a terminal that a person looks at.
bool is_terminal(int stream);
/// The number of this process.
std::uint64_t process_id();

}  // namespace reachd::platform
