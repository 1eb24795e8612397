#include "config/templates.hpp"

#include "init_files.hpp"

namespace reachd::config {
namespace {

/// "init-PRODUCT.yaml" without what surrounds the product.
std::string_view product_of(const EmbeddedFile& file) noexcept {
  constexpr std::string_view kPrefix = "init-";
  constexpr std::string_view kSuffix = ".yaml";
  return file.name.substr(kPrefix.size(), file.name.size() - kPrefix.size() - kSuffix.size());
}

}  // namespace

std::optional<std::string_view> init_template(std::string_view product) noexcept {
  for (const EmbeddedFile& file : embedded::init_files()) {
    if (product_of(file) == product) {
      return file.content;
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> init_products() {
  std::vector<std::string_view> products;
  for (const EmbeddedFile& file : embedded::init_files()) {
    products.push_back(product_of(file));
  }
  return products;
}

}  // namespace reachd::config
