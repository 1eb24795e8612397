#pragma once

#include <string>

struct x509_st;  // OpenSSL's X509

namespace reachd::net {

/// A certificate in the words of Go's crypto/x509, which the metrics of Prometheus' exporters
/// carry; each text at most 8 KiB and valid UTF-8.
struct CertificateWords {
  /// As pkix.Name.String() has it: RFC 2253, but the attributes in Go's order and not in the
  /// certificate's, several of a kind as one with '+', unknown ones by their number in front.
  std::string subject;
  std::string issuer;
  std::string dns_names;  ///< with commas between
  std::string serial;     ///< lower-case hex, two digits a byte
};

CertificateWords certificate_words(const x509_st* certificate);

}  // namespace reachd::net
