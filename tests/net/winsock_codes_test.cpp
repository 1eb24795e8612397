#include "probes/net/winsock_codes.hpp"

#include <gtest/gtest.h>

namespace reachd::net {
namespace {

namespace errc = boost::system::errc;

TEST(WinsockCodes, WhatACallSaysAndWhatACompletionPortSaysMeanTheSame) {
  const struct {
    int call;
    int completion;
    errc::errc_t meaning;
  } rows[] = {
      {10013, 5, errc::permission_denied},
      {10024, 4, errc::too_many_files_open},
      {10048, 1227, errc::address_in_use},
      {10049, 1214, errc::address_not_available},
      {10051, 1231, errc::network_unreachable},
      {10053, 1236, errc::connection_aborted},
      {10054, 64, errc::connection_reset},
      {10055, 1450, errc::no_buffer_space},
      {10060, 121, errc::timed_out},
      {10061, 1225, errc::connection_refused},
      {10065, 1232, errc::host_unreachable},
      {10022, 87, errc::invalid_argument},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(winsock_meaning(row.call), row.meaning) << row.call;
    EXPECT_EQ(winsock_meaning(row.completion), row.meaning) << row.completion;
  }
}

TEST(WinsockCodes, WhatHasOneNumberOnly) {
  EXPECT_EQ(winsock_meaning(10047), errc::address_family_not_supported);
  EXPECT_EQ(winsock_meaning(10050), errc::network_down);
  EXPECT_EQ(winsock_meaning(10052), errc::network_reset);
  EXPECT_EQ(winsock_meaning(995), errc::operation_canceled);
  EXPECT_EQ(winsock_meaning(1234), errc::connection_refused) << "a datagram's port unreachable";
}

TEST(WinsockCodes, OthersMeanNothing) {
  for (const int code : {-1, 0, 1, 3, 10000, 10066, 65535, 1 << 30}) {
    EXPECT_EQ(winsock_meaning(code), errc::not_supported) << code;
  }
}

TEST(WinsockCodes, OnlyRefusedAccessIsTheFilteringPlatforms) {
  EXPECT_TRUE(is_filter_refusal(10013));
  EXPECT_TRUE(is_filter_refusal(5));
  EXPECT_FALSE(is_filter_refusal(10061));
  EXPECT_FALSE(is_filter_refusal(0));
}

}  // namespace
}  // namespace reachd::net
