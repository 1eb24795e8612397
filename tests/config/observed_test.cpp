#include "config/observed.hpp"

#include <gmock/gmock.h>

namespace reachd::config {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

constexpr WallTime kNow = WallTime(std::chrono::seconds(1'800'000'000));

TEST(Observed, TakesEachUrlOnce) {
  Observed observed;
  EXPECT_TRUE(observed.note("thing.3", "http://ocsp.example.com", kNow));
  EXPECT_FALSE(observed.note("thing.3", "http://ocsp.example.com", kNow + 1h));
  EXPECT_TRUE(observed.note("thing.4", "http://ocsp.example.com", kNow));
  ASSERT_THAT(observed.urls(), SizeIs(2));
  EXPECT_EQ(observed.urls()[0].seen, kNow + 1h);
}

TEST(Observed, TakesNoUrlThatIsNotAPlainNamedHosts) {
  Observed observed;
  for (const char* url :
       {"", "ocsp.example.com", "https://ocsp.example.com/", "ldap://ocsp.example.com/",
        "http://127.0.0.1/", "http://10.0.0.1/", "http://[::1]/", "http://localhost/",
        "http://localhost./", "http://ocsp.example.com/a b", "http://ocsp.example.com/\n",
        "http://user@example.com/"}) {
    EXPECT_FALSE(observed.note("thing.3", url, kNow)) << url;
  }
  EXPECT_FALSE(observed.note("thing.3", "http://example.com/" + std::string(600, 'x'), kNow));
  EXPECT_THAT(observed.urls(), IsEmpty());
}

TEST(Observed, IsBounded) {
  Observed observed;
  for (std::size_t i = 0; i < 1000; ++i) {
    observed.note("thing.3", "http://h" + std::to_string(i) + ".example.com/", kNow);
  }
  EXPECT_THAT(observed.urls(), SizeIs(Observed::kMost));
}

TEST(Observed, ForgetsWhatIsNotSeenAnyMore) {
  Observed observed;
  observed.note("thing.3", "http://old.example.com/", kNow - Observed::kForgottenAfter - 1s);
  observed.note("thing.3", "http://new.example.com/", kNow - 1s);
  EXPECT_TRUE(observed.forget(kNow));
  ASSERT_THAT(observed.urls(), SizeIs(1));
  EXPECT_EQ(observed.urls()[0].url, "http://new.example.com/");
  EXPECT_FALSE(observed.forget(kNow));
}

TEST(Observed, IsReadAgainAsItWasWritten) {
  Observed observed;
  observed.note("thing.4", "http://crl.example.com:8080/x.crl?y", kNow);
  observed.note("thing.3", "http://ocsp.example.com", kNow + 5s);
  EXPECT_EQ(observed.to_text(),
            "thing.3 1800000005 http://ocsp.example.com\n"
            "thing.4 1800000000 http://crl.example.com:8080/x.crl?y\n");
  EXPECT_EQ(Observed::parse(observed.to_text()).to_text(), observed.to_text());
}

TEST(Observed, PassesOverLinesThatItWouldNotWrite) {
  const Observed observed = Observed::parse(
      "\n\nthing.3\nthing.3 x http://a.example.com\nthing.3 -1 http://a.example.com\n"
      "thing.3 99999999999999999999 http://a.example.com\nthing.3 999999999999999 "
      "http://a.example.com\n"
      " 1 http://a.example.com\nthing.3 1 https://a.example.com\nthing.3 7 "
      "http://good.example.com");
  EXPECT_EQ(observed.to_text(), "thing.3 7 http://good.example.com\n");
}

}  // namespace
}  // namespace reachd::config
