// Files: reading one, and following `include:`.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "config/selector.hpp"
#include "config/yaml.hpp"
#include "probes/core/file_path.hpp"
#include "probes/core/reader.hpp"

namespace reachd::config {
namespace {

constexpr std::size_t kMostFiles = 10'000;
constexpr std::size_t kMostBytes = 64u << 20;  ///< of a file

class Includer {
 public:
  explicit Includer(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  std::optional<Value> load(const std::string& path) {
    seen_.insert(canonical(path));
    auto root = load_yaml(path, diagnostics_);
    if (root && root->kind != Value::Kind::null) {
      follow(*root);
    }
    return root;
  }

 private:
  static std::string canonical(const std::string& path) {
    std::error_code error;
    const auto result = std::filesystem::weakly_canonical(to_path(path), error);
    return error ? path : to_text(result);
  }

  /// Takes `include` out of the root and appends what it names.
  void follow(Value& root) {
    const auto found = std::ranges::find(root.members, "include", &Value::Member::key);
    if (found == root.members.end()) {
      return;
    }
    Reader reader(root, diagnostics_, "the configuration");
    const std::vector<std::string> patterns = reader.texts("include");
    const Value include = std::move(found->value);
    root.members.erase(found);
    for (std::size_t index = 0; index < patterns.size(); ++index) {
      const bool is_list = include.kind == Value::Kind::list && index < include.items.size();
      const Place place = is_list ? include.items[index].place : include.place;
      for (const std::string& file : expand(patterns[index], place)) {
        append(root, file, place);
      }
    }
  }

  void append(Value& root, const std::string& file, const Place& place) {
    const std::string id = canonical(file);
    if (!seen_.insert(id).second) {
      diagnostics_.error(place, "include: " + file + " is read already; files include each other " +
                                    "or are named twice");
      return;
    }
    if (seen_.size() > kMostFiles) {
      diagnostics_.error(place, "include: more than 10000 files");
      return;
    }
    std::error_code unknown;
    if (!std::filesystem::exists(to_path(file), unknown)) {
      diagnostics_.error(place, "include: " + file + " does not exist");
      return;
    }
    auto included = load_yaml(file, diagnostics_);
    if (!included || included->kind == Value::Kind::null) {
      return;
    }
    if (included->kind != Value::Kind::map) {
      diagnostics_.error(included->place,
                         "an included file must be a map of keys and values, not " +
                             std::string(included->kind_name()));
      return;
    }
    follow(*included);
    for (Value::Member& member : included->members) {
      merge(root, std::move(member));
    }
  }

  void merge(Value& root, Value::Member member) {
    const auto found = std::ranges::find(root.members, member.key, &Value::Member::key);
    if (found == root.members.end()) {
      root.members.push_back(std::move(member));
      return;
    }
    Value& there = found->value;
    if (there.kind == Value::Kind::list && member.value.kind == Value::Kind::list) {
      std::ranges::move(member.value.items, std::back_inserter(there.items));
    } else if (there.kind == Value::Kind::null) {
      there = std::move(member.value);
    } else if (member.value.kind != Value::Kind::null) {
      diagnostics_.error(member.place, "\"" + member.key.substr(0, 60) + "\" is set already at " +
                                           found->place.to_string() +
                                           "; only lists can stand in several files");
    }
  }

  /// The files that a pattern means, sorted. A name without wildcards must exist.
  std::vector<std::string> expand(const std::string& pattern, const Place& place) {
    namespace fs = std::filesystem;
    if (to_text(to_path(pattern).parent_path()).find_first_of("*?") != std::string::npos) {
      diagnostics_.error(place,
                         "include: * and ? may stand in the file name only, not in a folder");
      return {};
    }
    const fs::path path = to_path(resolve_path(place, pattern));
    const fs::path folder = path.parent_path();
    const std::string name = to_text(path.filename());
    if (name.find_first_of("*?") == std::string::npos) {
      return {to_text(path)};
    }
    std::vector<std::string> files;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string candidate = to_text(entry->path().filename());
      std::error_code ignored;
      // As in a shell: a hidden file is meant only where the dot is written.
      if (candidate.starts_with('.') == name.starts_with('.') && glob_matches(name, candidate) &&
          !entry->is_directory(ignored)) {
        files.push_back(to_text(entry->path()));
      }
    }
    if (error == std::errc::no_such_file_or_directory) {
      // An empty folder may fill; a misspelt one would leave out what everybody believes watched.
      diagnostics_.error(place, "include: there is no folder " + to_text(folder));
    } else if (error) {
      diagnostics_.error(place, "include: can't list the folder " + to_text(folder));
    }
    std::ranges::sort(files);
    return files;
  }

  Diagnostics& diagnostics_;
  std::set<std::string> seen_;
};

}  // namespace

std::optional<Value> load_yaml(const std::string& path, Diagnostics& diagnostics, YamlTexts texts) {
  const auto wrong = [&](std::string_view why) {
    diagnostics.error({std::make_shared<const std::string>(path), 0, 0},
                      "can't read the file: " + std::string(why));
    return std::nullopt;
  };
  std::error_code error;
  const auto status = std::filesystem::status(to_path(path), error);
  if (!std::filesystem::exists(status)) {
    return wrong(status.type() == std::filesystem::file_type::not_found ? "it does not exist"
                                                                        : "access is denied");
  }
  if (std::filesystem::is_directory(status)) {
    return wrong("it is a folder");
  }
  std::ifstream stream(to_path(path), std::ios::binary);
  if (!stream) {
    return wrong("access is denied");
  }
  // Not by its size: what a pipe holds is known only once it is read.
  std::string text;
  constexpr std::size_t kChunk = 1u << 16;
  while (stream && text.size() <= kMostBytes) {
    const std::size_t before = text.size();
    text.resize(before + kChunk);
    stream.read(text.data() + before, kChunk);
    text.resize(before + static_cast<std::size_t>(stream.gcount()));
  }
  if (stream.bad()) {
    return wrong("reading failed");
  }
  if (text.size() > kMostBytes) {
    return wrong("it is larger than 64 MiB");
  }
  return parse_yaml(text, path, diagnostics, texts);
}

std::optional<Value> load_yaml_with_includes(const std::string& path, Diagnostics& diagnostics) {
  const std::size_t errors_before = diagnostics.count();
  auto root = Includer(diagnostics).load(path);
  return diagnostics.count() == errors_before ? std::move(root) : std::nullopt;
}

}  // namespace reachd::config
