"""What the daemon costs: the quickstart at rest, and the start with 10,000 checks.

Usage: daemon_bench.py REACHD   (a release build; run by hand, prints figures and asserts nothing)
"""

import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from processes import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
REACHD = sys.argv[1]
WATCHED_SECONDS = 30


def resident_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(config, port):
    """The process, which keeps its state beside its configuration, and the seconds from its start to being ready."""
    began = time.monotonic()
    process = subprocess.Popen([REACHD, "run", "--config", str(config), "--log-level", "error"],
                               env=os.environ | {"STATE_DIRECTORY": str(config.with_suffix(".state"))})
    while time.monotonic() - began < 30:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1).read()
            return process, time.monotonic() - began
        except OSError:
            time.sleep(0.005)
    process.kill()
    sys.exit("the daemon was not ready within 30 s")


def stop(process):
    began = time.monotonic()
    process.terminate()
    code = process.wait(timeout=30)
    return time.monotonic() - began, code


def quickstart(folder):
    port = free_port()
    text = ROOT.joinpath("config/examples/quickstart.yaml").read_text().replace("9790", str(port))
    config = folder / "quickstart.yaml"
    config.write_text(text + ("" if "\nweb:" in text else f'\nweb: {{listen: ["127.0.0.1:{port}"]}}\n'))
    process, _ = start(config, port)
    time.sleep(5)
    before, began = cpu_seconds(process.pid), time.monotonic()
    time.sleep(WATCHED_SECONDS)
    share = (cpu_seconds(process.pid) - before) / (time.monotonic() - began) * 100
    print(f"quickstart at rest: {resident_mib(process.pid):.1f} MiB resident, {share:.3f} % of a core over {WATCHED_SECONDS} s")
    print("stopped in {:.3f} s, exit code {}".format(*stop(process)))


def many_checks(folder, count):
    port = free_port()
    with socket.socket() as target:
        target.bind(("127.0.0.1", 0))
        target.listen(1024)
        number = target.getsockname()[1]
        config = folder / "many.yaml"
        lines = [f'web: {{listen: ["127.0.0.1:{port}"]}}', "checks:"]
        lines += [f"  - {{name: c{index}, probe: tcp, target: '127.{index // 65536}.{index // 256 % 256}.{index % 256}:{number}'}}"
                  for index in range(256, count + 256)]
        config.write_text("\n".join(lines) + "\n")
        process, ready = start(config, port)
        print(f"start with {count} checks: ready after {ready:.3f} s")
        time.sleep(2)
        began = cpu_seconds(process.pid)
        size = len(urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read())
        print(f"one scrape without gzip: {size / 1e6:.1f} MB; CPU around it {cpu_seconds(process.pid) - began:.3f} s")
        print(f"resident with {count} checks: {resident_mib(process.pid):.1f} MiB")
        print("stopped in {:.3f} s, exit code {}".format(*stop(process)))


with tempfile.TemporaryDirectory() as name:
    quickstart(pathlib.Path(name))
    many_checks(pathlib.Path(name), 10_000)
