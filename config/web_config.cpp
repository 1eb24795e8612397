#include "config/web_config.hpp"

#include <algorithm>
#include <array>

#include "config/blackbox_quantity.hpp"
#include "config/yaml.hpp"
#include "probes/core/reader.hpp"
#include "probes/core/words.hpp"

namespace reachd::config {
namespace {

/// A hash of this cost takes some seconds of processor time, which anyone may ask for by a wrong
/// password; each step more doubles them.
constexpr unsigned kHighestCost = 16;
constexpr unsigned kLowestCost = 4;
constexpr std::size_t kLongestName = 256;

constexpr std::array<WebCipher, 13> kCiphers{
    {{"TLS_AES_128_GCM_SHA256", "", true},
     {"TLS_AES_256_GCM_SHA384", "", true},
     {"TLS_CHACHA20_POLY1305_SHA256", "", true},
     {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
     {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
     {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
     {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
     {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
     {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
     {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
     {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
     {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
     {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"}}};

constexpr std::array<std::pair<std::string_view, ClientAuth>, 6> kClientAuth{
    {{"NoClientCert", ClientAuth::none},
     {"RequestClientCert", ClientAuth::request},
     {"RequireAnyClientCert", ClientAuth::require_any},
     {"RequireClientCert", ClientAuth::require_any},
     {"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
     {"RequireAndVerifyClientCert", ClientAuth::require_and_verify}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kCurves{
    {{"CurveP256", "P-256"}, {"CurveP384", "P-384"}, {"CurveP521", "P-521"}, {"X25519", "X25519"}}};

constexpr std::array<std::pair<std::string_view, unsigned>, 4> kVersions{
    {{"TLS10", 10}, {"TLS11", 11}, {"TLS12", 12}, {"TLS13", 13}}};

/// A header that may be set, and the values it may have; any if there are none.
struct Header {
  std::string_view name;
  std::span<const std::string_view> values;
};
constexpr std::array<std::string_view, 1> kTypeOptions{"nosniff"};
constexpr std::array<std::string_view, 2> kFrameOptions{"deny", "sameorigin"};
constexpr std::array<Header, 5> kHeaders{{{"Content-Security-Policy", {}},
                                          {"Strict-Transport-Security", {}},
                                          {"X-Content-Type-Options", kTypeOptions},
                                          {"X-Frame-Options", kFrameOptions},
                                          {"X-XSS-Protection", {}}}};

std::string quoted(std::string_view text) {
  return "\"" + std::string(text.substr(0, 60)) + (text.size() > 60 ? "...\"" : "\"");
}

bool has_control_character(std::string_view text) noexcept {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

/// The cost of a bcrypt hash: "$2y$10$" and 53 characters. Nothing for what is none.
std::optional<unsigned> bcrypt_cost(std::string_view hash) noexcept {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (hash.size() != 60 || !hash.starts_with("$2") ||
      std::string_view("aby").find(hash[2]) == std::string_view::npos || hash[3] != '$' ||
      !is_digit(hash[4]) || !is_digit(hash[5]) || hash[6] != '$') {
    return std::nullopt;
  }
  const bool right = std::ranges::all_of(hash.substr(7), [&](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
  });
  const auto cost = static_cast<unsigned>((hash[4] - '0') * 10 + (hash[5] - '0'));
  return right && cost >= kLowestCost && cost <= 31 ? std::optional(cost) : std::nullopt;
}

class WebConfigReader {
 public:
  explicit WebConfigReader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  WebConfig read(const Value& root, const std::string& path) {
    config_.path = path;
    Reader reader(root, diagnostics_, "the web configuration");
    if (const Value* tls = reader.raw("tls_server_config"); tls != nullptr) {
      read_tls(*tls);
    }
    if (const Value* http = reader.raw("http_server_config"); http != nullptr) {
      read_http(*http);
    }
    if (const Value* users = reader.raw("basic_auth_users"); users != nullptr) {
      read_users(*users);
    }
    if (const Value* limit = reader.raw("rate_limit"); limit != nullptr) {
      read_rate_limit(*limit);
    }
    reader.done();
    return std::move(config_);
  }

 private:
  void read_tls(const Value& value) {
    Reader reader(value, diagnostics_, "tls_server_config");
    if (value.members.empty()) {
      return;  // as if it were not there
    }
    WebTls tls;
    tls.place = value.place;
    tls.cert_file = file(reader, "cert_file");
    tls.cert = reader.text("cert");
    tls.key_file = file(reader, "key_file");
    tls.key = Secret(reader.text("key"));
    tls.client_ca_file = file(reader, "client_ca_file");
    tls.client_ca = reader.text("client_ca");
    if (!reader.text("client_auth_type").empty()) {
      tls.client_auth =
          reader.choice<ClientAuth>("client_auth_type", ClientAuth::none, kClientAuth);
    }
    tls.client_allowed_sans = reader.texts("client_allowed_sans");
    tls.prefer_server_ciphers = flag(reader, "prefer_server_cipher_suites", true);
    read_ciphers(reader, tls);
    read_curves(reader, tls);
    read_versions(reader, tls);
    judge_parts(reader, tls);
    reader.done();
    config_.tls = std::move(tls);
  }

  // Go's empty text is as good as none, and its words for a switch are more than ours.
  static std::string file(Reader& reader, std::string_view key) {
    return reader.text(key).empty() ? std::string() : reader.readable_file(key).value_or("");
  }
  static bool flag(Reader& reader, std::string_view key, bool fallback) {
    const Value* value = reader.raw(key);
    const bool is_word = value != nullptr && value->kind == Value::Kind::scalar && !value->quoted;
    const auto known = is_word ? blackbox::parse_go_flag(value->scalar) : std::nullopt;
    return known ? *known : reader.boolean(key, fallback);
  }
  static bool given(Reader& reader, std::string_view text, std::string_view file) {
    return !reader.text(text).empty() || !reader.text(file).empty();
  }

  void judge_parts(Reader& reader, const WebTls& tls) {
    if (!given(reader, "cert", "cert_file")) {
      reader.error("", "cert_file or cert is missing");
    }
    if (!given(reader, "key", "key_file")) {
      reader.error("", "key_file or key is missing");
    }
    const bool authority = given(reader, "client_ca", "client_ca_file");
    const bool verifies = tls.client_auth == ClientAuth::verify_if_given ||
                          tls.client_auth == ClientAuth::require_and_verify;
    if (authority && tls.client_auth == ClientAuth::none) {
      reader.error("client_auth_type",
                   "client_ca has no effect without client_auth_type: RequireAndVerifyClientCert");
    }
    if (verifies && !authority) {
      // exporter-toolkit would go by the system's authorities: anyone with a bought certificate.
      reader.error("client_auth_type",
                   "client_auth_type needs client_ca_file or client_ca to verify by");
    }
    if (!tls.client_allowed_sans.empty() && tls.client_auth == ClientAuth::none) {
      reader.error("client_allowed_sans",
                   "client_allowed_sans has no effect without client_auth_type: "
                   "RequireAndVerifyClientCert");
    }
    if (tls.client_auth == ClientAuth::request || tls.client_auth == ClientAuth::require_any) {
      // Accepted, since exporter-toolkit does so too.
      const std::string_view key = !tls.client_allowed_sans.empty() ? "client_allowed_sans"
                                   : reader.has("client_ca_file")   ? "client_ca_file"
                                                                    : "client_ca";
      if (authority || !tls.client_allowed_sans.empty()) {
        note(reader.place(key), std::string(key) +
                                    " proves nothing: this client_auth_type verifies no "
                                    "certificate, so anyone can make one that is let in");
      }
    }
  }

  static void read_ciphers(Reader& reader, WebTls& tls) {
    std::vector<std::string_view> names;
    std::ranges::transform(kCiphers, std::back_inserter(names), &WebCipher::name);
    for (const std::string& name : reader.texts("cipher_suites")) {
      const auto found = std::ranges::find(kCiphers, name, &WebCipher::name);
      if (found != kCiphers.end()) {
        tls.ciphers.push_back(*found);
        continue;
      }
      const auto likely = nearest(name, names);
      reader.error("cipher_suites",
                   "cipher_suites: there is no secure cipher suite " + quoted(name) +
                       (likely ? "; did you mean " + std::string(*likely) + "?" : ""));
    }
  }

  static void read_curves(Reader& reader, WebTls& tls) {
    for (const std::string& name : reader.texts("curve_preferences")) {
      const auto found =
          std::ranges::find(kCurves, name, [](const auto& curve) { return curve.first; });
      if (found != kCurves.end()) {
        tls.curves.push_back(found->second);
      } else {
        reader.error("curve_preferences",
                     "curve_preferences are CurveP256, CurveP384, CurveP521 and X25519, not " +
                         quoted(name));
      }
    }
  }

  void read_versions(Reader& reader, WebTls& tls) {
    const unsigned least = reader.choice<unsigned>("min_version", 12, kVersions);
    const unsigned most = reader.choice<unsigned>("max_version", 13, kVersions);
    if (most < 12) {
      reader.error("max_version", "max_version: nothing older than TLS12 is spoken here");
    } else if (least > most) {
      reader.error("min_version", "min_version is newer than max_version");
    } else if (least < 12) {
      note(reader.place("min_version"), "min_version: nothing older than TLS12 is spoken here");
    }
    tls.tls12 = least <= 12;
    tls.tls13 = most >= 13;
    if (!tls.ciphers.empty() && std::ranges::all_of(tls.ciphers, &WebCipher::tls13)) {
      if (!tls.tls13) {
        reader.error("cipher_suites", "cipher_suites names none that TLS 1.2 has");
      }
      tls.tls12 = false;
    }
  }

  void read_http(const Value& value) {
    Reader reader(value, diagnostics_, "http_server_config");
    if (flag(reader, "http2", false)) {
      note(reader.place("http2"), "http2 is not in effect: reachd answers by HTTP/1.1");
    }
    if (const Value* headers = reader.raw("headers"); headers != nullptr) {
      read_headers(*headers);
    }
    reader.done();
  }

  void read_headers(const Value& value) {
    Reader reader(value, diagnostics_, "headers");
    for (const auto& [name, values] : kHeaders) {
      std::string text = reader.text(name);
      if (has_control_character(text)) {
        reader.error(name, std::string(name) + " is one line of text");
      } else if (!text.empty() && !values.empty() &&
                 std::ranges::find(values, text) == values.end()) {
        reader.error(name,
                     std::string(name) + " is " + join(values, " or ") + ", not " + quoted(text));
      } else if (!text.empty()) {
        config_.headers.emplace_back(name, std::move(text));
      }
    }
    reader.done();
  }

  void read_users(const Value& value) {
    if (value.kind == Value::Kind::null) {
      return;
    }
    if (value.kind != Value::Kind::map) {
      diagnostics_.error(value.place,
                         "basic_auth_users is a map of user names and bcrypt hashes, not " +
                             std::string(value.kind_name()));
      return;
    }
    for (const Value::Member& member : value.members) {
      read_user(member);
    }
  }

  void read_user(const Value::Member& member) {
    // A password may stand in place of its hash by mistake: no message shows it.
    if (member.key.empty() || member.key.size() > kLongestName ||
        member.key.find(':') != std::string::npos || has_control_character(member.key)) {
      diagnostics_.error(member.place,
                         "basic_auth_users: a user name has 1 to 256 characters, no "
                         "colon and no control character among them");
      return;
    }
    const std::string who = "basic_auth_users: " + quoted(member.key);
    const auto cost =
        member.value.kind == Value::Kind::scalar ? bcrypt_cost(member.value.scalar) : std::nullopt;
    if (!cost) {
      diagnostics_.error(member.value.place,
                         who +
                             " has no bcrypt hash, such as `htpasswd -nBC 10 \"\"` "
                             "makes of a password");
    } else if (*cost > kHighestCost) {
      diagnostics_.error(member.value.place, who + " has a hash of a cost above " +
                                                 std::to_string(kHighestCost) +
                                                 ", which anyone could keep the machine busy with");
    } else {
      config_.users.push_back(
          {.name = member.key, .hash = Secret(member.value.scalar), .cost = *cost});
    }
  }

  void read_rate_limit(const Value& value) {
    Reader reader(value, diagnostics_, "rate_limit");
    const std::string interval = reader.text("interval");
    const auto duration = blackbox::parse_go_duration(interval);
    if (!interval.empty() && !duration) {
      reader.error("interval",
                   "interval is a duration such as 1s, 1m30s or 500us, not " + quoted(interval));
    }
    config_.rate_limit.interval = duration.value_or(Duration::zero());
    config_.rate_limit.burst = static_cast<std::uint32_t>(reader.integer("burst", 0, 0, 1'000'000));
    if (config_.rate_limit.interval > Duration::zero() && config_.rate_limit.burst == 0) {
      reader.error("burst", "burst is at least 1, or every request would be refused");
    }
    reader.done();
  }

  void note(Place place, std::string message) {
    config_.notes.push_back({.place = std::move(place), .message = std::move(message)});
  }

  Diagnostics& diagnostics_;
  WebConfig config_;
};

std::optional<WebConfig> read(const std::optional<Value>& root, const std::string& path,
                              Diagnostics& diagnostics) {
  if (!root) {
    return std::nullopt;
  }
  const std::size_t before = diagnostics.count();
  WebConfig config = WebConfigReader(diagnostics).read(*root, path);
  return diagnostics.count() == before ? std::optional(std::move(config)) : std::nullopt;
}

}  // namespace

std::span<const WebCipher> web_ciphers() noexcept { return kCiphers; }

std::optional<WebConfig> load_web_config(const std::string& path, Diagnostics& diagnostics) {
  return read(load_yaml(path, diagnostics), path, diagnostics);
}

std::optional<WebConfig> read_web_config(std::string_view text, const std::string& path,
                                         Diagnostics& diagnostics) {
  return read(parse_yaml(text, path, diagnostics), path, diagnostics);
}

}  // namespace reachd::config
