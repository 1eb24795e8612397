#include "probes/net/certificate_words.hpp"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/core/bytes.hpp"
#include "probes/core/utf8.hpp"

namespace reachd::net {
namespace {

constexpr std::size_t kLongest = std::size_t{8} * 1024;

std::string bounded(const std::string& text) {
  return std::string(cut_utf8(repair_utf8(text), kLongest));
}

/// The attributes that Go knows by name, as its text has them: the end of its own order first.
struct Known {
  int nid;
  std::string_view word;
  bool one_only;  ///< the last of several counts
};
constexpr std::array<Known, 9> kKnown{{{NID_serialNumber, "SERIALNUMBER", true},
                                       {NID_commonName, "CN", true},
                                       {NID_postalCode, "POSTALCODE", false},
                                       {NID_streetAddress, "STREET", false},
                                       {NID_stateOrProvinceName, "ST", false},
                                       {NID_localityName, "L", false},
                                       {NID_organizationalUnitName, "OU", false},
                                       {NID_organizationName, "O", false},
                                       {NID_countryName, "C", false}}};

struct Attribute {
  int nid = NID_undef;
  std::string number;  ///< "1.2.840.113549.1.9.1"
  std::string value;   ///< UTF-8
};

std::vector<Attribute> attributes_of(const X509_NAME* name) {
  std::vector<Attribute> result;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const ASN1_OBJECT* object = X509_NAME_ENTRY_get_object(entry);
    Attribute attribute;
    attribute.nid = OBJ_obj2nid(object);
    std::array<char, 128> number{};
    OBJ_obj2txt(number.data(), number.size(), object, 1);
    attribute.number = number.data();
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
    if (size >= 0) {
      attribute.value.assign(text, text + size);
      OPENSSL_free(text);
    }
    result.push_back(std::move(attribute));
  }
  return result;
}

std::string escaped(std::string_view value) {
  constexpr std::string_view kSpecial = ",+\"\\<>;";
  std::string result;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool edge = i == 0 || i + 1 == value.size();
    if (kSpecial.contains(value[i]) || (value[i] == ' ' && edge) || (value[i] == '#' && i == 0)) {
      result += '\\';
    }
    result += value[i];
  }
  return result;
}

/// X.680's PrintableString as far as Go writes it.
bool is_printable_string(std::string_view text) {
  constexpr std::string_view kMarks = " '()+,-./:=?";
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.contains(c);
  });
}

/// "#" and the DER of the text in hex, as Go writes the value of an attribute that it does not
/// know.
std::string hex_form(std::string_view value) {
  constexpr char kPrintableString = 0x13;
  constexpr char kUtf8String = 0x0C;
  std::string der(1, is_printable_string(value) ? kPrintableString : kUtf8String);
  const std::size_t size = value.size();
  if (size < 0x80) {
    der += static_cast<char>(size);
  } else if (size < 0x100) {
    der += '\x81';
    der += static_cast<char>(size);
  } else {
    der += '\x82';
    der += static_cast<char>(size >> 8U & 0xFFU);
    der += static_cast<char>(size & 0xFFU);
  }
  der += value;
  return "#" + to_hex(std::as_bytes(std::span(der)));
}

std::string name_words(const X509_NAME* name) {
  const std::vector<Attribute> attributes = attributes_of(name);
  std::string text;
  const auto add = [&](std::string_view part) {
    text += text.empty() ? "" : ",";
    text += part;
  };
  for (const Known& known : kKnown) {
    std::string part;
    for (const Attribute& attribute : attributes) {
      if (attribute.nid != known.nid) {
        continue;
      }
      if (known.one_only) {
        part.clear();
      }
      part += part.empty() ? "" : "+";
      part.append(known.word).append("=").append(escaped(attribute.value));
    }
    if (!part.empty()) {
      add(part);
    }
  }
  for (auto attribute = attributes.rbegin(); attribute != attributes.rend(); ++attribute) {
    if (std::ranges::find(kKnown, attribute->nid, &Known::nid) == kKnown.end()) {
      add(attribute->number + "=" + hex_form(attribute->value));
    }
  }
  return bounded(text);
}

std::string dns_names(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  std::string result;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()) && result.size() < kLongest; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      const unsigned char* data = ASN1_STRING_get0_data(name->d.dNSName);
      result += result.empty() ? "" : ",";
      result.append(data, data + std::max(ASN1_STRING_length(name->d.dNSName), 0));
    }
  }
  return bounded(result);
}

std::string serial_words(const X509* certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  const unsigned char* data = ASN1_STRING_get0_data(serial);
  auto bytes = std::span(data, static_cast<std::size_t>(std::max(ASN1_STRING_length(serial), 0)));
  while (!bytes.empty() && bytes.front() == 0) {
    bytes = bytes.subspan(1);
  }
  return bounded(to_hex(std::as_bytes(bytes)));
}

}  // namespace

CertificateWords certificate_words(const X509* certificate) {
  return {.subject = name_words(X509_get_subject_name(certificate)),
          .issuer = name_words(X509_get_issuer_name(certificate)),
          .dns_names = dns_names(certificate),
          .serial = serial_words(certificate)};
}

}  // namespace reachd::net
