#include "probes/core/ber.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace reachd {
namespace {

std::vector<std::byte> octets(std::initializer_list<int> values) {
  std::vector<std::byte> result;
  for (const int value : values) {
    result.push_back(static_cast<std::byte>(value));
  }
  return result;
}

std::int64_t read_integer(std::initializer_list<int> encoded) {
  const auto bytes = octets(encoded);
  ber::Reader reader(bytes);
  const std::int64_t value = reader.integer();
  EXPECT_TRUE(reader.ok());
  return value;
}

bool is_refused(std::initializer_list<int> encoded) {
  const auto bytes = octets(encoded);
  ber::Reader reader(bytes);
  reader.next();
  return !reader.ok();
}

// The examples of A Layman's Guide to a Subset of ASN.1, BER, and DER (RSA Laboratories,
// 1993), 5.7.
TEST(Ber, ReadsTheGuidesIntegers) {
  EXPECT_EQ(read_integer({0x02, 0x01, 0x00}), 0);
  EXPECT_EQ(read_integer({0x02, 0x01, 0x7F}), 127);
  EXPECT_EQ(read_integer({0x02, 0x02, 0x00, 0x80}), 128);
  EXPECT_EQ(read_integer({0x02, 0x02, 0x01, 0x00}), 256);
  EXPECT_EQ(read_integer({0x02, 0x01, 0x80}), -128);
  EXPECT_EQ(read_integer({0x02, 0x02, 0xFF, 0x7F}), -129);
}

TEST(Ber, WhatIsWrittenIsReadAgain) {
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{127}, std::int64_t{128}, std::int64_t{-128},
        std::int64_t{-129}, std::int64_t{1} << 31, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    ByteWriter out(16);
    ber::write_integer(out, value);
    ber::Reader reader(out.data());
    EXPECT_EQ(reader.integer(), value);
    EXPECT_TRUE(reader.ok() && !reader.more()) << value;
  }
  for (const std::size_t size : {0UZ, 127UZ, 128UZ, 255UZ, 256UZ, 65'535UZ}) {
    ByteWriter out(70'000);
    ber::write(out, ber::kOctetString, std::string(size, 'x'));
    ber::Reader reader(out.data());
    EXPECT_EQ(reader.text().size(), size);
    EXPECT_TRUE(reader.ok() && !reader.more());
    EXPECT_EQ(ber::size_of_first(out.data()).value(), out.size());
  }
}

TEST(Ber, ASmallNumberTakesOneOctet) {
  ByteWriter out(16);
  ber::write_integer(out, 127);
  ber::write_integer(out, 128);
  EXPECT_EQ(out.data(), octets({0x02, 0x01, 0x7F, 0x02, 0x02, 0x00, 0x80}));
}

TEST(Ber, ReadsElementsOneAfterTheOther) {
  const auto bytes = octets({0x30, 0x06, 0x0A, 0x01, 0x05, 0x04, 0x01, 'a', 0x01, 0x00});
  ber::Reader outer(bytes);
  ber::Reader inner(outer.expect(ber::kSequence));
  EXPECT_EQ(inner.integer(ber::kEnumerated), 5);
  EXPECT_EQ(inner.text(), "a");
  EXPECT_FALSE(inner.more());
  EXPECT_TRUE(inner.ok());
  EXPECT_EQ(outer.next().tag, ber::kBoolean);
}

TEST(Ber, AnotherTagSpoilsTheReaderForGood) {
  const auto bytes = octets({0x04, 0x01, 'a', 0x04, 0x01, 'b'});
  ber::Reader reader(bytes);
  EXPECT_EQ(reader.integer(), 0);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.text(), "");
  EXPECT_FALSE(reader.more());
}

TEST(Ber, RefusesWhatIsCutOrNotOfThisKind) {
  EXPECT_TRUE(is_refused({}));
  EXPECT_TRUE(is_refused({0x04}));
  EXPECT_TRUE(is_refused({0x04, 0x02, 'a'}));
  EXPECT_TRUE(is_refused({0x1F, 0x81, 0x00, 0x00})) << "an identifier of several octets";
  EXPECT_TRUE(is_refused({0x30, 0x80, 0x00, 0x00})) << "an indefinite length";
  EXPECT_TRUE(is_refused({0x30, 0x85, 0x00, 0x00, 0x00, 0x00, 0x00})) << "five octets of length";
  EXPECT_TRUE(is_refused({0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF}));
  EXPECT_TRUE(is_refused({0x30, 0x82, 0x01}));
}

TEST(Ber, RefusesAnIntegerWithoutOctetsOrWithMoreThanEight) {
  for (const auto& bytes :
       {octets({0x02, 0x00}), octets({0x02, 0x09, 1, 2, 3, 4, 5, 6, 7, 8, 9})}) {
    ber::Reader reader(bytes);
    EXPECT_EQ(reader.integer(), 0);
    EXPECT_FALSE(reader.ok());
  }
}

TEST(Ber, TheSizeOfTheFirstIsKnownOnceItsLengthIsThere) {
  EXPECT_EQ(ber::size_of_first(octets({0x30})).value(), std::nullopt);
  EXPECT_EQ(ber::size_of_first(octets({0x30, 0x03})).value(), 5U);
  EXPECT_EQ(ber::size_of_first(octets({0x30, 0x82, 0x01})).value(), std::nullopt);
  EXPECT_EQ(ber::size_of_first(octets({0x30, 0x82, 0x01, 0x00})).value(), 260U);
  EXPECT_FALSE(ber::size_of_first(octets({0x1F})));
  EXPECT_FALSE(ber::size_of_first(octets({0x30, 0x80})));
  EXPECT_FALSE(ber::size_of_first(octets({0x30, 0x89})));
}

}  // namespace
}  // namespace reachd
