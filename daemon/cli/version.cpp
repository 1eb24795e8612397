#include <CLI/CLI.hpp>
#include <ostream>

#include "daemon/cli/cli.hpp"
#include "daemon/json/writer.hpp"
#include "daemon/version.hpp"

namespace reachd::cli {

void add_version(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("version", "Say what this executable is made of");
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "As JSON");
  command->callback([&context, as_json] {
    context.chosen = [&context, as_json] {
      const BuildFacts& facts = build_facts();
      if (*as_json) {
        std::string text;
        json::Writer row(text);
        row.begin_object();
        row.member("version", facts.version)
            .member("commit", facts.commit)
            .member("compiler", facts.compiler);
        row.key("libraries").begin_object();
        for (const auto& [name, version] : facts.libraries) {
          row.member(name, version);
        }
        row.end_object().end_object();
        context.out << text << "\n";
        return kOk;
      }
      context.out << "reachd " << facts.version << " (" << facts.commit << ", " << facts.compiler
                  << ")\n";
      for (const auto& [name, version] : facts.libraries) {
        context.out << "  " << name << " " << version << "\n";
      }
      return kOk;
    };
  });
}

}  // namespace reachd::cli
