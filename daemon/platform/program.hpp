#pragma once

namespace reachd::platform {

/// What `main` is for: gets the arguments in UTF-8, returns the exit code, never throws.
using Program = int (*)(int argc, const char* const* argv);

/// Runs the program, as `main` does first of all. On Windows the console then takes UTF-8 and
/// colours, and `run --service` (nobody writes this by hand: `service install` does) runs the
/// program as a Windows service: on the service's thread, with the service manager as its
/// ServiceHost.
int run_program(int argc, char** argv, Program program);

}  // namespace reachd::platform
