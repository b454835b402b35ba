"""A Datasette in a process of its own on loopback, and requests to it.

Only the standard library is used for requests, over one kept connection, so that the
client adds as little as possible to what is measured.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).parents[1]
PLUGINS = Path(__file__).with_name("plugins")
# Everybody who signed in may use datasette-agent here, as everybody may use our Ask.
CONFIG = {
    "plugins": {"datasette-llm": {"default_model": "scripted"}},
    "permissions": {"datasette-agent": {"id": "*"}},
}


@dataclass(frozen=True)
class Event:
    """A server-sent event and when its last byte came, in seconds of CLOCK_MONOTONIC."""

    at: float
    name: str
    data: dict[str, Any]


class Person:
    """Somebody signed in, with one connection to a server."""

    def __init__(self, port: int, name: str = "ada") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self._headers = {"x-benchmark-actor": name}

    def json(
        self,
        method: str,
        path: str,
        fields: dict[str, Any] | None = None,
        *,
        as_json: bool = False,
    ) -> Any:
        """Send a request and return the JSON that comes back; raises RuntimeError otherwise."""
        response = self._send(method, path, fields, "application/json", as_json=as_json)
        body = response.read()
        if response.status not in (200, 201):
            raise RuntimeError(f"{method} {path} answered {response.status}: {body[:300]!r}")
        return json.loads(body)

    def events(
        self, path: str, fields: dict[str, Any], *, as_json: bool = False
    ) -> Iterator[Event]:
        """POST and yield the events as they come; raises RuntimeError for another answer."""
        response = self._send("POST", path, fields, "text/event-stream", as_json=as_json)
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}: {response.read(300)!r}")
        rest = b""
        while piece := response.read1(1 << 16):
            at = time.monotonic()
            *blocks, rest = (rest + piece).split(b"\n\n")
            for block in blocks:
                lines = dict(line.split(": ", 1) for line in block.decode().split("\n"))
                if "event" in lines:
                    yield Event(at, lines["event"], json.loads(lines["data"]))

    def file(self, path: str) -> bytes:
        """GET a file. Raises RuntimeError where there is none."""
        response = self._send("GET", path, None, "*/*")
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"GET {path} answered {response.status}: {body[:300]!r}")
        return body

    def page(self, path: str) -> float:
        """GET a page; the seconds until its last byte. Raises RuntimeError where there is none."""
        began = time.monotonic()
        response = self._send("GET", path, None, "text/html")
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"GET {path} answered {response.status}: {body[:300]!r}")
        return time.monotonic() - began

    def close(self) -> None:
        self._connection.close()

    def _send(
        self,
        method: str,
        path: str,
        fields: dict[str, Any] | None,
        accept: str,
        *,
        as_json: bool = False,
    ) -> http.client.HTTPResponse:
        headers = {**self._headers, "accept": accept}
        body = None
        if fields is not None:
            kind = "json" if as_json else "x-www-form-urlencoded"
            headers["content-type"] = f"application/{kind}"
            body = json.dumps(fields) if as_json else urlencode(fields)
        try:
            self._connection.request(method, path, body, headers)
            return self._connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):
            if method != "GET":
                raise
            # The server closes a connection that was idle for some seconds.
            self._connection.close()
            self._connection.request(method, path, body, headers)
            return self._connection.getresponse()


@dataclass(frozen=True)
class Server:
    """A running Datasette."""

    port: int
    pid: int


@contextmanager
def served(
    folder: Path,
    *,
    python: str = sys.executable,
    config: dict[str, Any] | None = None,
    plugin: str = "scripted.py",
    database: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Serve a copy of demo.db, or a database as it is, with one of our plugins."""
    folder.mkdir(parents=True, exist_ok=True)
    if database is None:
        database = Path(shutil.copy(ROOT / "demo.db", folder))
    configuration = folder / "datasette.json"
    configuration.write_text(json.dumps(CONFIG if config is None else config), encoding="utf-8")
    plugins = plugins_dir(folder, plugin)
    port = free_port()
    command = [python, "-m", "datasette", "serve", str(database), "--port", str(port)]
    command += ["--internal", str(folder / "internal.db"), "--config", str(configuration)]
    command += ["--metadata", str(ROOT / "scripts" / "demo_datasette.yaml")]
    command += ["--plugins-dir", str(plugins)]
    log = folder / "server.log"
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, env={**os.environ, **(environment or {})}, cwd=folder
        )
    try:
        wait_for(port, process, log)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def plugins_dir(folder: Path, plugin: str) -> Path:
    """A folder for --plugins-dir that holds this plugin alone."""
    plugins = folder / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    shutil.copy(PLUGINS / plugin, plugins)
    return plugins


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers; raises RuntimeError with its log where it ends instead."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The server did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")
