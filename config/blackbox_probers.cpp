// The blocks tcp, unix, icmp, and those of probers that reachd does not have.
#include "config/blackbox_reader.hpp"
#include "config/host.hpp"

namespace reachd::config::blackbox {
namespace {

constexpr std::string_view kRevocation =
    "reachd fetches no revocation lists for /probe; `checks:` have tls.revocation";
/// What IPv4 has room for (RFC 791) behind its own header and ICMP's.
constexpr std::int64_t kLargestPayload = 65'535 - 20 - 8;

void read_conversation(Block& block, Conversation& result) {
  result.query_response = read_query_response(block);
  result.tls = block.flag("tls", false);
  result.tls_config = read_tls_config(block);
  block.refuse_if_on("check_revoked", kRevocation);
}

}  // namespace

Tcp read_tcp(const Value& map, Context& context, const std::string& what) {
  Block block(map, context, what);
  Tcp result;
  result.address = read_address_choice(block);
  result.source = read_source_address(block);
  read_conversation(block, result);
  block.done();
  return result;
}

UnixSocket read_unix(const Value& map, Context& context, const std::string& what) {
  Block block(map, context, what);
  UnixSocket result;
  read_conversation(block, result);
  block.done();
  return result;
}

Icmp read_icmp(const Value& map, Context& context, const std::string& what) {
  Block block(map, context, what);
  Icmp result;
  result.address = read_address_choice(block);
  result.source = read_source_address(block);
  result.payload_size =
      static_cast<std::uint16_t>(block.integer("payload_size", 0, 0, kLargestPayload));
  result.dont_fragment = block.flag("dont_fragment", false);
  if (result.dont_fragment && !can_forbid_fragments()) {
    block.refuse("dont_fragment", "Windows offers no way to ask for it");
  }
  result.ttl = static_cast<std::uint8_t>(block.integer("ttl", result.ttl, 0, 255));
  block.done();
  return result;
}

void check_grpc(const Value& map, Context& context, const std::string& what) {
  Block block(map, context, what);
  read_address_choice(block);
  block.text("service");
  block.raw("metadata");
  block.flag("tls", false);
  read_tls_config(block);
  block.done();
}

void check_websocket(const Value& map, Context& context, const std::string& what) {
  Block block(map, context, what);
  read_address_choice(block);
  read_query_response(block);
  block.raw("headers");  // released versions differ in its form
  Block client(block.below("http_config"), context, block.what_of("http_config"));
  read_http_client(client);
  client.done();
  block.done();
}

}  // namespace reachd::config::blackbox
