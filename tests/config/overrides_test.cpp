// What the plan says of overrides, of the host's own uploads and of what it leaves out.
#include <gmock/gmock.h>

#include "config/estate_sections.hpp"
#include "plan_fixture.hpp"

namespace reachd::config {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Why the requirement is not probed; empty: nothing is said of it.
std::string why_not(const Plan& plan, std::string_view id) {
  std::string why;
  for (const Omission& omission : plan.omissions) {
    if (omission.requirement->id == id) {
      EXPECT_THAT(why, IsEmpty()) << "said twice";
      why = omission.why;
    }
  }
  return why;
}

TEST(Overrides, OneThatChangesNothingSaysWhatItNeeds) {
  const Plan beacons = plan_of(beacon(
      "    overrides: {flexera.8.oracle: {port: 1522}, flexera.6.sap-gateway: {interval: 1h},"
      " flexera.3.batch-server-on-premises: {port: 8443}}\n"));
  EXPECT_THAT(why_not(beacons, "flexera.8.oracle"), HasSubstr("needs databases: (oracle)"));
  EXPECT_THAT(why_not(beacons, "flexera.6.sap-gateway"), HasSubstr("needs sap:"));
  EXPECT_THAT(why_not(beacons, "flexera.3.batch-server-on-premises"),
              HasSubstr("deployment: on_premises"));
  const Plan devices =
      plan_of(appliance("    devices: [{name: r, type: thinksystem, address: 10.0.0.1}]\n"
                        "    overrides: {xclarity.server.patterns: {port: 9443},"
                        " xclarity.events.syslog-tcp: {port: 6514}}\n"));
  EXPECT_THAT(why_not(devices, "xclarity.server.patterns"),
              AllOf(HasSubstr("a device of type"), HasSubstr("with features: [patterns]")));
  EXPECT_THAT(why_not(devices, "xclarity.events.syslog-tcp"),
              HasSubstr("needs services: (syslog, tcp)"));
}

TEST(Overrides, OneThatIsUsedOrTurnsOffSaysNoMore) {
  const Plan plan = plan_of(
      beacon("    databases: [{host: o, kind: oracle}]\n"
             "    overrides: {flexera.8.oracle: {port: 1522}, flexera.8.db2: {enabled: false}}\n"));
  EXPECT_THAT(ids(plan), Contains("flexera.8.oracle/o:1522"));
  EXPECT_THAT(why_not(plan, "flexera.8.oracle"), IsEmpty());
  EXPECT_THAT(why_not(plan, "flexera.8.db2"), IsEmpty());
}

TEST(Uploads, OwnIsWhatHasANameOfThisHostWhateverItsCase) {
  const auto own = [](const std::vector<std::string>& hosts,
                      const std::vector<std::string>& names) {
    Diagnostics diagnostics;
    std::vector<Url> uploads;
    uploads.reserve(hosts.size());
    for (const std::string& host : hosts) {
      uploads.push_back(*read_url("https://" + host + ":443/", {}, "uploads", diagnostics));
    }
    std::string marked = mark_own(uploads, names) ? "" : "unknown ";
    for (const Url& upload : uploads) {
      marked += upload.own ? 'y' : 'n';
    }
    return marked;
  };
  const std::vector<std::string> hosts{"BEACON-2.example.com", "beacon-3.example.com"};
  EXPECT_EQ(own(hosts, {"beacon-2", "x"}), "yn");
  EXPECT_EQ(own(hosts, {"amsterdam", "Beacon-3.corp.example.com"}), "ny");
  EXPECT_EQ(own(hosts, {"amsterdam", "x"}), "unknown nn");
  EXPECT_EQ(own({"127.0.0.1", "b"}, {"x"}), "yn");
  EXPECT_EQ(own({"b"}, {"x"}), "y");
}

TEST(Uploads, NoneOfSeveralThatIsThisHostsIsSaid) {
  EXPECT_THAT(why_not(plan_of(beacon("    uploads: [\"https://a.example.com:443/R\","
                                     " \"https://b.example.com:443/R\"]\n")),
                      "flexera.14.upload"),
              HasSubstr("own: true"));
  const Plan said =
      plan_of(beacon("    uploads: [{url: \"https://a.example.com:443/R\", own: false},"
                     " \"https://b.example.com:443/R\"]\n"));
  EXPECT_THAT(why_not(said, "flexera.14.upload"), IsEmpty());
}

TEST(Overrides, WhatNoSettingCanNameIsAnError) {
  for (const char* id :
       {"xclarity.events.push-in-china", "xclarity.auth.saml", "xclarity.events.ftp"}) {
    EXPECT_THAT(problems(appliance("    overrides: {" + std::string(id) + ": {port: 443}}\n")),
                AllOf(HasSubstr("reachd.yaml:5:"), HasSubstr(id), HasSubstr("under checks:")));
  }
  EXPECT_THAT(ids(plan_of(appliance("    overrides: {xclarity.auth.saml: {enabled: false}}\n"))),
              Not(IsEmpty()));
}

}  // namespace
}  // namespace reachd::config
