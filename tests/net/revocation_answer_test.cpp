#include "probes/net/revocation_answer.hpp"

#include <gmock/gmock.h>
#include <openssl/x509.h>

#include <chrono>
#include <iostream>

#include "probes/core/clock.hpp"
#include "probes/net/certificate.hpp"
#include "probes/net/crl.hpp"
#include "probes/net/ocsp.hpp"
#include "tests/support/test_revocation.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;
using test::CrlWish;
using test::OcspWish;
using testing::HasSubstr;
using testing::StartsWith;

constexpr WallTime kNoon = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 12 / 24) + 12h);

TEST(FreshUntil, AnAnswerLastsToItsNextUpdate) {
  EXPECT_EQ(fresh_until(kNoon - 1h, kNoon + 3h, kNoon).value(), kNoon + 3h);
}

TEST(FreshUntil, ClocksMayDifferByFiveMinutes) {
  EXPECT_TRUE(fresh_until(kNoon + 5min, kNoon + 1h, kNoon));
  EXPECT_EQ(fresh_until(kNoon + 5min + 1s, kNoon + 1h, kNoon).error(),
            "begins only on 2026-12-24 12:05 UTC");
  EXPECT_TRUE(fresh_until(kNoon - 1h, kNoon - 5min, kNoon));
  EXPECT_EQ(fresh_until(kNoon - 1h, kNoon - 5min - 1s, kNoon).error(),
            "ended on 2026-12-24 11:54 UTC");
}

TEST(FreshUntil, AnEndBeforeTheBeginningIsNone) {
  EXPECT_FALSE(fresh_until(kNoon + 2min, kNoon + 1min, kNoon));
}

TEST(FreshUntil, WithoutAnEndADayIsEnough) {
  EXPECT_EQ(fresh_until(kNoon - 24h, std::nullopt, kNoon).value(), kNoon + 5min);
  EXPECT_THAT(fresh_until(kNoon - 25h, std::nullopt, kNoon).error(), HasSubstr("names no end"));
}

TEST(FreshUntil, TheEndOfTimeIsNoOverflow) {
  EXPECT_EQ(fresh_until(kNoon, WallTime::max(), kNoon).value(), WallTime::max());
  EXPECT_FALSE(fresh_until(WallTime::max(), WallTime::max(), kNoon));
}

/// A certificate and its authority.
class Answers : public testing::Test {
 protected:
  test::TestCa ca;
  std::shared_ptr<X509> leaf = test::read_certificate(ca.issue().chain);
  IssuedCertificate issued{leaf.get(), ca.x509()};

  static std::span<const std::byte> bytes(const std::string& text) {
    return std::as_bytes(std::span(text));
  }
  RevocationReading ocsp(const OcspWish& wish) const {
    return read(test::ocsp_response(ca, leaf.get(), wish));
  }
  RevocationReading read(const std::string& response) const {
    return read_ocsp(bytes(response), issued, system_clock().wall_now());
  }
  RevocationReading crl(const CrlWish& wish) const {
    return read_list(test::revocation_list(ca, wish));
  }
  RevocationReading read_list(const std::string& list) const {
    return read_crl(bytes(list), issued, system_clock().wall_now());
  }
};

TEST_F(Answers, OcspSaysGoodUntilItsNextUpdate) {
  const auto answer = ocsp({});
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_FALSE(answer->revoked);
  EXPECT_GT(answer->until, system_clock().wall_now() + 23h);
  EXPECT_LT(answer->until, system_clock().wall_now() + 25h);
}

TEST_F(Answers, OcspSaysRevokedWithDateAndReason) {
  const auto answer = ocsp({.status = OcspWish::Status::revoked});
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_TRUE(answer->revoked);
  EXPECT_EQ(answer->message, "CN=localhost was revoked on " +
                                 format_date(system_clock().wall_now() - 1h) + " (keyCompromise)");
}

TEST_F(Answers, OcspMayNameTheCertificateBySha256) { EXPECT_TRUE(ocsp({.by_sha256 = true})); }

TEST_F(Answers, AResponderThatDoesNotKnowTheCertificateSaysNothing) {
  EXPECT_EQ(ocsp({.status = OcspWish::Status::unknown}).error(),
            "the responder does not know the certificate");
  EXPECT_THAT(read(test::ocsp_error()).error(), HasSubstr("trylater"));
}

TEST_F(Answers, ADelegateOfTheIssuerMaySign) {
  const auto answer = ocsp({.signer = OcspWish::Signer::delegate});
  ASSERT_TRUE(answer) << answer.error();
}

TEST_F(Answers, NobodyElseMaySign) {
  for (const auto signer :
       {OcspWish::Signer::without_usage, OcspWish::Signer::expired, OcspWish::Signer::stranger}) {
    const auto answer = ocsp({.signer = signer});
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error(), StartsWith("the OCSP answer can't be trusted: "));
  }
}

TEST_F(Answers, AnAnswerIsOfItsTimeOnly) {
  EXPECT_THAT(ocsp({.this_update = -2h, .next_update = -1h}).error(),
              StartsWith("the OCSP answer ended on "));
  EXPECT_THAT(ocsp({.this_update = 1h, .next_update = 2h}).error(),
              StartsWith("the OCSP answer begins only on "));
  EXPECT_TRUE(ocsp({.this_update = 0s, .next_update = std::nullopt}));
  EXPECT_FALSE(ocsp({.this_update = -25h, .next_update = std::nullopt}));
}

TEST_F(Answers, AnAnswerAboutAnotherCertificateIsNone) {
  const auto other = test::read_certificate(ca.issue().chain);
  EXPECT_EQ(read(test::ocsp_response(ca, other.get())).error(),
            "the OCSP answer is about another certificate");
  const test::TestCa same_name;
  EXPECT_EQ(read(test::ocsp_response(same_name, leaf.get())).error(),
            "the OCSP answer is about another certificate");
}

TEST_F(Answers, GarbageIsNoAnswer) {
  const std::string good = test::ocsp_response(ca, leaf.get());
  EXPECT_EQ(read("").error(), "the answer is not OCSP");
  EXPECT_EQ(read("<html>").error(), "the answer is not OCSP");
  EXPECT_EQ(read(good + "x").error(), "the answer is not OCSP");
  EXPECT_EQ(read(good + std::string(kLargestOcsp, '\0')).error(),
            "the OCSP answer is larger than 64 KiB");
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(read(good.substr(0, size))) << size;
  }
}

TEST_F(Answers, NoChangedBitOfAGoodAnswerPasses) {
  const std::string good = test::ocsp_response(ca, leaf.get());
  ASSERT_TRUE(read(good));
  std::size_t passed = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    passed += read(changed) ? 1U : 0U;
  }
  EXPECT_EQ(passed, 0U);
}

TEST_F(Answers, AQuestionGoesBelowTheRespondersPath) {
  const std::string request = make_ocsp_request(issued);
  ASSERT_FALSE(request.empty());
  const std::string path = ocsp_get_path("/ocsp", request);
  EXPECT_THAT(path, StartsWith("/ocsp/ME"));
  EXPECT_EQ(path, ocsp_get_path("/ocsp/", request));
  EXPECT_EQ(path.find_first_of("+="), std::string::npos);
  EXPECT_EQ(path.rfind('/'), 5U);
  EXPECT_EQ(ocsp_get_path("/", "\xfb\xff\xfe\x01"), "/%2B%2F%2F%2BAQ%3D%3D");
  EXPECT_LT(path.size(), 255U) << "longer questions would have to be posted";
}

TEST_F(Answers, AListWithoutTheCertificateSaysGood) {
  const auto answer = crl({.others = 3});
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_FALSE(answer->revoked);
  EXPECT_GT(answer->until, system_clock().wall_now() + 23h);
}

TEST_F(Answers, AListWithTheCertificateSaysRevoked) {
  const auto answer = crl({.revoked = {leaf.get()}, .others = 3});
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_TRUE(answer->revoked);
  EXPECT_EQ(answer->message, "CN=localhost was revoked on " +
                                 format_date(system_clock().wall_now() - 1h) + " (keyCompromise)");
}

TEST_F(Answers, AListIsOfItsTimeOnly) {
  EXPECT_THAT(crl({.this_update = -2h, .next_update = -1h}).error(),
              StartsWith("the revocation list ended on "));
  EXPECT_THAT(crl({.this_update = 1h, .next_update = 2h}).error(),
              StartsWith("the revocation list begins only on "));
  EXPECT_TRUE(crl({.this_update = 4min, .next_update = 2h})) << "clocks differ";
}

TEST_F(Answers, AListCountsOnlyIfTheIssuerSignedIt) {
  const test::TestCa stranger("stranger");
  EXPECT_EQ(read_list(test::revocation_list(stranger)).error(),
            "the revocation list is of another issuer");
  EXPECT_EQ(crl({.signer = &stranger}).error(),
            "the revocation list does not count: CRL signature failure");
}

TEST_F(Answers, AListOfAnotherScopeDoesNotCount) {
  EXPECT_THAT(crl({.scope = "onlyCA:TRUE"}).error(), HasSubstr("scope"));
  EXPECT_THAT(crl({.scope = "fullname:URI:http://crl.example/other"}).error(), HasSubstr("scope"));
  EXPECT_TRUE(crl({.scope = "onlyuser:TRUE"}));
  EXPECT_FALSE(crl({.scope = "indirectCRL:TRUE"}));
}

TEST_F(Answers, GarbageIsNoList) {
  const std::string good = test::revocation_list(ca);
  EXPECT_EQ(read_list("").error(), "the answer is not a revocation list");
  EXPECT_EQ(read_list(good + "x").error(), "the answer is not a revocation list");
  EXPECT_EQ(read_list(std::string(kLargestCrl + 1, '\0')).error(),
            "the revocation list is larger than 8 MiB");
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(read_list(good.substr(0, size))) << size;
  }
}

TEST_F(Answers, NoChangedBitOfAGoodListPasses) {
  const std::string good = test::revocation_list(ca, {.others = 2});
  ASSERT_TRUE(read_list(good));
  std::size_t passed = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    passed += read_list(changed) ? 1U : 0U;
  }
  EXPECT_EQ(passed, 0U);
}

TEST_F(Answers, ALongListIsReadInTime) {
  const std::string list = test::revocation_list(ca, {.revoked = {leaf.get()}, .others = 30'000});
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(read_list(list)->revoked);
  std::cout << list.size() << " bytes in "
            << std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count()
            << " s\n";
}

}  // namespace
}  // namespace reachd::net
