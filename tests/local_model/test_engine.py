"""The real local model: streaming, schema, grammar, counts, cancelling, shared beginnings."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from contextlib import aclosing
from pathlib import Path

import llm
import psutil  # type: ignore[import-untyped]  # it has no types
import pytest

from datasette_llm_tools.local_model import files
from datasette_llm_tools.local_model.completions import Finished
from datasette_llm_tools.local_model.engine import Engine, EngineSettings, default_threads
from datasette_llm_tools.local_model.errors import LocalModelError, PromptTooLong
from datasette_llm_tools.local_model.models import AsyncLocalModel, LocalModel

pytestmark = [
    pytest.mark.local_model,
    pytest.mark.skipif(not files.has_runtime(), reason="xllamacpp is not installed"),
    pytest.mark.skipif(
        files.glance(files.QWEN) is not files.Status.INSTALLED,
        reason="the local model is not installed: datasette llm-tools local-model install",
    ),
]

COUNT = "Write the numbers from 1 to 100, separated by commas."
SYSTEM = "You write SQLite.\n" + "".join(
    f"table t{n} (id integer, name_{n} text, value_{n} real)\n" for n in range(30)
)
WORDS = "You say in one sentence what the rows hold, plainly and exactly. " * 5


def sync_model() -> LocalModel:
    return LocalModel("local", files.path_of(files.QWEN), files.QWEN)


def async_model() -> AsyncLocalModel:
    return AsyncLocalModel("local", files.path_of(files.QWEN), files.QWEN)


async def cached_tokens(system: str, question: str) -> tuple[int, int]:
    """Ask, and return how many tokens of the prompt were not evaluated again, and of how many."""
    response = async_model().prompt(question, system=system, max_tokens=8)
    usage = await response.usage()
    assert usage.input is not None and usage.details is not None
    return usage.details["cached"], usage.input


def test_text_comes_in_pieces_and_is_counted() -> None:
    response = sync_model().prompt("Reply with the word yes, three times.", max_tokens=20)
    pieces = list(response)
    assert len(pieces) > 1
    assert "yes" in "".join(pieces).lower()
    usage = response.usage()
    assert usage.input is not None and usage.output is not None
    assert usage.input > 10
    assert len(pieces) <= usage.output + 1 <= 21
    assert response.json() == {"finish_reason": "stop"}


def test_a_reply_that_was_cut_says_so() -> None:
    response = sync_model().prompt(COUNT, max_tokens=5)
    response.text()
    assert response.json() == {"finish_reason": "length"}
    assert response.usage().output == 5


@pytest.mark.asyncio
async def test_the_event_loop_goes_on_meanwhile() -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    counting = asyncio.create_task(count_turns())
    pieces = []
    turns_between = set()
    async for piece in async_model().prompt(COUNT, max_tokens=20):
        pieces.append(piece)
        turns_between.add(turns)
    counting.cancel()
    assert len(pieces) > 5
    assert len(turns_between) > 5


def test_a_reply_follows_the_schema() -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "inhabitants": {"type": "integer"}},
        "required": ["city", "inhabitants"],
        "additionalProperties": False,
    }
    text = sync_model().prompt("Paris has 2 million people.", schema=schema, max_tokens=60).text()
    reply = json.loads(text)
    assert set(reply) == {"city", "inhabitants"}
    assert isinstance(reply["inhabitants"], int)


def test_a_reply_follows_the_grammar() -> None:
    reply = sync_model().prompt("What is the capital of France?", grammar='root ::= "blue" | "red"')
    assert reply.text() in {"blue", "red"}


def test_a_grammar_that_is_none_is_refused() -> None:
    with pytest.raises(LocalModelError, match=r"refused the request: .*grammar"):
        sync_model().prompt("x", grammar="root ::= (").text()


def test_a_reply_ends_before_the_stop_text() -> None:
    text = sync_model().prompt("Write: one, two, three", stop="two", max_tokens=20).text()
    assert "one" in text.lower()
    assert "two" not in text


def test_history_is_read() -> None:
    messages = [llm.user("My name is Ada."), llm.assistant("Hello Ada."), llm.user("My name?")]
    assert "Ada" in sync_model().prompt(messages=messages, max_tokens=20).text()


def test_a_prompt_too_long_is_refused_at_once() -> None:
    with pytest.raises(PromptTooLong, match="holds 8192"):
        sync_model().prompt("word " * 9000).text()


@pytest.mark.asyncio
async def test_a_shared_beginning_is_paid_for_once() -> None:
    await cached_tokens(SYSTEM, "How many rows has t1?")
    cached, total = await cached_tokens(SYSTEM, "What is the sum of value_2?")
    assert total > 500
    assert total - cached < 30
    # Another prompt in between, as for an answer in words, costs nothing of it.
    await cached_tokens(WORDS, "Rows: 1, 2, 3")
    cached, total = await cached_tokens(SYSTEM, "What is the mean of value_3?")
    assert total - cached < 30


@pytest.mark.asyncio
async def test_two_at_once_over_one_beginning_both_profit() -> None:
    await cached_tokens(SYSTEM, "How many rows has t4?")
    both = await asyncio.gather(
        cached_tokens(SYSTEM, "What is the least value_5?"),
        cached_tokens(SYSTEM, "What is the greatest value_6?"),
    )
    assert [total - cached < 30 for cached, total in both] == [True, True]


@pytest.mark.asyncio
async def test_more_at_once_than_slots_all_finish() -> None:
    prompts = [async_model().prompt(f"Say the number {n}.", max_tokens=8) for n in range(7)]
    texts = await asyncio.gather(*(prompt.text() for prompt in prompts))
    assert [str(n) in text for n, text in enumerate(texts)] == [True] * 7


@pytest.mark.asyncio
async def test_several_replies_of_one_call_are_lines_and_cost_no_other_prompt_its_place() -> None:
    other = "You answer questions about birds.\n" + "A robin is a bird.\n" * 60
    await cached_tokens(other, "What is a robin?")
    response = async_model().prompt(
        "Name a fruit.", system=SYSTEM, n=5, temperature=1.0, seed=3, max_tokens=6
    )
    replies = [json.loads(line) for line in (await response.text()).splitlines()]
    assert len(replies) == 5 and all(isinstance(each, str) and each for each in replies)
    assert len(set(replies)) > 1
    usage = await response.usage()
    assert usage.output is not None and 5 <= usage.output <= 30
    cached, total = await cached_tokens(other, "What is a wren?")
    assert total - cached < 30
    cached, total = await cached_tokens(SYSTEM, "Name another.")
    assert total - cached < 30


@pytest.mark.asyncio
async def test_two_calls_for_several_replies_both_finish() -> None:
    prompts = [
        async_model().prompt("Name a fruit.", n=8, temperature=1.0, max_tokens=4) for _ in range(2)
    ]
    texts = await asyncio.gather(*(prompt.text() for prompt in prompts))
    assert [len(text.splitlines()) for text in texts] == [8, 8]


@pytest.mark.asyncio
@pytest.mark.parametrize("prompt", [COUNT, "Repeat this text:\n" + "a b c d e f g h\n" * 350])
async def test_cancelling_stops_the_work(prompt: str) -> None:
    """With a single slot the next request can only run once the cancelled one has ended."""
    engine = Engine(files.path_of(files.QWEN), EngineSettings(default_threads(), slots=1))
    try:
        await asyncio.wrap_future(engine.load())
        body = {"messages": [{"role": "user", "content": prompt}], "max_tokens": 4000}
        reply: list[str | Finished] = []

        async def ask() -> None:
            async with aclosing(engine.achat(body)) as chat:
                async for piece in chat:
                    reply.append(piece)

        task = asyncio.create_task(ask())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        short = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}
        last = [piece async for piece in engine.achat(short)][-1]
        assert isinstance(last, Finished)
        assert not any(isinstance(piece, Finished) for piece in reply)
    finally:
        engine.close()


@pytest.mark.asyncio
async def test_after_a_stop_the_beginning_is_still_there() -> None:
    body = {
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": COUNT}],
        "max_tokens": 1000,
    }
    async with aclosing(async_model().engine.achat(body)) as chat:
        assert await anext(chat)
    cached, total = await cached_tokens(SYSTEM, "How many rows has t7?")
    assert total - cached < 30


def test_a_sync_reply_can_be_left_alone() -> None:
    response = sync_model().prompt(COUNT, max_tokens=1000)
    assert next(iter(response))
    del response
    assert sync_model().prompt("Say hi.", max_tokens=3).text()


def test_loading_is_shared_and_a_dead_process_is_replaced() -> None:
    engine = Engine(files.path_of(files.QWEN), EngineSettings(default_threads(), 1024, 1))
    try:
        futures = []
        threads = [threading.Thread(target=lambda: futures.append(engine.load())) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(future) for future in futures}) == 1
        process = futures[0].result().process
        assert engine.is_loaded
        process.kill()
        process.wait()
        assert not engine.is_loaded
        body = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}
        assert isinstance(list(engine.chat(body))[-1], Finished)
    finally:
        engine.close()


ENDING = """
import asyncio, os, sys
from pathlib import Path
from datasette_llm_tools.local_model.completions import Finished
from datasette_llm_tools.local_model.engine import engine_for
engine = engine_for(Path(sys.argv[1]))
chat = engine.chat({"messages": [{"role": "user", "content": "Count to 1000."}]})
next(chat)
print(engine.load().result().process.pid, flush=True)
if sys.argv[2] == "kill":
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(("ending", "code"), [("exit", 0), ("kill", -9)])
def test_the_process_ends_with_its_parent(ending: str, code: int, tmp_path: Path) -> None:
    script = tmp_path / "ending.py"
    script.write_text(ENDING)
    done = subprocess.run(
        [sys.executable, str(script), str(files.path_of(files.QWEN)), ending],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == code, done.stderr
    assert done.stderr == ""
    pid = int(done.stdout)
    if psutil.pid_exists(pid):
        psutil.Process(pid).wait(timeout=20)
    assert not psutil.pid_exists(pid)
