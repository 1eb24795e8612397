#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

struct evp_pkey_st;
struct x509_st;

namespace reachd::test {

/// A certificate chain, the leaf first, and the leaf's key, both PEM.
struct Identity {
  std::string chain;
  std::string key;
};

/// What a certificate should say.
struct CertificateWish {
  std::string subject = "localhost";
  std::string names = "DNS:localhost,IP:127.0.0.1";  ///< OpenSSL's form; empty: no extension
  std::chrono::hours from{-24};                      ///< from now
  std::chrono::hours until{90 * 24};
  std::string access{};      ///< AIA, OpenSSL's form: "OCSP;URI:http://...,caIssuers;URI:..."
  std::string crl_points{};  ///< "URI:http://..."
  std::string usage{};       ///< extendedKeyUsage, OpenSSL\'s form
  std::size_t padding = 0;   ///< bytes of a comment, for certificates of absurd size
};

/// An authority made at run time with EC keys, so it costs a millisecond.
class TestCa {
 public:
  explicit TestCa(const std::string& name = "reachd test authority");
  TestCa(const TestCa&) = delete;
  TestCa& operator=(const TestCa&) = delete;

  Identity issue(const CertificateWish& wish = {}) const;
  /// Issued by an intermediate authority, which the chain holds if `complete`.
  Identity issue_below_intermediate(const CertificateWish& wish, bool complete) const;
  /// An authority below this one. Of the wish its dates and names do not count.
  TestCa intermediate(const CertificateWish& wish) const;
  std::string certificate() const;  ///< PEM
  x509_st* x509() const noexcept { return certificate_.get(); }
  evp_pkey_st* key() const noexcept { return key_.get(); }

 private:
  TestCa(const CertificateWish& wish, const TestCa& parent);

  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> certificate_;
};

/// Null for what is not PEM. The first of a chain is the leaf.
std::shared_ptr<x509_st> read_certificate(const std::string& pem);
std::shared_ptr<evp_pkey_st> read_key(const std::string& pem);

Identity self_signed(const CertificateWish& wish = {});

/// A file that goes with the object.
class TempFile {
 public:
  explicit TempFile(const std::string& content);
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  ~TempFile();
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace reachd::test
