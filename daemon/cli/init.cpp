#include <CLI/CLI.hpp>
#include <ostream>
#include <string>
#include <string_view>

#include "config/templates.hpp"
#include "daemon/cli/cli.hpp"
#include "daemon/platform/new_file.hpp"
#include "probes/core/target.hpp"
#include "probes/core/words.hpp"

namespace reachd::cli {
namespace {

std::string products() { return join(config::init_products(), ", "); }

struct Options {
  std::string product;
  std::string output;
  std::string listen;
  bool keep = false;
};

/// The template with the address that the web server listens on, in place of the comment that shows
/// how to write one.
std::string with_listen(std::string_view content, const std::string& listen) {
  constexpr std::string_view kComment = "# web: {listen:";
  const std::string key = "web: {listen: [\"" + listen + "\"]}";
  std::string text(content);
  const std::size_t begin = text.find(kComment);
  if (begin == std::string::npos) {
    return text + "\n" + key + "\n";
  }
  return text.replace(begin, text.find('\n', begin) - begin, key);
}

/// "127.0.0.1:9790", as `web: listen` takes it.
std::string listen_problem(const std::string& text) {
  const auto target = parse_target(text);
  if (!target) {
    return target.error();
  }
  const bool plain = target->scheme.empty() && target->port != 0 && target->text == text;
  return plain ? std::string() : "it is ADDRESS:PORT, such as 127.0.0.1:9790";
}

/// Never over an existing file.
int write_file(const Options& options, std::string_view content, Context& context) {
  const std::string& path = options.output;
  const auto written = platform::write_new_file(path, content);
  if (!written) {
    context.err << path << ": " << written.error() << "\n";
    return kUsage;
  }
  if (!*written) {
    context.err << path << ": is there already, left as it is\n";
    return options.keep ? kOk : kUsage;
  }
  context.err << "Wrote " << path << ". Edit it, then: reachd validate --config " << path << "\n";
  return kOk;
}

}  // namespace

void add_init(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("init", "Write a commented first configuration for a product");
  auto options = std::make_shared<Options>();
  command->add_option("PRODUCT", options->product, "One of: " + products())->required();
  command->add_option("--output", options->output, "A new file instead of standard output")
      ->type_name("FILE");
  command->add_flag("--keep", options->keep, "A file that is there already is no error");
  command->add_option("--listen", options->listen, "Where the status page and the metrics are")
      ->type_name("ADDRESS:PORT")
      ->check(&listen_problem, "", "");
  command->callback([&context, options] {
    context.chosen = [&context, options] {
      const auto content = config::init_template(options->product);
      if (!content) {
        context.err << "There is no template for \"" << options->product
                    << "\"; there is: " << products() << "\n";
        return kUsage;
      }
      const std::string text =
          options->listen.empty() ? std::string(*content) : with_listen(*content, options->listen);
      if (!options->output.empty()) {
        return write_file(*options, text, context);
      }
      context.out << text;
      return kOk;
    };
  });
}

}  // namespace reachd::cli
