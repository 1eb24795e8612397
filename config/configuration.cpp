#include "config/configuration.hpp"

#include "config/host.hpp"
#include "config/yaml.hpp"

namespace reachd::config {

std::optional<Configuration> load_configuration(const std::string& path, Diagnostics& diagnostics) {
  const std::size_t errors_before = diagnostics.count();
  std::optional<Configuration> result;
  if (auto root = load_yaml_with_includes(path, diagnostics)) {
    Settings settings = read_settings(std::move(*root), path, diagnostics);
    root.reset();
    const auto catalog = Catalog::load(settings.catalog_dir, diagnostics);
    auto plan = catalog ? make_plan(settings, *catalog, diagnostics) : std::nullopt;
    if (plan && diagnostics.count() == errors_before) {
      settings.products = {};
      settings.checks = {};
      result = Configuration{std::move(settings), std::move(*plan)};
    }
  }
  release_free_memory();
  return result;
}

}  // namespace reachd::config
