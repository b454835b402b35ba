"""What the plugin registers with llm, and what it sends; no model runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import llm
import pytest

from datasette_llm_tools.local_model import files, register_models
from datasette_llm_tools.local_model.engine import (
    Engine,
    EngineSettings,
    default_threads,
    settings_from_environment,
)
from datasette_llm_tools.local_model.errors import LocalModelError
from datasette_llm_tools.local_model.models import AsyncLocalModel, LocalModel, request_body

MISSING = LocalModel("missing", Path("missing.gguf"))


def registered() -> dict[str, list[str]]:
    """Model ids with their aliases, as llm would be told them."""
    found: dict[str, list[str]] = {}

    def register(model: Any, async_model: Any, aliases: list[str]) -> None:
        assert isinstance(model, LocalModel)
        assert isinstance(async_model, AsyncLocalModel)
        assert model.model_id == async_model.model_id
        found[model.model_id] = aliases

    register_models(register=register)
    return found


def put_model(monkeypatch: pytest.MonkeyPatch, directory: Path, size: int) -> None:
    """A file of the given size, all of it a hole, where the model is looked for."""
    monkeypatch.setenv(files.DIRECTORY_VARIABLE, str(directory))
    with files.path_of(files.QWEN).open("wb") as file:
        file.truncate(size)


def test_nothing_is_registered_without_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(files.DIRECTORY_VARIABLE, str(tmp_path))
    monkeypatch.setenv(files.OWN_FILE_VARIABLE, str(tmp_path / "missing.gguf"))
    assert registered() == {}


@pytest.mark.skipif(not files.has_runtime(), reason="xllamacpp is not installed")
def test_the_installed_model_and_an_own_file_are_registered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "my-model.gguf"
    own.touch()
    monkeypatch.setenv(files.OWN_FILE_VARIABLE, str(own))
    monkeypatch.setenv(files.DIRECTORY_VARIABLE, str(tmp_path))
    assert registered() == {"my-model": ["local"]}
    put_model(monkeypatch, tmp_path, files.QWEN.size)
    assert registered() == {"qwen2.5-coder-1.5b": ["local"], "my-model": []}


def test_a_file_of_another_size_is_not_registered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put_model(monkeypatch, tmp_path, 1000)
    monkeypatch.delenv(files.OWN_FILE_VARIABLE, raising=False)
    assert registered() == {}


def test_history_is_sent_as_messages() -> None:
    messages = [llm.system("Be brief."), llm.user("One?"), llm.assistant("1"), llm.user("Two?")]
    prompt = MISSING.prompt(messages=messages, max_tokens=5, seed=3).prompt
    assert request_body(prompt) == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "One?"},
            {"role": "assistant", "content": "1"},
            {"role": "user", "content": "Two?"},
        ],
        "max_tokens": 5,
        "temperature": 0,
        "seed": 3,
    }


def test_a_schema_becomes_a_response_format() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    body = request_body(MISSING.prompt("One?", system="Be brief.", schema=schema).prompt)
    assert body["response_format"]["json_schema"]["schema"] == schema
    assert [message["role"] for message in body["messages"]] == ["system", "user"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"prompt": "x", "schema": {"type": "object"}, "grammar": "root ::= 'a'"}, "not both"),
        ({}, "empty"),
    ],
)
def test_what_cannot_be_sent_is_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(LocalModelError, match=said):
        request_body(MISSING.prompt(**arguments).prompt)


@pytest.mark.parametrize("options", [{"max_tokens": 0}, {"temperature": 3}, {"unknown": 1}])
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        MISSING.prompt("x", **options)


def test_a_missing_file_is_a_clear_error_each_time() -> None:
    for _ in range(2):
        with pytest.raises(LocalModelError, match=r"There is no model file missing\.gguf"):
            MISSING.prompt("x").text()
    assert not MISSING.is_loaded


@pytest.mark.asyncio
async def test_a_missing_file_is_a_clear_error_in_a_loop() -> None:
    model = AsyncLocalModel("missing", Path("missing.gguf"))
    with pytest.raises(LocalModelError, match="There is no model file"):
        await model.prompt("x").text()


@pytest.mark.skipif(not files.has_runtime(), reason="xllamacpp is not installed")
def test_a_file_that_is_no_model_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"no weights" * 100)
    engine = Engine(path, EngineSettings(threads=1))
    body = {"messages": [{"role": "user", "content": "x"}]}
    with pytest.raises(LocalModelError, match=r"broken\.gguf could not be loaded: .*magic"):
        list(engine.chat(body))
    assert not engine.is_loaded
    path.unlink()
    with pytest.raises(LocalModelError, match="could not be loaded"):
        list(engine.chat(body))
    engine.close()


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("THREADS", "CONTEXT", "SLOTS"):
        monkeypatch.delenv(f"DATASETTE_LLM_TOOLS_{name}", raising=False)
    assert settings_from_environment() == EngineSettings(default_threads(), 8192, 4)
    monkeypatch.setenv("DATASETTE_LLM_TOOLS_THREADS", "3")
    monkeypatch.setenv("DATASETTE_LLM_TOOLS_CONTEXT", "4096")
    monkeypatch.setenv("DATASETTE_LLM_TOOLS_SLOTS", "2")
    assert settings_from_environment() == EngineSettings(3, 4096, 2)


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5"])
def test_settings_that_make_no_sense_are_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("DATASETTE_LLM_TOOLS_THREADS", text)
    with pytest.raises(LocalModelError, match=f"THREADS must be a whole number above 0, .*{text}"):
        settings_from_environment()


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 2), (4, 4), (5, 4), (16, 15)])
def test_threads(monkeypatch: pytest.MonkeyPatch, cores: int, threads: int) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert default_threads() == threads
