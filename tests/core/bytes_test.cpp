#include "probes/core/bytes.hpp"

#include <gtest/gtest.h>

#include <array>

namespace reachd {
namespace {

constexpr std::array kBytes{std::byte{0x01}, std::byte{0x02}, std::byte{0x03},
                            std::byte{0x04}, std::byte{'h'},  std::byte{'i'}};

TEST(Bytes, InHexadecimal) {
  EXPECT_EQ(to_hex({}), "");
  EXPECT_EQ(to_hex(std::array{std::byte{0x00}, std::byte{0x9a}, std::byte{0xf5}}), "009af5");
}

TEST(ByteReader, ReadsNumbersInNetworkOrder) {
  ByteReader reader(kBytes);
  EXPECT_EQ(reader.u8(), 0x01);
  EXPECT_EQ(reader.u16(), 0x0203);
  reader.seek(0);
  EXPECT_EQ(reader.u32(), 0x01020304u);
  EXPECT_EQ(reader.text(2), "hi");
  EXPECT_EQ(reader.left(), 0u);
  EXPECT_TRUE(reader.ok());
}

TEST(ByteReader, AReadBeyondTheEndSpoilsItForGood) {
  ByteReader reader(kBytes);
  EXPECT_EQ(reader.u64(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0) << "also where the bytes would be there";
  EXPECT_TRUE(reader.take(1).empty());
}

TEST(ByteReader, SeeksOnlyInside) {
  ByteReader reader(kBytes);
  reader.seek(kBytes.size());
  EXPECT_TRUE(reader.ok());
  reader.seek(kBytes.size() + 1);
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, AskingForAbsurdLengthsIsNoOverflow) {
  ByteReader reader(kBytes);
  reader.u8();
  EXPECT_TRUE(reader.take(static_cast<std::size_t>(-1)).empty());
  EXPECT_FALSE(reader.ok());
}

TEST(ByteWriter, WritesWhatTheReaderReads) {
  ByteWriter writer(64);
  writer.u16(0);
  writer.u8(7);
  writer.u64(0x0102030405060708u);
  writer.u32(0xdeadbeefu);
  writer.text("hi");
  writer.set_u16(0, 0xabcd);
  ASSERT_TRUE(writer.ok());
  ByteReader reader(writer.data());
  EXPECT_EQ(reader.u16(), 0xabcd);
  EXPECT_EQ(reader.u8(), 7);
  EXPECT_EQ(reader.u64(), 0x0102030405060708u);
  EXPECT_EQ(reader.u32(), 0xdeadbeefu);
  EXPECT_EQ(reader.text(2), "hi");
}

TEST(ByteWriter, NeverGrowsBeyondItsLimit) {
  ByteWriter writer(3);
  writer.u16(1);
  writer.u16(2);
  EXPECT_FALSE(writer.ok());
  writer.u8(3);
  EXPECT_EQ(writer.size(), 2u) << "nothing is written after what was dropped";
}

}  // namespace
}  // namespace reachd
