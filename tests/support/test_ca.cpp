#include "tests/support/test_ca.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>

namespace reachd::test {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

void check(bool good) {
  if (!good) {
    throw std::runtime_error("OpenSSL could not make a test certificate");
  }
}

Key make_key() {
  Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  check(key != nullptr);
  return key;
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), &X509_EXTENSION_free);
  check(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

/// A null issuer makes it self-signed.
Certificate make_certificate(const CertificateWish& wish, EVP_PKEY* key, X509* issuer,
                             EVP_PKEY* issuer_key, bool authority) {
  static std::mt19937 random(std::random_device{}());
  Certificate certificate(X509_new(), &X509_free);
  X509* raw = certificate.get();
  issuer = issuer == nullptr ? raw : issuer;
  const auto seconds = [](std::chrono::hours hours) {
    return static_cast<long>(std::chrono::seconds(hours).count());
  };
  check(X509_set_version(raw, 2) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(raw), random());
  X509_gmtime_adj(X509_getm_notBefore(raw), seconds(wish.from));
  X509_gmtime_adj(X509_getm_notAfter(raw), seconds(wish.until));
  check(X509_set_pubkey(raw, key) == 1);
  const std::vector<unsigned char> name(wish.subject.begin(), wish.subject.end());
  check(X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_UTF8, name.data(),
                                   static_cast<int>(name.size()), -1, 0) == 1);
  check(X509_set_issuer_name(raw, X509_get_subject_name(issuer)) == 1);
  if (authority) {
    add_extension(raw, issuer, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(raw, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
  }
  if (!wish.names.empty() && !authority) {
    add_extension(raw, issuer, NID_subject_alt_name, wish.names);
  }
  if (!wish.access.empty()) {
    add_extension(raw, issuer, NID_info_access, wish.access);
  }
  if (!wish.crl_points.empty()) {
    add_extension(raw, issuer, NID_crl_distribution_points, wish.crl_points);
  }
  if (!wish.usage.empty()) {
    add_extension(raw, issuer, NID_ext_key_usage, wish.usage);
  }
  if (wish.padding > 0) {
    add_extension(raw, issuer, NID_netscape_comment, std::string(wish.padding, 'x'));
  }
  check(X509_sign(raw, issuer_key, EVP_sha256()) > 0);
  return certificate;
}

template <typename Write>
std::string pem(Write write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), &BIO_free);
  check(memory && write(memory.get()) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem(X509* certificate) {
  return pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string pem(EVP_PKEY* key) {
  return pem([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

CertificateWish authority_wish(CertificateWish wish) {
  wish.from = std::chrono::hours(-10 * 365 * 24);
  wish.until = std::chrono::hours(10 * 365 * 24);
  return wish;
}

}  // namespace

TestCa::TestCa(const std::string& name)
    : key_(make_key()),
      certificate_(make_certificate(authority_wish({.subject = name}), key_.get(), nullptr,
                                    key_.get(), true)) {}

TestCa::TestCa(const CertificateWish& wish, const TestCa& parent)
    : key_(make_key()),
      certificate_(make_certificate(authority_wish(wish), key_.get(), parent.certificate_.get(),
                                    parent.key_.get(), true)) {}

Identity TestCa::issue(const CertificateWish& wish) const {
  const Key key = make_key();
  const Certificate leaf = make_certificate(wish, key.get(), certificate_.get(), key_.get(), false);
  return {pem(leaf.get()), pem(key.get())};
}

Identity TestCa::issue_below_intermediate(const CertificateWish& wish, bool complete) const {
  const TestCa between = intermediate({.subject = "reachd test intermediate"});
  Identity identity = between.issue(wish);
  if (complete) {
    identity.chain += between.certificate();
  }
  return identity;
}

TestCa TestCa::intermediate(const CertificateWish& wish) const { return {wish, *this}; }

std::string TestCa::certificate() const { return pem(certificate_.get()); }

std::shared_ptr<X509> read_certificate(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  return {PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr), &X509_free};
}

std::shared_ptr<EVP_PKEY> read_key(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  return {PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free};
}

Identity self_signed(const CertificateWish& wish) {
  const Key key = make_key();
  const Certificate leaf = make_certificate(wish, key.get(), nullptr, key.get(), false);
  return {pem(leaf.get()), pem(key.get())};
}

TempFile::TempFile(const std::string& content) {
  static std::mt19937_64 random(std::random_device{}());
  path_ = (std::filesystem::temp_directory_path() / ("reachd-test-" + std::to_string(random())))
              .string();
  std::ofstream(path_, std::ios::binary) << content;
}

TempFile::~TempFile() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

}  // namespace reachd::test
