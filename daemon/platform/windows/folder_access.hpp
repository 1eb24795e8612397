#pragma once

#include <string>
#include <system_error>

namespace reachd::platform {

/// Gives the folder, and everything in it that inherits, to the administrators, to the system and
/// to the account with this SID ("S-1-5-80-..."), and to nobody else. `owned`: it belongs to the
/// administrators from then on, so that nobody who made it before keeps a say in it; that takes an
/// administrator.
std::error_code restrict_folder(const std::string& path, const std::string& sid, bool owned);

/// %ProgramData%, whatever the environment says.
std::string program_data_folder();

}  // namespace reachd::platform
