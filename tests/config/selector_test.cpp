#include "config/selector.hpp"

#include <gtest/gtest.h>

namespace reachd::config {
namespace {

TEST(Glob, StarsAndQuestionMarks) {
  EXPECT_TRUE(glob_matches("flexera-*", "flexera-beacon"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("a*b*c", "a-b-b-c"));
  EXPECT_TRUE(glob_matches("rack-?", "rack-a"));
  EXPECT_FALSE(glob_matches("rack-?", "rack-"));
  EXPECT_FALSE(glob_matches("rack-?", "rack-ab"));
  EXPECT_FALSE(glob_matches("", "a"));
  EXPECT_TRUE(glob_matches("", ""));
  EXPECT_TRUE(glob_matches("a.c[", "a.c["));
  EXPECT_FALSE(glob_matches("a.c", "abc"));
}

TEST(Glob, ManyStarsAreNotExponential) {
  std::string glob;
  for (int star = 0; star < 100; ++star) {
    glob += "*a";
  }
  EXPECT_FALSE(glob_matches(glob + "b", std::string(10'000, 'a')));
}

class SelectorTest : public testing::Test {
 protected:
  SelectorTest() {
    static const ProbeType kType{.name = "tcp",
                                 .summary = "",
                                 .transport = Transport::tcp,
                                 .default_port = 0,
                                 .needs_port = true,
                                 .make = nullptr};
    plan_.probes.resize(1);
    plan_.probes[0].type = &kType;
    check_.id = "custom/erp";
    check_.name = "erp";
    check_.product = std::make_shared<const std::string>("custom");
    check_.device = "rack-a";
    check_.labels = std::make_shared<const Labels>(Labels{{"site", "ams"}});
  }

  bool matches(std::string_view text) {
    const auto selector = Selector::parse(text);
    EXPECT_TRUE(selector) << selector.error();
    return selector && selector->matches(plan_, check_);
  }

  Plan plan_;
  Check check_;
};

TEST_F(SelectorTest, EveryKeyLooksAtItsOwnPart) {
  EXPECT_TRUE(matches("name=erp"));
  EXPECT_TRUE(matches("check=custom/*"));
  EXPECT_TRUE(matches("product=custom"));
  EXPECT_TRUE(matches("device=rack-?"));
  EXPECT_TRUE(matches("probe=tcp"));
  EXPECT_TRUE(matches("label.site=a*"));
  EXPECT_TRUE(matches("requirement="));
  EXPECT_FALSE(matches("requirement=flexera.*"));
  EXPECT_FALSE(matches("label.rack=1"));
  EXPECT_FALSE(matches("probe=udp"));
}

TEST_F(SelectorTest, ACommaIsAnd) {
  EXPECT_TRUE(matches("name=erp, probe=tcp"));
  EXPECT_FALSE(matches("name=erp,probe=icmp"));
}

TEST_F(SelectorTest, SeveralSelectorsAreOr) {
  const std::vector<Selector> selectors{*Selector::parse("name=x"), *Selector::parse("probe=tcp")};
  EXPECT_TRUE(matches_any(selectors, plan_, check_));
  EXPECT_FALSE(matches_any({*Selector::parse("name=x")}, plan_, check_));
  EXPECT_TRUE(matches_any({}, plan_, check_));
}

TEST(Selector, MistakesAreExplained) {
  EXPECT_EQ(Selector::parse("").error(),
            "\"\" is not a selector: expected KEY=GLOB, such as name=erp-* or "
            "label.site=ams");
  EXPECT_EQ(Selector::parse("produkt=x").error(),
            "\"produkt=x\" is not a selector: the key is one of name, check, product, requirement, "
            "device, probe, label.KEY; did you mean product?");
  EXPECT_FALSE(Selector::parse("name=a,"));
  EXPECT_FALSE(Selector::parse("label.=a"));
}

}  // namespace
}  // namespace reachd::config
