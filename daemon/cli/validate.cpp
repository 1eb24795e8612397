#include <CLI/CLI.hpp>
#include <ostream>

#include "config/blackbox.hpp"
#include "daemon/cli/common.hpp"
#include "daemon/configuration.hpp"
#include "daemon/json/json.hpp"
#include "daemon/web/policy.hpp"

namespace reachd::cli {
namespace {

struct Options {
  std::shared_ptr<std::string> path;
  std::string blackbox;
  std::string web;
  bool as_json = false;
};

/// Tells the problems, or else what is in the file; returns the exit code.
int report(const Diagnostics& diagnostics, const std::string& summary, const Options& options,
           Context& context) {
  if (options.as_json) {
    std::string text;
    json::Writer row(text);
    json::write_validation(row, diagnostics);
    context.out << text << "\n";
  } else if (!diagnostics.ok()) {
    context.err << diagnostics.to_string();
  } else {
    context.out << summary << "\n";
  }
  return diagnostics.ok() ? kOk : kUsage;
}

int validate_configuration(const Options& options, Context& context) {
  Diagnostics diagnostics;
  std::string summary;
  if (const auto loaded = load(*options.path, diagnostics)) {
    summary = *options.path + ": valid, " + counts_of(loaded->configuration.plan);
    for (const std::string& note : notes_of(*loaded)) {
      summary += "\n" + note;
    }
  }
  return report(diagnostics, summary, options, context);
}

/// Stricter than the daemon, which starts with the modules that it can honour and reads files when
/// a probe needs them: whoever asks here wants to know what will not work.
int validate_blackbox(const Options& options, Context& context) {
  namespace blackbox = config::blackbox;
  Diagnostics diagnostics;
  std::string summary;
  const auto modules = blackbox::load_modules(options.blackbox, diagnostics);
  if (modules) {
    for (const blackbox::RefusedModule& refused : modules->refused) {
      for (const Diagnostic& reason : refused.reasons) {
        diagnostics.error(reason.place, reason.message);
      }
    }
    for (const blackbox::FileUse& use : modules->files) {
      const auto content = blackbox::read_source({.text = {}, .file = use.path}, false);
      if (!content) {
        diagnostics.error(use.place, use.what + ": " + content.error());
      }
    }
    summary = options.blackbox + ": valid, " + std::to_string(modules->modules.size()) + " modules";
  }
  const int code = report(diagnostics, summary, options, context);
  if (modules && !modules->refused.empty() && !options.as_json) {
    context.err << options.blackbox << ": the daemon takes this file with its other modules, of "
                << "which there are " << modules->modules.size() << "\n";
  }
  return code;
}

int validate_web(const Options& options, Context& context) {
  Diagnostics diagnostics;
  std::string summary;
  if (const auto policy = web::load_policy(options.web, diagnostics)) {
    summary = options.web + ": valid, " + (policy->tls ? "TLS" : "plain HTTP") + ", " +
              std::to_string(policy->config.users.size()) + " users";
    for (const Diagnostic& note : policy->config.notes) {
      summary += "\n" + note.to_string();
    }
  }
  return report(diagnostics, summary, options, context);
}

}  // namespace

void add_validate(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("validate", "Check the configuration without probing anything");
  auto options = std::make_shared<Options>();
  options->path = add_config_option(*command);
  command
      ->add_option("--blackbox", options->blackbox,
                   "Check this file of blackbox_exporter's modules instead")
      ->excludes("--config");
  command->add_option("--web", options->web, "Check this web.yml instead")
      ->excludes("--config")
      ->excludes("--blackbox");
  command->add_flag("--json", options->as_json, "As JSON");
  command->callback([&context, options] {
    context.chosen = [&context, options] {
      if (!options->web.empty()) {
        return validate_web(*options, context);
      }
      return options->blackbox.empty() ? validate_configuration(*options, context)
                                       : validate_blackbox(*options, context);
    };
  });
}

}  // namespace reachd::cli
