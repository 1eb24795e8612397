#include "tests/support/test_revocation.hpp"

#include <openssl/asn1.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>
#include <stdexcept>

namespace reachd::test {
namespace {

using Time = std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)>;

void check(bool good) {
  if (!good) {
    throw std::runtime_error("OpenSSL could not make a test response");
  }
}

Time from_now(std::chrono::seconds offset) {
  Time time(
      ASN1_GENERALIZEDTIME_adj(nullptr, std::time(nullptr), 0, static_cast<long>(offset.count())),
      &ASN1_TIME_free);
  check(time != nullptr);
  return time;
}

template <typename Object>
std::string der(Object* object, int (*encode)(const Object*, unsigned char**)) {
  unsigned char* data = nullptr;
  const int size = encode(object, &data);
  check(size > 0);
  std::string bytes(data, data + size);
  OPENSSL_free(data);
  return bytes;
}

/// The certificate and key that sign as the wish asks; the identity is made for it unless the
/// issuer itself signs.
struct SigningParty {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;
};

SigningParty signing_party(const TestCa& issuer, OcspWish::Signer signer) {
  CertificateWish wish;
  wish.subject = "responder";
  wish.names.clear();
  if (signer != OcspWish::Signer::without_usage) {
    wish.usage = "OCSPSigning";
  }
  if (signer == OcspWish::Signer::expired) {
    wish.from = std::chrono::hours(-48);
    wish.until = std::chrono::hours(-24);
  }
  const TestCa stranger("stranger");
  const Identity identity =
      signer == OcspWish::Signer::stranger ? stranger.issue(wish) : issuer.issue(wish);
  return {read_certificate(identity.chain), read_key(identity.key)};
}

int status_number(OcspWish::Status status) {
  switch (status) {
    case OcspWish::Status::good:
      return V_OCSP_CERTSTATUS_GOOD;
    case OcspWish::Status::revoked:
      return V_OCSP_CERTSTATUS_REVOKED;
    case OcspWish::Status::unknown:
      break;
  }
  return V_OCSP_CERTSTATUS_UNKNOWN;
}

void add_revoked(X509_CRL* list, const ASN1_INTEGER* serial) {
  X509_REVOKED* entry = X509_REVOKED_new();
  auto* copy = ASN1_INTEGER_dup(serial);
  const Time when = from_now(std::chrono::hours(-1));
  const std::unique_ptr<ASN1_ENUMERATED, decltype(&ASN1_ENUMERATED_free)> reason(
      ASN1_ENUMERATED_new(), &ASN1_ENUMERATED_free);
  ASN1_ENUMERATED_set(reason.get(), CRL_REASON_KEY_COMPROMISE);
  check(X509_REVOKED_set_serialNumber(entry, copy) == 1 &&
        X509_REVOKED_set_revocationDate(entry, when.get()) == 1 &&
        X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason.get(), 0, 0) == 1 &&
        X509_CRL_add0_revoked(list, entry) == 1);
  ASN1_INTEGER_free(copy);
}

}  // namespace

std::string ocsp_response(const TestCa& issuer, X509* certificate, const OcspWish& wish) {
  const std::unique_ptr<OCSP_BASICRESP, decltype(&OCSP_BASICRESP_free)> basic(OCSP_BASICRESP_new(),
                                                                              &OCSP_BASICRESP_free);
  const std::unique_ptr<OCSP_CERTID, decltype(&OCSP_CERTID_free)> id(
      OCSP_cert_to_id(wish.by_sha256 ? EVP_sha256() : EVP_sha1(), certificate, issuer.x509()),
      &OCSP_CERTID_free);
  const Time this_update = from_now(wish.this_update);
  const Time next_update = from_now(wish.next_update.value_or(std::chrono::seconds(0)));
  const Time revoked_at = from_now(std::chrono::hours(-1));
  const bool revoked = wish.status == OcspWish::Status::revoked;
  check(OCSP_basic_add1_status(basic.get(), id.get(), status_number(wish.status),
                               revoked ? OCSP_REVOKED_STATUS_KEYCOMPROMISE : 0,
                               revoked ? revoked_at.get() : nullptr, this_update.get(),
                               wish.next_update ? next_update.get() : nullptr) != nullptr);
  if (wish.signer == OcspWish::Signer::issuer) {
    check(OCSP_basic_sign(basic.get(), issuer.x509(), issuer.key(), EVP_sha256(), nullptr,
                          OCSP_NOCERTS) == 1);
  } else {
    const SigningParty party = signing_party(issuer, wish.signer);
    check(OCSP_basic_sign(basic.get(), party.certificate.get(), party.key.get(), EVP_sha256(),
                          nullptr, 0) == 1);
  }
  const std::unique_ptr<OCSP_RESPONSE, decltype(&OCSP_RESPONSE_free)> response(
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()), &OCSP_RESPONSE_free);
  check(response != nullptr);
  return der<OCSP_RESPONSE>(response.get(), &i2d_OCSP_RESPONSE);
}

std::string ocsp_error() {
  const std::unique_ptr<OCSP_RESPONSE, decltype(&OCSP_RESPONSE_free)> response(
      OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, nullptr), &OCSP_RESPONSE_free);
  return der<OCSP_RESPONSE>(response.get(), &i2d_OCSP_RESPONSE);
}

std::string revocation_list(const TestCa& issuer, const CrlWish& wish) {
  const std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> list(X509_CRL_new(), &X509_CRL_free);
  X509_CRL* raw = list.get();
  const Time this_update = from_now(wish.this_update);
  check(X509_CRL_set_version(raw, 1) == 1 &&
        X509_CRL_set_issuer_name(raw, X509_get_subject_name(issuer.x509())) == 1 &&
        X509_CRL_set1_lastUpdate(raw, this_update.get()) == 1);
  if (wish.next_update) {
    const Time next_update = from_now(*wish.next_update);
    check(X509_CRL_set1_nextUpdate(raw, next_update.get()) == 1);
  }
  if (!wish.scope.empty()) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer.x509(), nullptr, nullptr, raw, 0);
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
        X509V3_EXT_conf_nid(nullptr, &context, NID_issuing_distribution_point, wish.scope.c_str()),
        &X509_EXTENSION_free);
    check(extension && X509_CRL_add_ext(raw, extension.get(), -1) == 1);
  }
  for (const X509* certificate : wish.revoked) {
    add_revoked(raw, X509_get0_serialNumber(certificate));
  }
  const std::unique_ptr<ASN1_INTEGER, decltype(&ASN1_INTEGER_free)> serial(ASN1_INTEGER_new(),
                                                                           &ASN1_INTEGER_free);
  for (std::size_t i = 0; i < wish.others; ++i) {
    ASN1_INTEGER_set_uint64(serial.get(), 0x7000'0000'0000'0000U + i);
    add_revoked(raw, serial.get());
  }
  check(X509_CRL_sort(raw) == 1 &&
        X509_CRL_sign(raw, (wish.signer == nullptr ? issuer : *wish.signer).key(), EVP_sha256()) >
            0);
  return der<X509_CRL>(raw, &i2d_X509_CRL);
}

std::string http_ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace reachd::test
