"""What hears whatever leaves a widget: a collector on loopback, and Chromium's own network log."""

from __future__ import annotations

import json
import re
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

LONGEST = 8000


@dataclass
class Collector:
    """TCP and UDP on one loopback port. `heard` is what came, the address before it."""

    port: int = 0
    heard: list[str] = field(default_factory=list)

    def __enter__(self) -> Collector:
        self._tcp = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._tcp.settimeout(0.2)
        self._udp.settimeout(0.2)
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=each, daemon=True) for each in (self._accept, self._receive)
        ]
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for each in self._threads:
            each.join()
        self._tcp.close()
        self._udp.close()

    def _accept(self) -> None:
        while not self._is_over.is_set():
            try:
                connection, _ = self._tcp.accept()
            except TimeoutError:
                continue
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(3)
            try:
                text = connection.recv(LONGEST).decode("latin-1")
                body = b"<!doctype html><title>reached</title>"
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\n"
                    b"Content-Type: text/html\r\nConnection: close\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
                )
            except OSError:
                text = ""
        self.heard.append(f"tcp {text or 'a connection'}")

    def _receive(self) -> None:
        while not self._is_over.is_set():
            try:
                text, _ = self._udp.recvfrom(LONGEST)
            except TimeoutError:
                continue
            self.heard.append(f"udp {text.decode('latin-1')}")

    def mentions(self, word: str) -> bool:
        return any(word in each for each in self.heard)


def listening_flags(log: Path) -> list[str]:
    """Flags for a Chromium that writes down each look-up, socket and request of its own.

    It knows no names but those below .localhost, so that it stays on this machine.
    """
    rules = "MAP * ~NOTFOUND, EXCLUDE *.localhost, EXCLUDE 127.0.0.1"
    return [f"--log-net-log={log}", f"--host-resolver-rules={rules}"]


def hosts_in(log: Path) -> set[str]:
    """Hosts that events of the log name; read it when the browser has ended.

    Only events: at its end stand reports that were never sent.
    """
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    return _hosts(json.dumps([each.get("params") for each in events]))


def hosts_so_far(log: Path) -> set[str]:
    """Hosts that the log of a Chromium that is still running names."""
    return _hosts(log.read_text(encoding="utf-8", errors="replace"))


def _hosts(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9-]+\.localhost", text.lower()))
