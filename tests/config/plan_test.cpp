#include "config/plan.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "config/configuration.hpp"
#include "config/estate.hpp"
#include "config/expanders.hpp"
#include "config/yaml.hpp"
#include "plan_fixture.hpp"
#include "probes/registry.hpp"

namespace reachd::config {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

TEST(Plan, ChecksOfADeviceDependOnTheDevicesThatItNames) {
  const Plan plan =
      plan_of(appliance("    devices:\n"
                        "      - {name: cmm, type: flex_cmm, address: 10.30.0.10}\n"
                        "      - {name: node, type: flex_node, address: 10.30.0.21, "
                        "depends_on: [cmm]}\n"));
  int of_node = 0;
  for (const Check& check : plan.checks) {
    if (check.device == "node") {
      ++of_node;
      EXPECT_THAT(check.depends_on, ElementsAre("device/cmm")) << check.id;
    } else {
      EXPECT_THAT(check.depends_on, IsEmpty()) << check.id;
    }
  }
  EXPECT_GT(of_node, 1);
}

TEST(Plan, CatalogueNamesOnlyWaysAndProbesThatThereAre) {
  for (const CatalogProduct& product : catalog().products()) {
    for (const auto& requirement : product.requirements) {
      EXPECT_TRUE(requirement->expand.empty() || find_expander(requirement->expand))
          << requirement->id;
      EXPECT_TRUE(requirement->probe.empty() || find_probe_type(requirement->probe))
          << requirement->id;
    }
  }
}

TEST(Plan, CloudBeaconNeedsTheHostsOfItsRegionOnly) {
  const Plan plan = plan_of(beacon(""));
  EXPECT_THAT(ids(plan), IsSupersetOf({"flexera.1.cloud-sign-in/app.flexera.eu:443",
                                       "flexera.2.web-application/app.flexera.eu:443",
                                       "flexera.2.browser-monitoring/bam.nr-data.net:443",
                                       "flexera.3.batch-server/beacon.flexnetmanager.eu:443",
                                       "flexera.4.inventory-server/data.flexnetmanager.eu:443",
                                       "flexera.5.revocation/crl3.digicert.com:80"}));
  EXPECT_THAT(ids(plan), Not(Contains(HasSubstr("beacon.flexnetmanager.com"))));
  EXPECT_THAT(ids(plan), Not(Contains(HasSubstr("on-premises"))));
  const Check& batch = at(plan, "flexera.3.batch-server/beacon.flexnetmanager.eu:443");
  EXPECT_EQ(batch.evidence, Evidence::vendor_rule);
  EXPECT_EQ(severity(batch, false), Severity::critical);
  const Target& target = probe_of(plan, "flexera.1.cloud-sign-in/app.flexera.eu:443").target;
  EXPECT_EQ(target.text, "https://app.flexera.eu/login");
  EXPECT_EQ(target.port, 443);
}

TEST(Plan, SignInCountsOnlyWhileRegistering) {
  const std::string id = "flexera.1.cloud-sign-in/app.flexera.eu:443";
  EXPECT_EQ(severity(at(plan_of(beacon("")), id), true), Severity::info);
  EXPECT_EQ(severity(at(plan_of(beacon("    registering: true\n")), id), false),
            Severity::critical);
}

TEST(Plan, UatIsHeldByThirdPartiesAndHasNoPortal) {
  const Plan plan = plan_of(beacon("    environment: uat\n"));
  const Check& batch = at(plan, "flexera.3.batch-server/beacon.uat.flexnetmanager.eu:443");
  EXPECT_EQ(batch.evidence, Evidence::third_party);
  EXPECT_EQ(severity(batch, false), Severity::info);
  EXPECT_EQ(severity(batch, true), Severity::warning);
  EXPECT_THAT(ids(plan), Not(Contains(HasSubstr("web-application"))));
  const auto omitted = std::ranges::find(
      plan.omissions, "flexera.2.web-application",
      [](const Omission& omission) { return std::string_view(omission.requirement->id); });
  ASSERT_NE(omitted, plan.omissions.end());
  EXPECT_THAT(omitted->why, HasSubstr("eu_uat"));
}

TEST(Plan, ChildReachesTheCloudThroughItsParent) {
  const std::string parent = "    parent: https://root.example.com:8443/\n";
  const Plan child = plan_of(beacon(parent));
  EXPECT_THAT(ids(child), ElementsAre("flexera.13.parent-beacon/root.example.com:8443"));
  EXPECT_EQ(child.checks[0].evidence, Evidence::operator_);
  EXPECT_EQ(severity(child.checks[0], false), Severity::critical);
  std::set<std::string> refs;
  for (const Omission& omission : child.omissions) {
    refs.insert(omission.requirement->ref);
    EXPECT_THAT(omission.why, HasSubstr("direct_cloud: true")) << omission.requirement->id;
  }
  EXPECT_THAT(refs, ElementsAre("1", "2", "3", "4", "5"));
  const Plan direct = plan_of(beacon(parent + "    direct_cloud: true\n"));
  EXPECT_THAT(ids(direct), Contains("flexera.3.batch-server/beacon.flexnetmanager.eu:443"));
}

TEST(Plan, OnPremisesUsesItsOwnServers) {
  const Plan plan = plan_of(
      "products:\n"
      "  - product: flexera-beacon\n"
      "    deployment: on_premises\n"
      "    servers: {web: \"http://suite.example.com/Suite\","
      " batch: \"https://batch.example.com:8443/\"}\n");
  EXPECT_THAT(ids(plan), ElementsAre("flexera.2.web-application-on-premises/suite.example.com:80",
                                     "flexera.3.batch-server-on-premises/batch.example.com:8443"));
  EXPECT_EQ(plan.checks[0].evidence, Evidence::vendor);
  EXPECT_EQ(plan.checks[1].evidence, Evidence::operator_);
  EXPECT_THAT(plan.omissions, SizeIs(1));  // no URL for inventory
}

TEST(Plan, OwnUploadsListenHereAndAnswerUnderTheirPublicName) {
  const Plan plan = plan_of(
      beacon("    uploads: [\"https://beacon-1.example.com:443/ManageSoftRL\","
             " \"http://beacon-2.example.com:8080/ManageSoftRL\"]\n"
             "    clients: [\"http://beacon-3.example.com:80/SAPService/SAPService.asmx\"]\n"));
  EXPECT_THAT(ids(plan), IsSupersetOf({"flexera.14.upload/localhost:443",
                                       "flexera.14.upload/beacon-1.example.com:443",
                                       "flexera.14.upload/beacon-2.example.com:8080",
                                       "flexera.14.download/beacon-1.example.com:443",
                                       "flexera.9.sap-service/beacon-3.example.com:80"}));
  EXPECT_THAT(ids(plan), Not(Contains("flexera.14.upload/localhost:8080")));
  EXPECT_THAT(ids(plan), Not(Contains(HasSubstr("self-test"))));
  EXPECT_EQ(probe_of(plan, "flexera.14.upload/localhost:443").type->name, "listen");
  EXPECT_EQ(probe_of(plan, "flexera.14.download/beacon-2.example.com:8080").target.path,
            "/ManageSoftDL");
  EXPECT_EQ(at(plan, "flexera.14.upload/localhost:443").direction, Direction::inbound);
  // Two requirements on one endpoint: one probe, two checks.
  EXPECT_EQ(at(plan, "flexera.14.upload/localhost:443").probe,
            at(plan, "flexera.14.download/localhost:443").probe);
}

TEST(Plan, AnUploadUnderTheNameLocalhostIsNoSecondListener) {
  const Plan plan = plan_of(beacon("    uploads: [\"http://localhost:8080/ManageSoftRL\"]\n"));
  EXPECT_EQ(probe_of(plan, "flexera.14.upload/localhost:8080").type->name, "listen");
  EXPECT_EQ(probe_of(plan, "flexera.14.upload/localhost:8080/ManageSoftRL").type->name, "http");
}

TEST(Plan, ListsBecomeChecksWithTheirOwnPorts) {
  const Plan plan = plan_of(
      beacon("    sap: [{host: sap1.example.com, instance: \"07\"}]\n"
             "    active_directory: [{host: dc1.example.com, ssl: true}, {host: dc2.example.com}]\n"
             "    databases: [{host: sql1.example.com, kind: mssql},"
             " {host: ora.example.com, kind: oracle, port: 2484}]\n"
             "    remote_execution: [{host: win7.example.com, technology: smb}]\n"
             "    special_inventory: [{url: \"https://graph.microsoft.com/v1.0\"}]\n"
             "    sap_service: {process: w3wp.exe}\n"));
  EXPECT_THAT(ids(plan),
              IsSupersetOf(
                  {"flexera.6.sap-gateway/sap1.example.com:3307",
                   "flexera.7.ldaps/dc1.example.com:636", "flexera.7.ldap/dc2.example.com:389",
                   "flexera.8.mssql/sql1.example.com:1433", "flexera.8.oracle/ora.example.com:2484",
                   "flexera.12.remote-execution-smb/win7.example.com:445",
                   "flexera.11.special-inventory/graph.microsoft.com:443/v1.0",
                   "flexera.9.sap-service/localhost:80"}));
  EXPECT_EQ(at(plan, "flexera.8.mssql/sql1.example.com:1433").evidence, Evidence::general);
  EXPECT_EQ(at(plan, "flexera.8.oracle/ora.example.com:2484").evidence, Evidence::operator_);
  EXPECT_EQ(at(plan, "flexera.12.remote-execution-smb/win7.example.com:445").timing->interval,
            15min);
}

TEST(Plan, DatabasesAreAskedInTheirOwnProtocol) {
  const Plan plan =
      plan_of(beacon("    databases: [{host: a.example.com, kind: mssql},"
                     " {host: b.example.com, kind: mssql, port: 14330, tls: true},"
                     " {host: c.example.com, kind: mysql}, {host: d.example.com, kind: db2}]\n"
                     "    overrides: {flexera.8.mssql-browser: {enabled: true}}\n"));
  EXPECT_EQ(probe_of(plan, "flexera.8.mssql/a.example.com:1433").type->name, "mssql");
  EXPECT_EQ(probe_of(plan, "flexera.8.mssql/b.example.com:14330").type->name, "mssql");
  EXPECT_EQ(probe_of(plan, "flexera.8.mysql/c.example.com:3306").type->name, "mysql");
  EXPECT_EQ(probe_of(plan, "flexera.8.db2/d.example.com:50000").type->name, "db2");
  EXPECT_EQ(probe_of(plan, "flexera.8.mssql-browser/a.example.com:1434").type->name,
            "mssql_browser");
  // Where the port is known nobody has to be asked for it.
  EXPECT_THAT(ids(plan), Not(Contains(HasSubstr("browser/b.example.com"))));
}

TEST(Plan, DiscoveryPingsBeforeItTriesPorts) {
  const Plan plan =
      plan_of(beacon("    discovery: [{targets: [\"10.20.0.0/30\"], ports: [22, 445]}]\n"));
  EXPECT_THAT(ids(plan),
              IsSupersetOf({"flexera.10.ping/10.20.0.1", "flexera.10.ping/10.20.0.2",
                            "flexera.10.ports/10.20.0.1:22", "flexera.10.ports/10.20.0.2:445"}));
  const Check& port = at(plan, "flexera.10.ports/10.20.0.2:445");
  ASSERT_TRUE(port.gate);
  EXPECT_EQ(port.gate->kind, Gate::Kind::ping_answers);
  const Group& group = plan.groups.at(port.gate->group);
  ASSERT_THAT(group.checks, SizeIs(1));
  const Check& ping = plan.checks.at(group.checks[0]);
  EXPECT_EQ(ping.id, "flexera.10.ping/10.20.0.2");
  ASSERT_TRUE(ping.gate) << "an address that nobody uses is not down";
  EXPECT_EQ(ping.gate->group, port.gate->group);
}

TEST(Plan, DiscoveryWithoutPingsWaitsForNone) {
  const Plan plan =
      plan_of(beacon("    discovery: [{targets: [10.20.0.1], ports: [22]}]\n"
                     "    overrides: {flexera.10.ping: {enabled: false}}\n"));
  EXPECT_FALSE(at(plan, "flexera.10.ports/10.20.0.1:22").gate);
}

TEST(Plan, DevicesArePlannedGentlyByTheirType) {
  const Plan plan =
      plan_of(appliance("    devices:\n"
                        "      - {name: chassis-1, type: flex_cmm, address: 10.30.0.10}\n"
                        "      - {name: old, type: system_x, address: bmc.example.com}\n"));
  const Check& chassis = at(plan, "xclarity.cmm.https/chassis-1:443");
  EXPECT_EQ(chassis.device, "chassis-1");
  EXPECT_EQ(*chassis.device_type, "flex_cmm");
  EXPECT_EQ(chassis.timing->interval, 5min);
  EXPECT_EQ(chassis.timing->per_host, 1);
  EXPECT_TRUE(plan.probes.at(chassis.probe).light);  // no full handshake every time
  EXPECT_FALSE(chassis.gate);
  EXPECT_EQ(at(plan, "xclarity.server.https/old:443").evidence, Evidence::device);
  EXPECT_THAT(ids(plan), Not(Contains("xclarity.server.https/chassis-1:443")));
  EXPECT_THAT(ids(plan), Not(Contains(HasSubstr("storage"))));
  EXPECT_THAT(chassis.note, HasSubstr("seen from here"));
}

TEST(Plan, InboundPortsOfAnotherHostAreCheckedFromHere) {
  const Plan plan =
      plan_of(appliance("    devices: [{name: c, type: flex_cmm, address: 10.30.0.10}]\n"
                        "    os_deployment: {enabled: true, network: 10.31.0.1}\n"));
  const Check& https = at(plan, "xclarity.appliance.https/lxca.example.com:443");
  EXPECT_EQ(https.direction, Direction::inbound);
  EXPECT_EQ(https.note, "seen from here");
  EXPECT_EQ(plan.probes.at(https.probe).type->name, "http");
  EXPECT_THAT(ids(plan), IsSupersetOf({"xclarity.cmm.events/lxca.example.com:9090",
                                       "xclarity.os-deployment.connect-back-3001/10.31.0.1:3001",
                                       "xclarity.os-deployment.connect-back-8443/10.31.0.1:8443"}));
}

TEST(Plan, MembersOfARangeJoinOnceTheyAnswered) {
  const Plan plan = plan_of(
      appliance("    devices: [{name: rack-a, type: thinksystem, address: 10.30.1.0/29}]\n"));
  const auto members = std::ranges::count_if(plan.checks, [](const Check& check) {
    return check.id.starts_with("xclarity.server.https/");
  });
  EXPECT_EQ(members, 6);
  const Check& one = at(plan, "xclarity.server.https/rack-a/10.30.1.3:443");
  EXPECT_EQ(one.device, "rack-a/10.30.1.3");
  ASSERT_TRUE(one.gate);
  EXPECT_EQ(one.gate->kind, Gate::Kind::device_answered);
  for (const std::uint32_t check : plan.groups.at(one.gate->group).checks) {
    EXPECT_EQ(plan.checks.at(check).device, "rack-a/10.30.1.3");
  }
}

TEST(Plan, EncapsulatedDevicesProveNothingFromHere) {
  const Plan plan =
      plan_of(appliance("    encapsulated: true\n"
                        "    devices: [{name: c, type: flex_cmm, address: 10.30.0.10}]\n"));
  const Check& check = at(plan, "xclarity.cmm.https/c:443");
  ASSERT_TRUE(check.gate);
  EXPECT_EQ(check.gate->kind, Gate::Kind::never);
  EXPECT_THAT(check.gate->why, HasSubstr("encapsulated"));
}

TEST(Plan, FeaturesBringTheirRequirements) {
  const std::string device = "    devices: [{name: r, type: thinksystem, address: 10.0.0.1";
  EXPECT_THAT(ids(plan_of(appliance(device + "}]\n"))), Not(Contains(HasSubstr("sftp-firmware"))));
  EXPECT_THAT(ids(plan_of(appliance(device + ", features: [sftp_update]}]\n"))),
              Contains("xclarity.server.sftp-firmware/lxca.example.com:22"));
}

TEST(Plan, ServicesFollowTransportAndTls) {
  const Plan plan = plan_of(
      appliance("    services:\n"
                "      dns: [{host: 10.0.0.2}]\n"
                "      ldap: [{host: dc1.example.com, tls: true}, {host: dc2.example.com}]\n"
                "      syslog: [{host: log1, port: 6514, transport: tcp}, {host: log2}]\n"
                "      call_home: true\n"
                "      mobile_push: [apple, google]\n"));
  EXPECT_THAT(ids(plan), IsSupersetOf({"xclarity.appliance.dns-udp/10.0.0.2:53",
                                       "xclarity.appliance.dns-tcp/10.0.0.2:53",
                                       "xclarity.auth.ldaps/dc1.example.com:636",
                                       "xclarity.auth.ldap/dc2.example.com:389",
                                       "xclarity.events.syslog-tcp/log1:6514",
                                       "xclarity.lenovo.services/download.lenovo.com:443",
                                       "xclarity.events.google-push/android.googleapis.com:443"}));
  EXPECT_NE(at(plan, "xclarity.appliance.dns-udp/10.0.0.2:53").probe,
            at(plan, "xclarity.appliance.dns-tcp/10.0.0.2:53").probe);
  EXPECT_THAT(ids(plan), Not(Contains("xclarity.auth.ldap/dc1.example.com:389")));
  EXPECT_EQ(at(plan, "xclarity.events.syslog/log2:514").timing->interval, 5min)
      << "no answer can come: it is asked rarely";
  EXPECT_THAT(ids(plan), Not(Contains(HasSubstr("17.0.0.0"))));
}

TEST(Plan, OverridesChangePortNecessityAndWhetherAtAll) {
  const Plan plan = plan_of(appliance(
      "    devices: [{name: c, type: flex_cmm, address: 10.0.0.1, features: [sftp_update]}]\n"
      "    overrides:\n"
      "      xclarity.cmm.tcp-command-mode: {port: 6090, necessity: required}\n"
      "      xclarity.cmm.sftp-firmware: {port: 1022, interval: 1h}\n"
      "      xclarity.cmm.ssh: {enabled: false}\n"
      "      xclarity.cmm.cim-http: {enabled: true}\n"));
  const Check& command = at(plan, "xclarity.cmm.tcp-command-mode/c:6090");
  EXPECT_EQ(command.necessity, Necessity::required);
  EXPECT_EQ(command.evidence, Evidence::operator_);
  EXPECT_EQ(severity(command, false), Severity::critical);
  EXPECT_EQ(at(plan, "xclarity.cmm.sftp-firmware/c:1022").timing->interval, 1h);
  EXPECT_EQ(at(plan, "xclarity.cmm.cim-http/c:5988").evidence, Evidence::general);
  EXPECT_THAT(ids(plan), Not(Contains(HasSubstr("xclarity.cmm.ssh"))));
}

TEST(Plan, AnOverriddenIntervalIsNotOutlastedByTheRestOfTheTiming) {
  const std::string device = "    devices: [{name: c, type: flex_cmm, address: 10.0.0.1}]\n";
  const Plan plan =
      plan_of(appliance(device + "    overrides: {xclarity.cmm.https: {interval: 10s}}\n"));
  const Timing& timing = *at(plan, "xclarity.cmm.https/c:443").timing;
  EXPECT_EQ(timing.interval, 10s);
  EXPECT_EQ(timing.timeout, 10s);
  EXPECT_EQ(timing.confirm_interval, 10s);
  EXPECT_THAT(problems(appliance(
                  device + "    overrides: {xclarity.cmm.https: {interval: 10s, timeout: 20s}}\n")),
              HasSubstr("timeout 20s is longer than the interval 10s"));
}

TEST(Plan, ASharedProbeIsAsGentleAsTheGentlestOfItsChecks) {
  const Plan plan =
      plan_of(appliance("    devices: [{name: c, type: flex_cmm, address: 10.0.0.1}]\n"
                        "    overrides: {xclarity.cmm.tcp-command-mode: {port: 6090}}\n") +
              "checks: [{name: mine, probe: cmm_command_mode, target: \"10.0.0.1:6090\", interval: "
              "15s}]\n");
  const Check& mine = at(plan, "custom/mine");
  ASSERT_EQ(mine.probe, at(plan, "xclarity.cmm.tcp-command-mode/c:6090").probe);
  const Timing& timing = *plan.probes.at(mine.probe).timing;
  EXPECT_EQ(timing.interval, 15s);
  EXPECT_EQ(timing.per_host, 1);
  EXPECT_EQ(timing.per_host_gap, 2s);
}

TEST(Plan, ConfirmingGivesFullSeverity) {
  const Plan plan =
      plan_of(beacon("    remote_execution: [{host: w, technology: smb}]\n"
                     "    confirm: [flexera.12.remote-execution-smb]\n"));
  EXPECT_EQ(severity(at(plan, "flexera.12.remote-execution-smb/w:445"), false), Severity::critical);
}

TEST(Plan, CustomChecksDependOnEachOther) {
  const Plan plan = plan_of(
      "labels: {site: ams}\n"
      "checks:\n"
      "  - {name: erp, probe: tcp, target: \"erp.example.com:3300\", interval: 15s,\n"
      "     depends_on: [core], labels: {team: sap}}\n"
      "  - {name: core, probe: icmp, target: 10.0.0.1, necessity: optional}\n"
      "  - {name: erp-too, probe: tcp, target: \"erp.example.com:3300\"}\n");
  const Check& erp = at(plan, "custom/erp");
  EXPECT_THAT(erp.depends_on, ElementsAre("custom/core"));
  EXPECT_THAT(*erp.labels, SizeIs(2));
  EXPECT_EQ(erp.probe, at(plan, "custom/erp-too").probe);
  EXPECT_EQ(plan.probes.at(erp.probe).timing->interval, 15s);  // of two, the shorter
  // Whoever depends on it is held back while it is down, so it speaks for them.
  EXPECT_EQ(severity(at(plan, "custom/core"), false), Severity::critical);
}

TEST(Plan, KeysOfProbesAreTheSameInEveryRun) {
  const std::string text = beacon("    proxy: http://proxy.example.com:3128\n");
  const Plan one = plan_of(text);
  const Plan two = plan_of(text);
  ASSERT_EQ(one.probes.size(), two.probes.size());
  std::set<std::uint64_t> keys;
  for (std::size_t index = 0; index < one.probes.size(); ++index) {
    EXPECT_EQ(one.probes[index].key, two.probes[index].key);
    keys.insert(one.probes[index].key);
  }
  EXPECT_EQ(keys.size(), one.probes.size());
  const Plan direct = plan_of(beacon(""));
  EXPECT_NE(probe_of(direct, "flexera.3.batch-server/beacon.flexnetmanager.eu:443").key,
            probe_of(one, "flexera.3.batch-server/beacon.flexnetmanager.eu:443").key);
}

TEST(Plan, TheProductsProxyIsOnTheWayOfRefs1To4AndNoOther) {
  const Plan plan =
      plan_of(beacon("    proxy: socks5://proxy.example.com\n"
                     "    active_directory: [{host: dc1, ssl: true}]\n"));
  std::set<std::string> through;
  for (const Check& check : plan.checks) {
    const bool refs = check.requirement->ref.size() == 1 && check.requirement->ref <= "4";
    EXPECT_EQ(plan.probes[check.probe].probe->wants_address(), !refs) << check.id;
    if (refs) {
      through.insert(check.requirement->ref);
    }
  }
  EXPECT_THAT(through, ElementsAre("1", "2", "3", "4"));
}

TEST(Plan, WhatTrustedCertificatesNameBecomesChecks) {
  const std::string text = beacon("    revocation_proxy: http://proxy.example.com:3128\n");
  Observed observed;
  for (const char* url : {"http://ocsp.e1.example.com/a", "http://ocsp.e1.example.com/b",
                          "http://crl.example.com:8080/x.crl", "http://crl3.digicert.com/y.crl"}) {
    observed.note("flexera.3.batch-server", url, {});
  }
  observed.note("flexera.7.ldaps", "http://not-strict.example.com/", {});
  observed.note("custom/mine", "http://no-requirement.example.com/", {});
  Diagnostics diagnostics;
  const Settings settings = read_settings(parse_yaml(text, "reachd.yaml", diagnostics).value(),
                                          "reachd.yaml", diagnostics);
  const auto plan = make_plan(settings, catalog(), diagnostics, observed);
  ASSERT_TRUE(plan) << diagnostics.to_string();
  std::vector<std::string> found;
  for (const Check& check : plan->checks) {
    if (check.id.starts_with("flexera.5.observed/")) {
      found.push_back(check.id);
      EXPECT_FALSE(plan->probes[check.probe].probe->wants_address()) << "goes by its proxy";
      EXPECT_EQ(check.note, "named by the certificate of flexera.3.batch-server");
    }
  }
  // crl3.digicert.com is on the list of flexera.5.revocation already.
  EXPECT_THAT(found, UnorderedElementsAre("flexera.5.observed/crl.example.com:8080",
                                          "flexera.5.observed/ocsp.e1.example.com:80"));
  EXPECT_EQ(plan->checks.size(), plan_of(text).checks.size() + 2);
}

TEST(Plan, TheProductsProxyCoversProbesOfEveryKindOverTcp) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "proxied-catalogue";
  std::filesystem::create_directories(folder);
  std::ofstream file(folder / "mine.yaml");
  file << "schema: 1\nproduct: flexera-beacon\nsources: {us: ours}\nrequirements:\n";
  for (const char* probe : {"tls", "tcp", "icmp"}) {
    file << "  - {id: flexera.3.by-" << probe
         << ", ref: \"3\", purpose: p, direction: outbound, from: beacon, to: us,\n"
            "     necessity: required, port: 443, evidence: vendor, sources: [us],\n"
            "     hosts: {eu: [h.example.com]}, expand: regional_hosts, proxy: product, probe: "
         << probe << "}\n";
  }
  file.close();
  Diagnostics diagnostics;
  const auto ours = Catalog::load(folder.string(), diagnostics);
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(ours) << diagnostics.to_string();
  for (const char* proxy : {"http://p:3128", "socks5://p"}) {
    auto root =
        parse_yaml(beacon("    proxy: " + std::string(proxy) + "\n"), "reachd.yaml", diagnostics);
    const Settings settings = read_settings(std::move(*root), "reachd.yaml", diagnostics);
    const auto plan = make_plan(settings, *ours, diagnostics);
    ASSERT_TRUE(plan) << diagnostics.to_string();
    // What goes to a proxy needs no address of its target; an echo knows no proxy.
    EXPECT_FALSE(probe_of(*plan, "flexera.3.by-tls/h.example.com:443").probe->wants_address());
    EXPECT_FALSE(probe_of(*plan, "flexera.3.by-tcp/h.example.com:443").probe->wants_address());
    EXPECT_TRUE(probe_of(*plan, "flexera.3.by-icmp/h.example.com:443").probe->wants_address());
  }
}

TEST(Plan, ExamplesBecomePlans) {
  const auto folder =
      std::filesystem::path(REACHD_TEST_DATA).parent_path().parent_path() / "config/examples";
  // full.yaml names files that only a real host has.
  for (const char* name : {"quickstart.yaml", "beacon-cloud.yaml", "lxca.yaml", "init-custom.yaml",
                           "init-flexera-beacon.yaml", "init-xclarity-administrator.yaml"}) {
    Diagnostics diagnostics;
    const auto loaded = load_configuration((folder / name).string(), diagnostics);
    EXPECT_TRUE(loaded) << diagnostics.to_string();
    EXPECT_TRUE(!loaded || !loaded->plan.checks.empty()) << name;
  }
}

TEST(Plan, ReportsOnceWhatIsWrongForManyProbes) {
  Diagnostics diagnostics;
  EXPECT_FALSE(plan_of(beacon("    proxy: http://proxy.example.com:3128\n"
                              "    proxy_user: me\n"
                              "    proxy_password_file: /nonexistent/secret\n"),
                       diagnostics));
  EXPECT_EQ(diagnostics.count(), 1u) << diagnostics.to_string();
}

TEST(Plan, RefusesMistakesWithTheirPlace) {
  EXPECT_THAT(problems("products: [{product: flexera-beacn}]\n"),
              AllOf(HasSubstr("reachd.yaml:1:"), HasSubstr("did you mean flexera-beacon")));
  EXPECT_THAT(problems("products: [{product: flexera}]\n"),
              HasSubstr("flexera-beacon and xclarity-administrator"));
  EXPECT_THAT(problems(beacon("    upload: []\n")),
              AllOf(HasSubstr("reachd.yaml:5:"), HasSubstr("uploads")));
  EXPECT_THAT(problems("products: [{product: flexera-beacon}]\n"), HasSubstr("region is missing"));
  EXPECT_THAT(problems(beacon("    uploads: [\"https://b.example.com/x\"]\n")),
              HasSubstr("must name its port"));
  EXPECT_THAT(problems(beacon("    sap: [{host: s, instance: 7}]\n")), HasSubstr("two digits"));
  EXPECT_THAT(problems(beacon("    databases: [{host: s, kind: oracel}]\n")),
              HasSubstr("did you mean oracle"));
  EXPECT_THAT(problems(beacon("    confirm: [flexera.3.batch]\n")),
              HasSubstr("is no requirement of flexera-beacon"));
  EXPECT_THAT(problems(appliance("    devices: [{name: a, type: flex_cmmm, address: h}]\n")),
              HasSubstr("did you mean flex_cmm"));
  EXPECT_THAT(problems(appliance("    devices: [{name: a, type: storage, address: h},"
                                 " {name: a, type: storage, address: i}]\n")),
              HasSubstr("device a is already at"));
  EXPECT_THAT(problems(appliance("    devices: [{name: a, type: storage, address: 10.0.0.0/8}]\n")),
              HasSubstr("1024"));
  EXPECT_THAT(problems(appliance("    services: {smtp: [{host: m, tls: true}]}\n")),
              HasSubstr("the catalogue has no smtp"));
  EXPECT_THAT(problems("checks: [{name: a, probe: tpc, target: \"h:1\"}]\n"),
              HasSubstr("did you mean tcp"));
  EXPECT_THAT(problems("checks: [{name: a, probe: tcp, target: h}]\n"),
              AllOf(HasSubstr("needs a port"), HasSubstr("h:443")));
  EXPECT_THAT(problems("checks: [{name: a, probe: tcp, target: \"::1\"}]\n"),
              HasSubstr("such as [::1]:443"));
  EXPECT_THAT(problems("checks: [{name: a, probe: tcp, target: \"h:1\", depends_on: [b]}]\n"),
              HasSubstr("which is no check"));
  EXPECT_THAT(problems("checks: [{name: a, probe: tcp, target: \"h:1\", depends_on: [b]},"
                       " {name: b, probe: tcp, target: \"h:2\", depends_on: [a]}]\n"),
              HasSubstr("circle"));
}

TEST(Plan, ANameThatTwoAppliancesGiveADeviceIsSaidOnce) {
  Diagnostics diagnostics;
  EXPECT_FALSE(plan_of(appliance("    devices: [{name: a, type: storage, address: 10.0.0.2}]\n"
                                 "  - product: xclarity-administrator\n"
                                 "    appliance: other.example.com\n"
                                 "    devices: [{name: a, type: storage, address: 10.1.0.2}]\n"),
                       diagnostics));
  EXPECT_EQ(diagnostics.count(), 1u) << diagnostics.to_string();
  EXPECT_THAT(diagnostics.to_string(), HasSubstr("names of devices have to differ"));
}

TEST(Plan, ReportsTheMistakesOfAllPartsAtOnce) {
  const std::string all =
      problems(beacon("    sapp: []\n") + "checks: [{name: a, probe: tcp, target: \"h:70000\"}]\n");
  EXPECT_THAT(all, HasSubstr("sapp"));
  EXPECT_THAT(all, HasSubstr("65535"));
}

TEST(Range, LeavesNetworkAndBroadcastOut) {
  Diagnostics diagnostics;
  EXPECT_THAT(expand_range("10.0.0.0/30", 1024, {}, diagnostics),
              ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_THAT(expand_range("10.0.0.0/31", 1024, {}, diagnostics),
              ElementsAre("10.0.0.0", "10.0.0.1"));
  EXPECT_THAT(expand_range("10.0.0.7/32", 1024, {}, diagnostics), ElementsAre("10.0.0.7"));
  EXPECT_THAT(expand_range("10.0.255.0/24", 1024, {}, diagnostics),
              AllOf(SizeIs(254), Contains("10.0.255.254")));
  EXPECT_THAT(expand_range("2001:db8::/126", 1024, {}, diagnostics),
              ElementsAre("2001:db8::1", "2001:db8::2", "2001:db8::3"));
  EXPECT_THAT(expand_range("host.example.com", 1024, {}, diagnostics),
              ElementsAre("host.example.com"));
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.to_string();
}

TEST(Range, HasALimit) {
  Diagnostics diagnostics;
  EXPECT_THAT(expand_range("10.0.0.0/12", 1024, {}, diagnostics), IsEmpty());
  EXPECT_THAT(expand_range("::/0", 1024, {}, diagnostics), IsEmpty());
  EXPECT_EQ(diagnostics.count(), 2u);
}

}  // namespace
}  // namespace reachd::config
