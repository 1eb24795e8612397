"""More real servers from Debian's packages: what the protocol probes speak to. Each function starts one program with a
configuration of its own in the lab's folder and returns once it answers; all end with the lab."""

import os
import pathlib
import shutil
import sys
import time

_HERE = pathlib.Path(__file__).resolve().parent


def _folder(lab, name, owner=None):
    """A folder of the lab, given to a system user that the program becomes."""
    folder = lab.folder / name
    folder.mkdir()
    if owner:
        shutil.chown(folder, owner)
    return folder


def _key_pair(folder, pair, owner):
    """Copies of a certificate and its key that the program may read and nobody else."""
    copies = []
    for source, target in zip(pair, ("certificate.pem", "key.pem")):
        path = folder / target
        shutil.copy(source, path)
        shutil.chown(path, owner)
        path.chmod(0o600)
        copies.append(path)
    return copies


def _wait_udp(lab, place, port, child, name, timeout=15):
    """Returns once a UDP port is bound in a place."""
    end = time.monotonic() + timeout
    while not lab.run(place, "ss", "-Huln", f"sport = :{port}").stdout.strip():
        if time.monotonic() > end or child.poll() is not None:
            log = (lab.folder / f"{name}.log").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"nothing is bound to UDP port {port} in {place}\n{log}")
        time.sleep(0.02)


def ldap(lab, place, address, certificate, name="ldap"):
    """OpenLDAP on 389 (with StartTLS) and 636, with an empty directory."""
    folder = _folder(lab, name)
    (folder / "data").mkdir()
    path = folder / "slapd.conf"
    path.write_text("include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"
                    f"pidfile {folder}/pid\nTLSCertificateFile {certificate[0]}\nTLSCertificateKeyFile {certificate[1]}\n"
                    f"database mdb\nmaxsize 10485760\nsuffix dc=example,dc=com\ndirectory {folder}/data\n",
                    encoding="ascii")
    lab.add_address(place, address)
    child = lab.spawn(name, place, "/usr/sbin/slapd", "-d", "0", "-f", path,
                      "-h", f"ldap://{address}:389 ldaps://{address}:636")
    lab.wait_listening(place, address, 389, child, name)
    lab.wait_listening(place, address, 636, child, name)
    return child


def smb(lab, place, address, name="smb"):
    """Samba on 445 and 139, without a share."""
    folder = _folder(lab, name)
    folders = "".join(f"{what} directory = {folder}\n" for what in ("lock", "state", "cache", "pid"))
    path = folder / "smb.conf"
    path.write_text(f"[global]\nserver role = standalone server\nworkgroup = LAB\nnetbios name = LABSERVER\n{folders}"
                    f"private dir = {folder}\nncalrpc dir = {folder}/ncalrpc\nbind interfaces only = yes\n"
                    f"interfaces = {address}/32\nsmb ports = 445 139\nlog file = {folder}/log\nload printers = no\n"
                    "disable spoolss = yes\n", encoding="ascii")
    lab.add_address(place, address)
    child = lab.spawn(name, place, "/usr/sbin/smbd", "--foreground", "--no-process-group", f"--configfile={path}")
    lab.wait_listening(place, address, 445, child, name)
    lab.wait_listening(place, address, 139, child, name)
    return child


def snmp(lab, place, address, community="lab-community", name="snmp"):
    """Net-SNMP's agent on UDP 161: v1 and v2c with a community; v3 tells its engine to anybody."""
    folder = _folder(lab, name)
    path = folder / "snmpd.conf"
    path.write_text(f"rocommunity {community}\nagentaddress udp:{address}:161\n", encoding="ascii")
    lab.add_address(place, address)
    child = lab.spawn(name, place, "env", f"SNMP_PERSISTENT_DIR={folder}", "MIBS=", "/usr/sbin/snmpd", "-f", "-Lo", "-C",
                      "-c", path, "-p", folder / "pid")
    _wait_udp(lab, place, 161, child, name)
    return child


def ntp(lab, place, address, name="ntp"):
    """chrony on UDP 123, its own clock as reference; it never touches the machine's clock (-x)."""
    folder = _folder(lab, name)
    path = folder / "chrony.conf"
    path.write_text(f"local stratum 8\nallow all\nbindaddress {address}\ncmdport 0\nbindcmdaddress /\n"
                    f"pidfile {folder}/pid\n", encoding="ascii")
    lab.add_address(place, address)
    child = lab.spawn(name, place, "/usr/sbin/chronyd", "-d", "-x", "-u", "root", "-f", path)
    _wait_udp(lab, place, 123, child, name)
    return child


def ipmi(lab, place, address, name="ipmi"):
    """OpenIPMI's simulated management controller on UDP 623."""
    folder = _folder(lab, name)
    (folder / "lan.conf").write_text(
        'name "lab"\nset_working_mc 0x20\nstartlan 1\n'
        f"addr {address} 623\npriv_limit admin\n"
        + "".join(f"allowed_auths_{role} none md2 md5 straight\n" for role in ("callback", "user", "operator", "admin"))
        + "guid a123456789abcdefa123456789abcdef\nendlan\n"
        'user 1 true "" "test" user 10 none md2 md5 straight\n', encoding="ascii")
    (folder / "commands").write_text("mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\n"
                                     "mc_enable 0x20\n", encoding="ascii")
    lab.add_address(place, address)
    child = lab.spawn(name, place, "ipmi_sim", "-n", "-s", folder, "-c", folder / "lan.conf", "-f", folder / "commands")
    _wait_udp(lab, place, 623, child, name)
    return child


def smtp(lab, place, address, certificate, users=None, name="smtp"):
    """Postfix on port 25 with STARTTLS, its queue in the lab. It takes no mail; with users {name: password} it takes mail
    for anybody at example.com from those who log in over TLS, and keeps it in FOLDER/mail/inbox, a Maildir."""
    folder = _folder(lab, name)
    for part in ("etc", "spool", "data"):
        (folder / part).mkdir()
    shutil.chown(folder / "data", "postfix")
    daemons = "/usr/lib/postfix/sbin"
    (folder / "etc" / "main.cf").write_text(
        "compatibility_level = 3.6\nmyhostname = mail.example.com\nmydestination =\nmynetworks = 127.0.0.0/8\n"
        f"inet_interfaces = {address}\ninet_protocols = ipv4\nqueue_directory = {folder}/spool\n"
        f"data_directory = {folder}/data\ndaemon_directory = {daemons}\nalias_maps =\nalias_database =\n"
        f"smtpd_tls_cert_file = {certificate[0]}\nsmtpd_tls_key_file = {certificate[1]}\n"
        "smtpd_tls_security_level = may\nmaillog_file = /dev/stdout\nsmtpd_peername_lookup = no\n"
        "smtpd_client_connection_count_limit = 0\n" + (_mailbox(lab, place, folder, users) if users else ""),
        encoding="ascii")
    service = "{0} {1} {2} - n - {3} {4}\n"
    rows = [("smtp", "inet", "n", "-", "smtpd"), ("anvil", "unix", "-", "1", "anvil"),
            ("rewrite", "unix", "-", "-", "trivial-rewrite"), ("tlsmgr", "unix", "-", "1", "tlsmgr"),
            ("cleanup", "unix", "n", "0", "cleanup"), ("postlog", "unix-dgram", "n", "1", "postlogd"),
            ("qmgr", "unix", "n", "1", "qmgr"), ("proxymap", "unix", "-", "-", "proxymap"),
            ("bounce", "unix", "-", "0", "bounce"), ("defer", "unix", "-", "0", "bounce"),
            ("trace", "unix", "-", "0", "bounce"), ("retry", "unix", "-", "-", "error")]
    (folder / "etc" / "master.cf").write_text("".join(service.format(*row) for row in rows) +
                                              "virtual unix - n n - - virtual\n", encoding="ascii")
    lab.add_address(place, address)
    child = lab.spawn(name, place, "postfix", "-c", folder / "etc", "start-fg")
    lab.wait_listening(place, address, 25, child, name)
    return child


def _mailbox(lab, place, folder, users):
    """Postfix's settings for logging in and keeping mail. It asks the passwords of a stand-in for Dovecot."""
    box = folder / "mail"
    box.mkdir()
    shutil.chown(box, "nobody", "nogroup")
    accounts = folder / "accounts"
    accounts.write_text("".join(f"{user} {password}\n" for user, password in users.items()), encoding="ascii")
    socket = folder / "auth"
    child = lab.spawn(f"{folder.name}-auth", place, sys.executable, _HERE / "dovecot_auth.py", socket, accounts)
    end = time.monotonic() + 15
    while not socket.exists():
        if time.monotonic() > end or child.poll() is not None:
            raise RuntimeError("dovecot_auth.py does not start")
        time.sleep(0.02)
    owner = os.stat(box)
    return (f"smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = {socket}\n"
            "smtpd_tls_auth_only = yes\nsmtpd_recipient_restrictions = permit_sasl_authenticated, reject\n"
            "virtual_mailbox_domains = example.com\nvirtual_mailbox_maps = static:inbox/\n"
            f"virtual_mailbox_base = {box}\nvirtual_minimum_uid = 1\nvirtual_uid_maps = static:{owner.st_uid}\n"
            f"virtual_gid_maps = static:{owner.st_gid}\n")


def postgresql(lab, place, address, certificate=None, name="postgresql"):
    """PostgreSQL on 5432, with TLS where a certificate is given."""
    folder = _folder(lab, name, "postgres")
    programs = max(pathlib.Path("/usr/lib/postgresql").iterdir(), key=lambda path: int(path.name)) / "bin"
    as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    lab.run(place, *as_owner, programs / "initdb", "-D", folder / "data", "--auth=reject", "--no-sync", "-E", "UTF8",
            "--locale=C")
    options = {"listen_addresses": address, "unix_socket_directories": folder, "fsync": "off"}
    if certificate:
        pair = _key_pair(folder, certificate, "postgres")
        options |= {"ssl": "on", "ssl_cert_file": pair[0], "ssl_key_file": pair[1]}
    lab.add_address(place, address)
    child = lab.spawn(name, place, *as_owner, programs / "postgres", "-D", folder / "data",
                      *(f"--{key}={value}" for key, value in options.items()))
    lab.wait_listening(place, address, 5432, child, name, timeout=30)
    return child


def mysql(lab, place, address, certificate=None, max_connect_errors=100, name="mysql"):
    """MariaDB on 3306, with TLS where a certificate is given."""
    folder = _folder(lab, name, "mysql")
    lab.run(place, "mariadb-install-db", "--no-defaults", f"--datadir={folder}/data", "--user=mysql", "--skip-test-db",
            "--auth-root-authentication-method=normal", timeout=60)
    tls = []
    if certificate:
        pair = _key_pair(folder, certificate, "mysql")
        tls = [f"--ssl-cert={pair[0]}", f"--ssl-key={pair[1]}"]
    lab.add_address(place, address)
    child = lab.spawn(name, place, "/usr/sbin/mariadbd", "--no-defaults", f"--datadir={folder}/data", "--user=mysql",
                      f"--bind-address={address}", f"--socket={folder}/socket", f"--pid-file={folder}/pid",
                      f"--max-connect-errors={max_connect_errors}", "--innodb-buffer-pool-size=8M",
                      "--innodb-flush-log-at-trx-commit=0", *tls)
    lab.wait_listening(place, address, 3306, child, name, timeout=30)
    return child


def ftp(lab, place, address, certificate, name="ftp"):
    """vsftpd on port 21 with AUTH TLS; nobody can log in."""
    folder = _folder(lab, name)
    (folder / "empty").mkdir()
    path = folder / "vsftpd.conf"
    path.write_text(f"listen=YES\nlisten_address={address}\nbackground=NO\nanonymous_enable=NO\nlocal_enable=YES\n"
                    f"userlist_enable=YES\nuserlist_deny=NO\nuserlist_file=/dev/null\n"
                    f"secure_chroot_dir={folder}/empty\nssl_enable=YES\nrsa_cert_file={certificate[0]}\n"
                    f"rsa_private_key_file={certificate[1]}\nseccomp_sandbox=NO\nxferlog_enable=NO\n", encoding="ascii")
    lab.add_address(place, address)
    child = lab.spawn(name, place, "/usr/sbin/vsftpd", path)
    lab.wait_listening(place, address, 21, child, name)
    return child


def syslog(lab, place, address, certificate, authority, name="syslog"):
    """rsyslog on 514 (UDP and TCP) and 6514 (TLS); what it understood of each message is a line of FOLDER/received: the
    input (udp, tcp or tls), then priority, time, host, program, process, kind, structured data and text, after tabs."""
    folder = _folder(lab, name)
    path = folder / "rsyslog.conf"
    fields = ("inputname", "pri", "timereported:::date-rfc3339", "hostname", "app-name", "procid", "msgid",
              "structured-data", "msg")
    line = "\\t".join(f"%{field}%" for field in fields) + "\\n"
    path.write_text(f'global(workDirectory="{folder}" defaultNetstreamDriverCAFile="{authority}" '
                    f'defaultNetstreamDriverCertFile="{certificate[0]}" '
                    f'defaultNetstreamDriverKeyFile="{certificate[1]}")\n'
                    f'module(load="imudp")\nmodule(load="imtcp")\n'
                    f'input(type="imudp" address="{address}" port="514" name="udp")\n'
                    f'input(type="imtcp" address="{address}" port="514" name="tcp")\n'
                    f'input(type="imtcp" address="{address}" port="6514" name="tls" streamDriver.name="ossl" '
                    f'streamDriver.mode="1" streamDriver.authMode="anon")\n'
                    f'template(name="line" type="string" string="{line}")\n'
                    f'*.* action(type="omfile" file="{folder}/received" template="line")\n', encoding="ascii")
    lab.add_address(place, address)
    child = lab.spawn(name, place, "/usr/sbin/rsyslogd", "-n", "-f", path, "-i", folder / "pid")
    lab.wait_listening(place, address, 514, child, name)
    lab.wait_listening(place, address, 6514, child, name)
    _wait_udp(lab, place, 514, child, name)
    return child


def resolver(lab, place, address, name="resolver"):
    """unbound on UDP and TCP 53: it knows one name and asks nobody."""
    folder = _folder(lab, name)
    path = folder / "unbound.conf"
    path.write_text(f'server:\n  interface: {address}\n  access-control: 0.0.0.0/0 allow\n  chroot: ""\n  username: ""\n'
                    f'  directory: "{folder}"\n  pidfile: "{folder}/pid"\n  use-syslog: no\n  do-daemonize: no\n'
                    '  auto-trust-anchor-file: ""\n  local-zone: "." refuse\n  local-zone: "example.com." static\n'
                    '  local-data: "www.example.com. A 192.0.2.1"\n', encoding="ascii")
    lab.add_address(place, address)
    child = lab.spawn(name, place, "/usr/sbin/unbound", "-d", "-p", "-c", path)
    lab.wait_listening(place, address, 53, child, name)
    return child
