#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ostream>

#include "config/templates.hpp"
#include "daemon/cli/cli.hpp"
#include "probes/core/words.hpp"

namespace reachd::cli {
namespace {

std::string products() { return join(config::init_products(), ", "); }

/// Writes a new file; never over an existing one (C11 mode "x", so there is no gap between look and
/// write).
int write_new_file(const std::string& path, std::string_view content, Context& context) {
  std::FILE* file = std::fopen(path.c_str(), "wx");
  if (file == nullptr) {
    context.err << path << ": "
                << (errno == EEXIST ? "is there already, left as it is" : std::strerror(errno))
                << "\n";
    return kUsage;
  }
  const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
  if (std::fclose(file) != 0 || !written) {
    context.err << path << ": could not be written: " << std::strerror(errno) << "\n";
    return kUsage;
  }
  context.err << "Wrote " << path << ". Edit it, then: reachd validate --config " << path << "\n";
  return kOk;
}

}  // namespace

void add_init(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("init", "Write a commented first configuration for a product");
  auto product = std::make_shared<std::string>();
  auto output = std::make_shared<std::string>();
  command->add_option("PRODUCT", *product, "One of: " + products())->required();
  command->add_option("--output", *output, "A new file instead of standard output")
      ->type_name("FILE");
  command->callback([&context, product, output] {
    context.chosen = [&context, product, output] {
      const auto content = config::init_template(*product);
      if (!content) {
        context.err << "There is no template for \"" << *product << "\"; there is: " << products()
                    << "\n";
        return kUsage;
      }
      if (!output->empty()) {
        return write_new_file(*output, *content, context);
      }
      context.out << *content;
      return kOk;
    };
  });
}

}  // namespace reachd::cli
