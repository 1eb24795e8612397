#!/usr/bin/env python3
"""What a /probe costs: reachd against Debian's prometheus-blackbox-exporter, driven by wrk, in the same run.

Usage: probe_bench.py REACHD [SECONDS]   (a release build; run by hand, prints figures and asserts nothing)

The prober has one core to itself; wrk and nginx, which is what is probed, share the other. Each round runs both, one after the
other; what counts is the ratio.
"""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

from processes import free_port, wait_for

REACHD = sys.argv[1]
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 8
ROUNDS, CONNECTIONS = 3, 50
PROBER_CORE, OTHER_CORE = "0", "1"
MODULES = "modules:\n  tcp_connect: {prober: tcp}\n  http_2xx: {prober: http}\n"
GOALS = {"tcp_connect": "goals: CPU >= 8, throughput >= 5", "http_2xx": "goal: CPU >= 5"}


def cpu_seconds(pid):
    """Of a process and of its children that have ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def spawn(core, *command, **options):
    return subprocess.Popen(["taskset", "-c", core, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)


def start_nginx(folder, port):
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config = folder / "nginx.conf"
    config.write_text(f"daemon off; master_process off; error_log stderr crit; pid {folder}/nginx.pid; events {{ worker_connections 1024; }}\n"
                      f"http {{ access_log off; {temporary} server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 'ok\\n'; }} }} }}\n",
                      encoding="ascii")
    return spawn(OTHER_CORE, "nginx", "-c", config, "-e", "stderr")


def start_probers(folder):
    """{name: (process, port)}"""
    modules = folder / "blackbox.yml"
    modules.write_text(MODULES, encoding="ascii")
    ports = {"blackbox_exporter": free_port(), "reachd": free_port()}
    config = folder / "reachd.yaml"
    config.write_text(f'web: {{listen: ["127.0.0.1:{ports["reachd"]}"]}}\nprobe_modules_file: blackbox.yml\n'
                      "probe_allow: [{cidr: 127.0.0.0/8}]\n", encoding="ascii")
    return {
        "blackbox_exporter": (spawn(PROBER_CORE, "prometheus-blackbox-exporter", f"--config.file={modules}", "--log.level=error",
                                    f"--web.listen-address=127.0.0.1:{ports['blackbox_exporter']}"), ports["blackbox_exporter"]),
        "reachd": (spawn(PROBER_CORE, REACHD, "run", "--config", config, "--log-level", "error",
                         env=os.environ | {"STATE_DIRECTORY": str(folder / "state")}), ports["reachd"]),
    }


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return "\nprobe_success 1" in answer.read().decode()
    except OSError:
        return False


def measure(process, url):
    """(probes a second, CPU microseconds of the prober a probe) of one run of wrk."""
    before, began = cpu_seconds(process.pid), time.monotonic()
    out = subprocess.run(["taskset", "-c", OTHER_CORE, "wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s", url],
                         capture_output=True, text=True, check=True, timeout=SECONDS + 60).stdout
    spent, seconds = cpu_seconds(process.pid) - before, time.monotonic() - began
    probes = int(re.search(r"(\d+) requests in", out).group(1))
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    broken = re.search(r"Socket errors: (.*)", out)
    if refused or broken:
        print(f"  not all is well: {(refused or broken).group(0)}")
    return probes / seconds, spent / probes * 1e6


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        port = free_port()
        children = [start_nginx(folder, port)]
        try:
            probers = start_probers(folder)
            children += [process for process, _ in probers.values()]
            for module, target in (("tcp_connect", f"127.0.0.1:{port}"), ("http_2xx", f"http://127.0.0.1:{port}/")):
                question = "/probe?" + urllib.parse.urlencode({"module": module, "target": target})
                urls = {name: f"http://127.0.0.1:{prober_port}{question}" for name, (_, prober_port) in probers.items()}
                for who, url in urls.items():
                    wait_for(f"a good answer of {who}", lambda url=url: answers(url), 20)
                ratios = []
                for number in range(ROUNDS):
                    rows = {who: measure(probers[who][0], url) for who, url in urls.items()}
                    (their_rate, their_cpu), (our_rate, our_cpu) = rows["blackbox_exporter"], rows["reachd"]
                    ratios.append((our_rate / their_rate, their_cpu / our_cpu))
                    print(f"{module} {number + 1}: blackbox_exporter {their_rate:7.0f}/s {their_cpu:6.0f} us CPU a probe; "
                          f"reachd {our_rate:7.0f}/s {our_cpu:6.0f} us; ratios: throughput {ratios[-1][0]:.2f}, CPU {ratios[-1][1]:.2f}")
                print(f"{module} median: throughput {statistics.median(row[0] for row in ratios):.2f} times, "
                      f"CPU {statistics.median(row[1] for row in ratios):.2f} times less ({GOALS[module]})")
        finally:
            for child in children:
                child.kill()
                child.wait()


if __name__ == "__main__":
    main()
