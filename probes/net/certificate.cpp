#include "probes/net/certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <memory>
#include <ranges>

#include "probes/core/bytes.hpp"
#include "probes/core/utf8.hpp"
#include "probes/core/words.hpp"

namespace reachd::net {
namespace {

constexpr std::size_t kLongestText = 512;
constexpr std::size_t kMostNames = 64;
constexpr int kLongestChain = 16;
constexpr std::size_t kMostUrls = 4;

std::string bounded(std::string text) {
  text.resize(cut_utf8(text, kLongestText).size());
  return text;
}

/// OpenSSL escapes the control characters of ASCII but not those of Latin-1 (U+0080 to U+009F),
/// which terminals obey as well.
std::string without_c1(std::string text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xc2' && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      text.replace(i, 2, 1, '?');
    }
  }
  return text;
}

std::string name_text(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), &BIO_free);
  // RFC 2253, but with UTF-8 kept readable instead of escaped byte by byte.
  constexpr unsigned long kFlags =
      XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
  if (!memory || name == nullptr || X509_NAME_print_ex(memory.get(), name, 0, kFlags) < 0) {
    return {};
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return size <= 0 ? std::string{}
                   : without_c1(bounded(std::string(data, static_cast<std::size_t>(size))));
}

std::string dns_text(const ASN1_IA5STRING* text) {
  std::string result;
  const unsigned char* data = ASN1_STRING_get0_data(text);
  const auto size = static_cast<std::size_t>(std::max(ASN1_STRING_length(text), 0));
  for (std::size_t i = 0; i < std::min<std::size_t>(size, 255); ++i) {
    result += data[i] > 0x20 && data[i] < 0x7F ? static_cast<char>(data[i]) : '?';
  }
  return result;
}

std::string address_text(const ASN1_OCTET_STRING* octets) {
  const int size = ASN1_STRING_length(octets);
  if (size != 4 && size != 16) {
    return "?";
  }
  IpAddress address;
  address.family = size == 4 ? IpAddress::Family::v4 : IpAddress::Family::v6;
  std::copy_n(ASN1_STRING_get0_data(octets), size, address.bytes.begin());
  return address.to_string();
}

std::vector<std::string> alternative_names(const X509* certificate) {
  std::vector<std::string> result;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()) && result.size() < kMostNames; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      result.push_back(dns_text(name->d.dNSName));
    } else if (name->type == GEN_IPADD) {
      result.push_back(address_text(name->d.iPAddress));
    }
  }
  return result;
}

/// Adds the URL of a general name if it is one of plain HTTP that fits; anything else is left out,
/// as nobody fetches a part of an URL.
void add_url(std::vector<std::string>& urls, const GENERAL_NAME* name) {
  if (name->type != GEN_URI || urls.size() >= kMostUrls) {
    return;
  }
  constexpr std::string_view kScheme = "http://";
  std::string url;
  const unsigned char* data = ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
  const int size = ASN1_STRING_length(name->d.uniformResourceIdentifier);
  if (size <= static_cast<int>(kScheme.size()) || size > static_cast<int>(kLongestText)) {
    return;
  }
  for (int i = 0; i < size; ++i) {
    if (data[i] <= 0x20 || data[i] >= 0x7F) {
      return;
    }
    url += static_cast<char>(data[i]);
  }
  if (lower(url.substr(0, kScheme.size())) == kScheme &&
      std::ranges::find(urls, url) == urls.end()) {
    urls.push_back(std::move(url));
  }
}

/// Authority information access (RFC 5280, 4.2.2.1).
void add_access_urls(CertificateFacts& facts, const X509* certificate) {
  const std::unique_ptr<AUTHORITY_INFO_ACCESS, decltype(&AUTHORITY_INFO_ACCESS_free)> access(
      static_cast<AUTHORITY_INFO_ACCESS*>(
          X509_get_ext_d2i(certificate, NID_info_access, nullptr, nullptr)),
      &AUTHORITY_INFO_ACCESS_free);
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access.get()); ++i) {
    const ACCESS_DESCRIPTION* description = sk_ACCESS_DESCRIPTION_value(access.get(), i);
    const int method = OBJ_obj2nid(description->method);
    if (method == NID_ad_OCSP) {
      add_url(facts.ocsp_urls, description->location);
    } else if (method == NID_ad_ca_issuers) {
      add_url(facts.issuer_urls, description->location);
    }
  }
}

/// CRL distribution points (RFC 5280, 4.2.1.13).
void add_crl_urls(CertificateFacts& facts, const X509* certificate) {
  const std::unique_ptr<CRL_DIST_POINTS, decltype(&CRL_DIST_POINTS_free)> points(
      static_cast<CRL_DIST_POINTS*>(
          X509_get_ext_d2i(certificate, NID_crl_distribution_points, nullptr, nullptr)),
      &CRL_DIST_POINTS_free);
  for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i) {
    const DIST_POINT_NAME* point = sk_DIST_POINT_value(points.get(), i)->distpoint;
    if (point == nullptr || point->type != 0) {
      continue;  // relative to the issuer's directory entry
    }
    for (int j = 0; j < sk_GENERAL_NAME_num(point->name.fullname); ++j) {
      add_url(facts.crl_urls, sk_GENERAL_NAME_value(point->name.fullname, j));
    }
  }
}

std::string fingerprint(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) {
    return {};
  }
  return to_hex(std::as_bytes(std::span(digest).first(size)));
}

std::string plain(std::string_view text) {
  std::string result = lower(text);
  std::erase(result, '\\');
  return result;
}

}  // namespace

WallTime wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    return {};
  }
  // Nanoseconds since 1970 end in 2262; certificates without an end say 9999 (RFC 5280, 4.1.2.5).
  if (parts.tm_year + 1900 > 2261) {
    return WallTime::max();
  }
  using namespace std::chrono;
  constexpr year kFirst{1678};  // they begin in 1677; what a peer writes may be any year
  if (parts.tm_year + 1900 < static_cast<int>(kFirst)) {
    return sys_days(kFirst / January / 1);
  }
  const year_month_day date{year(parts.tm_year + 1900),
                            month(static_cast<unsigned>(parts.tm_mon + 1)),
                            day(static_cast<unsigned>(parts.tm_mday))};
  return sys_days(date) + hours(parts.tm_hour) + minutes(parts.tm_min) + seconds(parts.tm_sec);
}

std::string subject_text(const X509* certificate) {
  return name_text(X509_get_subject_name(certificate));
}

CertificateFacts certificate_facts(const X509* certificate) {
  CertificateFacts facts;
  facts.subject = subject_text(certificate);
  facts.issuer = name_text(X509_get_issuer_name(certificate));
  facts.names = alternative_names(certificate);
  facts.not_before = wall_time(X509_get0_notBefore(certificate));
  facts.not_after = wall_time(X509_get0_notAfter(certificate));
  facts.fingerprint_sha256 = fingerprint(certificate);
  add_access_urls(facts, certificate);
  add_crl_urls(facts, certificate);
  return facts;
}

std::vector<CertificateFacts> chain_facts(const STACK_OF(X509) * chain) {
  std::vector<CertificateFacts> result;
  for (int i = 0; i < std::min(sk_X509_num(chain), kLongestChain); ++i) {
    result.push_back(certificate_facts(sk_X509_value(chain, i)));
  }
  return result;
}

void drop_unvouched_urls(std::vector<CertificateFacts>& chain, const stack_st_X509* sent,
                         const stack_st_X509* verified) {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const X509* certificate = sk_X509_value(sent, static_cast<int>(i));
    bool vouched = false;
    for (int j = 0; j < sk_X509_num(verified); ++j) {
      vouched = vouched || X509_cmp(certificate, sk_X509_value(verified, j)) == 0;
    }
    if (!vouched) {
      chain[i].ocsp_urls.clear();
      chain[i].issuer_urls.clear();
      chain[i].crl_urls.clear();
    }
  }
}

bool has_issuer(const std::vector<CertificateFacts>& chain,
                const std::vector<std::string>& expected) {
  return std::ranges::any_of(chain, [&](const CertificateFacts& certificate) {
    const std::string issuer = plain(certificate.issuer);
    return std::ranges::any_of(
        expected, [&](const std::string& text) { return issuer.contains(plain(text)); });
  });
}

std::string format_date(WallTime time) {
  if (time == WallTime::max()) {
    return "9999-12-31 23:59 UTC";
  }
  using namespace std::chrono;
  const auto day_start = floor<days>(time);
  const year_month_day date(day_start);
  const hh_mm_ss clock(floor<minutes>(time - day_start));
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d UTC",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()));
  return text.data();
}

}  // namespace reachd::net
