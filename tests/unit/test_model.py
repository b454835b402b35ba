"""Which model is chosen, what is retried, and what an error says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, ClassVar

import llm
import pytest
import stamina
from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm

from datasette_llm_tools.errors import ModelFailed, ModelOverloaded, ModelUnusable, NoModel
from datasette_llm_tools.model_choice import available_models, choose_model
from datasette_llm_tools.prompt import Attachment, Prompt, Turn, Usage
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


@pytest.mark.asyncio
async def test_a_whole_reply() -> None:
    model = ScriptedModel(lambda text: ["on", "e"])
    with registered(model):
        chosen = await choose_model(await serve(), None, "enrichments", "scripted")
        completion = await chosen.complete(PROMPT)
    assert completion.text == "one" and completion.usage.output_tokens is not None
    assert [each["text"] for each in model.prompts[0]] == ["Be brief.", "Hello", "Hi", "Go"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("error", "kind"),
    [(Refused(429), ModelOverloaded), (Refused(401), ModelUnusable), (Refused(400), ModelFailed)],
)
async def test_a_whole_reply_is_asked_for_once(error: Exception, kind: type[ModelFailed]) -> None:
    model = ScriptedModel(lambda text: error)
    with registered(model):
        chosen = await choose_model(await serve(), None, "enrichments", "scripted")
        with pytest.raises(ModelFailed) as caught:
            await chosen.complete(PROMPT)
    assert type(caught.value) is kind and len(model.prompts) == 1


@pytest.mark.asyncio
async def test_half_surrogate_pairs_do_not_get_through() -> None:
    model = ScriptedModel(lambda text: "a\ud83d")
    with registered(model):
        chosen = await choose_model(await serve(), None, "enrichments", "scripted")
        assert (await chosen.complete(PROMPT)).text == "a?"


class Configurable(ScriptedModel):
    """Keeps what it gets beside messages; takes images."""

    supports_schema = True
    attachment_types: ClassVar = {"image/png"}

    class Options(llm.Options):
        max_tokens: int | None = None
        temperature: float | None = None

    def __init__(self) -> None:
        super().__init__(lambda text: "ok")
        self.got: list[Any] = []

    async def execute(self, prompt: Any, **more: Any) -> Any:
        self.got.append(prompt)
        yield "ok"


@pytest.mark.asyncio
async def test_what_goes_along_with_a_prompt() -> None:
    model = Configurable()
    image = Attachment("image/png", b"\x89PNG")
    prompt = replace(
        PROMPT,
        schema={"type": "object"},
        max_tokens=7,
        grammar="root ::= x",
        attachments=(image,),
        options={"temperature": 0.5},
    )
    with registered(model):
        chosen = await choose_model(await serve(), None, "enrichments", "scripted")
        await chosen.complete(prompt)
        async with chosen.reply(prompt) as reply:
            await reply.text()
        with pytest.raises(ModelUnusable, match="nonsense"):
            await chosen.complete(replace(prompt, options={"nonsense": 1}))
    assert chosen.info.attachment_types == {"image/png"} and not chosen.info.supports_grammar
    for got in model.got:
        assert got.schema == {"type": "object"}
        assert (got.options.max_tokens, got.options.temperature) == (7, 0.5)
        assert [each.content for each in got.attachments] == [b"\x89PNG"]
        assert len(got.messages) == 4
    assert len(model.got) == 2


@pytest.mark.asyncio
async def test_a_file_that_a_model_does_not_take() -> None:
    prompt = replace(PROMPT, attachments=(Attachment("audio/wav", b"RIFF"),))
    with registered(Configurable()):
        chosen = await choose_model(await serve(), None, "enrichments", "scripted")
        with pytest.raises(ModelFailed, match="audio/wav"):
            await chosen.complete(prompt)


@pytest.mark.asyncio
async def test_configured_options_hold_in_a_group_too() -> None:
    class Watching:
        @hookimpl
        def llm_group_exit(self, group: Any) -> None:
            settled.append(len(group._responses))

    settled: list[int] = []
    model, plugin = Configurable(), Watching()
    default = {"model": "scripted", "options": {"temperature": 0.25}}
    pm.register(plugin)
    try:
        with registered(model):
            datasette = await serve(**{"datasette-llm": {"default_model": default}})
            chosen = await choose_model(datasette, None, "enrichments", "scripted")
            async with chosen.group() as grouped:
                await grouped.complete(PROMPT)
                await grouped.complete(PROMPT)
    finally:
        pm.unregister(plugin)
    assert [each.options.temperature for each in model.got] == [0.25, 0.25]
    assert settled == [2]


@pytest.mark.asyncio
async def test_a_reply_that_a_plugin_objects_to_was_paid_for() -> None:
    class Strict:
        @hookimpl
        def llm_prompt_context(self) -> Any:
            @asynccontextmanager
            async def account(result: Any) -> AsyncIterator[None]:
                yield
                raise ValueError("That was more than was set aside.")

            return account

    plugin = Strict()
    pm.register(plugin)
    try:
        with registered(ScriptedModel(lambda text: text)):
            chosen = await choose_model(await serve(), None, "enrichments", "scripted")
            async with chosen.group() as grouped:
                replies = await asyncio.gather(
                    *(
                        grouped.complete(Prompt("", (Turn("user", str(number)),)))
                        for number in range(5)
                    )
                )
    finally:
        pm.unregister(plugin)
    assert [reply.text for reply in replies] == ["0", "1", "2", "3", "4"]
