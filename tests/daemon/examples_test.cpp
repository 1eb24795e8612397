// Everything in config/examples is right, the templates of `reachd init` too.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "config/settings.hpp"
#include "config/templates.hpp"
#include "config/web_config.hpp"
#include "config/yaml.hpp"
#include "daemon/configuration.hpp"

namespace reachd::config {
namespace {

namespace fs = std::filesystem;

const fs::path kExamples =
    fs::path(REACHD_TEST_DATA).parent_path().parent_path() / "config/examples";

TEST(Examples, AllOfThemLoad) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(kExamples)) {
    if (entry.path().extension() == ".yaml" && entry.path().stem() != "full") {
      Diagnostics diagnostics;
      EXPECT_TRUE(load(entry.path().string(), diagnostics)) << diagnostics.to_string();
      ++files;
    }
  }
  EXPECT_GE(files, 5);
}

/// It names files that its reader would have.
class FullExample : public testing::Test {
 protected:
  FullExample() {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "catalog");
    fs::create_directories(folder_ / "conf.d");
    for (const char* name :
         {"web.yml", "proxy.secret", "shop.secret", "shop.key", "api.token", "api.json", "ca.pem",
          "client.pem", "client.key", "hook.secret", "mail.secret"}) {
      std::ofstream(folder_ / name) << "x\n";
    }
    std::ofstream(folder_ / "hook.url") << "https://hooks.example.com/x\n";
    std::ofstream(folder_ / "hook.template") << "{}\n";
    std::ofstream(folder_ / "web.yml") << "basic_auth_users: {}\n";
    fs::copy_file(kExamples / "full.yaml", folder_ / "full.yaml");
    fs::copy_file(kExamples / "blackbox.yml", folder_ / "blackbox.yml");
  }
  ~FullExample() override { fs::remove_all(folder_); }

  fs::path folder_ =
      fs::temp_directory_path() / ("reachd-full-" + std::to_string(std::random_device{}()));
};

TEST_F(FullExample, Loads) {
  Diagnostics diagnostics;
  EXPECT_TRUE(load((folder_ / "full.yaml").string(), diagnostics)) << diagnostics.to_string();
}

TEST_F(FullExample, ThatOfTheWebIsRight) {
  for (const char* name : {"reachd.crt", "reachd.key", "clients-ca.crt"}) {
    std::ofstream(folder_ / name) << "x\n";
  }
  fs::copy_file(kExamples / "web.yml", folder_ / "web.yml", fs::copy_options::overwrite_existing);
  Diagnostics diagnostics;
  EXPECT_TRUE(load_web_config((folder_ / "web.yml").string(), diagnostics))
      << diagnostics.to_string();
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.to_string();
}

TEST(Examples, TheQuickstartLooksAtThisMachineOnly) {
  Diagnostics diagnostics;
  const auto settings = load_settings((kExamples / "quickstart.yaml").string(), diagnostics);
  ASSERT_TRUE(settings) << diagnostics.to_string();
  EXPECT_TRUE(settings->products.empty());
  for (const CustomCheck& check : settings->checks) {
    const auto target = parse_target(check.config.find("target")->scalar);
    ASSERT_TRUE(target) << target.error();
    EXPECT_TRUE(target->host == "localhost" || (target->literal && target->literal->is_loopback()))
        << target->text;
  }
  for (const Target& listen : settings->web.listen) {
    EXPECT_TRUE(listen.literal && listen.literal->is_loopback());
  }
}

TEST(Templates, EachIsAnExampleAndSaysWhatToChange) {
  const auto products = init_products();
  EXPECT_EQ(products.size(), 3u);
  for (const std::string_view product : products) {
    const auto text = init_template(product);
    ASSERT_TRUE(text);
    EXPECT_TRUE(text->contains("CHANGE"));
    EXPECT_TRUE(text->ends_with('\n'));
    Diagnostics diagnostics;
    const auto root = parse_yaml(*text, "init", diagnostics);
    ASSERT_TRUE(root) << diagnostics.to_string();
    if (product == "custom") {
      EXPECT_EQ(root->find("products"), nullptr);
    } else {
      EXPECT_EQ(root->find("products")->items.at(0).find("product")->scalar, product);
    }
  }
  EXPECT_FALSE(init_template("toaster"));
}

/// What is commented out has to be right too: each "# key:" line is switched on and must load.
TEST(Templates, TheirCommentsAreYaml) {
  for (const std::string_view product : init_products()) {
    std::string text;
    std::string_view rest = *init_template(product);
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      std::string line(rest.substr(0, end));
      rest.remove_prefix(end + 1);
      const std::size_t hash = line.find_first_not_of(' ');
      const bool commented = hash != std::string::npos && line.substr(hash).starts_with("# ");
      const std::string_view content =
          commented ? std::string_view(line).substr(hash + 2) : std::string_view();
      const std::string_view key = content.substr(
          content.find_first_not_of(" -{") == std::string::npos ? 0
                                                                : content.find_first_not_of(" -{"));
      const std::size_t colon = key.find(':');
      const bool is_key = commented && colon != std::string_view::npos && colon > 0 &&
                          key.substr(0, colon).find_first_not_of("abcdefghijklmnopqrstuvwxyz_") ==
                              std::string_view::npos;
      text += is_key ? line.substr(0, hash) + std::string(content) + "\n" : line + "\n";
    }
    Diagnostics diagnostics;
    auto root = parse_yaml(text, "init", diagnostics);
    ASSERT_TRUE(root) << diagnostics.to_string() << text;
    // web.yml is the operator's to write.
    std::erase_if(root->members, [](const Value::Member& member) { return member.key == "web"; });
    const Settings settings = read_settings(std::move(*root), "init", diagnostics);
    EXPECT_TRUE(diagnostics.ok()) << diagnostics.to_string();
    EXPECT_FALSE(settings.checks.empty());
    const auto catalog = Catalog::load({}, diagnostics);
    ASSERT_TRUE(catalog);
    EXPECT_TRUE(make_plan(settings, *catalog, diagnostics)) << diagnostics.to_string();
  }
}

}  // namespace
}  // namespace reachd::config
