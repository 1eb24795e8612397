#include "config/settings.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <unordered_map>

#include "config/host.hpp"
#include "config/labels.hpp"
#include "config/parts.hpp"
#include "config/yaml.hpp"
#include "probes/core/file_path.hpp"
#include "probes/core/words.hpp"

namespace reachd::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLongestName = 200;
constexpr std::string_view kDefaultListen = "127.0.0.1:9790";
constexpr std::uint16_t kWebPort = 9790;
constexpr std::uint16_t kDnsPort = 53;
constexpr std::array<std::string_view, 2> kHealthPaths{"/-/healthy", "/-/ready"};

constexpr std::array<std::pair<std::string_view, Necessity>, 3> kNecessities{
    {{"required", Necessity::required},
     {"conditional", Necessity::conditional},
     {"optional", Necessity::optional}}};

constexpr std::array<std::string_view, 17> kCheckKeys{"name",
                                                      "probe",
                                                      "target",
                                                      "necessity",
                                                      "depends_on",
                                                      "labels",
                                                      "resolver",
                                                      "interval",
                                                      "timeout",
                                                      "confirm_interval",
                                                      "down_after",
                                                      "up_after",
                                                      "stale_after",
                                                      "addresses",
                                                      "handshake_every",
                                                      "degraded_above",
                                                      "certificate_near_end"};

const Value& nothing() {
  static const Value kNothing;
  return kNothing;
}

/// The map under `key`, or an empty one.
const Value& section(Reader& reader, std::string_view key) {
  const Value* value = reader.raw(key);
  return value == nullptr ? nothing() : *value;
}

/// True for what a Reader has reported as a whole; a missing value counts as an empty map.
bool is_no_map(const Value& value) {
  return value.kind != Value::Kind::map && value.kind != Value::Kind::null;
}

/// A subtree that another part of reachd reads.
Value kept(Reader& reader, std::string_view key, Value::Kind kind) {
  const Value& value = section(reader, key);
  if (value.kind != kind && value.kind != Value::Kind::null) {
    reader.error(key, std::string(key) + " is " + (kind == Value::Kind::map ? "a map" : "a list") +
                          ", not " + std::string(value.kind_name()));
    return {};
  }
  return value;
}

std::vector<Endpoint> read_name_servers(Reader& reader) {
  std::vector<Endpoint> servers;
  for (const Value& text : placed_texts(reader, "resolver")) {
    const auto target = parse_target(text.scalar, kDnsPort);
    if (target && target->literal && target->scheme.empty()) {
      servers.push_back({*target->literal, target->port});
      continue;
    }
    reader.diagnostics().error(text.place, reader.what() +
                                               ": a name server is an address, such as 10.0.0.2 or "
                                               "\"[2001:db8::2]:53\", not \"" +
                                               text.scalar.substr(0, 60) + "\"");
  }
  return servers;
}

Web read_web(const Value& value, Diagnostics& diagnostics) {
  Reader reader(value, diagnostics, "web");
  const std::string example(kDefaultListen);
  Web web;
  std::vector<Value> listen = placed_texts(reader, "listen");
  if (!reader.has("listen")) {
    listen.push_back(Value::text(example));
  } else if (listen.empty()) {
    reader.error("listen", "listen names no address; leave it out for " + example);
  }
  for (const Value& text : listen) {
    auto target = parse_target(text.scalar, kWebPort);
    if (!target) {
      diagnostics.error(text.place, "web: " + target.error());
    } else if (!target->scheme.empty()) {
      diagnostics.error(text.place,
                        "web: listen is an address and a port, such as " + example + ", not a URL");
    } else {
      web.listen.push_back(std::move(*target));
    }
  }
  web.config_file = reader.readable_file("config_file").value_or("");
  for (const Value& path : placed_texts(reader, "auth_excluded_paths")) {
    if (std::ranges::find(kHealthPaths, path.scalar) == kHealthPaths.end()) {
      diagnostics.error(path.place, "web: auth_excluded_paths may hold " +
                                        join(kHealthPaths, " and ") + ", which tell nothing");
    } else {
      web.auth_excluded_paths.push_back(path.scalar);
    }
  }
  if (!web.auth_excluded_paths.empty() && web.config_file.empty()) {
    reader.error("auth_excluded_paths", "auth_excluded_paths has no effect without config_file");
  }
  reader.done();
  return web;
}

/// How many probes one address may bear at a time; `limits:` and `devices:` have these keys.
void read_per_host(Reader& reader, Timing& timing) {
  timing.per_host =
      static_cast<std::uint16_t>(reader.integer("per_host", timing.per_host, 1, 10'000));
  timing.per_host_gap = reader.duration("per_host_gap", timing.per_host_gap, 0s, 1h);
}

void read_limits(const Value& value, Settings& settings, Diagnostics& diagnostics) {
  Reader reader(value, diagnostics, "limits");
  const Value* concurrency = reader.raw("concurrency");
  if (concurrency == nullptr || concurrency->scalar != "auto") {
    settings.limits.concurrency =
        static_cast<std::uint32_t>(reader.integer("concurrency", 0, 1, 1'000'000));
  }
  settings.limits.range_addresses = static_cast<std::uint32_t>(
      reader.integer("range_addresses", settings.limits.range_addresses, 1, 65'536));
  read_per_host(reader, settings.defaults);
  reader.done();
}

JournalLimits read_journal(const Value& value, Diagnostics& diagnostics) {
  Reader reader(value, diagnostics, "journal");
  JournalLimits limits;
  limits.max_age = reader.duration("max_age", limits.max_age, 1h, 24h * 3650);
  limits.max_bytes = reader.size("max_size", limits.max_bytes, std::uint64_t{1} << 20U,
                                 std::uint64_t{1023} << 30U);
  reader.done();
  return limits;
}

/// The gentle defaults for managed devices, whose controllers are weak.
Timing gentle(const Timing& defaults) {
  Timing timing;
  timing.interval = 5min;
  timing.timeout = 15s;
  timing.down_after = 5;
  timing.confirm_interval = 60s;
  timing.handshake_every = 1h;
  timing.per_host = 1;
  timing.per_host_gap = 2s;
  timing.up_after = defaults.up_after;
  timing.stale_after = defaults.stale_after;
  timing.addresses = defaults.addresses;
  timing.certificate_near_end = defaults.certificate_near_end;
  return timing;
}

Override read_override(const Value::Member& member, Diagnostics& diagnostics) {
  Reader reader(member.value, diagnostics, "override of " + member.key.substr(0, 100));
  Override result;
  result.place = member.place;
  result.requirement = member.key;
  if (reader.has("port")) {
    result.port = reader.port("port", 1);
  }
  if (reader.has("necessity")) {
    result.necessity = reader.choice<Necessity>("necessity", Necessity::required, kNecessities);
  }
  if (reader.has("enabled")) {
    result.enabled = reader.boolean("enabled", true);
  }
  if (reader.has("interval")) {
    result.interval = reader.duration("interval", 30s, 100ms, 24h * 30);
  }
  if (reader.has("timeout")) {
    result.timeout = reader.duration("timeout", 5s, 1ms, 10min);
  }
  reader.done();
  return result;
}

/// Its other keys are the plan's to read, which knows what the product is.
Product read_product(Value& value, Diagnostics& diagnostics) {
  Product product;
  {
    Reader naming(value, diagnostics, "an entry of products");
    if (is_no_map(value)) {
      return product;
    }
    product.product = naming.required_text("product");
    Reader reader(value, diagnostics, "product " + product.product.substr(0, kLongestName));
    product.confirm = reader.texts("confirm");
    const Value& overrides = section(reader, "overrides");
    if (overrides.kind != Value::Kind::map && overrides.kind != Value::Kind::null) {
      reader.error("overrides",
                   "overrides is a map of requirements, not " + std::string(overrides.kind_name()));
    }
    for (const Value::Member& member : overrides.members) {
      product.overrides.push_back(read_override(member, diagnostics));
    }
  }
  product.config = std::move(value);
  return product;
}

CustomCheck read_check(Value& value, const Timing& defaults, Diagnostics& diagnostics) {
  CustomCheck check;
  {
    Reader naming(value, diagnostics, "an entry of checks");
    if (is_no_map(value)) {
      return check;
    }
    check.name = naming.required_text("name");
    Reader reader(value, diagnostics,
                  check.name.empty() ? "a check" : "check " + check.name.substr(0, kLongestName));
    check_name(reader, "name", check.name);
    check.probe = reader.required_text("probe");
    check.timing = read_timing(reader, defaults);
    check.necessity = reader.choice<Necessity>("necessity", Necessity::required, kNecessities);
    check.depends_on = reader.texts("depends_on");
    check.labels = read_labels(reader);
    check.resolver = read_name_servers(reader);
  }
  check.config = std::move(value);
  return check;
}

class SettingsReader {
 public:
  SettingsReader(Value& root, Diagnostics& diagnostics)
      : root_(root), diagnostics_(diagnostics), reader_(root, diagnostics, "the configuration") {}

  void read(Settings& settings) {
    settings.vantage = reader_.text("vantage");
    check_name(reader_, "vantage", settings.vantage);
    if (settings.vantage.empty()) {
      settings.vantage = host_name();
    }
    settings.labels = read_labels(reader_);
    settings.state_dir = folder("state_dir", false);
    settings.catalog_dir = folder("catalog_dir", true);
    settings.probe_modules_file = reader_.readable_file("probe_modules_file").value_or("");
    settings.probe_allow = kept(reader_, "probe_allow", Value::Kind::list);
    settings.alerting = kept(reader_, "alerting", Value::Kind::map);
    settings.maintenance = kept(reader_, "maintenance", Value::Kind::list);
    settings.journal = read_journal(section(reader_, "journal"), diagnostics_);
    refuse_what_has_no_effect(settings);
    settings.web = read_web(section(reader_, "web"), diagnostics_);
    settings.resolver = read_name_servers(reader_);
    read_defaults(settings);
    reader_.raw("include");  // followed already; known here for the nearest key of a misspelt one
    const auto products = reader_.list("products");
    const auto checks = reader_.list("checks");
    reader_.done();
    take_lists(settings, products.size(), checks.size());
  }

 private:
  /// Whoever writes these relies on them; to accept them and do nothing would be a lie.
  void refuse_what_has_no_effect(const Settings& settings) {
    // A file that is named but can't be read has its error already.
    if (!reader_.has("probe_modules_file") && !settings.probe_allow.items.empty()) {
      reader_.error("probe_allow",
                    "probe_allow is for /probe, which probe_modules_file switches on");
    }
  }

  std::string folder(std::string_view key, bool must_exist) {
    std::string text = reader_.text(key);
    if (text.empty()) {
      return text;
    }
    std::string path = resolve_path(reader_.place(key), text);
    std::error_code error;
    if (must_exist && !std::filesystem::is_directory(to_path(path), error)) {
      reader_.error(key, std::string(key) + ": there is no folder \"" + text + "\"");
      return {};
    }
    return path;
  }

  void read_defaults(Settings& settings) {
    read_limits(section(reader_, "limits"), settings, diagnostics_);
    Reader defaults(section(reader_, "defaults"), diagnostics_, "defaults");
    settings.defaults = read_timing(defaults, settings.defaults);
    defaults.done();
    Reader devices(section(reader_, "devices"), diagnostics_, "devices");
    settings.devices = read_timing(devices, gentle(settings.defaults));
    read_per_host(devices, settings.devices);
    devices.done();
  }

  /// Last of all, for it moves the entries out of the tree. What has no name is reported and left
  /// out, so that the plan does not report it again.
  void take_lists(Settings& settings, std::size_t products, std::size_t checks) {
    settings.products.reserve(products);
    settings.checks.reserve(checks);
    for (Value::Member& member : root_.members) {
      if (member.key == "products") {
        for (Value& item : member.value.items) {
          settings.products.push_back(read_product(item, diagnostics_));
        }
      } else if (member.key == "checks") {
        for (Value& item : member.value.items) {
          settings.checks.push_back(read_check(item, settings.defaults, diagnostics_));
        }
      }
    }
    std::erase_if(settings.products,
                  [](const Product& product) { return product.product.empty(); });
    std::erase_if(settings.checks, [](const CustomCheck& check) {
      return check.name.empty() || check.probe.empty();
    });
    refuse_equal_names(settings.checks);
  }

  void refuse_equal_names(std::vector<CustomCheck>& checks) {
    std::unordered_map<std::string, Place> names;
    names.reserve(checks.size());
    std::erase_if(checks, [&](const CustomCheck& check) {
      const auto [first, fresh] = names.emplace(check.name, check.config.place);
      if (!fresh) {
        diagnostics_.error(check.config.find("name")->place,
                           "check " + check.name + ": the name is taken by the check at " +
                               first->second.to_string());
      }
      return !fresh;
    });
  }

  Value& root_;
  Diagnostics& diagnostics_;
  Reader reader_;
};

}  // namespace

std::span<const std::string_view> check_keys() noexcept { return kCheckKeys; }

Settings read_settings(Value root, const std::string& path, Diagnostics& diagnostics) {
  Settings settings;
  settings.path = path;
  SettingsReader(root, diagnostics).read(settings);
  return settings;
}

std::optional<Settings> load_settings(const std::string& path, Diagnostics& diagnostics) {
  const std::size_t errors_before = diagnostics.count();
  auto root = load_yaml_with_includes(path, diagnostics);
  if (!root) {
    return std::nullopt;
  }
  auto settings = read_settings(std::move(*root), path, diagnostics);
  if (diagnostics.count() > errors_before) {
    return std::nullopt;
  }
  return settings;
}

}  // namespace reachd::config
