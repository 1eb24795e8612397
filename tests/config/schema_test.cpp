// config/schema is what editors believe, config/examples/full.yaml what people copy from: each
// knows the keys of the other. JSON is YAML, so our own parser reads the schema.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "config/settings.hpp"
#include "config/yaml.hpp"
#include "probes/registry.hpp"

namespace reachd::config {
namespace {

namespace fs = std::filesystem;

const fs::path kConfig = fs::path(REACHD_TEST_DATA).parent_path().parent_path() / "config";

Value load(const fs::path& path) {
  Diagnostics diagnostics;
  auto value = load_yaml(path.string(), diagnostics);
  EXPECT_TRUE(value) << diagnostics.to_string();
  return value.value_or(Value{});
}

/// Walks values along the parts of draft-07 that our schema uses: $ref, allOf with one $ref, anyOf,
/// properties, additionalProperties, items, enum, const.
class Schema {
 public:
  explicit Schema(Value root) : root_(std::move(root)) {}

  void visit(const Value& value) { visit(value, {&root_}); }

  /// "file:line" of each property that no value had. The two forms of a secret are one key.
  std::vector<std::string> unseen() const {
    std::vector<std::string> result;
    collect_unseen(root_, result);
    return result;
  }
  /// What the schema does not know, with its place.
  const std::vector<std::string>& unknown() const { return unknown_; }

  const Value& definition(std::string_view name) const {
    return *root_.find("definitions")->find(name);
  }

 private:
  using Nodes = std::vector<const Value*>;

  void resolve(const Value& node, Nodes& out) const {
    if (const Value* reference = node.find("$ref")) {
      resolve(definition(
                  std::string_view(reference->scalar).substr(std::string("#/definitions/").size())),
              out);
      return;
    }
    for (const std::string_view key : {"anyOf", "allOf"}) {
      if (const Value* branches = node.find(key)) {
        for (const Value& branch : branches->items) {
          resolve(branch, out);
        }
      }
    }
    out.push_back(&node);
  }

  /// False for the definition of another product.
  static bool applies(const Value& node, const Value& value) {
    const Value* properties = node.find("properties");
    const Value* product = properties == nullptr ? nullptr : properties->find("product");
    const Value* word = product == nullptr ? nullptr : product->find("const");
    const Value* said = value.find("product");
    return word == nullptr || (said != nullptr && said->scalar == word->scalar);
  }

  void visit(const Value& value, const Nodes& alternatives) {
    Nodes nodes;
    for (const Value* node : alternatives) {
      resolve(*node, nodes);
    }
    std::erase_if(nodes, [&](const Value* node) { return !applies(*node, value); });
    if (value.kind == Value::Kind::list) {
      Nodes items;
      for (const Value* node : nodes) {
        if (const Value* item = node->find("items")) {
          items.push_back(item);
        }
      }
      for (const Value& item : value.items) {
        visit(item, items);
      }
      return;
    }
    for (const Value::Member& member : value.members) {
      visit_member(member, nodes);
    }
    if (value.kind == Value::Kind::scalar) {
      visit_word(value, nodes);
    }
  }

  void visit_member(const Value::Member& member, const Nodes& nodes) {
    Nodes found;
    bool free = false;  // any key may stand here
    for (const Value* node : nodes) {
      const Value* properties = node->find("properties");
      const Value* property = properties == nullptr ? nullptr : properties->find(member.key);
      const Value* others = node->find("additionalProperties");
      if (property != nullptr) {
        seen_.insert(property);
        found.push_back(property);
      } else if (others != nullptr && others->kind == Value::Kind::map) {
        found.push_back(others);
      }
      free = free || (properties == nullptr && others == nullptr && node->find("type") != nullptr);
    }
    if (found.empty() && !free) {
      unknown_.push_back(member.place.to_string() + ": " + member.key);
    }
    visit(member.value, found);
  }

  void visit_word(const Value& value, const Nodes& nodes) {
    bool limited = !nodes.empty();
    bool fits = false;
    for (const Value* node : nodes) {
      const Value* words = node->find("enum");
      const auto is_value = [&](const Value& word) { return word.scalar == value.scalar; };
      fits = fits || (words != nullptr && std::ranges::any_of(words->items, is_value));
      limited = limited && words != nullptr;
    }
    if (limited && !fits) {
      unknown_.push_back(value.place.to_string() + ": " + value.scalar);
    }
  }

  void collect_unseen(const Value& node, std::vector<std::string>& result) const {
    if (const Value* properties = node.find("properties")) {
      for (const Value::Member& member : properties->members) {
        const std::string& key = member.key;
        const Value* twin = properties->find(key + "_file");
        if (key.ends_with("_file") && twin == nullptr) {
          twin = properties->find(std::string_view(key).substr(0, key.size() - 5));
        }
        if (!seen_.contains(&member.value) && (twin == nullptr || !seen_.contains(twin))) {
          result.push_back(member.place.to_string() + ": " + key);
        }
      }
    }
    for (const Value::Member& member : node.members) {
      collect_unseen(member.value, result);
    }
    for (const Value& item : node.items) {
      collect_unseen(item, result);
    }
  }

  Value root_;
  std::set<const Value*> seen_;
  std::vector<std::string> unknown_;
};

Schema schema() { return Schema(load(kConfig / "schema/reachd.schema.json")); }

TEST(Schema, KnowsEveryKeyOfTheFullExampleAndNoOther) {
  Schema checked = schema();
  checked.visit(load(kConfig / "examples/full.yaml"));
  EXPECT_EQ(checked.unknown(), std::vector<std::string>());
  EXPECT_EQ(checked.unseen(), std::vector<std::string>());
}

TEST(Schema, KnowsEveryKeyOfTheOtherExamples) {
  for (const auto& entry : fs::directory_iterator(kConfig / "examples")) {
    if (entry.path().extension() == ".yaml") {
      Schema checked = schema();
      checked.visit(load(entry.path()));
      EXPECT_EQ(checked.unknown(), std::vector<std::string>());
    }
  }
}

TEST(Schema, NoticesWhatItDoesNotKnow) {
  Diagnostics diagnostics;
  Schema checked = schema();
  checked.visit(
      *parse_yaml("webb: {}\n"
                  "defaults: {adresses: all, addresses: any}\n"
                  "products:\n"
                  "- {product: flexera-beacon, appliance: x}\n"
                  "- {product: xclarity-administrator, devices: [{typ: x}]}\n",
                  "t", diagnostics));
  EXPECT_EQ(checked.unknown(),
            (std::vector<std::string>{"t:1:1: webb", "t:2:12: adresses", "t:2:38: any",
                                      "t:4:29: appliance", "t:5:48: typ"}));
}

TEST(Schema, HasEveryKeyThatAllChecksShare) {
  const Schema checked = schema();
  const Value* properties = checked.definition("check").find("properties");
  for (const std::string_view key : check_keys()) {
    EXPECT_NE(properties->find(key), nullptr) << key;
  }
}

TEST(Schema, NamesTheProbesThatThereAre) {
  const Schema checked = schema();
  const Value* words = checked.definition("check").find("properties")->find("probe")->find("enum");
  for (const ProbeType& type : probe_types()) {
    EXPECT_TRUE(std::ranges::any_of(words->items, [&](const Value& word) {
      return word.scalar == type.name;
    })) << type.name;
  }
}

}  // namespace
}  // namespace reachd::config
