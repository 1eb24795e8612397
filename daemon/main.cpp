#include <cstdlib>
#include <iostream>

#include "daemon/cli/cli.hpp"
#include "daemon/platform/paths.hpp"
#include "daemon/platform/program.hpp"

namespace {

int run(int argc, const char* const* argv) {
  std::ios::sync_with_stdio(false);
  const bool out_is_terminal = reachd::platform::is_terminal(1);
  const char* no_color = std::getenv("NO_COLOR");
  reachd::cli::Context context{
      .out = std::cout,
      .err = std::cerr,
      .out_is_terminal = out_is_terminal,
      .err_is_terminal = reachd::platform::is_terminal(2),
      .colour = out_is_terminal && (no_color == nullptr || *no_color == '\0'),
      .chosen = {},
  };
  return reachd::cli::run(argc, argv, context);
}

}  // namespace

int main(int argc, char** argv) { return reachd::platform::run_program(argc, argv, &run); }
