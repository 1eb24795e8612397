#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>

#include "config/templates.hpp"
#include "daemon/cli/cli.hpp"
#include "daemon/platform/new_file.hpp"
#include "probes/core/address.hpp"
#include "probes/core/file_path.hpp"
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
  bool undo = false;
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
  // Any other name may well stand for no address of this host.
  const bool address = IpAddress::parse(target->host).has_value() || target->host == "localhost";
  const bool plain = address && target->scheme.empty() && target->port != 0 && target->text == text;
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

/// What an installation that failed has written, unless somebody has edited it since.
int take_back(const std::string& path, std::string_view content, Context& context) {
  std::string found;
  {
    std::ifstream file(to_path(path), std::ios::binary);
    found.assign(std::istreambuf_iterator<char>(file), {});
  }
  std::error_code error;
  if (found != content) {
    context.err << path << ": is not as this would write it, left as it is\n";
  } else if (!std::filesystem::remove(to_path(path), error)) {
    context.err << path << ": could not be removed: " << error.message() << "\n";
    return kUsage;
  }
  return kOk;
}

}  // namespace

void add_init(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("init", "Write a commented first configuration for a product");
  auto options = std::make_shared<Options>();
  command->add_option("PRODUCT", options->product, "One of: " + products())->required();
  CLI::Option* output =
      command->add_option("--output", options->output, "A new file instead of standard output")
          ->type_name("FILE");
  command->add_flag("--keep", options->keep, "A file that is there already is no error");
  CLI::Option* undo = command->add_flag(
      "--undo", options->undo,
      "Remove FILE if it is still what this would write (for installers that failed)");
  undo->needs(output);
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
      if (options->undo) {
        return take_back(options->output, text, context);
      }
      if (!options->output.empty()) {
        return write_file(*options, text, context);
      }
      context.out << text;
      return kOk;
    };
  });
}

}  // namespace reachd::cli
