#include "probes/net/tls.hpp"

#include <gmock/gmock.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "probes/net/certificate.hpp"
#include "probes/net/tls_judgement.hpp"
#include "tests/support/test_ca.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TlsFacts facts_of(std::string issuer) {
  TlsFacts facts;
  facts.version = "TLSv1.2";
  CertificateFacts leaf;
  leaf.subject = "CN=leaf";
  leaf.issuer = std::move(issuer);
  leaf.names = {"a.example", "b.example"};
  facts.chain.push_back(leaf);
  return facts;
}

Reason judged(TlsFacts& facts, const std::vector<TlsFinding>& findings, int version = 0x0303,
              const TlsOptions& options = {}) {
  judge_tls(facts, findings, version, options, "host.example");
  return facts.judgement;
}

TEST(TlsJudgement, NothingFoundIsGood) {
  TlsFacts facts = facts_of("CN=ca");
  EXPECT_EQ(judged(facts, {}), Reason::ok);
}

TEST(TlsJudgement, AnUnusualIssuerExplainsDistrustAndIsToldWhereItIsTrusted) {
  TlsOptions options;
  options.usual_issuers = {"Amazon", "DigiCert"};
  TlsFacts facts = facts_of("CN=Corp Proxy CA");
  const std::vector<TlsFinding> untrusted{
      {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "CN=leaf"}};
  EXPECT_EQ(judged(facts, untrusted, 0x0303, options), Reason::tls_intercepted);
  EXPECT_EQ(facts.judgement_message,
            "the certificate for host.example was issued by CN=Corp Proxy CA, not by Amazon or "
            "DigiCert: something on the way opens TLS, such as a proxy that inspects it, whose "
            "authority this host does not trust");
  TlsFacts trusted = facts_of("CN=Corp Proxy CA");
  EXPECT_EQ(judged(trusted, {}, 0x0303, options), Reason::ok);
  EXPECT_THAT(trusted.judgement_message, HasSubstr("which this host trusts"));
  TlsFacts usual = facts_of("CN=DigiCert TLS RSA");
  EXPECT_EQ(judged(usual, {}, 0x0303, options), Reason::ok);
  EXPECT_THAT(usual.judgement_message, IsEmpty());
  EXPECT_EQ(judged(usual, untrusted, 0x0303, options), Reason::tls_untrusted);
}

TEST(TlsJudgement, VersionIssuerTrustExpiryValidityAndNameInThisOrder) {
  std::vector<TlsFinding> findings{{X509_V_ERR_HOSTNAME_MISMATCH, "CN=leaf"}};
  TlsFacts facts = facts_of("CN=ca");
  EXPECT_EQ(judged(facts, findings), Reason::tls_name);
  findings.push_back({X509_V_ERR_CERT_NOT_YET_VALID, "CN=leaf"});
  EXPECT_EQ(judged(facts, findings), Reason::tls_not_yet_valid);
  findings.push_back({X509_V_ERR_CERT_HAS_EXPIRED, "CN=above"});
  EXPECT_EQ(judged(facts, findings), Reason::tls_expired);
  EXPECT_THAT(facts.judgement_message, HasSubstr("CN=above"));
  findings.push_back({X509_V_ERR_CA_MD_TOO_WEAK, "CN=leaf"});
  EXPECT_EQ(judged(facts, findings), Reason::tls_untrusted);
  TlsOptions options;
  options.expected_issuers = {"another"};
  EXPECT_EQ(judged(facts, findings, 0x0303, options), Reason::tls_intercepted);
  EXPECT_EQ(judged(facts, findings, 0x0302, options), Reason::tls_version);
}

TEST(TlsJudgement, AnIssuerIsFoundWithoutRegardToCaseAndEscapes) {
  TlsFacts facts = facts_of(R"(CN=Issuing CA 1,O=Sample\, Inc.)");
  EXPECT_TRUE(has_issuer(facts.chain, {"other", "sample, inc."}));
  EXPECT_FALSE(has_issuer(facts.chain, {"sample llc"}));
  EXPECT_FALSE(has_issuer({}, {"sample"}));
}

TEST(TlsJudgement, OnlyAStrictOneFailsTheProbe) {
  TlsFacts facts = facts_of("CN=ca");
  facts.judgement = Reason::tls_name;
  TlsOptions options;
  ASSERT_TRUE(tls_verdict(options, facts));
  EXPECT_EQ(tls_verdict(options, facts)->reason, Reason::tls_name);
  options.verify = TlsOptions::Verify::observe;
  EXPECT_FALSE(tls_verdict(options, facts));
}

TEST(Certificate, NamesHoldNothingThatATerminalObeys) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  constexpr std::string_view kName =
      "\x1b[31mJos\xc3\xa9 \xc2\x9b"
      "31m\xc2\xa9";
  ASSERT_EQ(
      X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(kName.data()),
                                 static_cast<int>(kName.size()), -1, 0),
      1);
  EXPECT_EQ(certificate_facts(certificate.get()).subject, "CN=\\1B[31mJos\xc3\xa9 ?31m\xc2\xa9");
}

TEST(Certificate, DatesBeyondTheClocksRangeAreItsEnd) {
  EXPECT_EQ(format_date(WallTime::max()), "9999-12-31 23:59 UTC");
  EXPECT_EQ(format_date(WallTime(std::chrono::sys_days(std::chrono::year(2026) / 12 / 24) + 18h)),
            "2026-12-24 18:00 UTC");
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  ASSERT_EQ(ASN1_TIME_set_string(X509_getm_notBefore(certificate.get()), "00010101000000Z"), 1);
  ASSERT_EQ(ASN1_TIME_set_string(X509_getm_notAfter(certificate.get()), "99991231235959Z"), 1);
  const CertificateFacts facts = certificate_facts(certificate.get());
  EXPECT_EQ(format_date(facts.not_before), "1678-01-01 00:00 UTC");
  EXPECT_EQ(facts.not_after, WallTime::max());
}

CertificateFacts facts_of(const test::CertificateWish& wish) {
  return certificate_facts(test::read_certificate(test::self_signed(wish).chain).get());
}

TEST(Certificate, UrlsOfRevocationAndIssuerAreReadByKind) {
  test::CertificateWish wish;
  wish.access =
      "OCSP;URI:http://ocsp.example/a,caIssuers;URI:http://ca.example/ca.der,"
      "OCSP;URI:HTTP://ocsp2.example/,OCSP;URI:http://ocsp.example/a";
  wish.crl_points = "URI:http://crl.example/1.crl,URI:ldap://dir.example/cn=crl,DNS:crl.example";
  const CertificateFacts facts = facts_of(wish);
  EXPECT_THAT(facts.ocsp_urls, ElementsAre("http://ocsp.example/a", "HTTP://ocsp2.example/"));
  EXPECT_THAT(facts.issuer_urls, ElementsAre("http://ca.example/ca.der"));
  EXPECT_THAT(facts.crl_urls, ElementsAre("http://crl.example/1.crl"));
}

TEST(Certificate, UrlsAreFewShortAndPrintable) {
  test::CertificateWish wish;
  const std::string longest = "http://" + std::string(505, 'a');
  wish.access = "OCSP;URI:" + longest + ",OCSP;URI:" + longest +
                "b,OCSP;URI:http://,OCSP;URI:http://a\x1b[2J,OCSP;URI:http://a b,"
                "OCSP;URI:https://a/,OCSP;URI:http://2,OCSP;URI:http://3,OCSP;URI:http://4,"
                "OCSP;URI:http://5";
  const CertificateFacts facts = facts_of(wish);
  EXPECT_THAT(facts.ocsp_urls, ElementsAre(longest, "http://2", "http://3", "http://4"));
}

TEST(Certificate, ACertificateWithoutUrlsHasNone) {
  const CertificateFacts facts = facts_of(test::CertificateWish{});
  EXPECT_THAT(facts.ocsp_urls, IsEmpty());
  EXPECT_THAT(facts.issuer_urls, IsEmpty());
  EXPECT_THAT(facts.crl_urls, IsEmpty());
}

}  // namespace
}  // namespace reachd::net
