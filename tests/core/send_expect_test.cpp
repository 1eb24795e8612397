#include "probes/core/send_expect.hpp"

#include <gtest/gtest.h>

#include "probes/core/bytes.hpp"

namespace reachd {
namespace {

Value params(std::initializer_list<std::pair<std::string, std::string>> members) {
  Value map = Value::map();
  for (const auto& [key, text] : members) {
    map.members.push_back({key, {}, Value::text(text)});
  }
  return map;
}

SendExpect read(const Value& values, std::string* problems = nullptr) {
  Diagnostics diagnostics;
  Reader reader(values, diagnostics, "check test");
  SendExpect result = read_send_expect(reader);
  reader.done();
  if (problems != nullptr) {
    *problems = diagnostics.to_string();
  } else {
    EXPECT_TRUE(diagnostics.ok()) << diagnostics.to_string();
  }
  return result;
}

std::string problems_of(const Value& values) {
  std::string problems;
  read(values, &problems);
  return problems;
}

bool met(const SendExpect& wanted, std::string_view answer) {
  return wanted.met_by(std::as_bytes(std::span(answer)));
}

TEST(SendExpect, ReadsHexInEveryUsualForm) {
  EXPECT_EQ(as_text(parse_hex("68 65:6C6c 6f").value()), "hello");
  EXPECT_TRUE(parse_hex("")->empty());
  EXPECT_FALSE(parse_hex("6"));
  EXPECT_FALSE(parse_hex("6 8"));
  EXPECT_FALSE(parse_hex("6g"));
  EXPECT_FALSE(parse_hex("0x68"));
}

TEST(SendExpect, NothingSaidSendsNothingAndTakesAnything) {
  const SendExpect nothing = read(Value::map());
  EXPECT_TRUE(nothing.send.empty());
  EXPECT_FALSE(nothing.expects());
  EXPECT_TRUE(met(nothing, ""));
}

TEST(SendExpect, SendsTextOrBytes) {
  EXPECT_EQ(as_text(read(params({{"send", "ping\r\n"}})).send), "ping\r\n");
  EXPECT_EQ(as_text(read(params({{"send_hex", "70696e67"}})).send), "ping");
}

TEST(SendExpect, ExpectsAPatternOrBytesAnywhere) {
  const SendExpect pattern = read(params({{"expect", "^ok [0-9]+"}}));
  EXPECT_TRUE(pattern.expects());
  EXPECT_TRUE(met(pattern, "ok 17"));
  EXPECT_FALSE(met(pattern, "not ok 17"));
  const SendExpect bytes = read(params({{"expect_hex", "00 ff"}}));
  EXPECT_TRUE(bytes.expects());
  EXPECT_TRUE(met(bytes, std::string("a\0\xff z", 5)));
  EXPECT_FALSE(met(bytes, std::string("a\xff\0", 3)));
}

TEST(SendExpect, SaysWhatIsWrong) {
  EXPECT_NE(problems_of(params({{"send", "a"}, {"send_hex", "00"}})).find("one too many"),
            std::string::npos);
  EXPECT_NE(problems_of(params({{"expect", "a"}, {"expect_hex", "00"}})).find("one too many"),
            std::string::npos);
  EXPECT_NE(problems_of(params({{"send_hex", "zz"}})).find("hexadecimal"), std::string::npos);
  EXPECT_NE(problems_of(params({{"expect_hex", ""}})).find("hexadecimal"), std::string::npos);
  EXPECT_NE(problems_of(params({{"expect", "("}})).find("expect: "), std::string::npos);
  EXPECT_NE(problems_of(params({{"send", std::string(1401, 'a')}})).find("1400"),
            std::string::npos);
}

}  // namespace
}  // namespace reachd
