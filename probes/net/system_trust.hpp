#pragma once

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace reachd::net {

/// Lets the context trust the certificate authorities that this host trusts. False if it knows
/// none, so that every chain would look untrusted.
bool load_system_authorities(ssl_ctx_st& context);

}  // namespace reachd::net
