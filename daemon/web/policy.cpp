#include "daemon/web/policy.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <optional>
#include <utility>

#include "probes/core/file_path.hpp"

namespace reachd::web {
namespace {

/// More is no certificate, key or configuration.
constexpr std::size_t kMostBytes = std::size_t{1} << 20U;

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(to_path(path), std::ios::binary);
  std::string bytes(kMostBytes + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (!file.is_open() || file.bad() || bytes.size() > kMostBytes) {
    return std::nullopt;
  }
  return bytes;
}

/// A file that can't be read is empty, which is a problem of its own where it is used.
std::string text_of(const std::string& file, const std::string& inline_text) {
  return file.empty() ? inline_text : read_file(file).value_or("");
}

Pems read_pems(const config::WebTls& tls) {
  return {.certificate = text_of(tls.cert_file, tls.cert),
          .key = Secret(text_of(tls.key_file, tls.key.reveal())),
          .client_ca = text_of(tls.client_ca_file, tls.client_ca)};
}

/// SHA-256 of all that was read, each with its length, so that no two sets have the same text.
std::string digest_of(const std::string& web, const Pems& pems) {
  std::string all;
  for (const std::string* text : {&web, &pems.certificate, &pems.key.reveal(), &pems.client_ca}) {
    all += std::to_string(text->size()) + ":" + *text;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(all.data(), all.size(), digest.data(), &size, EVP_sha256(), nullptr);
  OPENSSL_cleanse(all.data(), all.size());
  return {digest.begin(), digest.begin() + size};
}

}  // namespace

std::shared_ptr<const Policy> load_policy(const std::string& path, Diagnostics& diagnostics) {
  const auto text = read_file(path);
  if (!text) {
    diagnostics.error({.file = std::make_shared<const std::string>(path)}, "can't read the file");
    return nullptr;
  }
  auto config = config::read_web_config(*text, path, diagnostics);
  if (!config) {
    return nullptr;
  }
  auto policy = std::make_shared<Policy>();
  Pems pems;
  if (config->tls) {
    pems = read_pems(*config->tls);
    policy->tls = make_tls_context(*config->tls, pems, diagnostics);
    if (!policy->tls) {
      return nullptr;
    }
  }
  policy->digest = digest_of(*text, pems);
  policy->config = std::move(*config);
  return policy;
}

bool is_current(const Policy& policy) {
  const Pems pems = policy.config.tls ? read_pems(*policy.config.tls) : Pems();
  return digest_of(read_file(policy.config.path).value_or(""), pems) == policy.digest;
}

}  // namespace reachd::web
