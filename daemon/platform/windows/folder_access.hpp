#pragma once

#include <cstdint>
#include <string>
#include <system_error>

namespace reachd::platform {

enum class FolderRights : std::uint8_t { read, full };

/// Gives the folder, and what is in it and inherits, to the administrators, to the system and, with
/// these rights, to the account with this SID ("S-1-5-80-..."). Who was admitted so before stays
/// (another service of ours); everybody else goes, and the administrators own it, so that whoever
/// made the folder before keeps no say in it. Takes an administrator.
std::error_code admit_to_folder(const std::string& path, const std::string& sid,
                                FolderRights rights);

/// %ProgramData%, whatever the environment says.
std::string program_data_folder();

}  // namespace reachd::platform
