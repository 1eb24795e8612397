#include "probes/core/address.hpp"

#include <gtest/gtest.h>

namespace reachd {
namespace {

TEST(IpAddress, ReadsAndPrintsBothFamilies) {
  for (const char* text : {"0.0.0.0", "10.20.30.40", "255.255.255.255", "::1", "2001:db8::1"}) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
  }
}

TEST(IpAddress, RefusesWhatIsNoAddress) {
  for (const char* text :
       {"", "10.0.0", "10.0.0.256", "example.com", "[::1]", "1.2.3.4 ", "10.0.0.1:80", "[::1]:80",
        "010.0.0.1", "0x0a.0.0.1", "10.0.0.", ".0.0.1"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(Endpoint, PutsBracketsAroundIpv6) {
  EXPECT_EQ((Endpoint{*IpAddress::parse("10.0.0.1"), 443}).to_string(), "10.0.0.1:443");
  EXPECT_EQ((Endpoint{*IpAddress::parse("2001:db8::1"), 443}).to_string(), "[2001:db8::1]:443");
}

TEST(Cidr, KnowsWhatIsInside) {
  const auto cidr = Cidr::parse("10.20.0.0/28");
  ASSERT_TRUE(cidr);
  EXPECT_TRUE(cidr->contains(*IpAddress::parse("10.20.0.15")));
  EXPECT_FALSE(cidr->contains(*IpAddress::parse("10.20.0.16")));
  EXPECT_FALSE(cidr->contains(*IpAddress::parse("::1")));
  EXPECT_EQ(cidr->to_string(), "10.20.0.0/28");
}

TEST(Cidr, LoneAddressIsANetworkOfItself) {
  const auto cidr = Cidr::parse("10.0.0.7");
  ASSERT_TRUE(cidr);
  EXPECT_EQ(cidr->prefix, 32);
  EXPECT_TRUE(cidr->contains(*IpAddress::parse("10.0.0.7")));
  EXPECT_FALSE(cidr->contains(*IpAddress::parse("10.0.0.8")));
}

TEST(Cidr, NamesTheNetworkWhenHostBitsAreSet) {
  const auto cidr = Cidr::parse("10.20.0.5/28");
  ASSERT_FALSE(cidr);
  EXPECT_NE(cidr.error().find("10.20.0.0/28"), std::string::npos) << cidr.error();
  EXPECT_FALSE(Cidr::parse("10.0.0.0/33"));
  EXPECT_FALSE(Cidr::parse("10.0.0.0/"));
}

}  // namespace
}  // namespace reachd
