#include "daemon/platform/program.hpp"

namespace reachd::platform {

int run_program(int argc, char** argv, Program program) { return program(argc, argv); }

}  // namespace reachd::platform
