#pragma once

#include <functional>
#include <iosfwd>
#include <string>

namespace CLI {
class App;
}

namespace reachd::cli {

/// Exit codes of all commands (contract, 3).
inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

/// What the commands share.
struct Context {
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colour = false;          ///< a terminal, and NO_COLOR is not set
  std::function<int()> chosen;  ///< what the command on the command line does; set while parsing
};

/// Parses the command line and runs the command; returns the exit code. Never throws.
int run(int argc, const char* const* argv, Context& context);

/// One function a command: adds it with its options and help.
void add_catalog(CLI::App& app, Context& context);
void add_check(CLI::App& app, Context& context);
void add_events(CLI::App& app, Context& context);
void add_init(CLI::App& app, Context& context);
void add_plan(CLI::App& app, Context& context);
void add_probe(CLI::App& app, Context& context);
void add_report(CLI::App& app, Context& context);
void add_run(CLI::App& app, Context& context);
void add_service(CLI::App& app, Context& context);
void add_validate(CLI::App& app, Context& context);
void add_version(CLI::App& app, Context& context);

}  // namespace reachd::cli
