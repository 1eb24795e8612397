#include <winsock2.h>

#include <windows.h>

#include <wincrypt.h>

// After wincrypt.h, whose macros OpenSSL takes back.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <string>

#include "probes/net/system_trust.hpp"
#include "tests/support/test_ca.hpp"

// These put authorities into the stores of the machine that runs them, for as long as they run:
// they are for wine, or for a machine that nobody else uses.
namespace reachd::net {
namespace {

/// A certificate in one of the machine's stores, maybe for one purpose only.
class Planted {
 public:
  Planted(const wchar_t* store, const test::TestCa& authority, const char* purpose = nullptr)
      : store_(::CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE,
                               store)) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(authority.x509(), &der);
    ::CertAddEncodedCertificateToStore(store_, X509_ASN_ENCODING, der, static_cast<DWORD>(size),
                                       CERT_STORE_ADD_ALWAYS, &certificate_);
    OPENSSL_free(der);
    EXPECT_NE(certificate_, nullptr) << ::GetLastError();
    if (purpose != nullptr) {
      std::string name = purpose;
      std::array<char*, 1> names{name.data()};
      CTL_USAGE usage{1, names.data()};
      EXPECT_TRUE(::CertSetEnhancedKeyUsage(certificate_, &usage));
    }
    commit();
  }
  Planted(const Planted&) = delete;
  Planted& operator=(const Planted&) = delete;
  ~Planted() {
    if (certificate_ != nullptr) {
      ::CertDeleteCertificateFromStore(certificate_);
      commit();
    }
    ::CertCloseStore(store_, 0);
  }

 private:
  /// Wine keeps changes to itself until then.
  void commit() { ::CertControlStore(store_, 0, CERT_STORE_CTRL_COMMIT, nullptr); }

  HCERTSTORE store_;
  PCCERT_CONTEXT certificate_ = nullptr;
};

/// How OpenSSL judges a leaf that comes alone by what the machine trusts: X509_V_OK, or why not.
int judge(const test::Identity& identity) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  &SSL_CTX_free);
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.get()), X509_V_FLAG_PARTIAL_CHAIN);
  load_system_authorities(*context);
  const auto leaf = test::read_certificate(identity.chain);
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> judgement(
      X509_STORE_CTX_new(), &X509_STORE_CTX_free);
  X509_STORE_CTX_init(judgement.get(), SSL_CTX_get_cert_store(context.get()), leaf.get(), nullptr);
  X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(judgement.get()),
                         SSL_CTX_get0_param(context.get()));
  X509_verify_cert(judgement.get());
  return X509_STORE_CTX_get_error(judgement.get());
}

class SystemTrust : public testing::Test {
 protected:
  // Tests that run side by side see each other's authorities in the store.
  const std::string name = "reachd test " + std::to_string(::GetCurrentProcessId());
  const test::TestCa root{name + " root"};
  const test::TestCa between = root.intermediate({.subject = name + " intermediate"});
  const test::Identity leaf = root.issue();
  const test::Identity lower = between.issue();
};

TEST_F(SystemTrust, TheMachineHasAuthoritiesAndDoesNotKnowOurs) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  &SSL_CTX_free);
  EXPECT_TRUE(load_system_authorities(*context));
  EXPECT_EQ(judge(leaf), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

TEST_F(SystemTrust, ARootIsTrustedWhileTheStoreHasIt) {
  {
    const Planted planted(L"ROOT", root);
    EXPECT_EQ(judge(leaf), X509_V_OK);
    EXPECT_EQ(judge(lower), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
  }
  EXPECT_NE(judge(leaf), X509_V_OK);
}

TEST_F(SystemTrust, AnIntermediateIsKnownButTrustedOnlyThroughItsRoot) {
  const Planted known(L"CA", between);
  EXPECT_NE(judge(lower), X509_V_OK);
  const Planted planted(L"ROOT", root);
  EXPECT_EQ(judge(lower), X509_V_OK);
}

TEST_F(SystemTrust, ARootAmongTheIntermediatesIsNoAnchor) {
  const Planted planted(L"CA", root);
  EXPECT_NE(judge(leaf), X509_V_OK);
}

TEST_F(SystemTrust, WhatIsDisallowedIsNotTrusted) {
  const Planted planted(L"ROOT", root);
  const Planted disallowed(L"Disallowed", root);
  EXPECT_NE(judge(leaf), X509_V_OK);
}

TEST_F(SystemTrust, ARootForOtherPurposesDoesNotJudgeServers) {
  {
    const Planted planted(L"ROOT", root, szOID_PKIX_KP_EMAIL_PROTECTION);
    EXPECT_NE(judge(leaf), X509_V_OK);
  }
  const Planted planted(L"ROOT", root, szOID_PKIX_KP_SERVER_AUTH);
  EXPECT_EQ(judge(leaf), X509_V_OK);
}

}  // namespace
}  // namespace reachd::net
