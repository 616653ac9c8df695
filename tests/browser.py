"""Pages in a real browser: Chromium without a window, spoken to through its debugging pipe."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fcntl import F_DUPFD, fcntl
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")
COMPLAINTS = {
    "Runtime.exceptionThrown": "exceptionDetails",
    "Runtime.consoleAPICalled": "args",
    "Log.entryAdded": "entry",
    "Network.loadingFailed": "errorText",
}
"""Events after which a page is not in order, and the part of them that says why."""

START = "import os, sys; [os.dup2(int(sys.argv[at]), at + 2) for at in (1, 2)]; os.execv(sys.argv[3], sys.argv[3:])"


def browser() -> str:
    """The program; the test is skipped where there is none."""
    named = os.environ.get("PHONOFILM_BROWSER")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium here: install one, or name it in PHONOFILM_BROWSER")
    return found


@dataclass
class Tab:
    """A page that is open.

    Attributes:
        asked: addresses of everything that it loaded.
        complaints: what it wrote to the console, threw, or could not load.
    """

    to: Any
    answers: Any
    session: str = ""
    number: int = 0
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def do(self, method: str, **given: Any) -> dict[str, Any]:
        """Say something to the browser and wait for its answer."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": given}
        self.to.write(json.dumps(message | ({"sessionId": self.session} if self.session else {})).encode() + b"\0")
        self.to.flush()
        while (answer := self._next()).get("id") != self.number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, address: str, width: int, *, scheme: str = "light") -> None:
        """Show a page in a window so wide, and wait until it is loaded."""
        self.asked.clear()
        self.complaints.clear()
        self.seen.clear()
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        self.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.do("Page.navigate", url=address)
        while "Page.loadEventFired" not in self.seen:
            self._next()

    def value(self, script: str) -> Any:
        """What an expression comes to on the page."""
        result = self.do("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def picture(self) -> bytes:
        """The whole page as a PNG."""
        return base64.b64decode(self.do("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def _next(self) -> dict[str, Any]:
        text = bytearray()
        while (byte := self.answers.read(1)) != b"\0":
            assert byte, "the browser ended"
            text += byte
        message = json.loads(text)
        method, about = message.get("method", ""), message.get("params", {})
        self.seen.add(method)
        if method == "Network.requestWillBeSent":
            self.asked.append(about["request"]["url"])
        if method in COMPLAINTS:
            self.complaints.append(json.dumps(about[COMPLAINTS[method]]))
        return message


@contextmanager
def tab(profile: Path) -> Iterator[Tab]:
    """An open browser with one empty page.

    The browser reads its orders from descriptor 3 and answers at 4, so that no port is opened.
    """
    program = browser()
    orders, to = os.pipe()
    answers, back = os.pipe()
    words = [program, *QUIET, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
    high = [fcntl(one, F_DUPFD, 10) for one in (orders, back)]  # neither is 3 or 4 itself
    start = [sys.executable, "-c", START, *map(str, high), *words]
    process = subprocess.Popen(start, pass_fds=high, stderr=subprocess.DEVNULL)
    for one in (orders, back, *high):
        os.close(one)
    try:
        with os.fdopen(to, "wb") as out, os.fdopen(answers, "rb") as back_in:
            opened = Tab(out, back_in)
            target = opened.do("Target.createTarget", url="about:blank")["targetId"]
            opened.session = opened.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                opened.do(f"{domain}.enable")
            yield opened
    finally:
        process.terminate()
        process.wait(20)
