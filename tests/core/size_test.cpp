#include "probes/core/size.hpp"

#include <gmock/gmock.h>

namespace reachd {
namespace {

using testing::HasSubstr;

TEST(Size, EachUnitIsRead) {
  EXPECT_EQ(parse_size("0B"), 0u);
  EXPECT_EQ(parse_size("7B"), 7u);
  EXPECT_EQ(parse_size("512KiB"), 512u * 1024);
  EXPECT_EQ(parse_size("256MiB"), 256u * 1024 * 1024);
  EXPECT_EQ(parse_size("1023GiB"), std::uint64_t{1023} << 30U);
}

TEST(Size, WhatIsWrongIsSaid) {
  for (const char* text : {"", "x", "-1MiB", " 1MiB", "MiB"}) {
    ASSERT_FALSE(parse_size(text)) << text;
    EXPECT_THAT(parse_size(text).error(), HasSubstr("expected a whole number and a unit"));
  }
  for (const char* text : {"1", "0", "1MB", "1mib", "1.5MiB", "1 MiB"}) {
    ASSERT_FALSE(parse_size(text)) << text;
    EXPECT_THAT(parse_size(text).error(), HasSubstr("one of B, KiB, MiB, GiB"));
  }
  for (const char* text : {"1024GiB", "18446744073709551616B", "17179869184GiB"}) {
    ASSERT_FALSE(parse_size(text)) << text;
    EXPECT_THAT(parse_size(text).error(), HasSubstr("at most 1023GiB"));
  }
}

TEST(Size, IsWrittenAsItIsRead) {
  for (const char* text : {"0B", "1B", "1023B", "1025B", "1KiB", "256MiB", "3GiB"}) {
    EXPECT_EQ(format_size(*parse_size(text)), text);
  }
  EXPECT_EQ(format_size(*parse_size("1024MiB")), "1GiB");
}

}  // namespace
}  // namespace reachd
