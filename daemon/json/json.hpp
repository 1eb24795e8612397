#pragma once

#include "config/plan.hpp"
#include "daemon/engine/board.hpp"
#include "daemon/json/writer.hpp"
#include "probes/core/outcome.hpp"

/// What reachd shows as JSON (contract, section 3), the same for the command line and the web.
/// Every function writes one object; arrays and envelopes are the caller's. Keys may come, none
/// goes away. What nobody says is null, never an empty text. Durations are seconds, times RFC 3339.
namespace reachd::json {

/// A result as of `probe --json`: probe, target, success, reason, phase, message, timings,
/// attempts, certificate, and what only this kind of probe tells under `tls`, `http`, `dns`,
/// `icmp`, `listen`; `path` if the way there was traced.
void write_result(Writer& out, const config::ProbeSpec& spec, const Outcome& outcome);

/// A row of `plan --json`. `severity` is that of a check that has never been up.
void write_plan_row(Writer& out, const config::Plan& plan, const config::Check& check);

/// A row of `check --json`: the plan row, `state`, `why` and `result` (null: not probed).
void write_check_row(Writer& out, const config::Plan& plan, const config::Check& check,
                     const engine::CheckStatus& status);

/// A row of /api/v1/checks: as above, with `last_change`, `suppressed_by` (what holds its alerts
/// back: dependency, maintenance, flapping), `probes`, `failures`, `results` (count by reason),
/// `path` (null: not traced); `severity` as it is now.
void write_check_status(Writer& out, const config::Plan& plan, const config::Check& check,
                        const engine::CheckStatus& status);

/// A row of `catalog list --json`. `ref` or `table` is present, as the vendor's list has it;
/// `device_type` is a list, because one row may be about several.
void write_requirement(Writer& out, const config::Requirement& requirement);

/// One certificate of a chain; `position` is "leaf" or "chain".
void write_certificate(Writer& out, const CertificateFacts& certificate, std::string_view position);

/// What a trace found.
void write_path(Writer& out, const Path& path);

/// `validate --json`: {valid, errors}. Errors beyond those kept are counted in `more`.
void write_validation(Writer& out, const Diagnostics& diagnostics);

}  // namespace reachd::json
