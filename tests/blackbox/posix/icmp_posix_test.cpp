// What Linux does for pings and Windows does not.

#include <gtest/gtest.h>

#include "tests/blackbox/blackbox_lab.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::Module;

bool pinged(const Module& module, const std::string& target, Samples& samples) {
  test::BlackboxLab lab;
  lab.allow_all();
  test::ModuleRun run(lab, module, target);
  const bool success = test::run(lab.context, probe_icmp(run.run));
  samples = run.samples;
  return success;
}

TEST(IcmpProberPosix, TheHopLimitThatIsSetIsThatOfTheRequestAndSoOfALoopbackReply) {
  Module module;
  Samples samples;
  EXPECT_TRUE(pinged(module, "127.0.0.1", samples));
  EXPECT_EQ(samples.value(Family::icmp_reply_hop_limit), 64);
  EXPECT_TRUE(pinged(module, "::1", samples));
  EXPECT_EQ(samples.value(Family::icmp_reply_hop_limit), 64);
}

TEST(IcmpProberPosix, TheSourceAddressHasToBeOneOfThisHost) {
  Module module;
  Samples samples;
  module.icmp.source = *IpAddress::parse("127.0.0.9");
  EXPECT_TRUE(pinged(module, "127.0.0.1", samples));
  module.icmp.source = *IpAddress::parse("192.0.2.77");
  EXPECT_FALSE(pinged(module, "127.0.0.1", samples));
  module.icmp.source = *IpAddress::parse("::1");
  EXPECT_FALSE(pinged(module, "127.0.0.1", samples));
}

TEST(IcmpProberPosix, WhatMayNotBeFragmentedIsSentWholeOrNotAtAll) {
  Module module;
  Samples samples;
  module.icmp.dont_fragment = true;
  EXPECT_TRUE(pinged(module, "127.0.0.1", samples));
  module.icmp.payload_size = 65500;  // fits into the loopback's packets of 65,536 bytes
  EXPECT_TRUE(pinged(module, "127.0.0.1", samples));
  module.icmp.payload_size = 65535;
  EXPECT_FALSE(pinged(module, "127.0.0.1", samples));
}

}  // namespace
}  // namespace reachd::blackbox
