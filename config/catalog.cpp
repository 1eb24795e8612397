#include "config/catalog.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "catalog_files.hpp"
#include "config/expanders.hpp"
#include "config/yaml.hpp"
#include "probes/core/file_path.hpp"

namespace reachd::config {
namespace {

using Names = std::span<const std::pair<std::string_view, Evidence>>;

constexpr std::array<std::pair<std::string_view, Direction>, 3> kDirections{
    {{"outbound", Direction::outbound},
     {"inbound", Direction::inbound},
     {"unknown", Direction::unknown}}};
constexpr std::array<std::pair<std::string_view, Transport>, 3> kTransports{
    {{"tcp", Transport::tcp}, {"udp", Transport::udp}, {"icmp", Transport::icmp}}};
constexpr std::array<std::pair<std::string_view, Necessity>, 3> kNecessities{
    {{"required", Necessity::required},
     {"conditional", Necessity::conditional},
     {"optional", Necessity::optional}}};
// The operator's level is never the catalogue's.
constexpr std::array<std::pair<std::string_view, Evidence>, 6> kLevels{
    {{"vendor", Evidence::vendor},
     {"vendor_rule", Evidence::vendor_rule},
     {"sibling", Evidence::sibling},
     {"device", Evidence::device},
     {"third_party", Evidence::third_party},
     {"general", Evidence::general}}};
constexpr std::array<std::string_view, 7> kRegions{"na",     "eu",       "apac", "na_uat",
                                                   "eu_uat", "apac_uat", "all"};

using Words = std::span<const std::pair<std::string_view, std::string_view>>;
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kDeployments{
    {{"cloud", "cloud"}, {"on_premises", "on_premises"}}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kTlsModes{
    {{"strict", "strict"}, {"observe", "observe"}}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kProxies{
    {{"product", "product"}, {"revocation", "revocation"}}};

std::string word(Reader& reader, std::string_view key, Words words) {
  return std::string(reader.choice(key, std::string_view{}, words));
}

bool is_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 100 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

void read_port(Reader& reader, Requirement& requirement) {
  const std::string text = reader.text("port");
  if (reader.has("ports")) {
    Reader schemes(*reader.raw("ports"), reader.diagnostics(), reader.what() + ", ports");
    if (schemes.has("http")) {
      requirement.ports.http = schemes.port("http", 0);
    }
    if (schemes.has("https")) {
      requirement.ports.https = schemes.port("https", 0);
    }
    schemes.done();
    if (!text.empty()) {
      reader.error("ports", "port and ports exclude each other");
    }
    if (!requirement.ports.http || !requirement.ports.https) {
      reader.error("ports", "ports needs http and https");
      return;
    }
    requirement.port = std::to_string(*requirement.ports.http) + " (http), " +
                       std::to_string(*requirement.ports.https) + " (https)";
    return;
  }
  if (text.size() == 4 && text.ends_with("nn") && parse_port(text.substr(0, 2) + "00")) {
    requirement.ports.prefix = text.substr(0, 2);
  } else if (!text.empty()) {
    requirement.ports.number = parse_port(text);
    if (!requirement.ports.number) {
      reader.error("port", "port is a number from 1 to 65535 or a pattern such as 33nn");
    }
  }
  requirement.port = text;
}

void read_hosts(Reader& reader, Requirement& requirement) {
  const Value* hosts = reader.raw("hosts");
  if (hosts == nullptr) {
    return;
  }
  Reader regions(*hosts, reader.diagnostics(), reader.what() + ", hosts");
  for (const std::string_view region : kRegions) {
    std::vector<std::string> names = regions.texts(region);
    for (const std::string& name : names) {
      const std::string host = name.substr(0, name.find('/'));
      if (!is_host(host) && !IpAddress::parse(host)) {
        regions.error(region, "\"" + name + "\" is no host");
      }
    }
    if (!names.empty()) {
      requirement.hosts.emplace_back(region, std::move(names));
    }
  }
  regions.done();
}

/// After hosts and device types, which are what the keys may be.
void read_evidence(Reader& reader, Requirement& requirement) {
  requirement.evidence = reader.choice("evidence", Evidence::general, Names(kLevels));
  if (!reader.has("evidence")) {
    reader.error("evidence", "evidence is missing");
  }
  const Value* levels = reader.raw("evidence_by");
  if (levels == nullptr) {
    return;
  }
  Reader by(*levels, reader.diagnostics(), reader.what() + ", evidence_by");
  const auto read_level = [&](std::string_view key) {
    if (by.has(key)) {
      requirement.evidence_by.emplace_back(key, by.choice(key, Evidence::general, Names(kLevels)));
    }
  };
  for (const auto& region : requirement.hosts) {
    read_level(region.first);
  }
  for (const std::string& type : requirement.device_types) {
    read_level(type);
  }
  by.done();
}

std::optional<Duration> read_interval(Reader& reader) {
  using namespace std::chrono_literals;
  if (!reader.has("interval")) {
    return std::nullopt;
  }
  return reader.duration("interval", 1min, 1s, 24h);
}

void read_sources(Reader& reader, const CatalogProduct& product, Requirement& requirement) {
  requirement.sources = reader.texts("sources");
  if (requirement.sources.empty()) {
    reader.error("sources", "sources is missing: an entry says where it is known from");
  }
  for (const std::string& source : requirement.sources) {
    const auto known = [&](const auto& entry) { return entry.first == source; };
    if (std::ranges::none_of(product.sources, known)) {
      reader.error("sources", "\"" + source + "\" is no key of the file's sources");
    }
  }
}

std::shared_ptr<const Requirement> read_requirement(const Value& item,
                                                    const CatalogProduct& product,
                                                    Diagnostics& diagnostics) {
  const Value* id = item.find("id");
  const bool named = id != nullptr && !id->scalar.empty();
  Reader reader(item, diagnostics, named ? "requirement " + id->scalar : "a requirement");
  auto result = std::make_shared<Requirement>();
  result->place = item.place;
  result->id = reader.required_text("id");
  if (named && !is_id(result->id)) {
    reader.error("id", "an id has lower case letters, digits, dots and dashes only");
  }
  result->product = product.product;
  result->ref = reader.text("ref");
  result->table = reader.text("table");
  if (result->ref.empty() == result->table.empty()) {
    reader.error({}, "either ref or table says which row of the vendor's list it is");
  }
  result->purpose = reader.required_text("purpose");
  reader.required_text("direction");
  result->direction = reader.choice<Direction>("direction", Direction::unknown, kDirections);
  result->from = reader.required_text("from");
  result->to = reader.required_text("to");
  if (reader.has("transport")) {
    result->transport = reader.choice<Transport>("transport", Transport::tcp, kTransports);
  }
  result->protocol = reader.text("protocol");
  read_port(reader, *result);
  result->fixed = reader.boolean("fixed", false);
  reader.required_text("necessity");
  result->necessity = reader.choice<Necessity>("necessity", Necessity::optional, kNecessities);
  result->condition = reader.text("condition");
  if (result->necessity == Necessity::conditional && result->condition.empty()) {
    reader.error("condition", "condition is missing: a conditional entry says when it is needed");
  }
  result->deployment = word(reader, "deployment", kDeployments);
  result->feature = reader.text("feature");
  result->device_types = reader.texts("device_types");
  read_hosts(reader, *result);
  read_evidence(reader, *result);
  result->path = reader.text("path");
  result->probe = reader.text("probe");
  if (const Value* params = reader.raw("params")) {
    if (params->kind == Value::Kind::map) {
      result->params = *params;
    } else {
      reader.error("params", "params is a map of the probe's own keys");
    }
  }
  result->tls = word(reader, "tls", kTlsModes);
  result->issuers = reader.texts("issuers");
  result->proxy = word(reader, "proxy", kProxies);
  result->expand = reader.text("expand");
  result->argument = reader.text("with");
  result->interval = read_interval(reader);
  result->enabled = reader.boolean("enabled", true);
  read_sources(reader, product, *result);
  reader.done();
  return result;
}

/// One file over what is known already.
void read_file(const Value& root, std::vector<CatalogProduct>& products, Diagnostics& diagnostics) {
  Reader reader(root, diagnostics, "catalogue");
  reader.integer("schema", 1, 1, 1);
  CatalogProduct file;
  file.product = reader.required_text("product");
  file.title = reader.text("title");
  file.sources = reader.pairs("sources");
  const auto known = std::ranges::find(products, file.product, &CatalogProduct::product);
  CatalogProduct& product = known == products.end()
                                ? products.emplace_back(CatalogProduct{file.product, {}, {}, {}})
                                : *known;
  if (!file.title.empty()) {
    product.title = file.title;
  } else if (product.title.empty()) {
    reader.error("title", "title is missing");
  }
  for (auto& source : file.sources) {
    std::erase_if(product.sources, [&](const auto& old) { return old.first == source.first; });
    product.sources.push_back(std::move(source));
  }
  std::set<std::string, std::less<>> ids;
  for (const Value& item : reader.list("requirements")) {
    auto requirement = read_requirement(item, product, diagnostics);
    if (!ids.insert(requirement->id).second) {
      diagnostics.error(item.place, "requirement " + requirement->id + " is in this file twice");
    }
    const auto old = std::ranges::find(product.requirements, requirement->id,
                                       [](const auto& entry) -> const auto& { return entry->id; });
    if (old == product.requirements.end()) {
      product.requirements.push_back(std::move(requirement));
    } else {
      *old = std::move(requirement);
    }
  }
  reader.done();
}

std::vector<std::string> files_of(const std::string& folder, Diagnostics& diagnostics) {
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(to_path(folder), error), end;
       !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".yaml") {
      files.push_back(to_text(entry->path()));
    }
  }
  if (error) {
    diagnostics.error({std::make_shared<const std::string>(folder)},
                      "the catalogue folder can't be read (" + error.message() + ")");
  }
  std::ranges::sort(files);
  return files;
}

void read_embedded(std::span<const EmbeddedFile> files, std::vector<CatalogProduct>& products,
                   Diagnostics& diagnostics) {
  for (const EmbeddedFile& file : files) {
    if (const auto root = parse_yaml(file.content, std::string(file.name), diagnostics)) {
      read_file(*root, products, diagnostics);
    }
  }
}

/// An id belongs to one product: overrides and metrics know no other name for it.
void check_entries(const std::vector<CatalogProduct>& products, Diagnostics& diagnostics) {
  std::set<std::string_view> ids;
  for (const CatalogProduct& product : products) {
    check_ways(product, diagnostics);
    for (const auto& requirement : product.requirements) {
      if (!ids.insert(requirement->id).second) {
        diagnostics.error(requirement->place,
                          "requirement " + requirement->id + " belongs to another product already");
      }
    }
  }
}

}  // namespace

Evidence Requirement::evidence_for(std::string_view key) const noexcept {
  const auto found = std::ranges::find(
      evidence_by, key, [](const auto& entry) { return std::string_view(entry.first); });
  return found == evidence_by.end() ? evidence : found->second;
}

const std::vector<std::string>* Requirement::hosts_of(std::string_view key) const noexcept {
  const auto found = std::ranges::find(
      hosts, key, [](const auto& entry) { return std::string_view(entry.first); });
  return found == hosts.end() ? nullptr : &found->second;
}

bool Requirement::is_for(std::string_view device_type) const noexcept {
  return std::ranges::find(device_types, device_type) != device_types.end();
}

std::optional<Catalog> Catalog::load(const std::string& folder, Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.count();
  Catalog catalog;
  read_embedded(embedded::catalog_files(), catalog.products_, diagnostics);
  if (!folder.empty()) {
    for (const std::string& file : files_of(folder, diagnostics)) {
      if (const auto root = load_yaml(file, diagnostics)) {
        read_file(*root, catalog.products_, diagnostics);
      }
    }
  }
  check_entries(catalog.products_, diagnostics);
  return diagnostics.count() == before ? std::optional(std::move(catalog)) : std::nullopt;
}

std::optional<Catalog> Catalog::read(std::span<const EmbeddedFile> files,
                                     Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.count();
  Catalog catalog;
  read_embedded(files, catalog.products_, diagnostics);
  check_entries(catalog.products_, diagnostics);
  return diagnostics.count() == before ? std::optional(std::move(catalog)) : std::nullopt;
}

const CatalogProduct* Catalog::product(std::string_view name) const noexcept {
  const auto found = std::ranges::find(products_, name, &CatalogProduct::product);
  return found == products_.end() ? nullptr : &*found;
}

std::shared_ptr<const Requirement> Catalog::find(std::string_view id) const noexcept {
  for (const CatalogProduct& product : products_) {
    const auto found = std::ranges::find(
        product.requirements, id, [](const auto& entry) { return std::string_view(entry->id); });
    if (found != product.requirements.end()) {
      return *found;
    }
  }
  return nullptr;
}

}  // namespace reachd::config
