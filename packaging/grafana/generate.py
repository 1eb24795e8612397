"""Writes dashboards/*.json. Change a dashboard here, then run `python3 packaging/grafana/generate.py`; a test holds both equal."""

import json
import pathlib

from panels import (ALL_IS_GOOD, DAYS_LEFT, NOTHING_IS_GOOD, REACHED, REVOCATION, STATES, dashboard, graph, matrix, stat, steps, table,
                    text, timeline, variable)

PRODUCTS = variable("product", "label_values(reachd_check_info, product)", multi=True)
RATE = "[$__rate_interval]"


def seen(expr):
    """With the vantage that it is seen from."""
    return f"{expr} * on (job, instance) group_left (vantage) reachd_vantage_info"


def down(selector, columns, besides=""):
    """A table's query: what is down and not held back and for how long, with the commonest reason of late if there is one."""
    key = "(check, target, vantage)"
    seconds = f"vantage:reachd_check_down:seconds{{{selector}}}"
    reason = f"topk by {key} (1, vantage:reachd_probe_failures:delta10m) > bool 0"
    return f"max by ({', '.join(columns)}) ({seconds} * on {key} group_left (reason) ({reason}) or on {key} {seconds}){besides}"


def fleet():
    here = 'product=~"$product",severity="critical"'
    everywhere = "check:reachd_down_everywhere:count"
    server, way = ["product", "check", "target", "reason"], ["vantage", "product", "check", "target", "reason"]
    return dashboard("reachd-fleet", "reachd: fleet", "What is down from everywhere, what from one place, and who looks.", [PRODUCTS], [
        (4, [
            stat("Vantages heard", "count(count by (vantage) (reachd_vantage_info))", "Hosts whose reachd is heard now."),
            stat("Required ports reached", f"avg(vantage:reachd_check_up:max{{{here}}})",
                 "Of all required ports, each counted once a vantage.", "percentunit", thresholds=ALL_IS_GOOD),
            stat("Down from everywhere",
                 f"count({everywhere}{{product=~\"$product\"}} and on (check, target) vantage:reachd_check_down:unheld{{{here}}}) or vector(0)",
                 "Required, and no vantage reaches it: look at the server.", thresholds=NOTHING_IS_GOOD),
            stat("Down from one place",
                 f"count(vantage:reachd_check_down:unheld{{{here}}} unless on (check, target) {everywhere}) or vector(0)",
                 "Required, and another vantage reaches it or nobody else looks: look at the way.", thresholds=NOTHING_IS_GOOD),
            stat("Held back", 'count(vantage:reachd_check_suppressed:max{product=~"$product"}) or vector(0)',
                 "Checks whose alerts maintenance, flapping or a dependency holds back."),
            stat("Certificates that end within 30 days",
                 'count(min by (check, target) (reachd_certificate_not_after_timestamp_seconds{product=~"$product"}) - time() < 30 * 86400) or vector(0)',
                 "Or have ended.", thresholds=steps("green", (1, "yellow"))),
        ]),
        (8, [table("Down from everywhere", down(here, server, f" and on (check, target) {everywhere}"), server, "for", "Longest first.", "s", longest_first=True)]),
        (8, [table("Down from one place", down(here, way, f" unless on (check, target) {everywhere}"), way, "for", "Longest first.", "s", longest_first=True)]),
        (8, [graph("Required ports reached", [('product_vantage:reachd_required_up:ratio{product=~"$product"}', "{{product}} from {{vantage}}")],
                   "Maintenance does not count.", "percentunit", limits=(0, 1)),
             graph("Failed probes by reason", [('sum by (reason) (vantage:reachd_probe_failures:delta10m{product=~"$product"})', "{{reason}}")],
                   "In the ten minutes before.", stacked=True)]),
        (8, [matrix("Checks by vantage and state", f"sum by (vantage, state) ({seen('reachd_checks')})", "vantage", "state",
                    "Of each host's whole plan."),
             table("Vantages", "max by (vantage, instance, version) (" + seen("reachd_build_info") + ")",
                   ["vantage", "instance", "version"], None, "Who looks, where it is scraped, and which build it is.")]),
    ])


def host():
    own = 'instance="$instance"'
    columns = ["severity", "product", "check", "target", "reason"]
    counts = [stat(state.capitalize(), f'reachd_checks{{{own},state="{state}"}}', f"Checks of the plan that are {state}.",
                   thresholds=steps("green", (1, color)))
              for state, color in (("up", "green"), ("degraded", "yellow"), ("down", "red"), ("unknown", "text"))]
    return dashboard("reachd-host", "reachd: one host", "What one vantage sees, and how its reachd is.", [
        variable("vantage", "label_values(reachd_vantage_info, vantage)"),
        variable("instance", 'label_values(reachd_vantage_info{vantage="$vantage"}, instance)', hidden=True),
    ], [
        (4, [*counts,
             stat("Runs for", f"time() - process_start_time_seconds{{{own}}}", "Since the start of the process.", "s"),
             stat("Configuration", f"reachd_config_last_reload_successful{{{own}}}", "Of the last reload.",
                  words={"0": ("refused", "red"), "1": ("good", "green")})]),
        (8, [table("Down", down('vantage="$vantage"', columns), columns, "for",
                   "What is down and not held back.", "s", longest_first=True)]),
        (6, [table("Held back", 'max by (by, product, check, target) (vantage:reachd_check_suppressed:max{vantage="$vantage"})',
                   ["by", "product", "check", "target"], None, "Probed as ever; maintenance, flapping or a dependency keeps alerts back."),
             graph("Events", [(f"sum by (kind) (increase(reachd_events_total{{{own}}}{RATE}))", "{{kind}}")], "What happened, by kind.", stacked=True)]),
        (8, [graph("Probes per second", [(f"sum by (probe) (rate(reachd_probe_duration_seconds_count{{{own}}}{RATE}))", "{{probe}}")],
                   "By probe type.", "ops", stacked=True),
             graph("Failed probes per second", [(f'sum by (reason) (rate(reachd_probe_results_total{{{own},reason!="ok"}}{RATE}))', "{{reason}}")],
                   "By reason.", "ops", stacked=True)]),
        (8, [graph("How long probes take", [
            (f"histogram_quantile(0.99, sum by (le, probe) (rate(reachd_probe_duration_seconds_bucket{{{own}}}{RATE})))", "{{probe}}")],
                   "99th percentile by probe type; the buckets are coarse.", "s"),
             graph("How late probes are", [
                 (f"histogram_quantile({quantile}, sum by (le) (rate(reachd_schedule_lag_seconds_bucket{{{own}}}{RATE})))", name)
                 for quantile, name in ((0.5, "median"), (0.99, "99th percentile"))],
                   "Behind their schedule. A probe that waits for its host's turn is late on purpose.", "s")]),
        (8, [graph("Deliveries", [(f"sum by (sink, outcome) (rate(reachd_deliveries_total{{{own}}}{RATE}))", "{{sink}} {{outcome}}")],
                   "Events and alerts to the sinks.", "ops"),
             graph("Waiting for the sinks", [(f"reachd_outbox_pending{{{own}}}", "{{sink}}")], "Events and alerts."),
             graph("Waiting for", [(f"reachd_outbox_oldest_seconds{{{own}}}", "{{sink}}")], "The oldest of what waits.", "s")]),
        (8, [graph("Processor", [(f"rate(process_cpu_seconds_total{{{own}}}{RATE})", "cores")], "Of the whole process.", "percentunit"),
             graph("Memory", [(f"process_resident_memory_bytes{{{own}}}", "resident")], "Of the whole process.", "bytes"),
             graph("Descriptors", [(f"process_open_fds{{{own}}}", "open"), (f"process_max_fds{{{own}}}", "limit")], "Sockets and files."),
             graph("Trouble", [(f"increase(reachd_probes_skipped_total{{{own}}}{RATE})", "skipped: {{cause}}"),
                               (f"increase(reachd_journal_errors_total{{{own}}}{RATE})", "journal errors"),
                               (f"reachd_probes_in_flight{{{own}}}", "probes under way")], "What should be small.")]),
    ])


def product():
    own = 'product="$product"'
    required = own + ',severity="critical"'
    columns = ["severity", "vantage", "check", "target", "reason"]
    return dashboard("reachd-product", "reachd: one product", "Whether one product has what it needs, from where, and how well of late.", [
        variable("product", "label_values(reachd_check_info, product)"),
    ], [
        (4, [stat("Required ports reached", f"product_vantage:reachd_required_up:ratio{{{own}}}", "By vantage; maintenance does not count.",
                  "percentunit", "{{vantage}}", thresholds=ALL_IS_GOOD),
             stat("Reached from somewhere", f"avg(max by (check, target) (vantage:reachd_check_up:max{{{required}}}))",
                  "Required ports that at least one vantage reaches.", "percentunit", thresholds=ALL_IS_GOOD),
             stat("Available, one day", f"avg(vantage:reachd_check_up:avg1d{{{required}}})",
                  "Mean of all required ports and vantages, of the time that was observed.", "percentunit", decimals=3,
                  thresholds=steps("red", (0.99, "yellow"), (0.999, "green"))),
             stat("Checks", f"count(count by (check) (reachd_check_info{{{own}}}))", "In the plan, each counted once.")]),
        (8, [graph("Required ports reached", [(f"product_vantage:reachd_required_up:ratio{{{own}}}", "{{vantage}}")], "By vantage.",
                   "percentunit", limits=(0, 1)),
             graph("Burn rate", [(f"max(product_vantage:reachd_required_down:avg{window}{{{own}}}) / 0.001", window)
                                 for window in ("5m", "1h", "6h", "3d")],
                   "How many times faster than an objective of 99.9 % allows, at the worst vantage. 14.4 in an hour pages.")]),
        (10, [matrix("Who reaches what", f"max by (check, vantage) (vantage:reachd_check_up:max{{{own}}})", "check", "vantage",
                     "Each check from each vantage.", REACHED),
              table("Down", down(own, columns), columns, "for", "What is down and not held back.", "s",
                    longest_first=True)]),
        (8, [table("Least available, one day", f"bottomk(20, min by (vantage, check, target) (vantage:reachd_check_up:avg1d{{{own}}}))", ["vantage", "check", "target"], "available",
                   "Of the time that was observed.", "percentunit", decimals=3),
             table("Devices", 'avg by (device, vantage) (vantage:reachd_check_up:max{' + own + ',device!=""})', ["device", "vantage"],
                   "ports reached", "Managed devices; empty where the product has none.", "percentunit", thresholds=ALL_IS_GOOD),
             table("Where ports are known from", f"count by (evidence, necessity) (count by (check, evidence, necessity) (reachd_check_info{{{own}}}))",
                   ["evidence", "necessity"], "checks", "What only a sibling, a device, a third party or general knowledge vouches for pages nobody.")]),
        (8, [graph("Slowest checks", [(f"topk(10, max by (check) (reachd_probe_last_duration_seconds{{{own}}}))", "{{check}}")], "The last probe, whole.", "s"),
             graph("Failed probes by reason", [(f"sum by (reason) (vantage:reachd_probe_failures:delta10m{{{own}}})", "{{reason}}")],
                   "In the ten minutes before.", stacked=True)]),
    ])


def check():
    own = 'check="$check"'
    return dashboard("reachd-check", "reachd: one check", "One check from every vantage, with its evidence.", [
        variable("check", "label_values(reachd_check_info, check)"),
    ], [
        (5, [table("What it is", "max by (product, requirement, necessity, evidence, probe, target, transport, port, direction, device, device_type, purpose) "
                   f"(reachd_check_info{{{own}}})",
                   ["target", "product", "requirement", "purpose", "necessity", "evidence", "direction", "probe", "transport", "port", "device", "device_type"],
                   None, "And where it is known from (evidence).")]),
        (6, [timeline("Verdict", f"max by (vantage) ({seen(f'reachd_check_state{{{own}}}')})", "{{vantage}}", "Confirmed, by vantage.", STATES),
             timeline("Each probe", f"max by (vantage) ({seen(f'reachd_probe_success{{{own}}}')})", "{{vantage}}", "Unconfirmed, by vantage.",
                      {"0": ("failed", "red"), "1": ("succeeded", "green")})]),
        (5, [stat("In this state for", f"max by (vantage) ({seen(f'(time() - reachd_check_last_change_timestamp_seconds{{{own}}})')})",
                  "Since the verdict last changed, by vantage.", "s", "{{vantage}}"),
             stat("Available, one day", f"max by (vantage) (vantage:reachd_check_up:avg1d{{{own}}})", "Of the time that was observed.", "percentunit",
                  "{{vantage}}", decimals=3, thresholds=steps("red", (0.99, "yellow"), (0.999, "green"))),
             table("An alert of it would be", f"max by (vantage, severity) ({seen(f'reachd_check_severity{{{own}}}')})", ["vantage", "severity"], None,
                   "What only a sibling, a device, a third party or general knowledge vouches for pages nobody."),
             table("Held back", f"max by (vantage, by) (vantage:reachd_check_suppressed:max{{{own}}})", ["vantage", "by"], None,
                   "Alerts are; probing goes on.")]),
        (8, [graph("Why probes failed", [(f"sum by (vantage, reason) (vantage:reachd_probe_failures:delta10m{{{own}}})", "{{reason}} from {{vantage}}")],
                   "In the ten minutes before.", stacked=True),
             graph("Probes and failures per minute", [
                 (f"60 * sum by (vantage) ({seen(f'rate(reachd_probes_total{{{own}}}{RATE})')})", "probes from {{vantage}}"),
                 (f"60 * sum by (vantage) ({seen(f'rate(reachd_probe_failures_total{{{own}}}{RATE})')})", "failures from {{vantage}}")],
                   "A change is confirmed by probing more often.")]),
        (8, [graph("Phases", [(f"avg by (vantage, phase) ({seen(f'reachd_probe_phase_seconds{{{own}}}')})", "{{phase}} from {{vantage}}")],
                   "Of the last probe.", "s", stacked=True),
             graph("Whole probe", [(f"max by (vantage) ({seen(f'reachd_probe_last_duration_seconds{{{own}}}')})", "{{vantage}}")], "The last one.", "s")]),
        (6, [timeline("Addresses", f"max by (vantage, address) ({seen(f'reachd_address_success{{{own}}}')})", "{{address}} from {{vantage}}",
                      "Of a name with several.", REACHED),
             graph("Clock", [(f"max by (vantage) ({seen(f'reachd_clock_offset_seconds{{{own}}}')})", "{{vantage}}")],
                   "The other side's clock minus ours, where the protocol tells.", "s")]),
        (5, [stat("Certificate ends in", f"min by (position) (reachd_certificate_not_after_timestamp_seconds{{{own}}}) - time()",
                  "The leaf, and the earliest of the chain.", "s", "{{position}}", thresholds=DAYS_LEFT),
             stat("Revoked", f"max by (vantage) ({seen(f'reachd_certificate_revocation_status{{{own}}}')})", "By OCSP and revocation lists.",
                  "none", "{{vantage}}", words=REVOCATION),
             text("The evidence of each probe (addresses, ICMP senders, the way there, the certificate) is kept by the host that probed:\n\n"
                  "    reachd events --check '$check'\n"
                  "    curl 'http://127.0.0.1:9790/api/v1/checks/$check'")]),
    ])


def certificates():
    chosen = 'reachd_certificate_not_after_timestamp_seconds{product=~"$product"}'
    left = f"min by (product, check, target) ({chosen}) - time()"
    revocation = 'max by (product, check, target) (reachd_certificate_revocation_status{product=~"$product"})'
    return dashboard("reachd-certificates", "reachd: certificates", "By days left.", [PRODUCTS], [
        (4, [stat("Ended", f"count({left} < 0) or vector(0)", "The normal state of many devices.", thresholds=steps("green", (1, "red"))),
             stat("Within 7 days", f"count({left} < 7 * 86400 >= 0) or vector(0)", "And not ended.", thresholds=NOTHING_IS_GOOD),
             stat("Within 30 days", f"count({left} < 30 * 86400 >= 0) or vector(0)", "And not ended.", thresholds=steps("green", (1, "yellow"))),
             stat("Revoked", f"count({revocation} == 1) or vector(0)", "By OCSP and revocation lists.", thresholds=NOTHING_IS_GOOD),
             stat("Seen", f"count({left})", "Checks that met a certificate.")]),
        (12, [table("Certificates", f"min by (product, check, target, position) ({chosen}) - time()", ["product", "check", "target", "position"],
                    "ends in", "The leaf, and the earliest of its chain.", "s", thresholds=DAYS_LEFT, longest_first=False)]),
        (9, [graph("Time left", [(f"bottomk(10, {left})", "{{check}}")], "Of the ten that end first. A renewal is a step up.", "s"),
             table("Revocation", revocation, ["product", "check", "target"], "status", "Unknown: no responder and no list could be asked.",
                   words=REVOCATION)]),
    ])


def main():
    """One file a dashboard, named after its uid."""
    folder = pathlib.Path(__file__).resolve().parent / "dashboards"
    folder.mkdir(exist_ok=True)
    for made in (fleet(), host(), product(), check(), certificates()):
        (folder / f"{made['uid']}.json").write_text(json.dumps(made, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
