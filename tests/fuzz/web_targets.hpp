#pragma once

#include <cstddef>
#include <span>

namespace reachd::fuzz {

/// What a client of the web port may send.
void web_accept(std::span<const std::byte> bytes);       ///< Accept and Accept-Encoding
void web_config(std::span<const std::byte> bytes);       ///< web.yml, whoever wrote it
void web_credentials(std::span<const std::byte> bytes);  ///< Authorization
void web_host(std::span<const std::byte> bytes);         ///< the Host header
void web_query(std::span<const std::byte> bytes);    ///< request targets and all their parameters
void web_request(std::span<const std::byte> bytes);  ///< requests one after the other
void web_scrape_timeout(std::span<const std::byte> bytes);  ///< Prometheus' header
void web_stream(std::span<const std::byte> bytes);          ///< Last-Event-ID

}  // namespace reachd::fuzz
