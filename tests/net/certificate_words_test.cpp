#include "probes/net/certificate_words.hpp"

#include <gtest/gtest.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

namespace reachd::net {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Names = std::initializer_list<std::pair<const char*, std::string>>;

/// A certificate with this subject, its attributes in this order.
Certificate make(const Names& subject) {
  Certificate certificate(X509_new(), &X509_free);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  for (const auto& [attribute, value] : subject) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(value.data());
    EXPECT_EQ(X509_NAME_add_entry_by_txt(name, attribute, V_ASN1_UTF8STRING, bytes,
                                         static_cast<int>(value.size()), -1, 0),
              1)
        << attribute;
  }
  return certificate;
}

std::string subject_of(const Names& names) { return certificate_words(make(names).get()).subject; }

TEST(CertificateWords, AttributesComeInGosOrderWhateverTheCertificatesIs) {
  const std::string words = "CN=www.example.com,ST=Berlin,L=Mitte,OU=Web,O=Example,C=DE";
  EXPECT_EQ(subject_of({{"C", "DE"},
                        {"ST", "Berlin"},
                        {"L", "Mitte"},
                        {"O", "Example"},
                        {"OU", "Web"},
                        {"CN", "www.example.com"}}),
            words);
  EXPECT_EQ(subject_of({{"CN", "www.example.com"},
                        {"OU", "Web"},
                        {"O", "Example"},
                        {"L", "Mitte"},
                        {"ST", "Berlin"},
                        {"C", "DE"}}),
            words);
}

TEST(CertificateWords, SeveralOfAKindAreOnePartAndTheLastNameCounts) {
  EXPECT_EQ(subject_of({{"OU", "a"}, {"OU", "b"}, {"CN", "first"}, {"CN", "last"}}),
            "CN=last,OU=a+OU=b");
}

TEST(CertificateWords, WhatGoDoesNotKnowComesLastAsNumberAndDer) {
  EXPECT_EQ(subject_of({{"emailAddress", "a@b"}, {"DC", "com"}, {"CN", "x"}}),
            "CN=x,0.9.2342.19200300.100.1.25=#1303636f6d,1.2.840.113549.1.9.1=#0c03614062");
}

TEST(CertificateWords, SpecialCharactersAreEscaped) {
  EXPECT_EQ(subject_of({{"CN", " #a,b+c\"d\\e<f>g;h# "}}),
            "CN=\\ #a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h#\\ ");
  EXPECT_EQ(subject_of({{"CN", "#x"}}), "CN=\\#x");
}

TEST(CertificateWords, ASerialHasTwoDigitsAByteAndNoZerosInFront) {
  const auto certificate = make({{"CN", "x"}});
  EXPECT_EQ(certificate_words(certificate.get()).serial, "");
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(BN_new(), &BN_free);
  BN_set_word(number.get(), 0x0A1B2C);
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
  EXPECT_EQ(certificate_words(certificate.get()).serial, "0a1b2c");
}

TEST(CertificateWords, OnlyDnsNamesAreListed) {
  const auto certificate = make({{"CN", "x"}});
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> names(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name,
                          "DNS:a.example,IP:127.0.0.1,DNS:*.b.example"),
      &X509_EXTENSION_free);
  X509_add_ext(certificate.get(), names.get(), -1);
  EXPECT_EQ(certificate_words(certificate.get()).dns_names, "a.example,*.b.example");
}

}  // namespace
}  // namespace reachd::net
