"""Investigations by a plan, as a model on this machine makes them: questions, rows, conclusion."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.scripted_model import ScriptedModel
from tests.sites import Site, make_site

TWO = "Which item sold most, and which shop sold that item first?"
MOST = "select item, count(*) as n from sale group by item order by n desc limit 1"
FIRST = "select name from shop join sale on sale.shop_id = shop.id where item = 'tea' limit 1"
ONLY_ONE = {"candidates": 1}


class LocalModel(ScriptedModel):
    """A model on this machine that keeps to a JSON schema; what it says is told by the question."""

    is_local = True
    supports_schema = True

    def __init__(self, **says: str) -> None:
        super().__init__(self._say)
        self.says = says
        self.concluding = 0

    def _say(self, text: str) -> str:
        system = self.prompts[-1][0]["text"]
        last = text.rsplit("Question: ", 1)[-1]
        if "split a question" in system:
            return self.says.get("plan", "nothing")
        if "rewrite a question" in system:
            return self.says.get("whole", "nothing")
        if "from what was looked up" in system:
            self.concluding += 1
            return self.says.get(f"conclusion{self.concluding}", self.says.get("conclusion", ""))
        return next(
            (sql for words, sql in self.says.items() if words in last), "-- cannot answer: no"
        )


@asynccontextmanager
async def planning(tmp_path: Path, settings: Any = None, **says: str) -> AsyncIterator[Site]:
    model = LocalModel(**says)
    settings = {**ONLY_ONE, **(settings or {})}
    async with make_site(tmp_path, model.script, model=model, settings=settings) as site:
        yield site


def purposes(answer: dict[str, Any]) -> list[str]:
    return [each["purpose"] for each in answer["calls"]]


@pytest.mark.asyncio
async def test_parts_are_asked_one_after_the_other(tmp_path: Path) -> None:
    says = {
        "item sold most": MOST,
        "whole": json.dumps({"question": "Which shop sold tea first?"}),
        "shop sold tea first": FIRST,
        "conclusion": "tea sold most: 2 sales. Corner sold it first.",
    }
    async with planning(tmp_path, **says) as site:
        answer = await site.ask(TWO, investigate="1")
        page = (await site.get(answer["url"], headers={"accept": "text/html"})).text
    steps = answer["investigation"]["steps"]
    assert [each["thought"] for each in steps] == [
        "Which item sold most?",
        "Which shop sold tea first?",
        "",
    ]
    assert steps[1]["rows"] == [["Corner"]] and answer["status"] == "answered"
    assert [(each["text"], each["steps"]) for each in answer["investigation"]["claims"]] == [
        ("tea sold most: 2 sales.", [1]),
        ("Corner sold it first.", [2]),
    ]
    assert purposes(answer) == ["step 1: sql", "question 2", "step 2: sql", "step 3"]
    assert "Which shop sold tea first?" in page and "Corner sold it first." in page


@pytest.mark.asyncio
async def test_a_model_plans_where_the_words_do_not(tmp_path: Path) -> None:
    says = {
        "plan": json.dumps({"questions": ["How many teas?", "How many milks?"]}),
        "whole": "not JSON",
        "teas": "select count(*) from sale where item = 'tea'",
        "milks": "select count(*) from sale where item = 'milk'",
        "conclusion": "Tea sells better: 2 against 1.",
    }
    async with planning(tmp_path, **says) as site:
        answer = await site.ask("Does tea sell better than milk?", investigate="1")
    assert purposes(answer)[0] == "plan" and len(answer["calls"]) == 5
    (claim,) = answer["investigation"]["claims"]
    assert claim["steps"] == [1, 2] and answer["unfounded_numbers"] == []


@pytest.mark.asyncio
async def test_a_conclusion_without_values_gives_way_to_the_rows(tmp_path: Path) -> None:
    says = {
        "item sold most": MOST,
        "first": FIRST,
        "conclusion": "The item that sold most was sold by a shop.",
    }
    async with planning(tmp_path, **says) as site:
        answer = await site.ask(TWO, investigate="1")
    assert [(each["text"], each["steps"]) for each in answer["investigation"]["claims"]] == [
        ("Which item sold most? tea, 2.", [1]),
        ("Which shop sold that item first? Corner.", [2]),
    ]


@pytest.mark.asyncio
async def test_numbers_of_no_row_are_sent_back_once(tmp_path: Path) -> None:
    says = {
        "item sold most": MOST,
        "first": FIRST,
        "conclusion1": "tea was sold 99 times.",
        "conclusion2": "tea was sold 2 times.",
    }
    async with planning(tmp_path, **says) as site:
        answer = await site.ask(TWO, investigate="1")
        objection = site.model.prompts[-1][-1]["text"]
    texts = [each["text"] for each in answer["investigation"]["claims"]]
    assert texts == ["Which shop sold that item first? Corner.", "tea was sold 2 times."]
    assert "99" in answer["investigation"]["steps"][2]["error"] and "numbers of no row" in objection


@pytest.mark.asyncio
async def test_a_part_that_fails_leaves_the_others(tmp_path: Path) -> None:
    says = {
        "item sold most": "select nothing_like_it from sale",
        "first": FIRST,
        "conclusion": "Corner was the first.",
    }
    async with planning(tmp_path, {"repairs": 0}, **says) as site:
        answer = await site.ask(TWO, investigate="1")
    steps = answer["investigation"]["steps"]
    assert steps[0]["error"] and steps[0]["rows"] is None and steps[1]["rows"] == [["Corner"]]
    assert answer["status"] == "answered"


@pytest.mark.asyncio
async def test_nothing_is_concluded_from_nothing(tmp_path: Path) -> None:
    async with planning(tmp_path) as site:
        answer = await site.ask(TWO, investigate="1")
        assert site.model.concluding == 0
    assert (answer["status"], answer["error"]) == ("unanswerable", "no")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"investigate_tokens": 900}, "tokens"),
        ({"investigate_steps": 1}, None),
    ],
)
async def test_it_is_bounded(tmp_path: Path, settings: dict[str, Any], error: str | None) -> None:
    says = {"item sold most": MOST, "first": FIRST}
    async with planning(tmp_path, settings, **says) as site:
        answer = await site.ask(TWO, investigate="1")
    assert len(answer["investigation"]["steps"]) <= 3
    assert (error is None) or error in answer["error"] or error in str(answer["investigation"])


@pytest.mark.asyncio
async def test_what_one_may_not_see_is_not_looked_up(tmp_path: Path) -> None:
    says = {"item sold most": "select word from secret", "first": FIRST}
    async with planning(tmp_path, **says) as site:
        answer = await site.ask(TWO, investigate="1")
        sent = json.dumps(site.model.prompts)
    assert "hush" not in sent and "hush" not in json.dumps(answer)
    assert answer["investigation"]["steps"][0]["error"]
