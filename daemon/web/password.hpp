#pragma once

#include "probes/core/secret.hpp"

namespace reachd::web {

/// True if the bcrypt hash was made of this password, of which bcrypt takes the first 72 bytes. Of
/// purpose slow: each step of the hash's cost doubles the time, 10 is some 50 ms. Any thread.
bool matches(const Secret& password, const Secret& hash);

}  // namespace reachd::web
