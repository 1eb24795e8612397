#pragma once

#include <boost/system/errc.hpp>

namespace reachd::net {

/// The portable meaning of an error number of Windows that a socket can have, not_supported if
/// there is none. A call fails with a code of WinSock (10061). What ends in a completion port fails
/// with the number that Windows makes of the kernel's status, most often another one for the same
/// thing (1225).
boost::system::errc::errc_t winsock_meaning(int code) noexcept;

/// True for what the filtering platform (the own firewall) gives to a connect or send that it
/// refuses: WSAEACCES, or ERROR_ACCESS_DENIED in a completion port.
bool is_filter_refusal(int code) noexcept;

}  // namespace reachd::net
