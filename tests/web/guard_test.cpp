// Whose password is checked when more are asked about than there is time for.

#include "daemon/web/guard.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "probes/core/file_path.hpp"
#include "tests/support/temporary_folder.hpp"

namespace reachd::web {
namespace {

class WebGuard : public testing::Test {
 protected:
  WebGuard() {
    const auto path = folder.path() / "web.yml";
    // A hash that takes more than a second: within a test no check ends.
    std::ofstream(path) << "basic_auth_users: {anna: "
                           "$2b$15$QOauhQNbBCuQDKes6eFzPexcky/.fTxXXRDg19aNXGBnT3EjOZCva}\n";
    auto made = make_guard(context, {.config_file = to_text(path), .excluded_paths = {}},
                           std::chrono::hours(1));
    EXPECT_TRUE(made) << made.error();
    guard = std::move(*made);
  }

  /// A guess that no other one is like; false if it is turned away.
  bool guess(const std::string& user, unsigned host) {
    const auto wait =
        guard->check({.user = user, .password = Secret(std::to_string(++guesses))}, from(host));
    if (wait != nullptr) {
      wait->event.expires_after(std::chrono::hours(1));
      wait->event.async_wait(
          [this, host](boost::system::error_code) { displaced.push_back(host); });
      waits.push_back(wait);
    }
    return wait != nullptr;
  }
  static boost::asio::ip::address from(unsigned host) {
    return boost::asio::ip::address_v4(0x0a000000U + host);
  }
  /// One of `host` is being checked, and as many wait as may of one address.
  void fill(unsigned host, const std::string& user = "anna") {
    for (std::size_t i = 0; i < Guard::kMostWaitingOfOne; ++i) {
      EXPECT_TRUE(guess(user, host));
    }
  }

  test::TemporaryFolder folder;
  std::shared_ptr<boost::asio::io_context> context = std::make_shared<boost::asio::io_context>(1);
  std::unique_ptr<Guard> guard;
  int guesses = 0;
  std::vector<std::shared_ptr<Wait<bool>>> waits;
  std::vector<unsigned> displaced;
};

TEST_F(WebGuard, GuessesOfOneAddressWaitInAShortQueueWhetherTheUserExistsOrNot) {
  for (const auto& [user, host] : {std::pair("anna", 1U), std::pair("nobody", 2U)}) {
    guess(user, host);  // the first of all runs
    while (guess(user, host)) {
    }
    EXPECT_FALSE(guess(user, host));
  }
  EXPECT_EQ(waits.size(), 2 * Guard::kMostWaitingOfOne + 1);
}

TEST_F(WebGuard, TheSameGuessSharesACheckWhateverTheQueue) {
  const Credentials same{.user = "anna", .password = Secret("the same")};
  const auto first = guard->check(same, from(1));
  fill(1);
  EXPECT_NE(guard->check(same, from(1)), nullptr);
}

TEST_F(WebGuard, WhoHasTheMostWaitingMakesRoomForWhoHasFewer) {
  guess("anna", 99);
  for (unsigned host = 0; host < Guard::kMostWaiting / Guard::kMostWaitingOfOne; ++host) {
    fill(host);
  }
  EXPECT_TRUE(guess("anna", 50));
  context->poll();
  ASSERT_EQ(displaced.size(), 1);
  EXPECT_LT(displaced.front(), Guard::kMostWaiting / Guard::kMostWaitingOfOne);
  EXPECT_FALSE(guess("anna", displaced.front() == 0 ? 1 : 0)) << "no address beyond its own share";
}

TEST_F(WebGuard, WhoHasGoneLeavesItsPlace) {
  guess("anna", 1);
  fill(1);
  EXPECT_FALSE(guess("anna", 1));
  waits.pop_back();
  EXPECT_TRUE(guess("anna", 1));
}

}  // namespace
}  // namespace reachd::web
