#include "daemon/cli/openings.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>

#include "config/openings.hpp"
#include "config/yaml.hpp"
#include "daemon/cli/table.hpp"
#include "tests/support/golden.hpp"

namespace reachd::cli {
namespace {

using json::LastVerdict;
using json::LastVerdicts;
using testing::ElementsAre;
using testing::HasSubstr;

config::Plan plan_of(std::string_view text) {
  Diagnostics diagnostics;
  auto root = config::parse_yaml(text, "reachd.yaml", diagnostics);
  EXPECT_TRUE(root) << diagnostics.to_string();
  const config::Settings settings =
      config::read_settings(std::move(*root), "reachd.yaml", diagnostics);
  const auto catalog = config::Catalog::load({}, diagnostics);
  auto plan = config::make_plan(settings, *catalog, diagnostics);
  EXPECT_TRUE(plan) << diagnostics.to_string();
  return plan ? std::move(*plan) : config::Plan{};
}

std::vector<const config::Check*> all(const config::Plan& plan) {
  std::vector<const config::Check*> checks;
  checks.reserve(plan.checks.size());
  for (const config::Check& check : plan.checks) {
    checks.push_back(&check);
  }
  return checks;
}

/// "source > destination:port transport" of each row that has this requirement.
std::vector<std::string> ways(const config::Plan& plan, std::string_view requirement) {
  std::vector<std::string> result;
  for (const config::Opening& opening : config::openings(plan, all(plan))) {
    if (std::ranges::find(opening.requirements, requirement) != opening.requirements.end()) {
      result.push_back(opening.source + " > " + opening.destination + ":" +
                       std::to_string(opening.port) + " " +
                       std::string(to_string(opening.transport)));
    }
  }
  return result;
}

/// The cell `last verdict` of the only row.
std::string verdict(const config::Plan& plan, const LastVerdicts& verdicts, std::size_t row = 1) {
  const auto rows = opening_rows(plan, all(plan), verdicts);
  return row < rows.size() ? rows[row][7] : "no such row";
}

constexpr std::string_view kBothProducts = R"(
vantage: beacon-ams-01
products:
  - product: flexera-beacon
    deployment: cloud
    region: eu
    proxy: socks5://proxy.example.com
    uploads: ["https://beacon-ams-01.example.com:443/ManageSoftRL"]
    databases:
      - {host: 10.20.1.4, kind: mssql}
      - {host: 10.20.1.5, kind: mssql}
      - {host: 10.20.1.7, kind: mssql}
    active_directory: [{host: dc1.example.com, ssl: true}]
    discovery: [{targets: ["10.20.0.0/29"], ports: [22]}]
  - product: xclarity-administrator
    appliance: lxca.example.com
    devices:
      - {name: chassis-1, type: flex_cmm, address: 10.30.0.10}
      - {name: rack-a, type: thinksystem, address: "10.30.1.0/28"}
    services: {ldap: [{host: dc1.example.com, tls: true}], syslog: [{host: log1, port: 514, transport: udp}]}
checks:
  - {name: "=erp|x", probe: tcp, target: "erp.example.com:3300"}
  - {name: inbox, probe: listen, target: "0.0.0.0:8514", transport: udp}
  - {name: own, probe: tcp, target: "127.0.0.1:22"}
)";

class Openings : public testing::Test {
 protected:
  const config::Plan plan = plan_of(kBothProducts);
  const LastVerdicts verdicts{
      {"custom/=erp|x", {"down", "admin_prohibited", "10.9.9.1"}},
      {"flexera.3.batch-server/beacon.flexnetmanager.eu:443", {"down", "proxy_denied", ""}},
      {"flexera.4.inventory-server/data.flexnetmanager.eu:443", {"up", "ok", ""}}};

  /// Of these requirements only: the catalogue may learn more without changing the files.
  std::string lines(std::string (*line)(const std::vector<std::string>&)) const {
    constexpr std::array<std::string_view, 12> kWanted{
        "flexera.3.batch-server",   "flexera.4.inventory-server",
        "flexera.7.ldaps",          "flexera.8.mssql",
        "flexera.10.ping",          "flexera.10.ports",
        "flexera.14.upload",        "flexera.14.download",
        "xclarity.appliance.https", "xclarity.cmm.https",
        "xclarity.server.https",    "xclarity.server.events-cim"};
    std::vector<const config::Check*> checks;
    for (const config::Check& check : plan.checks) {
      if (!check.requirement ||
          std::ranges::find(kWanted, config::requirement_id(check)) != kWanted.end()) {
        checks.push_back(&check);
      }
    }
    std::string text;
    for (const auto& row : opening_rows(plan, checks, verdicts)) {
      text += line(row);
    }
    return text;
  }
};

TEST_F(Openings, AreGoldenAsCsv) {
  test::expect_golden(REACHD_TEST_DATA, "openings/both-products.csv", lines(csv_line));
}

TEST_F(Openings, AreGoldenAsMarkdown) {
  test::expect_golden(REACHD_TEST_DATA, "openings/both-products.md", lines(markdown_line));
}

TEST_F(Openings, ARangeIsOneLine) {
  EXPECT_THAT(ways(plan, "xclarity.server.https"),
              testing::Contains("lxca.example.com > 10.30.1.0/28:443 tcp"));
  EXPECT_THAT(ways(plan, "flexera.10.ports"), ElementsAre("beacon-ams-01 > 10.20.0.0/29:22 tcp"));
}

TEST_F(Openings, HostsWithoutAGapAreOneLineAndOthersAreNot) {
  EXPECT_THAT(ways(plan, "flexera.8.mssql"), ElementsAre("beacon-ams-01 > 10.20.1.4/31:1433 tcp",
                                                         "beacon-ams-01 > 10.20.1.7:1433 tcp"));
}

TEST_F(Openings, WhatThisHostAsksOfItselfNeedsNone) {
  EXPECT_THAT(ways(plan, "custom/own"), ElementsAre());
}

TEST_F(Openings, AListenerIsSomebodyElsesDestination) {
  EXPECT_THAT(ways(plan, "custom/inbox"), ElementsAre("anyone > beacon-ams-01:8514 udp"));
}

TEST(OpeningEnds, ThisHostGoesByTheNameThatItsUploadsHave) {
  const auto uploads = [](const std::string& vantage, const std::string& host) {
    return ways(plan_of("vantage: " + vantage +
                        "\nproducts:\n  - product: flexera-beacon\n    region: eu\n"
                        "    uploads: [\"https://" +
                        host + ":443/ManageSoftRL\"]\n"),
                "flexera.14.upload");
  };
  EXPECT_THAT(uploads("vm", "b1.example.com"),
              ElementsAre("inventory device > b1.example.com:443 tcp"));
  EXPECT_THAT(uploads("b1", "b1.example.com"),
              ElementsAre("inventory device > b1.example.com:443 tcp"));
  EXPECT_THAT(uploads("vm", "127.0.0.1"), ElementsAre("inventory device > vm:443 tcp"));
}

TEST(OpeningEnds, AHostThatIsCalledLikeTheCloudsDoesNotHideItsOpenings) {
  const config::Plan plan = plan_of(
      "vantage: data\nproducts:\n  - {product: flexera-beacon, region: eu}\n"
      "checks:\n  - {name: far, probe: tcp, target: \"data.other.example:1\"}\n");
  EXPECT_THAT(ways(plan, "flexera.4.inventory-server"),
              ElementsAre("data > data.flexnetmanager.eu:443 tcp"));
  EXPECT_THAT(ways(plan, "custom/far"), ElementsAre("data > data.other.example:1 tcp"));
}

TEST_F(Openings, AProxyIsTwoOpenings) {
  EXPECT_THAT(ways(plan, "flexera.4.inventory-server"),
              ElementsAre("beacon-ams-01 > proxy.example.com:1080 tcp",
                          "proxy.example.com > data.flexnetmanager.eu:443 tcp"));
}

TEST(OpeningRanges, AreRangesWhereNoNetworkFits) {
  const config::Plan plan = plan_of(
      "vantage: v\n"
      "products:\n"
      "  - product: flexera-beacon\n"
      "    region: eu\n"
      "    databases: [{host: 10.0.0.255, kind: mssql}, {host: 10.0.1.0, kind: mssql},\n"
      "                {host: 10.0.1.1, kind: mssql}, {host: \"2001:db8::fffe\", kind: mssql},\n"
      "                {host: \"2001:db8::ffff\", kind: mssql}, {host: \"2001:db8::1:0\", kind: "
      "mssql}]\n");
  EXPECT_THAT(
      ways(plan, "flexera.8.mssql"),
      ElementsAre("v > 10.0.0.255-10.0.1.1:1433 tcp", "v > 2001:db8::fffe-2001:db8::1:0:1433 tcp"));
}

TEST(OpeningVerdict, IsTheWorstOfItsChecks) {
  const config::Plan plan = plan_of(
      "vantage: v\nchecks:\n"
      "  - {name: a, probe: tcp, target: \"h:1\"}\n  - {name: b, probe: tcp, target: \"h:1\"}\n");
  EXPECT_EQ(verdict(plan, {}), "");
  EXPECT_EQ(verdict(plan, {{"custom/c", {"up", "ok", ""}}}), "unknown");
  EXPECT_EQ(verdict(plan, {{"custom/a", {"up", "ok", ""}}}), "up");
  EXPECT_EQ(verdict(plan, {{"custom/a", {"up", "ok", ""}}, {"custom/b", {"down", "timeout", ""}}}),
            "down: timeout");
  EXPECT_EQ(verdict(plan, {{"custom/a", {"unknown", "no_reply", ""}}}), "unknown: no_reply");
  const auto rows = opening_rows(plan, all(plan), {});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1][5], "custom/a, custom/b");
}

TEST(OpeningVerdict, CountsTheMembersOfARangeAndNamesThoseThatAreDown) {
  const config::Plan plan = plan_of(
      "vantage: v\nproducts:\n  - product: flexera-beacon\n    region: eu\n    parent: "
      "https://p:1/\n"
      "    discovery: [{targets: [\"10.0.0.0/28\"], ports: [22]}]\n");
  LastVerdicts verdicts;
  for (const config::Check& check : plan.checks) {
    verdicts[check.id] = {"up", "ok", ""};
  }
  const auto row_of = [&] {
    for (const auto& row : opening_rows(plan, all(plan), verdicts)) {
      if (row[5] == "flexera.10.ports") {
        return row[7];
      }
    }
    return std::string("no such row");
  };
  EXPECT_EQ(row_of(), "up");
  verdicts["flexera.10.ports/10.0.0.3:22"] = {"down", "timeout", ""};
  verdicts["flexera.10.ports/10.0.0.7:22"] = {"down", "admin_prohibited", "10.9.9.1"};
  EXPECT_EQ(row_of(), "2 down, 12 up (10.0.0.3: timeout; 10.0.0.7: admin_prohibited by 10.9.9.1)");
  for (const char* host : {"8", "9", "10"}) {
    verdicts["flexera.10.ports/10.0.0." + std::string(host) + ":22"] = {"down", "refused", ""};
  }
  EXPECT_THAT(row_of(), HasSubstr("10.0.0.9: refused; and 1 more)"));
}

TEST(OpeningVerdict, TellsTheLegsThroughAProxyApart) {
  const config::Plan plan = plan_of(
      "vantage: v\nchecks:\n  - {name: a, probe: tcp, target: \"h:1\", proxy: "
      "\"http://p:3128\"}\n");
  const auto legs = [&](const LastVerdict& said) {
    const LastVerdicts verdicts{{"custom/a", said}};
    return verdict(plan, verdicts, 1) + " | " + verdict(plan, verdicts, 2);
  };
  EXPECT_EQ(legs({"up", "ok", ""}), "up | up");
  EXPECT_EQ(legs({"down", "proxy_unreachable", "10.9.9.1"}),
            "down: proxy_unreachable by 10.9.9.1 | unknown: proxy_unreachable by 10.9.9.1");
  EXPECT_EQ(legs({"down", "proxy_error", ""}), "up | down: proxy_error");
  EXPECT_EQ(legs({"down", "proxy_auth", ""}), "up | unknown: proxy_auth");
  EXPECT_EQ(legs({"unknown", "", ""}), "unknown | unknown");
  EXPECT_EQ(legs({"unknown", "local_route", ""}), "unknown | unknown: local_route");
}

}  // namespace
}  // namespace reachd::cli
