"""A small network of namespaces on one machine: a host behind a firewall, and three networks beyond it.

    host 10.77.0.2 --- firewall --- cloud    198.51.100.0/24   servers on the Internet
      (reachd)            |-------- site     10.77.1.0/24      the company's own servers
                          `-------- devices  10.30.0.0/16      management controllers, switches, storage

Nothing of it is seen from outside: no interface is ever made in the machine's own namespace, so no packet
leaves. Needs root. `with Lab() as lab:` cleans up after itself, also on SIGINT and SIGTERM, and after labs
that were killed. Standard library only.
"""

import atexit
import ctypes
import fcntl
import http.client
import ipaddress
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

PREFIX = "reachd-lab-"
NETWORKS = {  # name: (IPv4 of the firewall there, prefix length, IPv6 of the firewall there)
    "host": ("10.77.0.1", 24, "fd77:0:0:1::1"),
    "cloud": ("198.51.100.1", 24, "fd77:0:0:2::1"),
    "site": ("10.77.1.1", 24, "fd77:0:0:3::1"),
    "devices": ("10.30.255.254", 16, "fd77:0:0:4::1"),
}
HOST4, HOST6 = "10.77.0.2", "fd77:0:0:1::2"
FIREWALL4, FIREWALL6 = NETWORKS["host"][0], NETWORKS["host"][2]
FIRST4 = {"host": HOST4, "cloud": "198.51.100.2", "site": "10.77.1.2", "devices": "10.30.0.2"}
FIRST6 = {name: row[2][:-1] + "2" for name, row in NETWORKS.items()}

_SYSCTLS = [
    "net.ipv4.ping_group_range=0 2147483647",  # ICMP without privileges
    "net.ipv4.ip_unprivileged_port_start=0",
    "net.ipv4.icmp_ratelimit=0",  # the tests expect each refusal to be told
    "net.ipv6.icmp.ratelimit=0",
    "net.ipv6.conf.all.accept_dad=0",
    "net.ipv6.conf.default.accept_dad=0",
    "net.ipv6.conf.all.disable_ipv6=0",
]
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class LabUnavailable(Exception):
    """This machine can't make the namespaces; the text says why."""


def check_available():
    """Raises LabUnavailable unless a namespace with a veth pair and nftables can be made here."""
    if os.geteuid() != 0:
        raise LabUnavailable("network namespaces need root")
    for program in ("ip", "nft", "sysctl", "mount"):
        if not shutil.which(program):
            raise LabUnavailable(f"the program {program} is missing (./test installs it)")
    name = f"reachd-try-{os.getpid()}"  # not PREFIX: it has no folder yet, and another lab would remove it as left over
    try:
        _ip("netns", "add", name)
        _ip("-n", name, "link", "add", "name", "left", "type", "veth", "peer", "name", "right")
        _ip("netns", "exec", name, "nft", "add table inet t")
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, timeout=30, check=False)


def _ip(*arguments, stdin=None):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, input=stdin, timeout=30, check=False)
    if done.returncode != 0:
        raise LabUnavailable(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def _quick_neighbours(device):
    """A dead neighbour is known after 0.3 s instead of 3 s."""
    return [f"net.{family}.neigh.{device}.retrans_time_ms=100" for family in ("ipv4", "ipv6")]


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def remove_leftovers():
    """Removes namespaces, processes and folders of labs whose process is gone."""
    base = pathlib.Path(tempfile.gettempdir())
    alive = set()
    for folder in base.glob(PREFIX + "*"):
        try:
            with open(folder / "lock", "ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            alive.add(folder.name.split("-")[2])
            continue
        except OSError:
            continue
        shutil.rmtree(folder, ignore_errors=True)
    for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else []:
        if name.startswith(PREFIX) and name.split("-")[2] not in alive:
            _remove_namespace(name)


def _remove_namespace(name):
    pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, timeout=30, check=False)
    for pid in pids.stdout.split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
    subprocess.run(["ip", "netns", "del", name], capture_output=True, timeout=30, check=False)


class Lab:
    """The network, the processes in it, and the firewall's rules. Use it from the main thread."""

    def __init__(self):
        self.folder = None  # pathlib.Path: configurations, certificates and logs; gone after stop()
        self._lock = None
        self._children = []  # (name, Popen)
        self._more_places = []
        self._rules = {}  # (address, transport, port) -> nftables statement
        self._nameservers = ["198.51.100.53"]

    # ---- life

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Makes namespaces, links and routes. Raises LabUnavailable where that is not possible."""
        check_available()
        # Held while leftovers are looked for and until our own lock exists, so that labs starting at the
        # same time don't take each other for dead.
        with open(os.path.join(tempfile.gettempdir(), ".reachd-lab.lock"), "ab") as everybody:
            fcntl.flock(everybody, fcntl.LOCK_EX)
            remove_leftovers()
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
            self.folder.chmod(0o755)
            self._lock = open(self.folder / "lock", "ab")  # pylint: disable=consider-using-with
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        atexit.register(self.stop)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            self._make_network()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """Ends every process of the lab and removes everything that start() made. Safe to call twice."""
        if self.folder is None:
            return
        atexit.unregister(self.stop)
        for _, child in self._children:
            if child.poll() is None:
                child.kill()
        for _, child in self._children:
            child.wait()
        self._children.clear()
        for name in ["firewall", *NETWORKS, *self._more_places]:
            _remove_namespace(self.namespace(name))
        self._more_places.clear()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()
        self.folder = None

    def _make_network(self):
        _ip("netns", "add", self.namespace("firewall"))
        for name, (gateway4, length, gateway6) in NETWORKS.items():
            _ip("netns", "add", self.namespace(name))
            self.run(name, "sysctl", "-q", "-w", *_SYSCTLS)
        self.run("firewall", "sysctl", "-q", "-w", *_SYSCTLS, "net.ipv4.ip_forward=1",
                 "net.ipv6.conf.all.forwarding=1")
        batch, batch_sysctls = ["link set lo up"], []
        for name, (gateway4, length, gateway6) in NETWORKS.items():
            _ip("-n", self.namespace("firewall"), "link", "add", "name", name, "type", "veth",
                "peer", "name", "eth0", "netns", self.namespace(name))
            batch += [f"addr add {gateway4}/{length} dev {name}", f"addr add {gateway6}/64 dev {name} nodad",
                      f"link set {name} up"]
            inside = ["link set lo up", f"addr add {FIRST4[name]}/{length} dev eth0",
                      f"addr add {FIRST6[name]}/64 dev eth0 nodad", "link set eth0 up",
                      f"route add default via {gateway4}", f"route add default via {gateway6}"]
            batch_sysctls += _quick_neighbours(name)
            _ip("-n", self.namespace(name), "-batch", "-", stdin="\n".join(inside))
            self.run(name, "sysctl", "-q", "-w", *_quick_neighbours("eth0"))
        _ip("-n", self.namespace("firewall"), "-batch", "-", stdin="\n".join(batch))
        self.run("firewall", "sysctl", "-q", "-w", *batch_sysctls)
        self.nft("firewall", "table inet lab {\nchain forward { type filter hook forward priority 0; }\n}")
        self.set_nameservers(*self._nameservers)
        self._await_neighbours()

    def _await_neighbours(self):
        """Waits until the firewall and each place know each other's link address: a fresh link loses the first
        neighbour solicitations, and with the lab's short patience that would look like a dead host."""
        waiting = [pair for name, (_, _, gateway6) in NETWORKS.items()
                   for pair in ((name, gateway6), ("firewall", FIRST6[name]))]
        end = time.monotonic() + 20
        while waiting:
            place, address = waiting[0]
            with self.socket(place, socket.AF_INET6, socket.SOCK_DGRAM) as probe:
                probe.sendto(b"", (address, 9))
            if "lladdr" in self.run(place, "ip", "-6", "neigh", "show", "to", address).stdout:
                waiting.pop(0)
            elif time.monotonic() > end:
                raise RuntimeError(f"{place} and {address} don't find each other")
            else:
                time.sleep(0.02)

    # ---- places and programs

    def namespace(self, place):
        """The full name of the namespace of a place, as `ip netns` knows it."""
        return f"{PREFIX}{os.getpid()}-{place}"

    def add_places(self, *names):
        """Makes more places, without a link yet."""
        for name in names:
            self._more_places.append(name)
            _ip("netns", "add", self.namespace(name))
            self.run(name, "sysctl", "-q", "-w", *_SYSCTLS)
            _ip("-n", self.namespace(name), "link", "set", "lo", "up")

    def link(self, left, right, left_addresses, right_addresses):
        """Links two places; each end is named after the other place. Addresses with their prefix length."""
        _ip("-n", self.namespace(left), "link", "add", "name", right, "type", "veth",
            "peer", "name", left, "netns", self.namespace(right))
        for place, device, addresses in ((left, right, left_addresses), (right, left, right_addresses)):
            batch = [f"addr add {address} dev {device}" + " nodad" * (":" in address) for address in addresses]
            _ip("-n", self.namespace(place), "-batch", "-", stdin="\n".join([*batch, f"link set {device} up"]))
            self.run(place, "sysctl", "-q", "-w", *_quick_neighbours(device))

    def add_address(self, place, *addresses):
        """Gives a place more addresses: of its network, or of its own where add_places() made it."""
        batch = []
        for address in addresses:
            is6 = ipaddress.ip_address(address).version == 6
            if place in self._more_places:
                batch.append(f"addr replace {address} dev lo" + " nodad" * is6)
                continue
            batch.append(f"addr replace {address}/{64 if is6 else NETWORKS[place][1]} dev eth0" + " nodad" * is6)
        _ip("-n", self.namespace(place), "-batch", "-", stdin="\n".join(batch))

    def set_nameservers(self, *addresses):
        """What /etc/resolv.conf says to programs started in the lab from now on."""
        self._nameservers = list(addresses)
        text = "".join(f"nameserver {address}\n" for address in addresses)
        (self.folder / "resolv.conf").write_text(text + "options timeout:1 attempts:1\n", encoding="ascii")

    def command(self, place, *argv):
        """The command line that runs argv in a place: its network, the lab's resolv.conf, a /run of its own."""
        script = ('mount --bind "$0" /etc/resolv.conf && mount -t tmpfs -o mode=755 tmpfs /run && '
                  'mkdir /run/sshd && exec "$@"')
        return ["ip", "netns", "exec", self.namespace(place), "sh", "-c", script,
                str(self.folder / "resolv.conf"), *map(str, argv)]

    def run(self, place, *argv, check=True, timeout=60, **options):
        """Runs a program to its end; its output is text in .stdout and .stderr."""
        argv = (["ip", "netns", "exec", self.namespace(place), *argv]
                if argv[0] in ("sysctl", "nft", "ip") else self.command(place, *argv))
        options.setdefault("capture_output", True)
        done = subprocess.run(argv, check=False, text=True, timeout=timeout, preexec_fn=_die_with_parent, **options)
        if check and done.returncode != 0:
            raise RuntimeError(f"{place}: {' '.join(argv)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def spawn(self, name, place, *argv, **options):
        """Starts a program that ends with the lab; its output goes to NAME.log in the folder."""
        if "stdout" not in options:
            options["stdout"] = open(self.folder / f"{name}.log", "ab")  # pylint: disable=consider-using-with
            options.setdefault("stderr", subprocess.STDOUT)
        child = subprocess.Popen(self.command(place, *argv), stdin=subprocess.DEVNULL,
                                 preexec_fn=_die_with_parent, **options)
        if hasattr(options["stdout"], "close"):
            options["stdout"].close()
        self._children.append((name, child))
        return child

    def end(self, child, how=signal.SIGKILL):
        """Ends a spawned program and everything that it left in its place."""
        self._children = [row for row in self._children if row[1] is not child]
        if child.poll() is None:
            child.send_signal(how)
        return child.wait(timeout=30)

    # ---- sockets of this process in another place

    def socket(self, place, family=socket.AF_INET, kind=socket.SOCK_STREAM):
        """A socket that lives in a place, for use by this process."""
        result = []

        def make():
            descriptor = os.open(f"/run/netns/{self.namespace(place)}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                if _libc.setns(descriptor, _CLONE_NEWNET) == 0:  # changes this thread only
                    result.append(socket.socket(family, kind))
            finally:
                os.close(descriptor)

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        if not result:
            raise LabUnavailable(f"can't enter {place}")
        return result[0]

    def connect(self, place, address, port, timeout=5):
        """A TCP connection made from a place."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connection = self.socket(place, family)
        connection.settimeout(timeout)
        try:
            connection.connect((address, port))
        except OSError:
            connection.close()
            raise
        return connection

    def http(self, place, address, port, path, method="GET", headers=None, body=None, timeout=10):
        """One HTTP exchange from a place: (status, headers, body as bytes)."""
        client = http.client.HTTPConnection(address, port, timeout=timeout)
        client.sock = self.connect(place, address, port, timeout)
        try:
            client.request(method, path, body=body, headers=headers or {})
            answer = client.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            client.close()

    def wait_listening(self, place, address, port, child=None, name="", timeout=15):
        """Returns when something accepts there; raises with the program's log when it ended or is late."""
        end = time.monotonic() + timeout
        while True:
            try:
                self.connect(place, address, port, 1).close()
                return
            except OSError as error:
                if time.monotonic() > end or (child and child.poll() is not None):
                    log = self.folder / f"{name}.log"
                    text = log.read_text(errors="replace")[-2000:] if log.is_file() else ""
                    raise RuntimeError(f"nothing listens on {address}:{port} in {place}: {error}\n{text}") from error
            time.sleep(0.02)

    # ---- the firewall

    def nft(self, place, text):
        """Feeds nftables rules to a place."""
        self.run(place, "nft", "-f", "-", input=text)

    def drop(self, address, port, transport="tcp"):
        """From now on silence."""
        self._rule(address, port, transport, "drop")

    def reject(self, address, port, code="admin-prohibited", transport="tcp"):
        """From now on the firewall answers: an ICMP code in nftables' words, or `tcp reset`."""
        kind = "icmpv6 " if ":" in address else "icmp "
        action = "tcp reset" if code == "tcp reset" else f"{kind}{code}"
        self._rule(address, port, transport, f"reject with {action}")

    def close(self, address, port):
        """From now on as if nothing listened there: a reset in the server's name."""
        self.reject(address, port, "tcp reset")

    def open(self, address, port, transport="tcp"):
        """Takes back what drop, reject and close did."""
        self._rule(address, port, transport, None)

    def open_all(self):
        """Takes back everything."""
        self._rules.clear()
        self._apply()

    def _rule(self, address, port, transport, action):
        self._rules.pop((address, transport, port), None)
        if action:
            self._rules[(address, transport, port)] = action
        self._apply()

    def _apply(self):
        lines = ["flush chain inet lab forward"]
        for (address, transport, port), action in self._rules.items():
            match = f"{'ip6' if ':' in address else 'ip'} daddr {address}"
            match += f" meta l4proto {transport}" if port is None else f" {transport} dport {port}"
            lines.append(f"add rule inet lab forward {match} {action}")
        self.nft("firewall", "\n".join(lines))
