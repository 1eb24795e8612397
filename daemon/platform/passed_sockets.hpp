#pragma once

#include <expected>
#include <string>
#include <vector>

namespace reachd::platform {

/// The number of the first descriptor that is passed (sd_listen_fds(3)).
constexpr int kFirstPassedSocket = 3;

/// The listening TCP sockets that systemd opened for this process (socket activation), as
/// descriptor numbers from `first` on; none on Windows, and where nobody passed any to this
/// process. They are not inherited further, and what told of them leaves the environment: call it
/// once, before there are threads. The error names a descriptor that is something else.
std::expected<std::vector<int>, std::string> take_passed_sockets(int first = kFirstPassedSocket);

}  // namespace reachd::platform
