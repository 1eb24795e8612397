#include "probes/net/system_trust.hpp"

#include <winsock2.h>

#include <windows.h>

#include <wincrypt.h>

// After wincrypt.h, whose macros OpenSSL takes back.
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace reachd::net {
namespace {

struct CloseStore {
  void operator()(void* store) const noexcept { ::CertCloseStore(store, 0); }
};
using Store = std::unique_ptr<void, CloseStore>;

/// The whole machine's: those of an account are none of a service's business.
Store open_store(const wchar_t* name) {
  constexpr DWORD kFlags =
      CERT_SYSTEM_STORE_LOCAL_MACHINE | CERT_STORE_READONLY_FLAG | CERT_STORE_OPEN_EXISTING_FLAG;
  return Store(::CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, kFlags, name));
}

/// True if an administrator, or Microsoft, has taken the trust in it back.
bool is_disallowed(const Store& disallowed, PCCERT_CONTEXT certificate) {
  if (!disallowed) {
    return false;
  }
  const PCCERT_CONTEXT found = ::CertFindCertificateInStore(
      disallowed.get(), X509_ASN_ENCODING, 0, CERT_FIND_EXISTING, certificate, nullptr);
  if (found != nullptr) {
    ::CertFreeCertificateContext(found);
  }
  return found != nullptr;
}

/// True unless the certificate, or what the store says of it, keeps it from judging servers.
bool is_for_servers(PCCERT_CONTEXT certificate) {
  DWORD size = 0;
  if (::CertGetEnhancedKeyUsage(certificate, 0, nullptr, &size) == 0) {
    return ::GetLastError() == static_cast<DWORD>(CRYPT_E_NOT_FOUND);  // nothing is said
  }
  std::vector<CTL_USAGE> usage(size / sizeof(CTL_USAGE) + 1);
  if (::CertGetEnhancedKeyUsage(certificate, 0, usage.data(), &size) == 0) {
    return ::GetLastError() == static_cast<DWORD>(CRYPT_E_NOT_FOUND);
  }
  const std::span<char*> purposes(usage[0].rgpszUsageIdentifier, usage[0].cUsageIdentifier);
  if (purposes.empty()) {
    return ::GetLastError() == static_cast<DWORD>(CRYPT_E_NOT_FOUND);
  }
  return std::ranges::any_of(purposes, [](std::string_view purpose) {
    return purpose == szOID_PKIX_KP_SERVER_AUTH || purpose == szOID_ANY_ENHANCED_KEY_USAGE;
  });
}

struct FreeCertificate {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};

enum class Kind : std::uint8_t { anchors, intermediates };

/// How many were added.
int add(X509_STORE* to, const wchar_t* name, Kind kind) {
  const Store from = open_store(name);
  const Store disallowed = open_store(L"Disallowed");
  int added = 0;
  PCCERT_CONTEXT entry = nullptr;
  while (from && (entry = ::CertEnumCertificatesInStore(from.get(), entry)) != nullptr) {
    if (is_disallowed(disallowed, entry) || !is_for_servers(entry)) {
      continue;
    }
    const unsigned char* data = entry->pbCertEncoded;
    const std::unique_ptr<X509, FreeCertificate> certificate(
        d2i_X509(nullptr, &data, static_cast<long>(entry->cbCertEncoded)));
    if (!certificate) {
      continue;
    }
    const bool anchor = (X509_get_extension_flags(certificate.get()) & EXFLAG_SS) != 0;
    if (anchor == (kind == Kind::anchors) && X509_STORE_add_cert(to, certificate.get()) == 1) {
      ++added;
    }
  }
  return added;
}

}  // namespace

bool load_system_authorities(SSL_CTX& context) {
  X509_STORE* store = SSL_CTX_get_cert_store(&context);
  const int anchors = add(store, L"ROOT", Kind::anchors);
  // Servers that leave their intermediates out work with other programs of this host too. Being
  // known is not being trusted, though: only what signs itself ends a chain.
  add(store, L"CA", Kind::intermediates);
  X509_VERIFY_PARAM_clear_flags(SSL_CTX_get0_param(&context), X509_V_FLAG_PARTIAL_CHAIN);
  return anchors > 0;
}

}  // namespace reachd::net
