#include "config/catalog.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "config/yaml.hpp"

namespace reachd::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kData = REACHD_TEST_DATA;

Catalog built_in() {
  Diagnostics diagnostics;
  auto catalog = Catalog::load({}, diagnostics);
  EXPECT_TRUE(catalog) << diagnostics.to_string();
  return catalog ? std::move(*catalog) : Catalog{};
}

std::optional<Catalog> read(std::string_view text, Diagnostics& diagnostics) {
  const EmbeddedFile file{"product.yaml", text};
  return Catalog::read({&file, 1}, diagnostics);
}

/// A file with one requirement, whose lines come after the ones that every entry needs.
std::string entry(std::string_view more, std::string_view necessity = "required") {
  return "schema: 1\n"
         "product: thing\n"
         "title: A thing\n"
         "sources: {A: a page}\n"
         "requirements:\n"
         "  - id: thing.a\n"
         "    ref: \"1\"\n"
         "    purpose: to see\n"
         "    direction: outbound\n"
         "    from: here\n"
         "    to: there\n"
         "    necessity: " +
         std::string(necessity) +
         "\n"
         "    evidence: vendor\n"
         "    sources: [A]\n" +
         std::string(more);
}

std::string problems(std::string_view text) {
  Diagnostics diagnostics;
  EXPECT_FALSE(read(text, diagnostics));
  return diagnostics.to_string();
}

/// The whole file, every run of white space one space.
std::string page(const std::string& name) {
  std::ifstream file(std::string(kData) + "/seeds/" + name);
  EXPECT_TRUE(file) << name;
  std::string text;
  for (std::string word; file >> word;) {
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

bool has_letters(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; });
}

TEST(Catalog, HoldsAllFourteenReferencesAndEveryTable) {
  const Catalog catalog = built_in();
  std::set<std::string> refs;
  std::set<std::string> tables;
  for (const CatalogProduct& product : catalog.products()) {
    for (const auto& requirement : product.requirements) {
      (requirement->ref.empty() ? tables : refs)
          .insert(requirement->ref.empty() ? requirement->table : requirement->ref);
    }
  }
  EXPECT_EQ(refs.size(), 14u);
  EXPECT_THAT(tables, ElementsAre("1", "2", "3", "4", "5", "6", "deployed_os"));
}

TEST(Catalog, KnowsTheIdsThatOthersRelyOn) {
  const Catalog catalog = built_in();
  for (const char* id : {"flexera.3.batch-server", "flexera.7.ldap", "flexera.7.ldaps",
                         "flexera.12.remote-execution-smb", "xclarity.server.https",
                         "xclarity.cmm.tcp-command-mode"}) {
    EXPECT_TRUE(catalog.find(id)) << id;
  }
  EXPECT_FALSE(catalog.find("flexera.3"));
}

// By the protocol that is spoken there, or by `udp` where nothing ever answers.
TEST(Catalog, LeavesNoPortOfTheApplianceOverUdpWithoutAProbe) {
  const Catalog catalog = built_in();
  std::map<std::string, std::string> probes;
  for (const CatalogProduct& product : catalog.products()) {
    for (const auto& requirement : product.requirements) {
      if (requirement->transport == Transport::udp && product.product == "xclarity-administrator") {
        EXPECT_NE(requirement->probe, "") << requirement->id;
        probes[requirement->protocol] = requirement->probe;
      }
    }
  }
  const std::map<std::string, std::string> expected{
      {"dns", "dns"},   {"ipmi_rmcp", "ipmi"}, {"ntp", "ntp"},  {"slp", "slp"},
      {"snmp", "snmp"}, {"snmp_trap", "udp"},  {"ssdp", "udp"}, {"syslog", "syslog"}};
  EXPECT_EQ(probes, expected);
}

TEST(Catalog, SaysWhoVouchesForEachRegionAndDevice) {
  const Catalog catalog = built_in();
  const auto batch = catalog.find("flexera.3.batch-server");
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->evidence_for("na"), Evidence::vendor);
  EXPECT_EQ(batch->evidence_for("eu"), Evidence::vendor_rule);
  EXPECT_EQ(batch->evidence_for("apac_uat"), Evidence::third_party);
  ASSERT_NE(batch->hosts_of("apac"), nullptr);
  EXPECT_THAT(*batch->hosts_of("apac"), ElementsAre("beacon.flexnetmanager.au"));
  EXPECT_TRUE(batch->fixed);
  const auto server = catalog.find("xclarity.server.https");
  ASSERT_TRUE(server);
  EXPECT_EQ(server->evidence_for("system_x"), Evidence::device);
  EXPECT_EQ(server->evidence_for("thinksystem"), Evidence::general);
  EXPECT_FALSE(server->is_for("storage"));
}

// Nothing is invented: the vendor's level needs a page of the vendor, and memory alone is general.
TEST(Catalog, ClaimsNoMoreThanItsSources) {
  for (const CatalogProduct& product : built_in().products()) {
    for (const auto& requirement : product.requirements) {
      const auto is_vendors = [](const std::string& source) {
        return source != "GK" && !source.starts_with("T");
      };
      const bool memory = std::ranges::all_of(
          requirement->sources, [](const std::string& source) { return source == "GK"; });
      if (requirement->evidence <= Evidence::vendor_rule) {
        EXPECT_TRUE(std::ranges::any_of(requirement->sources, is_vendors)) << requirement->id;
      }
      if (memory) {
        EXPECT_EQ(requirement->evidence, Evidence::general) << requirement->id;
      }
    }
  }
}

// The quotes of the table, one after another, are the whole page; every one names its requirements.
TEST(Catalog, CarriesEveryRowAndFootnoteOfTheVendorsPages) {
  const Catalog catalog = built_in();
  Diagnostics diagnostics;
  const auto table = load_yaml(std::string(kData) + "/seed-coverage.yaml", diagnostics);
  ASSERT_TRUE(table) << diagnostics.to_string();
  const Value* pages = table->find("pages");
  ASSERT_NE(pages, nullptr);
  ASSERT_EQ(pages->items.size(), 2u);
  for (const Value& item : pages->items) {
    const std::string text = page(item.find("file")->scalar);
    const CatalogProduct* product = catalog.product(item.find("product")->scalar);
    ASSERT_NE(product, nullptr);
    std::size_t end = 0;
    for (const Value& line : item.find("lines")->items) {
      const Value* quote = line.find("text");
      const Value* ids = line.find("ids");
      if (quote == nullptr) {
        quote = line.find("heading");
      } else {
        EXPECT_TRUE(ids != nullptr && !ids->items.empty())
            << line.place.to_string() << ": no requirement carries " << quote->scalar;
      }
      ASSERT_NE(quote, nullptr) << line.place.to_string();
      const std::size_t start = text.find(quote->scalar, end);
      ASSERT_NE(start, std::string::npos)
          << line.place.to_string() << ": not on the page, or not in this order";
      EXPECT_FALSE(has_letters(text.substr(end, start - end)))
          << line.place.to_string() << ": before it, the page also says "
          << text.substr(end, start - end);
      end = start + quote->scalar.size();
      if (ids == nullptr) {
        continue;
      }
      for (const Value& id : ids->items) {
        const auto requirement = catalog.find(id.scalar);
        ASSERT_TRUE(requirement) << id.place.to_string() << ": no requirement " << id.scalar;
        EXPECT_EQ(requirement->product, product->product) << id.place.to_string();
      }
    }
    EXPECT_FALSE(has_letters(text.substr(end))) << "the page goes on: " << text.substr(end);
  }
}

TEST(Catalog, ReadsEachFormOfAPort) {
  Diagnostics diagnostics;
  const auto number = read(entry("    port: 443\n"), diagnostics);
  ASSERT_TRUE(number) << diagnostics.to_string();
  EXPECT_EQ(number->find("thing.a")->ports.number, 443);
  const auto pattern = read(entry("    port: 33nn\n"), diagnostics);
  ASSERT_TRUE(pattern) << diagnostics.to_string();
  EXPECT_EQ(pattern->find("thing.a")->ports.prefix, "33");
  EXPECT_EQ(pattern->find("thing.a")->port, "33nn");
  const auto schemes = read(entry("    ports: {http: 80, https: 443}\n"), diagnostics);
  ASSERT_TRUE(schemes) << diagnostics.to_string();
  EXPECT_EQ(schemes->find("thing.a")->ports.https, 443);
  EXPECT_EQ(schemes->find("thing.a")->port, "80 (http), 443 (https)");
  const auto none = read(entry(""), diagnostics);
  ASSERT_TRUE(none) << diagnostics.to_string();
  EXPECT_THAT(none->find("thing.a")->port, IsEmpty());
}

TEST(Catalog, HandsTheProbeItsOwnKeys) {
  Diagnostics diagnostics;
  const auto catalog = read(entry("    port: 636\n    params: {security: tls}\n"), diagnostics);
  ASSERT_TRUE(catalog) << diagnostics.to_string();
  ASSERT_TRUE(catalog->find("thing.a")->params.find("security"));
  EXPECT_EQ(catalog->find("thing.a")->params.find("security")->scalar, "tls");
  EXPECT_THAT(problems(entry("    params: tls\n")), HasSubstr("params is a map"));
}

TEST(Catalog, RefusesMistakesWithTheirPlace) {
  EXPECT_THAT(problems(entry("    port: 70000\n")), HasSubstr("product.yaml:15:"));
  EXPECT_THAT(problems(entry("    port: 7xnn\n")), HasSubstr("pattern"));
  EXPECT_THAT(problems(entry("    portt: 443\n")), HasSubstr("port"));
  EXPECT_THAT(problems(entry("", "conditional")), HasSubstr("condition is missing"));
  EXPECT_THAT(problems(entry("", "needed")), HasSubstr("necessity"));
  EXPECT_THAT(problems(entry("    hosts: {eu: [\"a b\"]}\n")), HasSubstr("is no host"));
  EXPECT_THAT(problems(entry("    evidence_by: {eu: vendor}\n")), HasSubstr("eu"));
  EXPECT_THAT(problems(entry("    port: 1\n    ports: {http: 80, https: 443}\n")),
              HasSubstr("exclude each other"));
  EXPECT_THAT(problems(entry("  - id: thing.a\n")), HasSubstr("twice"));
  EXPECT_THAT(problems("- a list"), HasSubstr("must be a map"));
}

TEST(Catalog, RefusesWaysProbesAndArgumentsThatThereAreNot) {
  EXPECT_THAT(problems(entry("    expand: databses\n    with: oracle\n")),
              AllOf(HasSubstr("product.yaml:6:"), HasSubstr("did you mean databases")));
  EXPECT_THAT(problems(entry("    probe: tpc\n")), HasSubstr("did you mean tcp"));
  EXPECT_THAT(problems(entry("    expand: directories\n    with: plian\n")),
              HasSubstr("with \"plian\" is not known; did you mean plain"));
  EXPECT_THAT(problems(entry("    expand: directories\n")), HasSubstr("with is missing"));
  EXPECT_THAT(problems(entry("    expand: appliance\n    with: url\n")),
              HasSubstr("with \"url\" is not known"));
  EXPECT_THAT(problems(entry("    expand: remote_execution_share\n    with: smb\n")),
              HasSubstr("with \"smb\" is not known"))
      << "no entry of remote_execution has it";
  EXPECT_THAT(problems(entry("    expand: databases\n")), HasSubstr("with is missing"));
  Diagnostics diagnostics;
  EXPECT_TRUE(read(entry("    expand: databases\n    with: mongodb\n"), diagnostics))
      << diagnostics.to_string();
}

TEST(Catalog, ReportsAllMistakesAtOnce) {
  const std::string all = problems(entry("    port: 0\n    tls: maybe\n    interval: soon\n"));
  EXPECT_THAT(all, HasSubstr("port"));
  EXPECT_THAT(all, HasSubstr("tls"));
  EXPECT_THAT(all, HasSubstr("interval"));
}

TEST(Catalog, FolderReplacesEntriesByIdAndAddsOthers) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "catalogue";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "mine.yaml")
      << "schema: 1\n"
         "product: flexera-beacon\n"
         "sources: {us: our firewall team}\n"
         "requirements:\n"
         "  - {id: flexera.3.batch-server, ref: \"3\", purpose: ours, direction: outbound,\n"
         "     from: beacon, to: us, necessity: required, port: 8443, evidence: vendor,\n"
         "     sources: [us, S0]}\n"
         "  - {id: flexera.15.more, ref: \"15\", purpose: more, direction: outbound,\n"
         "     from: beacon, to: us, necessity: optional, evidence: general, sources: [us]}\n";
  Diagnostics diagnostics;
  const auto catalog = Catalog::load(folder.string(), diagnostics);
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(catalog) << diagnostics.to_string();
  EXPECT_EQ(catalog->find("flexera.3.batch-server")->ports.number, 8443);
  EXPECT_TRUE(catalog->find("flexera.15.more"));
  EXPECT_TRUE(catalog->find("flexera.4.inventory-server"));
}

TEST(Catalog, FolderThatIsNotThereIsAnError) {
  Diagnostics diagnostics;
  EXPECT_FALSE(Catalog::load("/nonexistent/catalogue", diagnostics));
  EXPECT_THAT(diagnostics.to_string(), HasSubstr("/nonexistent/catalogue"));
}

}  // namespace
}  // namespace reachd::config
