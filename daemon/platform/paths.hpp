#pragma once

#include <cstdint>
#include <string>

namespace reachd::platform {

/// Where the configuration is looked for if none is named (contract, 3).
std::string default_config_file();
/// Where state is kept if the configuration names no folder; the service manager may have its say.
std::string default_state_folder();
/// True if this standard stream (1 or 2) is a terminal that a person looks at.
bool is_terminal(int stream);
/// The number of this process.
std::uint64_t process_id();

}  // namespace reachd::platform
