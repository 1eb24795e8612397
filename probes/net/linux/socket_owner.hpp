#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace reachd::net {

/// The account's name in /etc/passwd, else "uid N": no other source is asked, as those may wait for
/// the network.
std::string user_name(std::uint32_t uid);

/// The folder of a control group (cgroup2) by the number that sock_diag tells, empty if it is not
/// found in a bounded search.
std::string cgroup_folder(std::uint64_t id);

/// The innermost unit in a control group's folder: ".../system.slice/nginx.service" gives
/// "nginx.service".
std::string unit_of(const std::string& cgroup);

/// The names (command and executable) of the processes that hold the socket with this inode, those
/// of its control group first. Empty if none may be read.
std::vector<std::string> processes_of(std::uint32_t inode, const std::string& cgroup);

}  // namespace reachd::net
