#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/daemon/policy/lab.hpp"

namespace reachd::test {
namespace {

using namespace std::chrono_literals;
using engine::Verdict;
using Wanted = PolicyLab::Wanted;

/// One step of a generated life.
struct Step {
  enum class What : std::uint8_t { verdict, pass, drop, bring_back };
  What what = What::pass;
  std::string check{};
  Verdict to = Verdict::up;
  Duration time{};
};

using Life = std::vector<Step>;

/// Checks that depend on each other in every way, on three hosts.
std::vector<Wanted> world() {
  return {{.name = "router", .target = "192.0.2.1:22"},
          {.name = "web", .target = "192.0.2.2:443", .depends_on = {"router"}},
          {.name = "leaf", .target = "192.0.2.2:80", .depends_on = {"web"}},
          {.name = "p1", .target = "192.0.2.3:1", .device = "rack"},
          {.name = "p2", .target = "192.0.2.3:2", .device = "rack"},
          {.name = "own", .target = "127.0.0.1:80"}};
}

Life generate(std::mt19937_64& random, bool reloads) {
  const std::vector<Wanted> checks = world();
  const auto number = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  Life life;
  for (int i = 0; i < 80; ++i) {
    Step step;
    step.check = checks[number(checks.size())].name;
    const std::size_t dice = number(20);
    if (dice < 13) {
      constexpr std::array kVerdicts{Verdict::up,   Verdict::up,       Verdict::down,
                                     Verdict::down, Verdict::degraded, Verdict::unknown};
      step.what = Step::What::verdict;
      step.to = kVerdicts[number(kVerdicts.size())];
    } else if (dice < 18 || !reloads) {
      step.what = Step::What::pass;
      step.time = std::chrono::seconds(1 + number(number(4) == 0 ? 4000 : 60));
    } else {
      step.what = dice == 18 ? Step::What::drop : Step::What::bring_back;
    }
    life.push_back(std::move(step));
  }
  return life;
}

/// What somebody knows who is told everything but what a modifier holds back.
class Receiver {
 public:
  void hear(const event::Event& event) {
    if (event.suppressed_by != engine::Modifier::none || event.severity == config::Severity::info) {
      return;
    }
    const std::string& id = event.check->id;
    said_[id].emplace_back(to_string(event.kind));
    const bool settles = flapping_.contains(id);
    switch (event.kind) {
      case event::Kind::check_flapping:
        EXPECT_FALSE(settles) << "told twice that it is flapping: " << id;
        flapping_.insert(id);
        return;
      case event::Kind::check_down:
        EXPECT_TRUE(settles || !down_.contains(id)) << "told twice that it is down: " << id;
        down_.insert(id);
        break;
      default:
        EXPECT_TRUE(settles || down_.contains(id)) << "told of the end of nothing: " << id;
        down_.erase(id);
    }
    flapping_.erase(id);
  }

  const std::set<std::string>& down() const { return down_; }
  bool flapping(const std::string& id) const { return flapping_.contains(id); }
  /// Of each: what is said of different checks at one moment has no order.
  const std::map<std::string, std::vector<std::string>>& said() const { return said_; }

 private:
  std::set<std::string> down_;
  std::set<std::string> flapping_;
  std::map<std::string, std::vector<std::string>> said_;  ///< kinds, by id
};

class Story {
 public:
  Story(const Life& life, const std::set<std::size_t>& restarts, alert::Flapping flapping)
      : life_(life), restarts_(restarts) {
    lab_.live = true;
    lab_.alerting.flapping = flapping;
    lab_.plan(world());
    lab_.adopt();
    for (const Wanted& check : world()) {
      truth_[check.name] = Verdict::up;
      lab_.up(check.name);
    }
    listen();
  }

  Receiver go() {
    for (std::size_t i = 0; i < life_.size() && !::testing::Test::HasFailure(); ++i) {
      SCOPED_TRACE("step " + std::to_string(i));
      if (restarts_.contains(i)) {
        lab_.restart_with(configured());
        listen();
        for (const auto& [name, verdict] : truth_) {
          say(name, verdict);
        }
      }
      take(life_[i]);
      compare();
    }
    lab_.pass(2h);
    answer();
    judge_the_end();
    return receiver_;
  }

 private:
  std::vector<Wanted> configured() const {
    std::vector<Wanted> checks;
    for (Wanted& check : world()) {
      if (truth_.contains(check.name)) {
        std::erase_if(check.depends_on, [&](const auto& id) { return !truth_.contains(id); });
        checks.push_back(check);
      }
    }
    return checks;
  }

  void take(const Step& step) {
    switch (step.what) {
      case Step::What::pass:
        lab_.pass(step.time);
        break;
      case Step::What::verdict:
        if (truth_.contains(step.check)) {
          truth_[step.check] = step.to;
          say(step.check, step.to);
        }
        break;
      case Step::What::drop:
        truth_.erase(step.check);
        lab_.reload(configured());
        break;
      case Step::What::bring_back:
        if (truth_.try_emplace(step.check, Verdict::up).second) {
          lab_.reload(configured());
          say(step.check, Verdict::up);
        }
        break;
    }
    answer();
    listen();
  }

  void say(const std::string& name, Verdict verdict) {
    switch (verdict) {
      case Verdict::up:
        lab_.up(name);
        break;
      case Verdict::degraded:
        lab_.degraded(name);
        break;
      case Verdict::down:
        lab_.down(name);
        break;
      case Verdict::unknown:
        lab_.unknown(name);
        break;
    }
    answer();
    listen();
  }

  /// The engine looks at what it is asked for, and finds what it found before.
  void answer() {
    int rounds = 0;
    for (auto asked = lab_.asked(); !asked.empty(); asked = lab_.asked()) {
      ASSERT_LT(++rounds, 100) << "it asks for ever: " << asked.front();
      for (const std::string& id : asked) {
        const std::string name = id.substr(id.find('/') + 1);
        if (truth_.contains(name)) {
          const Verdict verdict = truth_.at(name);
          lab_.result(name, verdict == Verdict::down      ? Reason::timeout
                            : verdict == Verdict::unknown ? Reason::local_route
                                                          : Reason::ok);
          lab_.settle(name);
        }
      }
    }
  }

  void listen() {
    for (; heard_ < lab_.events().size(); ++heard_) {
      receiver_.hear(lab_.events()[heard_]);
    }
  }

  std::set<std::string> open() const {
    std::set<std::string> ids;
    for (const event::Alert& alert : lab_.all_alerts()) {
      if (!alert.ended) {
        ids.insert(alert.check->id);
      }
    }
    return ids;
  }

  /// Alerts and events tell the same story.
  void compare() {
    EXPECT_EQ(open(), receiver_.down());
    for (const auto& [name, verdict] : truth_) {
      const std::string id = "custom/" + name;
      if ((verdict == Verdict::up || verdict == Verdict::degraded) && !receiver_.flapping(id)) {
        EXPECT_FALSE(receiver_.down().contains(id)) << id << " is " << to_string(verdict);
      }
    }
  }

  /// After a while, whatever is down is told, or depends on something that is down.
  void judge_the_end() {
    listen();
    compare();
    for (const Wanted& check : configured()) {
      const std::string id = "custom/" + check.name;
      const bool parent_down =
          std::ranges::any_of(
              check.depends_on,
              [&](const std::string& parent) { return truth_.at(parent) != Verdict::up; }) ||
          (!check.device.empty() && receiver_.down().contains("device/" + check.device)) ||
          receiver_.down().contains("link") || lab_.mark(check.name).dependency;
      if (truth_.at(check.name) == Verdict::down && !parent_down) {
        EXPECT_TRUE(receiver_.down().contains(id)) << id << " is down, and nobody was told";
      }
    }
  }

  const Life& life_;
  const std::set<std::size_t>& restarts_;
  PolicyLab lab_;
  std::map<std::string, Verdict> truth_;
  Receiver receiver_;
  std::size_t heard_ = 0;
};

constexpr alert::Flapping kNever{.changes = 1000, .within = 1s};
constexpr alert::Flapping kSoon{.changes = 4, .within = 10min};

/// A few fixed lives, and one that nobody has seen before.
std::vector<std::uint64_t> seeds() {
  std::vector<std::uint64_t> all{std::random_device()()};
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    all.push_back(seed);
  }
  return all;
}

TEST(PolicyRandom, EventsAndAlertsTellTheSameStoryAndNothingIsLost) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Life life = generate(random, true);
    std::set<std::size_t> restarts;
    for (std::size_t i = 0; i < life.size(); ++i) {
      if (random() % 10 == 0) {
        restarts.insert(i);
      }
    }
    Story(life, restarts, seed % 2 == 0 ? kSoon : kNever).go();
    if (HasFailure()) {
      return;
    }
  }
}

TEST(PolicyRandom, ARestartAtAnyMomentChangesNothingInWhatIsTold) {
  for (const std::uint64_t seed : seeds()) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const Life life = generate(random, false);
    const auto without = Story(life, {}, kNever).go().said();
    const std::set<std::size_t> at{random() % life.size()};
    EXPECT_EQ(Story(life, at, kNever).go().said(), without) << "restarted before " << *at.begin();
    if (HasFailure()) {
      return;
    }
  }
}

}  // namespace
}  // namespace reachd::test
