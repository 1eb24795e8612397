#include "daemon/cli/cli.hpp"

#include <CLI/CLI.hpp>
#include <exception>
#include <ostream>

namespace reachd::cli {

int run(int argc, const char* const* argv, Context& context) {
  CLI::App app{
      "reachd watches the ports that a product needs and says which of them can't be reached, "
      "since when and why.",
      "reachd"};
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  add_run(app, context);
  add_check(app, context);
  add_events(app, context);
  add_report(app, context);
  add_plan(app, context);
  add_init(app, context);
  add_validate(app, context);
  add_probe(app, context);
  add_catalog(app, context);
  add_service(app, context);
  add_version(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error, context.out, context.err);
    return code == 0 ? kOk : kUsage;
  }
  try {
    const int code = context.chosen();
    context.out.flush();
    return code;
  } catch (const std::exception& error) {
    context.err << "reachd: " << error.what() << "\n";
    return kFailed;
  }
}

}  // namespace reachd::cli
