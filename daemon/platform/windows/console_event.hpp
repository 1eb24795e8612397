#pragma once

#include <windows.h>

namespace reachd::platform {

/// What Windows calls, on a thread of its own, at Ctrl+C, Ctrl+Break, and when the console is
/// closed or its user logs off: the console's ServiceHost is asked to stop. Does not return for the
/// latter two, after which Windows would end the process at once.
BOOL WINAPI on_console_event(DWORD event);

}  // namespace reachd::platform
