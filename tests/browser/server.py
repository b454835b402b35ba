"""A real Datasette in a process of its own, for a browser: databases, actors, a scripted model."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itsdangerous import URLSafeSerializer

REPOSITORY = Path(__file__).parents[2]
SECRET = "only-for-tests"
HOSTILE_COLUMN = "<img src=x onerror=window.harmed=1>"
HOSTILE_CELL = "</script><script>window.harmed=1</script><img src=x onerror=window.harmed=1>"
# A signed-in person may do everything, but salaries are for nobody.
CONFIG = {
    "permissions": {
        name: {"id": "*"}
        for name in (
            "create-table",
            "insert-row",
            "update-row",
            "alter-table",
            "store-query",
            "llm-tools-publish",
            "llm-tools-eval",
        )
    },
    # A busy machine must not end a vote early.
    "plugins": {"datasette-llm-tools": {"candidate_seconds": 600}},
    "databases": {"hostile": {"tables": {"salaries": {"allow": False}}}},
}


@dataclass(frozen=True)
class Server:
    """A running server. `url` has no slash at its end."""

    url: str
    process: subprocess.Popen[bytes]

    def cookie(self, actor: str) -> dict[str, str]:
        """The cookie that signs an actor in, as Playwright wants it."""
        value = URLSafeSerializer(SECRET, "actor").dumps({"a": {"id": actor}})
        return {"name": "ds_actor", "value": str(value), "url": self.url}

    def json(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path) as response:
            return json.load(response)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def start_server(
    folder: Path,
    *,
    scripted: bool = True,
    models: Path | None = None,
    kept: bool = True,
    environment: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
) -> Server:
    """Start Datasette on a free port with copies of demo.db and hostile data, and wait for it.

    Without `scripted` and without the folder of installed `models` there is no model at all;
    unless it is `kept`, history goes with the server. `environment` is added to what it gets,
    `config` laid over CONFIG.
    """
    shutil.copy(REPOSITORY / "demo.db", folder / "demo.db")
    _make_hostile(folder / "hostile.db")
    (folder / "datasette.json").write_text(json.dumps({**CONFIG, **(config or {})}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "datasette", "demo.db", "hostile.db", "--root"]
    command += ["--secret", SECRET, "-c", "datasette.json"]
    command += ["--internal", "internal.db"] if kept else []
    command += ["-h", "127.0.0.1", "-p", str(port)]
    if scripted:
        command += ["--plugins-dir", str(Path(__file__).parent / "plugins")]
    inherited = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    variables = {
        **inherited,
        "PYTHONPATH": str(REPOSITORY / "tests"),
        "LLM_USER_PATH": str(folder / "llm"),
        "DATASETTE_LLM_TOOLS_MODELS": str(models or folder / "no-models"),
        **(environment or {}),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=log, stderr=log)
    server = Server(f"http://127.0.0.1:{port}", process)
    _wait(server, folder / "log")
    return server


def _wait(server: Server, log: Path) -> None:
    for _ in range(600):
        if server.process.poll() is not None:
            break
        try:
            server.json("/-/versions.json")
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    server.process.kill()
    raise RuntimeError(f"The server did not start:\n{log.read_text()}")


def _make_hostile(path: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(f'create table hostile ("{HOSTILE_COLUMN}" text, link text)')
        connection.execute(
            "insert into hostile values (?, ?)", [HOSTILE_CELL, "javascript:window.harmed=1"]
        )
        connection.execute("create table salaries (name text, salary integer)")
        connection.execute("insert into salaries values ('Ann', 100)")
    connection.close()
