#include "config/blackbox.hpp"

#include <algorithm>
#include <array>

#include "config/blackbox_reader.hpp"
#include "config/host.hpp"
#include "config/yaml.hpp"

namespace reachd::config::blackbox {
namespace {

constexpr std::array<std::string_view, 5> kProbers{"http", "tcp", "icmp", "dns", "unix"};
constexpr std::array<std::string_view, 7> kAllProbers{"http", "tcp",  "icmp",     "dns",
                                                      "unix", "grpc", "websocket"};

/// Of a list that is sorted by name.
template <typename T>
const T* find_named(const std::vector<T>& list, std::string_view name) noexcept {
  const auto place = std::ranges::lower_bound(list, name, {}, &T::name);
  return place != list.end() && place->name == name ? &*place : nullptr;
}

class ModuleReader {
 public:
  ModuleReader(const Value::Member& member, Diagnostics& diagnostics)
      : name_(member.key),
        place_(member.place),
        context_{diagnostics, refusals_, files_},
        module_(member.value, context_, "module " + member.key.substr(0, 100)) {}

  Module read() {
    Module result;
    result.name = name_;
    read_prober(result);
    result.timeout = module_.go_duration("timeout");
    result.http = block(0, read_http);
    result.tcp = block(1, read_tcp);
    result.icmp = block(2, read_icmp);
    if (prober_ == "dns" || module_.given("dns")) {
      result.dns = block(3, read_dns);
    }
    result.unix_socket = block(4, read_unix);
    block(5, check_grpc);
    block(6, check_websocket);
    module_.done();
    return result;
  }

  std::vector<Diagnostic> take_refusals() { return std::move(refusals_); }
  std::span<FileUse> files() { return files_; }

 private:
  void read_prober(Module& result) {
    prober_ = module_.required_text("prober");
    const auto known = std::ranges::find(kAllProbers, prober_);
    if (known == kAllProbers.end()) {
      if (!prober_.empty()) {
        module_.error("prober",
                      "there is no prober \"" + prober_.substr(0, 60) + "\"" +
                          did_you_mean(prober_, {kAllProbers.begin(), kAllProbers.end()}));
      }
      return;
    }
    const auto index = static_cast<std::size_t>(known - kAllProbers.begin());
    if (index >= kProbers.size()) {
      module_.refuse("prober", "reachd does not speak " + prober_);
    } else if (prober_ == "unix" && !has_unix_sockets()) {
      module_.refuse("prober", "Unix sockets are for Linux");
    } else {
      result.prober = static_cast<Prober>(index);
    }
  }

  /// What can't be honoured matters in the prober's own block only; the others have no effect.
  template <typename T>
  T block(std::size_t index, T (*read)(const Value&, Context&, const std::string&)) {
    const std::string_view key = kAllProbers.at(index);
    if (key == prober_) {
      return read(module_.below(key), context_, module_.what_of(key));
    }
    std::vector<Diagnostic> refusals;
    std::vector<FileUse> files;
    Context without_effect{context_.diagnostics, refusals, files};
    return read(module_.below(key), without_effect, module_.what_of(key));
  }

  std::string name_;
  Place place_;
  std::vector<Diagnostic> refusals_;
  std::vector<FileUse> files_;
  Context context_;
  Block module_;
  std::string prober_;
};

}  // namespace

std::string_view to_string(Prober prober) noexcept {
  return kProbers.at(static_cast<std::size_t>(prober));
}

const Module* Modules::find(std::string_view name) const noexcept {
  return find_named(modules, name);
}

const RefusedModule* Modules::find_refused(std::string_view name) const noexcept {
  return find_named(refused, name);
}

Modules read_modules(const Value& root, Diagnostics& diagnostics) {
  Modules result;
  Reader reader(root, diagnostics, "the blackbox file");
  const Value* modules = reader.raw("modules");
  reader.done();
  if (root.kind == Value::Kind::null) {
    diagnostics.error(root.place, "the file is empty; it needs `modules:`");
    return result;
  }
  if (modules == nullptr || modules->kind == Value::Kind::null) {
    reader.error("modules", "modules is missing, or has nothing below");
    return result;
  }
  const Reader shape(*modules, diagnostics, "modules");  // says if it is no map
  for (const Value::Member& member : modules->members) {
    ModuleReader module_reader(member, diagnostics);
    Module module = module_reader.read();
    auto refusals = module_reader.take_refusals();
    if (refusals.empty()) {
      module.text = masked_yaml(member.value);
      result.modules.push_back(std::move(module));
      std::ranges::move(module_reader.files(), std::back_inserter(result.files));
    } else {
      result.refused.push_back({.name = member.key, .reasons = std::move(refusals)});
    }
  }
  std::ranges::sort(result.modules, {}, &Module::name);
  std::ranges::sort(result.refused, {}, &RefusedModule::name);
  return result;
}

namespace {

/// What a file holds, if nothing in it is wrong. Otherwise what can't be honoured is told along
/// with what is wrong, so that all comes at once.
std::optional<Modules> sound_modules(const std::optional<Value>& root, Diagnostics& diagnostics,
                                     std::size_t errors_before) {
  auto modules = root ? std::optional(read_modules(*root, diagnostics)) : std::nullopt;
  if (diagnostics.count() == errors_before) {
    return modules;
  }
  for (const RefusedModule& refused : modules ? modules->refused : std::vector<RefusedModule>()) {
    for (const Diagnostic& reason : refused.reasons) {
      diagnostics.error(reason.place, reason.message);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Modules> parse_modules(std::string_view text, const std::string& name,
                                     Diagnostics& diagnostics) {
  const std::size_t errors_before = diagnostics.count();
  return sound_modules(parse_yaml(text, name, diagnostics, YamlTexts::any_bytes), diagnostics,
                       errors_before);
}

std::optional<Modules> load_modules(const std::string& path, Diagnostics& diagnostics) {
  const std::size_t errors_before = diagnostics.count();
  return sound_modules(load_yaml(path, diagnostics, YamlTexts::any_bytes), diagnostics,
                       errors_before);
}

}  // namespace reachd::config::blackbox
