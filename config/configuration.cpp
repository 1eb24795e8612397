#include "config/configuration.hpp"

#include <future>

#include "config/host.hpp"
#include "config/yaml.hpp"

namespace reachd::config {
namespace {

std::optional<Settings> read_file(const std::string& path, Diagnostics& diagnostics) {
  auto root = load_yaml_with_includes(path, diagnostics);
  return root ? std::optional(read_settings(std::move(*root), path, diagnostics)) : std::nullopt;
}

}  // namespace

std::optional<Configuration> load_configuration(const std::string& path, Diagnostics& diagnostics,
                                                const ReadObserved& read_observed,
                                                const ReadRest& read_rest) {
  const std::size_t errors_before = diagnostics.count();
  std::optional<Configuration> result;
  // Read on a thread of its own, which has memory of its own with the usual allocators: the plan,
  // made on this one, lies beside the tree and not in its gaps, where it would keep the tree's
  // pages from being given back (54 MB of 135 MB with 100,000 checks).
  auto settings =
      std::async(std::launch::async, [&] { return read_file(path, diagnostics); }).get();
  if (settings) {
    if (read_rest) {
      read_rest(*settings, diagnostics);
    }
    settings->alerting = Value();
    auto maintenance = Maintenance::read(settings->maintenance, diagnostics);
    settings->maintenance = Value();
    const auto catalog = Catalog::load(settings->catalog_dir, diagnostics);
    const Observed observed = read_observed ? read_observed(*settings) : Observed();
    auto plan = catalog ? make_plan(*settings, *catalog, diagnostics, observed) : std::nullopt;
    // Not `= {}`, which clears a vector and keeps its memory.
    settings->products = std::vector<Product>();
    settings->checks = std::vector<CustomCheck>();
    if (plan && diagnostics.count() == errors_before) {
      result = Configuration{.settings = std::move(*settings),
                             .plan = std::move(*plan),
                             .maintenance = std::move(maintenance)};
    }
  }
  settings.reset();
  release_free_memory();
  return result;
}

}  // namespace reachd::config
