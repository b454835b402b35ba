"""The engine with a scripted model and with a real HTTP server: every row has one outcome."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from tenacity.wait import wait_random_exponential

from datasette_llm_tools.enrichments.engine.asking import UNCHANGED, Asking, Recalled
from datasette_llm_tools.enrichments.engine.concurrency import MOST_WITH_FILES
from datasette_llm_tools.enrichments.outputs import Output, OutputType
from datasette_llm_tools.enrichments.values import (
    Fault,
    Outcome,
    OutcomeStatus,
    Row,
    RunLimits,
    Specification,
)
from datasette_llm_tools.errors import BadInput, RunPaused
from datasette_llm_tools.model import Model
from datasette_llm_tools.model_choice import choose_model
from datasette_llm_tools.prompt import Attachment, Usage
from tests.openai_server import Answer, OpenAIServer, openai_model, serving, stumbling
from tests.scripted_model import ScriptedModel, registered

LABEL = Output("label", OutputType.LABEL, labels=("good", "bad"))
SPECIFICATION = Specification("Say of this: {{ text }}", (LABEL,), "scripted")
GOOD = '{"label": "good"}'
LIMITS = RunLimits(concurrency=8, seconds_per_row=20)


class Refused(Exception):
    def __init__(self, status_code: int) -> None:
        super().__init__(f"status {status_code}")
        self.status_code = status_code


class SchemaModel(ScriptedModel):
    supports_schema = True


QUICKLY = wait_random_exponential(multiplier=0.005, max=0.02)


def numbered(count: int, start: int = 0) -> list[Row]:
    return [Row((n,), {"text": f"number {n}."}) for n in range(start, start + count)]


async def in_pages(rows: Sequence[Row], size: int = 50) -> AsyncIterator[Sequence[Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


async def door_to(model: Any) -> Model:
    """The model as a run gets it."""
    return await choose_model(Datasette(), {"id": "ada"}, "enrichments", model.model_id)


async def collected(asking: Asking, rows: Sequence[Row]) -> list[Outcome]:
    found: list[Outcome] = []
    async with aclosing(asking.outcomes(in_pages(rows))) as batches:
        async for batch in batches:
            assert 0 < len(batch) <= 200
            found += batch
    return found


async def asked(
    rows: Sequence[Row],
    *models: Any,
    specification: Specification = SPECIFICATION,
    limits: RunLimits = LIMITS,
    **more: Any,
) -> list[Outcome]:
    """All outcomes of the rows; each row must have one."""
    with registered(*models):
        doors = [await door_to(model) for model in models]
        specification = replace(specification, model_id=models[0].model_id)
        if len(models) > 1:
            specification = replace(specification, fallback_model_id=models[1].model_id)
        asking = Asking(specification, limits, ("text",), doors, back_off=QUICKLY, **more)
        found = await collected(asking, rows)
    assert sorted(each.key for each in found) == sorted(row.key for row in rows)
    return found


def scripted(script: Callable[[str], Any], model_id: str = "scripted", **more: Any) -> SchemaModel:
    return SchemaModel(script, model_id, **more)


def statuses(outcomes: Sequence[Outcome]) -> dict[str, int]:
    return dict(Counter(each.status.value for each in outcomes))


def number_in(text: str) -> int:
    return int("".join(each for each in text.split("number ")[1].split(".")[0] if each.isdigit()))


@pytest.mark.asyncio
async def test_every_row_gets_its_own_answer() -> None:
    model = scripted(
        lambda text: json.dumps({"label": "good" if number_in(text) % 2 else "bad"}),
        delay=0.001,
    )
    found = await asked(numbered(500), model, limits=replace(LIMITS, concurrency=64))
    assert len(model.prompts) == 500
    for each in found:
        assert each.values == {"label": "good" if each.key[0] % 2 else "bad"}
        assert each.attempts == 1 and each.usage.output_tokens and each.input_hash
        assert each.usd is None and each.milliseconds > 0 and each.model_id == "scripted"


@pytest.mark.asyncio
async def test_one_slow_row_keeps_nobody_waiting() -> None:
    slow = asyncio.Event()

    class Dawdling(SchemaModel):
        async def execute(self, prompt: Any, **more: Any) -> Any:
            if "number 3." in prompt.messages[-1].parts[0].text:
                await slow.wait()
            yield GOOD

    model = Dawdling(lambda text: GOOD)
    seen: list[Outcome] = []
    with registered(model):
        asking = Asking(SPECIFICATION, LIMITS, ("text",), [await door_to(model)])
        async with aclosing(asking.outcomes(in_pages(numbered(900)))) as batches:
            async for batch in batches:
                seen += batch
                if len(seen) == 899:
                    assert asking.in_flight == 1 and (3,) not in {each.key for each in seen}
                    slow.set()
    assert len({each.key for each in seen}) == 900


@pytest.mark.asyncio
async def test_outcomes_come_while_others_are_in_flight() -> None:
    """The first ones within a moment, although the batch is far from full."""
    never = asyncio.Event()

    class Stuck(SchemaModel):
        async def execute(self, prompt: Any, **more: Any) -> Any:
            if "number 0." not in prompt.messages[-1].parts[0].text:
                await never.wait()
            yield GOOD

    model = Stuck(lambda text: GOOD)
    with registered(model):
        asking = Asking(SPECIFICATION, LIMITS, ("text",), [await door_to(model)])
        async with aclosing(asking.outcomes(in_pages(numbered(5)))) as batches:
            assert [each.key for each in await anext(batches)] == [(0,)]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("row", "status", "fault"),
    [
        ({"text": None}, OutcomeStatus.SKIPPED, None),
        ({"text": "  "}, OutcomeStatus.SKIPPED, None),
        ({"text": "x" * 25_000}, OutcomeStatus.FAILED, Fault.INPUT_TOO_LONG),
        ({"text": b"\xff\x00"}, OutcomeStatus.FAILED, Fault.TEMPLATE),
    ],
)
async def test_what_is_never_sent(
    row: Mapping[str, Any], status: OutcomeStatus, fault: Fault | None
) -> None:
    model = scripted(lambda text: GOOD)
    (found,) = await asked([Row((1,), row)], model)
    assert (found.status, found.fault) == (status, fault)
    assert model.prompts == [] and found.attempts == 0
    assert status is OutcomeStatus.SKIPPED or found.message


@pytest.mark.asyncio
async def test_a_bad_reply_is_mended_once() -> None:
    replies = ["neither", GOOD]
    model = scripted(lambda text: replies.pop(0))
    (found,) = await asked(numbered(1), model)
    assert found.values == {"label": "good"} and found.attempts == 2
    roles = [each["role"] for each in model.prompts[1]]
    assert roles == ["system", "user", "assistant", "user"]


@pytest.mark.asyncio
async def test_a_reply_that_stays_bad_fails_the_row_alone() -> None:
    model = scripted(
        lambda text: "nonsense" if "number 7." in text or "Answer again" in text else GOOD
    )
    found = await asked(numbered(30), model)
    assert statuses(found) == {"done": 29, "failed": 1}
    (failed,) = [each for each in found if each.fault]
    assert failed.key == (7,) and failed.fault is Fault.INVALID and failed.attempts == 2
    assert failed.reply == "nonsense" and failed.message


@pytest.mark.asyncio
async def test_the_fallback_model_gets_invalid_and_unsure_rows_only() -> None:
    def first(text: str) -> str:
        if "number 1." in text or "Answer again" in text:
            return "nonsense"
        return json.dumps({"label": "good", "unsure": "number 2." in text})

    cheap, dear = scripted(first, "cheap"), scripted(lambda text: '{"label": "bad"}', "dear")
    found = await asked(numbered(20), cheap, dear)
    assert statuses(found) == {"done": 20}
    assert {each.key[0] for each in found if each.model_id == "dear"} == {1, 2}
    assert len(dear.prompts) == 2
    assert {each.values["label"] for each in found if each.model_id == "dear" and each.values} == {
        "bad"
    }


@pytest.mark.asyncio
async def test_an_unsure_answer_stays_when_the_fallback_has_none() -> None:
    cheap = scripted(lambda text: '{"label": "good", "unsure": true}', "cheap")
    dear = scripted(lambda text: "nonsense", "dear")
    (found,) = await asked(numbered(1), cheap, dear)
    assert found.values == {"label": "good"} and found.model_id == "cheap" and found.attempts == 2


@pytest.mark.asyncio
async def test_identical_rows_are_asked_once() -> None:
    rows = [Row((n,), {"text": f"number {n % 7}."}) for n in range(400)]
    model = scripted(lambda text: GOOD, delay=0.002)
    found = await asked(rows, model)
    assert len(model.prompts) == 7
    assert sum(each.cached for each in found) == 393
    assert all(each.usd == 0 and each.attempts == 0 for each in found if each.cached)


@pytest.mark.asyncio
async def test_without_the_cache_each_row_is_asked() -> None:
    model = scripted(lambda text: GOOD)
    rows = [Row((n,), {"text": "same"}) for n in range(40)]
    await asked(rows, model, specification=replace(SPECIFICATION, use_cache=False))
    assert len(model.prompts) == 40


@pytest.mark.asyncio
async def test_rows_like_a_failed_one_fail_with_it() -> None:
    model = scripted(lambda text: "nonsense", delay=0.002)
    found = await asked([Row((n,), {"text": "same"}) for n in range(9)], model)
    assert statuses(found) == {"failed": 9} and len(model.prompts) == 2


@pytest.mark.asyncio
async def test_recalled_rows_are_not_asked() -> None:
    async def recall(pairs: Sequence[tuple[Any, bytes]]) -> dict[Any, Recalled]:
        assert all(len(input_hash) == 16 for _, input_hash in pairs)
        known = {key: UNCHANGED for key, _ in pairs if key[0] < 10}
        earlier = Recalled({"label": "bad"}, "older")
        return known | {key: earlier for key, _ in pairs if 10 <= key[0] < 15}

    model = scripted(lambda text: GOOD)
    found = await asked(numbered(60), model, recall=recall)
    assert statuses(found) == {"unchanged": 10, "done": 50}
    assert len(model.prompts) == 45
    assert all(each.model_id == "older" for each in found if each.cached)


@pytest.mark.asyncio
async def test_several_rows_in_one_call() -> None:
    def script(text: str) -> str:
        lines = [json.loads(line) for line in text.splitlines() if line.startswith('{"id"')]
        if not lines:
            return GOOD
        rows = [{"id": each["id"], "label": "bad"} for each in lines]
        return json.dumps({"rows": rows[1:]})  # the first one is forgotten each time

    model = scripted(script)
    specification = replace(SPECIFICATION, rows_per_call=10)
    found = await asked(numbered(100), model, specification=specification)
    assert statuses(found) == {"done": 100}
    alone = [each for each in found if each.values == {"label": "good"}]
    assert len(model.prompts) == 2 * len(alone) and 10 <= len(alone) < 30
    tokens = sum(each.usage.output_tokens or 0 for each in found)
    assert tokens > 0


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (Refused(400), Fault.MODEL),
        (ValueError("odd"), Fault.MODEL),
        (Refused(500), Fault.OVERLOADED),
    ],
)
async def test_a_row_that_the_model_fails_on(error: Exception, fault: Fault) -> None:
    model = scripted(lambda text: error if "number 4." in text else GOOD)
    limits = replace(LIMITS, attempts=3)
    found = await asked(numbered(30), model, limits=limits)
    (failed,) = [each for each in found if each.fault]
    assert failed.key == (4,) and failed.fault is fault and failed.message
    assert failed.attempts == (3 if fault is Fault.OVERLOADED else 1) and failed.usd == 0


@pytest.mark.asyncio
async def test_attachments_go_along_and_a_missing_one_fails_its_row() -> None:
    class Seeing(SchemaModel):
        attachment_types: ClassVar = {"image/png"}
        seen: ClassVar[list[bytes]] = []

        async def execute(self, prompt: Any, **more: Any) -> Any:
            self.seen += [each.content for each in prompt.attachments]
            yield GOOD

    async def load(row: Row) -> tuple[Attachment, ...]:
        if row.key == (2,):
            raise BadInput("The file is too large.")
        return (Attachment("image/png", b"%d" % row.key[0]),)

    model = Seeing(lambda text: GOOD)
    found = await asked(numbered(4), model, load=load)
    assert sorted(model.seen) == [b"0", b"1", b"3"]
    (failed,) = [each for each in found if each.fault]
    assert (failed.fault, failed.message) == (Fault.ATTACHMENT, "The file is too large.")


@pytest.mark.asyncio
async def test_few_files_are_held_at_the_same_time() -> None:
    held = most = 0

    class Seeing(SchemaModel):
        attachment_types: ClassVar = {"image/png"}

        async def execute(self, prompt: Any, **more: Any) -> Any:
            nonlocal held
            await asyncio.sleep(0.002)
            held -= 1
            yield GOOD

    async def load(row: Row) -> tuple[Attachment, ...]:
        nonlocal held, most
        held += 1
        most = max(most, held)
        return (Attachment("image/png", b"%d" % row.key[0]),)

    limits = replace(LIMITS, concurrency=64)
    found = await asked(numbered(200), Seeing(lambda text: GOOD), limits=limits, load=load)
    assert statuses(found) == {"done": 200}
    assert most == MOST_WITH_FILES


async def until_paused(asking: Asking, rows: Sequence[Row]) -> tuple[list[Outcome], str]:
    found: list[Outcome] = []
    with pytest.raises(RunPaused) as caught:
        async with aclosing(asking.outcomes(in_pages(rows))) as batches:
            async for batch in batches:
                found += batch
    return found, caught.value.message


@pytest.mark.asyncio
async def test_a_refused_key_pauses_the_run_and_fails_no_row() -> None:
    model = scripted(lambda text: Refused(401) if "number 40." in text else GOOD)
    with registered(model):
        asking = Asking(SPECIFICATION, LIMITS, ("text",), [await door_to(model)])
        found, said = await until_paused(asking, numbered(300))
    assert "refused the key" in said
    assert statuses(found).keys() == {"done"} and 20 < len(found) < 60


@pytest.mark.asyncio
async def test_failures_in_a_row_pause_the_run() -> None:
    model = scripted(lambda text: Refused(400))
    with registered(model):
        limits = replace(LIMITS, failures_in_a_row=5)
        asking = Asking(SPECIFICATION, limits, ("text",), [await door_to(model)])
        found, said = await until_paused(asking, numbered(300))
    assert "5 rows failed in a row" in said and "status 400" in said
    assert 5 <= len(found) <= 5 + LIMITS.concurrency


@pytest.mark.asyncio
async def test_an_outage_pauses_the_run_and_fails_no_row() -> None:
    model = scripted(lambda text: Refused(503))
    with registered(model):
        limits = replace(LIMITS, failures_in_a_row=5, attempts=2)
        door = await door_to(model)
        asking = Asking(SPECIFICATION, limits, ("text",), [door], back_off=QUICKLY)
        found, said = await until_paused(asking, numbered(300))
    assert found == [] and "5 rows failed in a row" in said


@pytest.mark.asyncio
async def test_a_few_rows_in_an_outage_fail() -> None:
    """Fewer than would pause a run, as in a preview: they say why."""
    model = scripted(lambda text: ConnectionError("down"))
    found = await asked(numbered(3), model, limits=replace(LIMITS, attempts=2))
    assert {each.fault for each in found} == {Fault.OVERLOADED}


@pytest.mark.asyncio
async def test_money_is_never_overspent() -> None:
    def price(model_id: str, usage: Usage) -> float | None:
        return ((usage.input_tokens or 0) + (usage.output_tokens or 0)) / 1000

    model = scripted(lambda text: GOOD, delay=0.001)
    with registered(model):
        limits = replace(LIMITS, usd=10.0)
        door = await door_to(model)
        asking = Asking(SPECIFICATION, limits, ("text",), [door], price=price, spent_usd=3.0)
        found, said = await until_paused(asking, numbered(3000))
    spent = 3.0 + sum(each.usd or 0 for each in found)
    assert 9.0 < spent <= 10.0
    assert len(model.prompts) == len(found)
    assert "limit of $10.00" in said


@pytest.mark.asyncio
async def test_cents_are_told_as_they_are() -> None:
    model = scripted(lambda text: GOOD)
    with registered(model):
        asking = Asking(
            SPECIFICATION,
            replace(LIMITS, usd=0.005),
            ("text",),
            [await door_to(model)],
            price=lambda model_id, usage: 0.0002,
            spent_usd=0.0049,
        )
        _, said = await until_paused(asking, numbered(3))
    assert said.startswith(
        "The limit of $0.005 is reached: $0.0049 is spent, and one more prompt may cost $0.0002."
    )


@pytest.mark.asyncio
async def test_a_limit_of_money_needs_a_price() -> None:
    model = scripted(lambda text: GOOD)
    with registered(model):
        asking = Asking(SPECIFICATION, replace(LIMITS, usd=1.0), ("text",), [await door_to(model)])
        found, said = await until_paused(asking, numbered(9))
    assert found == [] and "no known price" in said and model.prompts == []


@pytest.mark.asyncio
async def test_limit_of_rows_leaves_out_what_was_not_asked() -> None:
    empty = [Row((-n,), {"text": ""}) for n in range(1, 20)]
    model = scripted(lambda text: GOOD)
    with registered(model):
        limits = replace(LIMITS, rows=70)
        asking = Asking(SPECIFICATION, limits, ("text",), [await door_to(model)])
        found = await collected(asking, [*empty, *numbered(300)])
    assert statuses(found) == {"skipped": 19, "done": 70} and len(model.prompts) == 70


@pytest.mark.asyncio
async def test_a_pause_lets_what_is_in_flight_finish() -> None:
    model = scripted(lambda text: GOOD, delay=0.01)
    found: list[Outcome] = []
    read = 0

    async def pages() -> AsyncIterator[Sequence[Row]]:
        nonlocal read
        while read < 100:
            yield numbered(50, start=50 * read)
            read += 1

    with registered(model):
        asking = Asking(SPECIFICATION, LIMITS, ("text",), [await door_to(model)])
        async with aclosing(asking.outcomes(pages())) as batches:
            async for batch in batches:
                found += batch
                asking.pause()
    assert asking.is_paused and asking.in_flight == 0
    assert len(found) == len(model.prompts) < 100 and model.closed == 0
    assert read < 10


@pytest.mark.asyncio
async def test_closing_cancels_what_is_in_flight() -> None:
    model = scripted(lambda text: GOOD if "number 0." in text else [GOOD] * 10_000, delay=0.01)
    closed = []

    async def pages() -> AsyncIterator[Sequence[Row]]:
        try:
            while True:
                yield numbered(100)
        finally:
            closed.append(True)

    with registered(model):
        asking = Asking(SPECIFICATION, LIMITS, ("text",), [await door_to(model)])
        async with aclosing(asking.outcomes(pages())) as batches:
            await anext(batches)
        before = len(asyncio.all_tasks())
    assert model.closed >= LIMITS.concurrency - 1 and closed == [True]
    assert before == 1 and asking.in_flight == 0


@pytest.mark.asyncio
async def test_what_pages_raise_comes_out_after_the_outcomes() -> None:
    async def pages() -> AsyncIterator[Sequence[Row]]:
        yield numbered(40)
        raise BadInput("The table is gone.")

    model = scripted(lambda text: GOOD, delay=0.001)
    found: list[Outcome] = []
    with registered(model):
        asking = Asking(SPECIFICATION, LIMITS, ("text",), [await door_to(model)])
        with pytest.raises(BadInput, match="The table is gone"):
            async with aclosing(asking.outcomes(pages())) as batches:
                async for batch in batches:
                    found += batch
    assert found and len(found) == len(model.prompts)


@pytest.mark.asyncio
async def test_concurrency_can_be_changed_while_it_runs() -> None:
    at_once = 0
    most: list[int] = [0]

    class Counting(SchemaModel):
        async def execute(self, prompt: Any, **more: Any) -> Any:
            nonlocal at_once
            at_once += 1
            most[-1] = max(most[-1], at_once)
            await asyncio.sleep(0.002)
            at_once -= 1
            yield GOOD

    model = Counting(lambda text: GOOD)
    done = 0
    with registered(model):
        asking = Asking(
            SPECIFICATION, replace(LIMITS, concurrency=2), ("text",), [await door_to(model)]
        )
        async with aclosing(asking.outcomes(in_pages(numbered(600)))) as batches:
            async for batch in batches:
                done += len(batch)
                if done > 50 and len(most) == 1:
                    most.append(0)
                    asking.adjust(replace(LIMITS, concurrency=20))
    assert most == [2, 20]


@pytest.mark.asyncio
async def test_the_event_loop_is_not_kept_from_others() -> None:
    """With a model that answers at once, others get their turn every few rows."""
    model = scripted(lambda text: GOOD)
    most = before = 0

    async def somebody_else() -> None:
        nonlocal most, before
        while True:
            most, before = max(most, len(model.prompts) - before), len(model.prompts)
            await asyncio.sleep(0)

    other = asyncio.create_task(somebody_else())
    await asked(numbered(2000), model)
    other.cancel()
    assert 1 <= most <= 32


# Over HTTP


async def over_http(
    server: OpenAIServer, rows: Sequence[Row], limits: RunLimits = LIMITS
) -> list[Outcome]:
    return await asked(rows, openai_model(server), limits=limits)


@pytest.mark.asyncio
async def test_one_in_five_refused_and_one_in_twenty_failing() -> None:
    script = stumbling(lambda request: Answer(GOOD), refused=0.2, failed=0.05)
    async with serving(script) as server:
        found = await over_http(server, numbered(400), replace(LIMITS, concurrency=16))
    assert statuses(found) == {"done": 400}
    assert server.requests <= 1.6 * 400
    assert sum(each.attempts for each in found) == server.requests


@pytest.mark.asyncio
async def test_connections_are_kept() -> None:
    async with serving(lambda request: Answer(GOOD, delay_s=0.005)) as server:
        found = await over_http(server, numbered(100))
    assert statuses(found) == {"done": 100}
    assert server.most_at_once == LIMITS.concurrency
    assert server.connections <= 2 * LIMITS.concurrency


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "stumble",
    [
        Answer(GOOD, is_cut=True),
        Answer(raw=b'{"choices": [{"mess'),
        Answer(raw=b"<html>Bad gateway</html>"),
        Answer(status=503),
        Answer(status=408),
        Answer(status=529, headers={"retry-after": "0"}),
    ],
)
async def test_a_stumble_costs_another_request_and_no_row(stumble: Answer) -> None:
    async with serving(
        lambda request: stumble if request.number in (3, 5) else Answer(GOOD)
    ) as server:
        found = await over_http(server, numbered(20))
    assert statuses(found) == {"done": 20} and server.requests == 22


@pytest.mark.asyncio
async def test_a_reply_that_never_ends_times_out() -> None:
    async with serving(
        lambda request: Answer(GOOD, is_endless="number 3." in request.text)
    ) as server:
        found = await over_http(server, numbered(20), replace(LIMITS, seconds_per_row=0.3))
    assert statuses(found) == {"done": 19, "failed": 1}
    (failed,) = [each for each in found if each.fault]
    assert failed.fault is Fault.TIMED_OUT and failed.attempts == 2


@pytest.mark.asyncio
async def test_a_server_that_never_answers_times_out() -> None:
    async with serving(
        lambda request: Answer(GOOD, delay_s=60 if "number 3." in request.text else 0)
    ) as server:
        found = await over_http(server, numbered(20), replace(LIMITS, seconds_per_row=0.3))
    (failed,) = [each for each in found if each.fault]
    assert failed.key == (3,) and failed.fault is Fault.TIMED_OUT


@pytest.mark.asyncio
async def test_no_row_is_sent_again_before_retry_after() -> None:
    sent: list[float] = []

    def script(request: Any) -> Answer:
        sent.append(asyncio.get_running_loop().time())
        first = len(sent) == 1
        return Answer(status=429, headers={"retry-after": "1"}) if first else Answer(GOOD)

    async with serving(script) as server:
        (found,) = await over_http(server, numbered(1))
    assert found.attempts == 2 and sent[1] - sent[0] >= 1.0


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(status=401), "refused the key"),
        (Answer(status=404), "choose another model"),
        (Answer(status=429, code="insufficient_quota"), "no credit left"),
        (Answer(status=429, headers={"retry-after": "7200"}), "120 minutes"),
    ],
)
async def test_what_pauses_a_run_at_once(answer: Answer, said: str) -> None:
    async with serving(lambda request: answer) as server:
        model = openai_model(server)
        with registered(model):
            asking = Asking(
                replace(SPECIFICATION, model_id="fake"), LIMITS, ("text",), [await door_to(model)]
            )
            found, reason = await until_paused(asking, numbered(50))
    assert found == [] and said in reason
    assert server.requests <= LIMITS.concurrency


# With accounting


class Books:
    """A plugin that reserves and settles as datasette-llm's accounting plugins do."""

    def __init__(self, refuse_after: int = 10**9) -> None:
        self.entered = 0
        self.left = 0
        self.groups: list[int] = []
        self.open: set[int] = set()
        self.most_open = 0
        self.refuse_after = refuse_after

    @hookimpl
    def llm_prompt_context(self, purpose: str, actor: Any) -> Any:
        assert purpose == "enrichments" and actor == {"id": "ada"}

        @asynccontextmanager
        async def account(result: Any) -> AsyncIterator[None]:
            if id(result.group) not in self.open:
                await asyncio.sleep(0.001)
                assert id(result.group) not in self.open  # nobody else reserved meanwhile
                self.open.add(id(result.group))
                self.most_open = max(self.most_open, len(self.open))
            self.entered += 1
            if self.entered > self.refuse_after:
                raise InsufficientBalanceError("nothing left")
            yield
            self.left += 1

        return account

    @hookimpl
    def llm_group_exit(self, group: Any) -> Any:
        async def settle() -> None:
            self.open.discard(id(group))
            self.groups.append(len(group._responses))

        return settle()


class InsufficientBalanceError(Exception):
    pass


@contextmanager
def kept(books: Books) -> Iterator[None]:
    pm.register(books)
    try:
        yield
    finally:
        pm.unregister(books)


@pytest.mark.asyncio
async def test_prompts_are_accounted_for_in_groups_of_a_few_hundred() -> None:
    books = Books()
    with kept(books):
        await asked(numbered(500), scripted(lambda text: GOOD, delay=0.001))
    assert books.entered == books.left == 500 and books.open == set()
    assert books.most_open <= 2  # one is filled while the one before comes in
    assert sum(books.groups) == 500 and len(books.groups) == 3 and max(books.groups) <= 210


@pytest.mark.asyncio
async def test_an_empty_balance_pauses_the_run() -> None:
    model = scripted(lambda text: GOOD)
    books = Books(refuse_after=30)
    with kept(books), registered(model):
        asking = Asking(SPECIFICATION, LIMITS, ("text",), [await door_to(model)])
        found, said = await until_paused(asking, numbered(300))
    assert len(found) == 30 and "allows no more prompts" in said and books.open == set()
