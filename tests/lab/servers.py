"""Real servers from Debian's packages, started in a place of the lab with configurations of their own.

Each function starts one program and returns once it answers. All end with the lab.
"""

import pathlib
import sys
import time

_HERE = pathlib.Path(__file__).resolve().parent


def dns(lab, place, address, hosts=None, domains=None, port=53, name="dns"):
    """dnsmasq that knows hosts {name: [addresses]} and whole domains {suffix: address}, and nothing else: any
    other name does not exist."""
    lines = ["keep-in-foreground", "no-resolv", "no-hosts", "no-daemon", "bind-interfaces", "user=root",
             f"port={port}", f"listen-address={address}", "except-interface=lo", "local=//", "pid-file=",
             "local-ttl=5", "address=/#/"]
    for host, addresses in (hosts or {}).items():
        lines += [f"host-record={host},{target}" for target in addresses]
    for domain, target in (domains or {}).items():
        lines.append(f"address=/{domain}/{target}")
    path = lab.folder / f"{name}.conf"
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    lab.add_address(place, address)
    child = lab.spawn(name, place, "dnsmasq", f"--conf-file={path}", "--log-facility=-")
    lab.wait_listening(place, address, port, child, name)
    return child


def web(lab, place, sites, name="web"):
    """nginx with sites: [{listen: "ADDRESS:PORT", names, certificate: (file, key), locations: {path: directives},
    directives}]; without a certificate it speaks plain HTTP."""
    parts, addresses = [], []
    for site in sites:
        certificate = site.get("certificate")
        listen = site["listen"]
        addresses.append(listen.rsplit(":", 1))
        parts.append("server {")
        parts.append(f"listen {listen}{' ssl' if certificate else ''};")
        if site.get("names"):
            parts.append(f"server_name {' '.join(site['names'])};")
        if certificate:
            parts.append(f"ssl_certificate {certificate[0]}; ssl_certificate_key {certificate[1]};")
        parts.append(site.get("directives", ""))
        for path, text in site.get("locations", {"/": 'return 200 "lab\\n";'}).items():
            parts.append(f"location {path} {{ {text} }}")
        parts.append("}")
    folder = lab.folder / name
    folder.mkdir(exist_ok=True)
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    path = folder / "nginx.conf"
    path.write_text("daemon off; master_process off; user root; error_log stderr warn;\n"
                    f"pid {folder}/pid; events {{ worker_connections 512; }}\n"
                    f"http {{ access_log off; ssl_protocols TLSv1.2 TLSv1.3; server_names_hash_bucket_size 128; default_type text/plain; {temporary}\n"
                    + "\n".join(parts) + "\n}\n", encoding="latin-1")
    lab.add_address(place, *{address.strip("[]") for address, _ in addresses})
    child = lab.spawn(name, place, "nginx", "-c", path, "-e", "stderr")
    for address, port in addresses[-1:]:  # nginx listens everywhere or nowhere
        lab.wait_listening(place, address.strip("[]"), int(port), child, name)
    return child


def ssh(lab, place, addresses, port=22, name="ssh"):
    """OpenSSH's server on some addresses; nobody can log in."""
    key = lab.folder / f"{name}-key"
    lab.run(place, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    path = lab.folder / f"{name}.conf"
    path.write_text(f"Port {port}\n" + "".join(f"ListenAddress {address}\n" for address in addresses) +
                    f"HostKey {key}\nPidFile none\nUsePAM no\nAuthenticationMethods none\nAllowUsers nobody-at-all\n"
                    "MaxStartups 1000\nPerSourceMaxStartups none\n", encoding="ascii")
    lab.add_address(place, *addresses)
    child = lab.spawn(name, place, "/usr/sbin/sshd", "-D", "-e", "-f", path)
    lab.wait_listening(place, addresses[-1], port, child, name)
    return child


def proxy(lab, place, address, port=3128, password=False, name="proxy"):
    """squid; with password=True it asks for credentials (407) that nobody has."""
    folder = lab.folder / name
    folder.mkdir()
    folder.chmod(0o777)  # squid gives up root
    rules = "http_access allow all"
    if password:
        rules = ("auth_param basic program /bin/false\nauth_param basic realm lab\n"
                 "acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all")
    path = folder / "squid.conf"
    path.write_text(f"http_port {address}:{port}\n{rules}\naccess_log none\ncache_log {folder}/cache.log\ncache deny all\n"
                    f"cache_store_log none\npid_filename none\ncoredump_dir {folder}\nshutdown_lifetime 0 seconds\n"
                    "dns_nameservers 198.51.100.53\nvisible_hostname lab-proxy\npinger_enable off\n"
                    "connect_timeout 2 seconds\nforward_timeout 3 seconds\ncache_mem 8 MB\nmemory_pools off\n"
                    f"workers 1\nnetdb_filename none\nmax_filedescriptors 1024\n", encoding="ascii")
    lab.add_address(place, address)
    child = lab.spawn(name, place, "squid", "-N", "-f", path, "-d", "1")
    lab.wait_listening(place, address, port, child, name, timeout=30)
    return child


def socks(lab, place, address, port=1080, users=None, blocked=(), name="socks"):
    """Dante, a SOCKS5 server; with users {name: password} it asks for them. Blocked networks it forbids."""
    folder = lab.folder / name
    folder.mkdir()
    anyone = "from: 0.0.0.0/0 to: 0.0.0.0/0"
    path = folder / "danted.conf"
    path.write_text(f"logoutput: stderr\ninternal: {address} port = {port}\nexternal: eth0\nclientmethod: none\n"
                    f"socksmethod: {'username' if users else 'none'}\nuser.privileged: root\nuser.unprivileged: nobody\n"
                    f"timeout.connect: 2\nclient pass {{ {anyone} }}\n"
                    + "".join(f"socks block {{ from: 0.0.0.0/0 to: {network} }}\n" for network in blocked)
                    + f"socks pass {{ {anyone} command: connect }}\n", encoding="ascii")
    # Dante knows the system's users only, so it gets a system of its own: /etc/passwd and /etc/shadow that nobody
    # else sees, as every program of the lab has its own mounts.
    accounts, hashes = pathlib.Path("/etc/passwd").read_text(encoding="utf-8"), "root:*:::::::\n"
    for user, password in (users or {}).items():
        done = lab.run(place, "openssl", "passwd", "-6", "-stdin", input=password + "\n")
        accounts += f"{user}:x:65533:65534::/:/bin/false\n"
        hashes += f"{user}:{done.stdout.strip()}:19000:0:99999:7:::\n"
    (folder / "passwd").write_text(accounts, encoding="utf-8")
    (folder / "shadow").write_text(hashes, encoding="utf-8")
    (folder / "shadow").chmod(0o600)
    lab.add_address(place, address)
    script = 'mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/shadow" /etc/shadow && exec "$@"'
    child = lab.spawn(name, place, "sh", "-c", script, folder, "danted", "-N", "1", "-f", path)
    lab.wait_listening(place, address, port, child, name, timeout=30)
    return child


def prometheus(lab, place, target, port=9090, name="prometheus"):
    """Prometheus on 127.0.0.1 of a place, scraping `target` every 500 ms."""
    path = lab.folder / f"{name}.yml"
    path.write_text("global: {scrape_interval: 500ms, scrape_timeout: 400ms}\nscrape_configs:\n"
                    f"  - {{job_name: reachd, static_configs: [{{targets: ['{target}']}}]}}\n", encoding="ascii")
    return prometheus_of(lab, place, path, port=port, name=name)


def prometheus_of(lab, place, path, *options, address="127.0.0.1", port=9090, agent=False, name="prometheus"):
    """Prometheus with that configuration; as an agent it only scrapes and pushes."""
    folder = lab.folder / name
    folder.mkdir()
    storage = ["--enable-feature=agent", f"--storage.agent.path={folder}"] if agent else [f"--storage.tsdb.path={folder}"]
    if not address.startswith("127."):
        lab.add_address(place, address)
    child = lab.spawn(name, place, "prometheus", f"--config.file={path}", *storage,
                      f"--web.listen-address={address}:{port}", "--log.level=warn", *options)
    lab.wait_listening(place, address, port, child, name, timeout=30)
    end = time.monotonic() + 30
    while lab.http(place, address, port, "/-/ready")[0] != 200:
        if time.monotonic() > end:
            raise RuntimeError(f"{name} listens but is not ready")
        time.sleep(0.05)
    return child


def alertmanager(lab, place, address, webhook, port=9093, name="alertmanager"):
    """Alertmanager, alone and not in a cluster, that tells a webhook of every alert at once. Started again under the same
    name it has its storage of before."""
    folder = lab.folder / name
    folder.mkdir(exist_ok=True)
    path = folder / "alertmanager.yml"
    path.write_text("route: {receiver: lab, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 4h}\n"
                    "receivers:\n"
                    f"  - {{name: lab, webhook_configs: [{{url: '{webhook}', send_resolved: true}}]}}\n", encoding="ascii")
    lab.add_address(place, address)
    child = lab.spawn(name, place, "prometheus-alertmanager", f"--config.file={path}", f"--storage.path={folder}/data",
                      f"--web.listen-address={address}:{port}", "--cluster.listen-address=", "--log.level=warn")
    lab.wait_listening(place, address, port, child, name, timeout=30)
    return child


def stubs(lab, place, *specifications, name="stubs"):
    """The small servers of stub.py, each "MODE@ADDRESS:PORT[,CERTIFICATE,KEY]"."""
    places = [row.split("@", 1)[1].split(",")[0].rsplit(":", 1) for row in specifications]
    lab.add_address(place, *{address.strip("[]") for address, _ in places if not address.startswith("127.")})
    child = lab.spawn(name, place, sys.executable, _HERE / "stub.py", *specifications)
    last = [row for row in specifications if not row.startswith("udp")][-1:]
    for row in last:
        address, port = row.split("@", 1)[1].split(",")[0].rsplit(":", 1)
        lab.wait_listening(place, address.strip("[]"), int(port), child, name)
    return child
