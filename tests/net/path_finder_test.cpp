#include "probes/net/path_finder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reachd::net {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

IpAddress router(int number) {
  return IpAddress::v4(0x0a000000U + (static_cast<std::uint32_t>(number) << 8U) + 1);
}

HopReply passing(int hop) {
  HopReply reply;
  reply.hop = hop;
  reply.from = router(hop);
  reply.duration = std::chrono::milliseconds(hop);
  return reply;
}

HopReply ending(int hop, HopReply::Kind kind, std::string message) {
  HopReply reply = passing(hop);
  reply.kind = kind;
  reply.message = std::move(message);
  return reply;
}

/// All hops that may be asked now.
std::vector<int> ask_all(PathFinder& finder) {
  std::vector<int> asked;
  while (const auto hop = finder.next()) {
    asked.push_back(*hop);
  }
  return asked;
}

/// Answers up to `last`, silence beyond; returns how many packets it took.
int run_to(PathFinder& finder, int last) {
  int packets = 0;
  while (!finder.done()) {
    for (const int hop : ask_all(finder)) {
      ++packets;
      if (hop <= last) {
        finder.answered(passing(hop));
      } else {
        finder.unanswered(hop);
      }
    }
  }
  return packets;
}

std::vector<std::string> hops_of(const Path& path) {
  std::vector<std::string> hops;
  for (const Hop& hop : path.hops) {
    hops.push_back(std::to_string(hop.number) + " " +
                   (hop.address ? hop.address->to_string() : "*"));
  }
  return hops;
}

TEST(PathFinder, AsksAFewHopsAtATime) {
  PathFinder finder(TraceOptions{});
  EXPECT_THAT(ask_all(finder), ElementsAre(1, 2, 3));
  finder.answered(passing(2));
  EXPECT_THAT(ask_all(finder), ElementsAre(4));
  finder.answered(passing(1));
  finder.answered(passing(3));
  EXPECT_THAT(ask_all(finder), ElementsAre(5, 6));
  EXPECT_FALSE(finder.done());
}

TEST(PathFinder, SilenceNamesTheLastHopThatAnswered) {
  PathFinder finder(TraceOptions{});
  // Two answers, then five hops that are asked twice each.
  EXPECT_EQ(run_to(finder, 2), 2 + 5 * 2);
  const Path path = finder.path();
  EXPECT_EQ(path.end, Path::End::silent);
  EXPECT_THAT(hops_of(path), ElementsAre("1 10.0.1.1", "2 10.0.2.1"));
  EXPECT_EQ(path.last_hop()->duration, 2ms);
  EXPECT_EQ(path.message,
            "the last hop that answered is 10.0.2.1 (hop 2 of at most 30): look there and behind "
            "it");
  EXPECT_EQ(path.offender, std::nullopt);
}

TEST(PathFinder, WithoutAnyAnswerItPointsHome) {
  PathFinder finder(TraceOptions{});
  EXPECT_EQ(run_to(finder, 0), 5 * 2);
  EXPECT_EQ(finder.path().last_hop(), nullptr);
  EXPECT_EQ(finder.path().message,
            "no hop answered: look at this host's own network and its first router");
}

TEST(PathFinder, TheGentlestWayIsOnePacketAtATimeAndNoneTwice) {
  TraceOptions options;
  options.in_flight = 1;
  options.tries = 1;
  PathFinder finder(options);
  EXPECT_THAT(ask_all(finder), ElementsAre(1));
  finder.answered(passing(1));
  EXPECT_EQ(run_to(finder, 1), 5);
}

TEST(PathFinder, ASilentHopOnTheWayIsAskedTwiceAndShown) {
  PathFinder finder(TraceOptions{});
  int asked = 0;
  while (!finder.done()) {
    for (const int hop : ask_all(finder)) {
      if (hop == 2) {
        ++asked;
        finder.unanswered(hop);
      } else if (hop < 4) {
        finder.answered(passing(hop));
      } else {
        finder.answered(ending(hop, HopReply::Kind::reached, "it answers"));
      }
    }
  }
  EXPECT_EQ(asked, 2);
  const Path path = finder.path();
  EXPECT_EQ(path.end, Path::End::reached);
  EXPECT_THAT(hops_of(path), ElementsAre("1 10.0.1.1", "2 *", "3 10.0.3.1", "4 10.0.4.1"));
  EXPECT_EQ(path.message, "it answers (hop 4)");
}

TEST(PathFinder, TheNearestEndCountsAndNothingBeyondItIsAsked) {
  PathFinder finder(TraceOptions{});
  EXPECT_THAT(ask_all(finder), ElementsAre(1, 2, 3));
  finder.answered(ending(3, HopReply::Kind::reached, "it answers"));
  EXPECT_FALSE(finder.done());
  EXPECT_THAT(ask_all(finder), ElementsAre());
  finder.answered(ending(2, HopReply::Kind::reached, "it answers"));
  EXPECT_FALSE(finder.done()) << "hop 1 may still answer";
  finder.answered(passing(1));
  EXPECT_TRUE(finder.done());
  EXPECT_THAT(hops_of(finder.path()), ElementsAre("1 10.0.1.1", "2 10.0.2.1"));
}

TEST(PathFinder, WhoRejectsIsTheOffenderAndNoHop) {
  PathFinder finder(TraceOptions{});
  ask_all(finder);
  HopReply rejected = ending(2, HopReply::Kind::rejected, "10.0.1.1 rejects it");
  rejected.from = router(1);
  finder.answered(rejected);
  finder.answered(passing(1));
  EXPECT_TRUE(finder.done());
  const Path path = finder.path();
  EXPECT_EQ(path.end, Path::End::rejected);
  EXPECT_EQ(path.offender, router(1));
  EXPECT_THAT(hops_of(path), ElementsAre("1 10.0.1.1"));
  EXPECT_EQ(path.message, "10.0.1.1 rejects it");
}

TEST(PathFinder, NeverGoesBeyondItsLastHop) {
  TraceOptions options;
  options.max_hops = 6;
  PathFinder finder(options);
  EXPECT_EQ(run_to(finder, 100), 6);
  EXPECT_EQ(finder.path().hops.size(), 6U);
  EXPECT_EQ(finder.path().end, Path::End::silent);
}

TEST(PathFinder, AWayThatIsNotFinishedSaysSo) {
  PathFinder finder(TraceOptions{});
  ask_all(finder);
  finder.answered(passing(1));
  const Path path = finder.path();
  EXPECT_EQ(path.end, Path::End::unfinished);
  EXPECT_THAT(hops_of(path), ElementsAre("1 10.0.1.1"));
  EXPECT_EQ(path.message.find("the time for the trace ended; so far the last hop"), 0U);
}

TEST(PathFinder, AnswersNobodyWaitsForAreIgnored) {
  PathFinder finder(TraceOptions{});
  ask_all(finder);
  finder.unanswered(1);
  finder.answered(passing(1));
  finder.answered(passing(9));
  EXPECT_TRUE(finder.path().hops.empty());
}

}  // namespace
}  // namespace reachd::net
