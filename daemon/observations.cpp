#include "daemon/observations.hpp"

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <system_error>

#include "daemon/log/log.hpp"
#include "daemon/platform/paths.hpp"
#include "probes/core/file_path.hpp"

namespace reachd {
namespace {

constexpr std::string_view kFile = "observed";
/// The file of a daemon that observed all it may is shorter.
constexpr std::size_t kMostBytes = std::size_t{64} * 1024;
/// The times of what is still seen are written so often.
constexpr Duration kKeepEvery = std::chrono::hours(24);

std::string path_in(const std::string& folder) { return to_text(to_path(folder) / kFile); }

config::Observed read_file(const std::string& path) {
  std::ifstream file(to_path(path), std::ios::binary);
  std::string text(kMostBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return config::Observed::parse(text);
}

/// As a whole or not at all.
bool write_file(const std::string& path, const std::string& text) {
  std::error_code error = platform::make_private_folder(to_text(to_path(path).parent_path()));
  if (error) {
    return false;
  }
  const std::string fresh = path + ".new";
  std::ofstream file(to_path(fresh), std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (file) {
    std::filesystem::rename(to_path(fresh), to_path(path), error);
  }
  return file && !error;
}

}  // namespace

std::string state_folder(const config::Settings& settings) {
  return settings.state_dir.empty() ? platform::default_state_folder() : settings.state_dir;
}

config::Observed read_observed(const config::Settings& settings) {
  return read_file(path_in(state_folder(settings)));
}

Observations::Observations(const std::string& folder)
    : path_(path_in(folder)), observed_(read_file(path_)) {}

bool Observations::look(const engine::Board& board, WallTime now) {
  bool changed = false;
  const auto& checks = board.plan().checks;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const auto& requirement = checks[i].requirement;
    if (!requirement || requirement->tls != "strict") {
      continue;
    }
    const auto last = board.status(i).last;
    if (!last || !last->tls || last->tls->judgement != Reason::ok ||
        !last->tls->judgement_message.empty()) {
      continue;  // who opens TLS on the way would name hosts of its own
    }
    for (const CertificateFacts& certificate : last->tls->chain) {
      for (const auto* urls :
           {&certificate.ocsp_urls, &certificate.issuer_urls, &certificate.crl_urls}) {
        for (const std::string& url : *urls) {
          changed = observed_.note(requirement->id, url, now) || changed;
        }
      }
    }
  }
  changed = observed_.forget(now) || changed;
  if (changed || now - kept_ > kKeepEvery) {
    keep(now);
  }
  return changed;
}

void Observations::keep(WallTime now) {
  kept_ = now;
  std::error_code unknown;  // a folder that can't be looked into
  if (observed_.urls().empty() && !std::filesystem::exists(to_path(path_), unknown)) {
    return;
  }
  if (!write_file(path_, observed_.to_text()) && !complained_) {
    complained_ = true;
    log::warning("can't keep what was observed; it is learnt again after a restart",
                 {{"file", path_}});
  }
}

}  // namespace reachd
