"""A shell for the commands of the documents: demo.db, small files, and a model on loopback."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.docs.documents import ROOT, blocks, text_of


def own_server(name: str) -> str:
    (found,) = [each for each in blocks(text_of(name), "yaml") if "api_base" in each]
    return str(found)


WIDGET = """Title: Flights by carrier
```query flights(origin text = 'JFK')
SELECT carrier, count(*) AS flights FROM flights WHERE origin = :origin GROUP BY carrier
```
```html
<!doctype html>
<h1>Flights</h1>
<script>datasette.rows("flights").then((rows) => { document.title = rows.length; });</script>
```
"""
CHANGE = "<<<<<<< SEARCH\n<h1>Flights</h1>\n=======\n<h1>Red</h1>\n>>>>>>> REPLACE\n"


class OpenAI(BaseHTTPRequestHandler):
    """Answers a question with one statement, rows with words, and one row with its mood; a wish
    for a widget with one, for a change with a patch, and for a chart with a spec."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not body.get("stream"):
            self._answer_about_a_row(body)
            return
        asked = body["messages"][-1]["content"]
        told = json.dumps(body["messages"][0])
        sql = "SELECT count(*) AS n FROM " + ("sales" if "sales" in asked else "flights") + ";"
        text = "There are some." if "<rows" in asked else sql
        if "interactive widgets" in told:
            text = CHANGE if "Make the bars red" in asked else WIDGET
        elif "Mean arrival delay by month" in asked:
            text = '{"mark": "line", "x": "year_month(date)", "y": "mean(arrival_delay)"}'
        head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
        chunk = {"index": 0, "delta": {"role": "assistant", "content": text}}
        usage = {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for part in (
            {**head, "choices": [{**chunk, "finish_reason": None}]},
            {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            {**head, "choices": [], "usage": usage},
        ):
            self.wfile.write(f"data: {json.dumps(part)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def _answer_about_a_row(self, body: dict[str, Any]) -> None:
        """The mood of a row; nonsense where it says "never", whatever is asked again."""
        said = json.dumps(body["messages"])
        text = "I would rather not." if "Never" in said else '{"mood": "glad"}'
        message = {"role": "assistant", "content": text}
        answer = {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13},
        }
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Shell:
    """Runs commands of the documents in a folder with demo.db and the files that they name."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        shutil.copy(ROOT / "demo.db", folder)
        (folder / "sales.csv").write_text("shop,price\n1,3\n1,4\n", encoding="utf-8")
        (folder / "shops.csv").write_text("id,name\n1,Corner\n", encoding="utf-8")
        models = own_server("README.md").replace("localhost:11434", f"127.0.0.1:{port}")
        (folder / "extra-openai-models.yaml").write_text(models, encoding="utf-8")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """What demo.db holds; several statements give nothing back."""
        with closing(sqlite3.connect(self.folder / "demo.db", isolation_level=None)) as connection:
            if ";" in sql:
                connection.executescript(sql)
                return []
            return connection.execute(sql).fetchall()

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["sh", "-c", command],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            env={
                **os.environ,
                "PATH": path,
                "LLM_USER_PATH": str(self.folder),
                "DATASETTE_LLM_TOOLS_MODELS": str(self.folder / "models"),
            },
        )


@contextmanager
def openai_server() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), OpenAI) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def opened_shell(folder: Path) -> Iterator[Shell]:
    """A shell in a folder, with its model."""
    with openai_server() as port:
        yield Shell(folder, port)


def command(start: str) -> str:
    """The command of the README that begins so."""
    lines = "".join(blocks(text_of("README.md"), "bash")).splitlines()
    (found,) = [line for line in lines if line.startswith(start)]
    return found
