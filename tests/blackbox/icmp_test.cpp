#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/blackbox/blackbox_lab.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::Module;

/// An icmp module's probe of `target`.
struct Pinged {
  Pinged(Module module, const std::string& target, Duration timeout = std::chrono::seconds(4)) {
    test::BlackboxLab lab;
    lab.allow_all();
    test::ModuleRun run(lab, std::move(module), target, timeout);
    success = test::run(lab.context, probe_icmp(run.run));
    samples = run.samples;
    log = run.log.lines;
    samples.render(text);
  }

  bool success = false;
  Samples samples;
  std::string text;
  std::string log;
};

TEST(IcmpProber, AReplyHasItsPhases) {
  const Pinged pinged({}, "127.0.0.1");
  EXPECT_TRUE(pinged.success) << pinged.log;
  for (const char* phase : {"resolve", "rtt", "setup"}) {
    EXPECT_THAT(pinged.text, testing::HasSubstr("probe_icmp_duration_seconds{phase=\"" +
                                                std::string(phase) + "\"} "));
  }
  EXPECT_THAT(pinged.text, testing::Not(testing::HasSubstr("{phase=\"rtt\"} 0\n")));
}

TEST(IcmpProber, APayloadMayBeTinyOrLarge) {
  Module module;
  module.icmp.payload_size = 1;
  EXPECT_TRUE(Pinged(module, "127.0.0.1").success);
  module.icmp.payload_size = 8000;
  EXPECT_TRUE(Pinged(module, "127.0.0.1").success);
}

TEST(IcmpProber, OnlyWhatTheListAllowsWithoutPortsIsPinged) {
  test::BlackboxLab lab;
  lab.allow({{"cidr", "10.0.0.0/8"}});
  test::ModuleRun run(lab, {}, "127.0.0.1");
  EXPECT_FALSE(test::run(lab.context, probe_icmp(run.run)));
  EXPECT_THAT(run.run.refused, testing::HasSubstr("127.0.0.1 may not be probed"));
}

TEST(IcmpProber, ANameThatDoesNotResolveHasAllPhasesAtZero) {
  const Pinged pinged({}, "nowhere.example");
  EXPECT_FALSE(pinged.success);
  EXPECT_THAT(pinged.text, testing::HasSubstr("probe_icmp_duration_seconds{phase=\"rtt\"} 0\n"));
  EXPECT_FALSE(pinged.samples.has(Family::icmp_reply_hop_limit));
}

}  // namespace
}  // namespace reachd::blackbox
