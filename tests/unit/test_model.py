"""Which model is chosen, what is retried, and what an error says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import stamina
from datasette.app import Datasette

from datasette_llm_tools.errors import ModelFailed, NoModel
from datasette_llm_tools.model import available_models, choose_model
from datasette_llm_tools.prompt import Prompt, Turn, Usage
from tests.scripted_model import ScriptedModel, registered

PROMPT = Prompt("Be brief.", (Turn("user", "Hello"), Turn("assistant", "Hi"), Turn("user", "Go")))


class Refused(Exception):
    def __init__(self, status_code: int) -> None:
        super().__init__(f"status {status_code}")
        self.status_code = status_code


@contextmanager
def quick_retries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


async def serve(**config: Any) -> Datasette:
    datasette = Datasette(config={"plugins": config})
    await datasette.invoke_startup()
    return datasette


@pytest.mark.asyncio
async def test_messages_text_and_usage() -> None:
    model = ScriptedModel(lambda text: ["on", "e"])
    with registered(model):
        chosen = await choose_model(await serve(), None, "questions", "scripted")
        async with chosen.reply(PROMPT) as reply:
            pieces = [piece async for piece in reply]
    assert pieces == ["on", "e"] and reply.first_ms is not None
    assert [(each["role"], each["text"]) for each in model.prompts[0]] == [
        ("system", "Be brief."),
        ("user", "Hello"),
        ("assistant", "Hi"),
        ("user", "Go"),
    ]
    assert isinstance(reply.usage, Usage) and reply.usage.output_tokens is not None


@pytest.mark.asyncio
async def test_leaving_early_closes_the_reply() -> None:
    model = ScriptedModel(lambda text: ["a"] * 100)
    with registered(model):
        chosen = await choose_model(await serve(), None, "questions", "scripted")
        async with chosen.reply(PROMPT) as reply:
            await anext(reply)
        assert model.closed == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("errors", "calls"),
    [
        ([Refused(429)], 2),
        ([Refused(503), Refused(500)], 3),
        ([ConnectionError("reset")], 2),
        ([TimeoutError("slow")], 2),
    ],
)
async def test_passing_errors_are_retried(errors: list[Exception], calls: int) -> None:
    left: list[Any] = [*errors, "done"]
    model = ScriptedModel(lambda text: left.pop(0))
    with registered(model), quick_retries():
        chosen = await choose_model(await serve(), None, "questions", "scripted")
        async with chosen.reply(PROMPT) as reply:
            assert await reply.text() == "done"
    assert len(model.prompts) == calls


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("error", "calls", "said"),
    [
        (Refused(401), 1, "refused the key"),
        (Refused(400), 1, "did not answer: status 400"),
        (Refused(429), 3, "over its rate limit"),
        (ConnectionError("reset"), 3, "could not be reached"),
        (ValueError(""), 1, "did not answer: ValueError"),
    ],
)
async def test_lasting_errors_say_what_to_do(error: Exception, calls: int, said: str) -> None:
    model = ScriptedModel(lambda text: error)
    with registered(model), quick_retries():
        chosen = await choose_model(await serve(), None, "questions", "scripted")
        with pytest.raises(ModelFailed, match=said):
            async with chosen.reply(PROMPT) as reply:
                await reply.text()
    assert len(model.prompts) == calls


@pytest.mark.asyncio
async def test_nothing_is_retried_once_text_was_shown() -> None:
    class Breaking(ScriptedModel):
        async def execute(self, *args: Any, **more: Any) -> Any:
            self.prompts.append([])
            yield "half"
            raise ConnectionError("reset")

    model = Breaking(lambda text: "")
    with registered(model), quick_retries():
        chosen = await choose_model(await serve(), None, "questions", "scripted")
        with pytest.raises(ModelFailed):
            async with chosen.reply(PROMPT) as reply:
                await reply.text()
    assert len(model.prompts) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("config", "asked", "chosen"),
    [
        ({}, "two", "two"),
        ({"datasette-llm-tools": {"model": "two"}}, None, "two"),
        ({"datasette-llm": {"default_model": "two"}}, None, "two"),
        (
            {"datasette-llm-tools": {"model": "one"}, "datasette-llm": {"default_model": "two"}},
            None,
            "one",
        ),
        ({"datasette-llm": {"purposes": {"questions": {"model": "two"}}}}, None, "two"),
        ({"datasette-llm": {"models": ["two"]}}, None, "two"),
    ],
)
async def test_choice_of_a_model(config: dict[str, Any], asked: str | None, chosen: str) -> None:
    one, two = (ScriptedModel(lambda text: "", model_id) for model_id in ("one", "two"))
    with registered(one, two):
        datasette = await serve(**config)
        assert (await choose_model(datasette, None, "questions", asked)).model_id == chosen


@pytest.mark.asyncio
async def test_a_model_that_keeps_its_prefix_is_the_default() -> None:
    class Local(ScriptedModel):
        keeps_prefix = True

    with registered(ScriptedModel(lambda text: "", "far"), Local(lambda text: "", "near")):
        datasette = await serve(**{"datasette-llm": {"models": ["far", "near"]}})
        assert (await choose_model(datasette, None, "questions")).model_id == "near"


@pytest.mark.asyncio
async def test_a_model_off_the_list_is_not_to_be_had() -> None:
    models = [ScriptedModel(lambda text: "", model_id) for model_id in ("one", "two")]
    with registered(*models):
        datasette = await serve(**{"datasette-llm": {"models": ["one"]}})
        assert [each.model_id for each in await available_models(datasette, None, "questions")] == [
            "one"
        ]
        with pytest.raises(NoModel, match="no model two"):
            await choose_model(datasette, None, "questions", "two")


@pytest.mark.asyncio
async def test_no_model_at_all_says_the_three_ways() -> None:
    datasette = await serve(**{"datasette-llm": {"models": ["none"]}})
    with pytest.raises(NoModel) as caught:
        await choose_model(datasette, None, "questions")
    for way in ("local-model install", "llm keys set", "Ollama"):
        assert way in str(caught.value)
