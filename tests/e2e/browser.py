"""Headless Chromium, driven by ChromeDriver's WebDriver protocol (W3C) over plain HTTP: no packages but Debian's."""

import base64
import json
import pathlib
import re
import shutil

import support

# Without the flags for the background, Chromium looks for its maker's hosts at every start.
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
         "--window-size=1440,900")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver's name for a reference to an element
KEYS = {"down": "\ue015", "up": "\ue013", "enter": "\ue007", "escape": "\ue00c", "end": "\ue010", "home": "\ue011",
        "tab": "\ue004"}


def missing():
    """The programs that are not there."""
    return [program for program in ("chromium", "chromedriver") if not shutil.which(program)]


class Browser:
    """One browser in a place of the lab; a context manager. `screenshots`: the folder that they are kept in."""

    def __init__(self, lab, place, screenshots):
        self._lab, self._place, self._screenshots = lab, place, pathlib.Path(screenshots)
        self._screenshots.mkdir(parents=True, exist_ok=True)
        self._session = None
        self._profile = lab.folder / "chromium"
        self._driver = lab.spawn("chromedriver", place, "chromedriver", "--port=9515", "--allowed-ips=127.0.0.1",
                                 env={"PATH": "/usr/bin:/bin", "HOME": str(lab.folder), "LANG": "C.UTF-8"})

    def __enter__(self):
        self._lab.wait_listening(self._place, "127.0.0.1", 9515, self._driver, "chromedriver")
        options = {"args": [*FLAGS, f"--user-data-dir={self._profile}"], "binary": shutil.which("chromium")}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        answer = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{answer['sessionId']}"
        return self

    def __exit__(self, *_):
        if self._session:
            self._ask("DELETE", self._session)
        self._lab.end(self._driver)

    def _ask(self, method, path, body=None):
        body = json.dumps(body if body is not None else {}) if method == "POST" else None
        status, _, text = self._lab.http(self._place, "127.0.0.1", 9515, path, method=method, body=body, timeout=60)
        value = json.loads(text)["value"]
        if status != 200:
            raise AssertionError(f"{method} {path}: {value['error']}: {value['message'][:1000]}")
        return value

    def open(self, url):
        """Goes there and waits until it is loaded."""
        self._ask("POST", f"{self._session}/url", {"url": url})

    def run(self, script, *arguments):
        """What `script` (a function's body) returns; a promise is waited for."""
        return self._ask("POST", f"{self._session}/execute/sync", {"script": script, "args": list(arguments)})

    def devtools(self, command, **parameters):
        """One command of the DevTools protocol."""
        return self._ask("POST", f"{self._session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def find(self, selector):
        """The element that a CSS selector means."""
        return self._ask("POST", f"{self._session}/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        """As a person does: scrolled to, and not through something that covers it."""
        self._ask("POST", f"{self._session}/element/{self.find(selector)}/click")

    def type(self, selector, text):
        """Types into an element."""
        self._ask("POST", f"{self._session}/element/{self.find(selector)}/value", {"text": text})

    def press(self, *keys):
        """Keys, by their names in KEYS or as they are, to what has the focus."""
        actions = [{"type": step, "value": KEYS.get(key, key)} for key in keys for step in ("keyDown", "keyUp")]
        self._ask("POST", f"{self._session}/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def text(self, selector):
        """What a person reads there; empty where there is no such element."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def texts(self, selector):
        """The same of all that fit."""
        return self.run("return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText)", selector)

    def wait(self, what, script, *arguments, timeout=support.GUARD):
        """The first true value of a script."""
        return support.wait_for(what, lambda: self.run(script, *arguments), timeout)

    def wait_text(self, selector, pattern, timeout=support.GUARD):
        """Waits until a text there matches."""
        try:
            return support.wait_for(f"{pattern!r} in {selector}", lambda: re.search(pattern, self.text(selector)), timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}; it says: {self.text(selector)[:600]!r}") from error

    def screenshot(self, name):
        """Keeps what is seen as NAME.png."""
        image = base64.b64decode(self._ask("GET", f"{self._session}/screenshot"))
        (self._screenshots / f"{name}.png").write_bytes(image)

    def complaints(self):
        """What the console was told since the last call, policies that were violated included."""
        return [entry["message"] for entry in self._ask("POST", f"{self._session}/se/log", {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]

    # ---- what the reader's device is like

    def dark(self, on=True):
        """Prefers dark colours."""
        self.devtools("Emulation.setEmulatedMedia",
                      features=[{"name": "prefers-color-scheme", "value": "dark" if on else "light"}])

    def phone(self):
        """A phone's window."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True)

    def desk(self):
        """A desk's window again."""
        self.devtools("Emulation.clearDeviceMetricsOverride")

    def scripts(self, on):
        """Whether pages opened from now on may run scripts."""
        self.devtools("Emulation.setScriptExecutionDisabled", value=not on)
