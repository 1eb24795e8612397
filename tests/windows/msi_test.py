"""The MSI and the zip: what is in them, and installing, upgrading and removing under wine, with what was written looked at
from Linux. Runs within packaging/windows-service/wine-session."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
import zipfile

PACKAGES = pathlib.Path(os.environ["REACHD_PACKAGES"])
SOURCE = pathlib.Path(os.environ["REACHD_SOURCE_DIR"])
VERSION = os.environ["REACHD_VERSION"]
WINERUN = os.environ["REACHD_WINERUN"]
DRIVE = pathlib.Path(os.environ["WINEPREFIX"], "drive_c")
PROGRAM = DRIVE / "Program Files" / "reachd"
DATA = DRIVE / "ProgramData" / "reachd"
CONFIG = DATA / "reachd.yaml"
MSI = PACKAGES / f"reachd-{VERSION}-x64.msi"
GUARD = 60  # seconds that no wait of a test may exceed
MOST_BYTES = 14_000_000  # of the executable; the aim is 12 MB

SERVICE = r"HKLM\SYSTEM\CurrentControlSet\Services\reachd"
EVENT_SOURCE = r"HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\reachd"
SETTINGS = r"HKLM\SOFTWARE\reachd"
UNINSTALL = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"


def windows(*arguments, debug="-all"):
    """Runs a Windows program to its end. Into files: what wine starts inherits a pipe and keeps its reader waiting."""
    with tempfile.TemporaryFile() as out:
        done = subprocess.run([WINERUN, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=out,
                              stderr=subprocess.STDOUT, timeout=GUARD * 3, check=False,
                              env={**os.environ, "WINEDEBUG": debug})
        out.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, out.read().decode(errors="replace"))


def msiexec(what, msi, *properties):
    """Its output is what wine says of netsh, which does nothing there, and of what goes wrong in an installation."""
    return windows("msiexec", what, "Z:" + str(msi).replace("/", "\\"), "/qn", *properties,
                   debug="-all,fixme+netsh,warn+msi,err+all")


def install(msi, *properties):
    """What msiexec printed; it has to succeed."""
    return succeed(msiexec("/i", msi, *properties))


def remove(msi):
    return succeed(msiexec("/x", msi))


def succeed(done):
    if done.returncode != 0:
        raise AssertionError(f"msiexec ended with {done.returncode} (the low byte of its error):\n{done.stdout}")
    return done.stdout


def registry(key):
    """The values of a key; None if there is no such key."""
    done = windows("reg", "query", key)
    if done.returncode != 0:
        return None
    return dict(re.findall(r"^    (\S+)    REG_\w+    (.*?)\r?$", done.stdout, re.MULTILINE))


def installed_versions():
    """Of every entry of ours among the programs that can be removed."""
    done = windows("reg", "query", UNINSTALL, "/s")
    return [dict(re.findall(r"^    (\S+)    REG_\w+    (.*?)\r?$", entry, re.MULTILINE))["DisplayVersion"]
            for entry in re.split(r"\r?\n\r?\n", done.stdout)
            if re.search(r"DisplayName    REG_SZ    reachd\r?$", entry, re.MULTILINE)]


def service_state():
    """"RUNNING"; None if there is no service."""
    match = re.search(r"STATE\s*: \d+\s+(\w+)", windows("sc", "query", "reachd").stdout)
    return match and match.group(1)


def links():
    return [path for path in DRIVE.rglob("*.lnk") if path.parent.name == "reachd"]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def answer(port, path, host="127.0.0.1"):
    """What the daemon says, once it does."""
    end = time.monotonic() + GUARD
    while True:
        try:
            with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=5) as response:
                return response.read().decode()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="reachd-msi-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def test_the_zip_holds_one_executable_that_needs_nothing_but_windows(self):
        name = f"reachd-{VERSION}-x64"
        with zipfile.ZipFile(PACKAGES / f"{name}.zip") as archive:
            names = set(archive.namelist())
            archive.extract(f"{name}/reachd.exe", self.folder)
        for file in ("README.md", "README-windows.md", "LICENSE.txt", "CHANGELOG.md", "examples/full.yaml"):
            self.assertIn(f"{name}/{file}", names)
        exe = self.folder / name / "reachd.exe"
        size = exe.stat().st_size
        print(f"reachd.exe without symbols: {size:,} bytes; MSI: {MSI.stat().st_size:,} bytes")
        self.assertLessEqual(size, MOST_BYTES)

        headers = subprocess.run(["x86_64-w64-mingw32-objdump", "-p", exe], capture_output=True, text=True, check=True)
        imports = {found.lower() for found in re.findall(r"DLL Name: (\S+)", headers.stdout)}
        system = {"advapi32.dll", "bcrypt.dll", "crypt32.dll", "iphlpapi.dll", "kernel32.dll", "msvcrt.dll",
                  "mswsock.dll", "ole32.dll", "shell32.dll", "user32.dll", "winhttp.dll", "ws2_32.dll"}
        self.assertIn("kernel32.dll", imports)
        self.assertEqual(imports - system, set(), "only what every Windows has")
        for flag in ("HIGH_ENTROPY_VA", "DYNAMIC_BASE", "NX_COMPAT"):
            self.assertIn(flag, headers.stdout)

        content = exe.read_bytes()
        for key in ("FileVersion", "ProductVersion"):
            at = content.index((key + "\0").encode("utf-16-le"))
            self.assertIn(f"{VERSION}\0".encode("utf-16-le"), content[at:at + 64], key)
        self.assertIn(b">UTF-8</activeCodePage>", content)
        # The table of messages (RT_MESSAGETABLE), without which the Event Log shows no text.
        self.assertRegex(headers.stdout, r"Entry: ID: 0x00000b,")
        self.assertIn("The service runs: %1".encode("utf-16-le"), content)
        done = windows("Z:" + str(exe).replace("/", "\\"), "version")
        self.assertIn(VERSION, done.stdout)

    def test_only_a_rollback_takes_the_service_back(self):
        # wine runs no rollback: 0x100 is what makes these actions wait for one.
        table = subprocess.run(["msiinfo", "export", MSI, "CustomAction"], capture_output=True, text=True, check=True)
        types = {row.split("\t")[0]: int(row.split("\t")[1]) for row in table.stdout.splitlines()[3:] if row}
        for action in ("UndoInstallService", "UndoWriteConfiguration", "UndoOpenFirewall", "UndoCloseFirewall"):
            self.assertEqual(types[action] & 0x500, 0x500, action)
        for action in ("InstallService", "WriteConfiguration", "OpenFirewall", "CloseFirewall", "StopService"):
            self.assertEqual(types[action] & 0xD00, 0xC00, action)
        table = subprocess.run(["msiinfo", "export", MSI, "InstallExecuteSequence"], capture_output=True, text=True, check=True)
        place = {row.split("\t")[0]: int(row.split("\t")[2]) for row in table.stdout.splitlines()[3:] if row}
        for action in ("InstallService", "WriteConfiguration", "OpenFirewall", "CloseFirewall"):
            self.assertEqual(place[action] - place["Undo" + action], 1, f"what undoes {action} has to be known before it")


class Installing(unittest.TestCase):
    """Each step on what the one before left."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="reachd-msi-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        # The version before: the same program but for a text that nothing reads.
        older = cls.folder / "reachd.exe"
        content = (PACKAGES / f"reachd-{VERSION}-x64-symbols.exe").read_bytes()
        older.write_bytes(content.replace(b"in DOS mode", b"in DOS MODE", 1))
        cls.build(older, "0.0.9", cls.folder)
        cls.older = cls.folder / "reachd-0.0.9-x64.msi"
        CONFIG.unlink(missing_ok=True)  # another test's
        cls.port = free_port()
        cls.addClassCleanup(windows, "msiexec", "/x", "Z:" + str(MSI).replace("/", "\\"), "/qn")

    @staticmethod
    def build(executable, version, folder):
        subprocess.run([SOURCE / "packaging/windows-service/build-msi", executable, version, folder], check=True,
                       stdout=subprocess.DEVNULL)

    def check_installed(self, version):
        self.assertEqual(installed_versions(), [version])
        for file in ("reachd.exe", "README.md", "CHANGELOG.md", "LICENSE.txt"):
            self.assertTrue((PROGRAM / file).is_file(), file)
        service = registry(SERVICE)
        self.assertEqual(service["ImagePath"], r'"C:\Program Files\reachd\reachd.exe" run --service --config '
                                               r'"C:\ProgramData\reachd\reachd.yaml"')
        self.assertEqual(service["ObjectName"], r"NT SERVICE\reachd")
        self.assertEqual(service["Start"], "0x2")
        self.assertEqual(registry(EVENT_SOURCE), {"EventMessageFile": r"C:\Program Files\reachd\reachd.exe",
                                                  "TypesSupported": "0x7"})
        (link,) = links()
        self.assertIn(f"http://localhost:{self.port}/".encode("utf-16-le"), link.read_bytes())
        self.assertEqual(service_state(), "RUNNING")
        self.assertIn("healthy", answer(self.port, "/-/healthy"))

    def test_1_a_product_that_there_is_not_installs_nothing(self):
        self.assertNotEqual(msiexec("/i", self.older, "PRODUCT=toaster").returncode, 0)
        self.assertEqual(installed_versions(), [])
        self.assertIsNone(service_state())

    def test_1_a_port_that_is_none_installs_nothing(self):
        for port in ("abc", "0", "65536"):
            with self.subTest(port):
                self.assertNotEqual(msiexec("/i", self.older, f"LISTEN_PORT={port}").returncode, 0)
                self.assertEqual(installed_versions(), [])
                self.assertFalse(CONFIG.exists())

    def test_1_no_firewall_is_opened_for_a_program_that_is_not_installed(self):
        done = msiexec("/i", self.older, "ADDLOCAL=Firewall")
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn("netsh", done.stdout)
        self.assertEqual(installed_versions(), [])

    def test_2_install(self):
        printed = install(self.older, "PRODUCT=flexera-beacon", f"LISTEN_PORT={self.port}")
        self.check_installed("0.0.9")
        self.assertIn(b"in DOS MODE", (PROGRAM / "reachd.exe").read_bytes())
        self.assertIn("product: flexera-beacon", CONFIG.read_text())
        self.assertIn(f'\nweb: {{listen: ["127.0.0.1:{self.port}"]}}\n', CONFIG.read_text())
        self.assertIn('product="flexera-beacon"', answer(self.port, "/metrics"))
        self.assertNotIn("netsh", printed, "the firewall stays as it is unless somebody asks")
        self.assertNotIn("FirewallRule", registry(SETTINGS))

    def test_3_upgrade_keeps_what_was_edited_and_what_was_told(self):
        edited = CONFIG.read_text() + "labels: {site: ams}\n"
        CONFIG.write_text(edited)
        printed = install(MSI, "ADDLOCAL=Reachd,Firewall", "REMOTE_ADDR=10.0.0.0/8", "PRODUCT=xclarity-administrator")
        self.check_installed(VERSION)
        self.assertIn(b"in DOS mode", (PROGRAM / "reachd.exe").read_bytes(), "the old file is gone")
        self.assertEqual(CONFIG.read_text(), edited)
        self.assertIn('site="ams"', answer(self.port, "/metrics"))
        rule = re.search(r"netsh:.*advfirewall.*", printed).group()
        for part in ("add", "name=reachd", "dir=in", "action=allow", "protocol=TCP", f"localport={self.port}",
                     "remoteip=10.0.0.0/8", r"program=C:\\Program Files\\reachd\\reachd.exe"):
            self.assertIn(f'L"{part}"', rule)

    def test_4_remove_leaves_settings_and_state(self):
        before = CONFIG.read_text()
        self.assertRegex(remove(MSI), r'netsh:.*L"delete" L"rule" L"name=reachd"')
        self.assertIsNone(service_state())
        self.assertFalse(PROGRAM.exists(), list(PROGRAM.glob("*")))
        self.assertEqual(links(), [])
        for key in (SERVICE, EVENT_SOURCE, SETTINGS):
            self.assertIsNone(registry(key), key)
        self.assertEqual(installed_versions(), [])
        self.assertEqual(CONFIG.read_text(), before)
        self.assertTrue((DATA / "state" / "journal.sqlite").is_file())
        self.assertTrue((DATA / "logs" / "reachd.log").is_file())

    def test_5_another_folder_is_remembered(self):
        install(self.older, r"INSTALLDIR=C:\Tools\reachd", f"LISTEN_PORT={self.port}")
        install(MSI)
        self.assertEqual(installed_versions(), [VERSION])
        self.assertIn(b"in DOS mode", (DRIVE / "Tools" / "reachd" / "reachd.exe").read_bytes())
        self.assertTrue(registry(SERVICE)["ImagePath"].startswith(r'"C:\Tools\reachd\reachd.exe" run'))
        self.assertFalse(PROGRAM.exists())
        remove(MSI)
        self.assertFalse((DRIVE / "Tools" / "reachd").exists())

    def test_6_without_a_word_it_watches_only_itself(self):
        CONFIG.unlink()
        install(MSI, f"LISTEN_PORT={self.port}")
        self.check_installed(VERSION)
        self.assertIn('target="127.0.0.1"', answer(self.port, "/metrics"))
        remove(MSI)

    def test_7_a_configuration_in_a_folder_that_is_not_there_yet(self):
        install(MSI, r"CONFIG_FILE=C:\conf\deep\reachd.yaml", f"LISTEN_PORT={self.port}",
                "LISTEN_ADDR=127.0.0.2")
        self.assertTrue((DRIVE / "conf" / "deep" / "reachd.yaml").is_file())
        self.assertIn('target="127.0.0.1"', answer(self.port, "/metrics", host="127.0.0.2"))
        (link,) = links()
        self.assertIn(f"http://127.0.0.2:{self.port}/".encode("utf-16-le"), link.read_bytes())
        remove(MSI)

    def test_8_a_service_from_the_zip_is_taken_over(self):
        folder = DRIVE / "zip"
        folder.mkdir()
        shutil.copy(PACKAGES / f"reachd-{VERSION}-x64-symbols.exe", folder / "reachd.exe")
        self.addCleanup(windows, "sc", "delete", "reachd")
        for arguments in (("init", "custom", "--listen", f"127.0.0.1:{self.port}", "--output", "C:\\zip\\reachd.yaml"),
                          ("service", "install", "--config", "C:\\zip\\reachd.yaml"), ("service", "start")):
            done = windows("C:\\zip\\reachd.exe", *arguments)
            self.assertEqual(done.returncode, 0, done.stdout)
        CONFIG.unlink(missing_ok=True)
        install(MSI, f"LISTEN_PORT={self.port}")
        self.check_installed(VERSION)
        remove(MSI)
        self.assertIsNone(service_state())

    def test_9_another_build_of_the_same_version_takes_its_place(self):
        again = self.folder / "again"
        again.mkdir()
        self.build(self.folder / "reachd.exe", VERSION, again)
        install(again / MSI.name, f"LISTEN_PORT={self.port}")
        self.assertIn(b"in DOS MODE", (PROGRAM / "reachd.exe").read_bytes())
        install(MSI)
        self.check_installed(VERSION)
        self.assertIn(b"in DOS mode", (PROGRAM / "reachd.exe").read_bytes())
        install(MSI)  # the very same: nothing to do
        self.check_installed(VERSION)
        remove(MSI)


if __name__ == "__main__":
    unittest.main(verbosity=2)
