#pragma once

#include "probes/core/probe.hpp"

namespace reachd {

/// `listen`: does this host listen on the target's port, where others can reach it, and who does.
/// Sends nothing; what a firewall does to those who connect is not proven by it, and the message
/// says so.
///
/// - `transport: tcp | udp`
/// - `address`: where it has to listen. `any` (the default; a target that is an address means that
///   address), `outside` (not on loopback alone), or an address of this host; a socket on all
///   addresses serves each of them.
/// - `process`: the name of the command or of its file that has to hold the port. Judged only where
///   the system lets it be read; else the message says that the owner is unknown.
///
/// not_listening, wrong_address, wrong_process; local_* where the system does not answer.
ProbeType listen_probe_type();

}  // namespace reachd
