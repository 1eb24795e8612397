#include "probes/net/answer_cache.hpp"

#include <gtest/gtest.h>

namespace reachd::net {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart{1000s};

Answer answer(std::uint32_t address) {
  return std::make_shared<const Result<std::vector<IpAddress>>>(
      std::vector{IpAddress::v4(address)});
}

TEST(AnswerCache, ForgetsAnAnswerWhenItsTimeIsOver) {
  AnswerCache cache(4);
  cache.store("a", answer(1), kStart + 10s, kStart);
  EXPECT_TRUE(cache.find("a", kStart + 9s));
  EXPECT_FALSE(cache.find("a", kStart + 10s));
  EXPECT_FALSE(cache.find("b", kStart));
}

TEST(AnswerCache, ReplacesAnOlderAnswer) {
  AnswerCache cache(4);
  cache.store("a", answer(1), kStart + 10s, kStart);
  cache.store("a", answer(2), kStart + 20s, kStart);
  EXPECT_EQ(cache.find("a", kStart + 15s)->value().front(), IpAddress::v4(2));
  EXPECT_EQ(cache.size(), 1u);
}

TEST(AnswerCache, NeverHoldsMoreThanItsLimit) {
  AnswerCache cache(2);
  for (const char* name : {"a", "b", "c", "d"}) {
    cache.store(name, answer(1), kStart + 10s, kStart);
  }
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_TRUE(cache.find("d", kStart));
}

TEST(AnswerCache, DropsWhatIsOverBeforeWhatIsGood) {
  AnswerCache cache(2);
  cache.store("old", answer(1), kStart + 1s, kStart);
  cache.store("good", answer(2), kStart + 60s, kStart);
  cache.store("new", answer(3), kStart + 60s, kStart + 5s);
  EXPECT_TRUE(cache.find("good", kStart + 5s));
  EXPECT_TRUE(cache.find("new", kStart + 5s));
}

}  // namespace
}  // namespace reachd::net
