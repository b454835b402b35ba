"""Asking over HTTP: every route allowed, denied and with bad input; HTML, JSON and events."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.schema_text import estimate_tokens
from tests.scripted_model import Script, ScriptedModel
from tests.sites import ALICE, BOB, Site, make_site

COUNT = "select count(*) as sales from sale"


def always(sql: str, words: str = "There were 3 sales.") -> Any:
    """A script that answers with SQL, and with words when it is shown rows."""
    return lambda text: words if "<rows " in text else sql


@pytest.mark.asyncio
async def test_question_becomes_sql_rows_and_words(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        answer = await site.ask("How many sales?", in_words="1")
    assert answer["status"] == "answered"
    assert (answer["sql"], answer["columns"], answer["rows"]) == (COUNT, ["sales"], [[3]])
    assert answer["answer"] == "There were 3 sales."
    assert answer["model"] == "scripted"
    assert answer["tables"] == ["sale"]
    assert answer["truncated"] is False
    assert answer["tokens"]["input"] > 0 and answer["milliseconds"] > 0
    assert [call["purpose"] for call in answer["calls"]] == ["sql", "words"]


@pytest.mark.asyncio
async def test_events_tell_the_story_in_order(tmp_path: Path) -> None:
    script = always("select 'x' as x", "Fine.")
    async with make_site(tmp_path, lambda text: [*script(text)]) as site:
        events = await site.events("What?")
    names = [name for name, _ in events]
    assert names[0] == "question" and names[-1] == "done"
    assert "".join(data["delta"] for name, data in events if name == "sql") == "select 'x' as x"
    assert names.index("sql") < names.index("attempt") < names.index("rows") < names.index("words")
    rows = next(data for name, data in events if name == "rows")
    assert rows["count"] == 1 and "<td" in rows["html"]
    assert events[-1][1]["status"] == "answered"


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("", r"3 rows in [\d,]+ ms"),
        ("where 0", r"No rows: the query ran, and nothing matched\. It took [\d,]+ ms\."),
    ],
)
@pytest.mark.asyncio
async def test_rows_are_counted_in_a_sentence(tmp_path: Path, where: str, told: str) -> None:
    async with make_site(tmp_path, always(f"select id from sale {where}")) as site:
        answer = await site.ask("Which?")
        page = await site.get(answer["url"], headers={"accept": "text/html"})
    count = page.text[page.text.index('<p class="count"') :].partition("</p>")[0]
    assert re.fullmatch(told, " ".join(re.sub(r"<[^>]+>", "", count).split()))


@pytest.mark.asyncio
async def test_plain_form_leads_to_the_question_page(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        response = await site.post(
            "/-/questions/shops", {"question": "How many?"}, headers={"accept": "text/html"}
        )
        assert response.status_code == 303
        page = await site.get(response.headers["location"])
    assert page.status_code == 200
    for shown in ("How many?", "select count(*) as sales from sale", "There were 3 sales."):
        assert shown in page.text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/-/questions", "shops"),
        ("/-/questions/shops", "scripted"),
        ("/-/questions/shops?table=sale", "sale"),
        ("/-/questions/shops?sql=select+42", "select 42"),
    ],
)
async def test_pages_show_and_carry_a_strict_policy(tmp_path: Path, path: str, shown: str) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        page = await site.get(path)
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "object-src 'none'" in policy and "'unsafe-inline'" not in policy.split("style-src")[0]
    if path.endswith("shops"):
        return  # with one model there is no choice to show
    assert shown in page.text


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/-/questions", "/-/questions/shops"])
async def test_anonymous_visitors_may_not_ask(tmp_path: Path, path: str) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        page = await site.get(path, actor=None)
        asked = await site.post("/-/questions/shops", {"question": "How many?"}, actor=None)
        assert not site.model.prompts
    assert page.status_code == 403
    assert asked.status_code == 403 and asked.json()["ok"] is False


@pytest.mark.asyncio
async def test_denied_by_configuration(tmp_path: Path) -> None:
    config = {"permissions": {"llm-tools-ask": {"id": "bob"}}}
    async with make_site(tmp_path, always(COUNT), config=config) as site:
        assert (await site.ask("How many?", BOB))["ok"] is True
        denied = await site.post("/-/questions/shops", {"question": "How many?"}, actor=ALICE)
    assert denied.status_code == 403


@pytest.mark.asyncio
async def test_no_execute_sql_means_no_questions(tmp_path: Path) -> None:
    config = {"databases": {"shops": {"allow_sql": {"id": "bob"}}}}
    async with make_site(tmp_path, always(COUNT), config=config) as site:
        assert (await site.get("/-/questions/shops")).status_code == 403
        assert (await site.get("/-/questions/shops", actor=BOB)).status_code == 200


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"question": "  "}, 400, "empty"),
        ({"question": "x" * 2001}, 400, "2000 characters"),
        ({"question": "Q", "model": "nobody"}, 503, "no model nobody"),
        ({"question": "Q", "parent": "0" * 24}, 404, "gone"),
    ],
)
async def test_bad_input(tmp_path: Path, fields: dict[str, str], status: int, words: str) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        response = await site.post("/-/questions/shops", fields)
    assert response.status_code == status
    assert words in response.json()["error"]


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/-/questions/nowhere", "/-/questions/shops/" + "0" * 24])
async def test_unknown_addresses_are_404(tmp_path: Path, path: str) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        assert (await site.get(path)).status_code == 404


@pytest.mark.asyncio
async def test_wrong_method_is_405(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        assert (await site.get("/-/questions/shops/-/warm")).status_code == 405


@pytest.mark.asyncio
async def test_json_body_is_taken(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        response = await site.datasette.client.post(
            "/-/questions/shops.json", json={"question": "How many?", "in_words": 0}, actor=ALICE
        )
        broken = await site.datasette.client.post(
            "/-/questions/shops.json",
            content="{",
            headers={"content-type": "application/json"},
            actor=ALICE,
        )
    assert response.json()["rows"] == [[3]]
    assert broken.status_code == 400


@pytest.mark.asyncio
async def test_error_is_mended_with_the_tables_that_hold_the_name(tmp_path: Path) -> None:
    def script(text: str) -> str:
        if "SQLite says" not in text:
            return "select city from sale"
        return "select city from shop"

    async with make_site(tmp_path, script, settings={"mend_names": False}) as site:
        answer = await site.ask("Which cities?")
        correction = site.model.prompts[1][-1]["text"]
    assert answer["status"] == "answered" and len(answer["attempts"]) == 2
    assert answer["attempts"][0]["error"] == "no such column: city"
    assert "no such column: city" in correction
    assert "The column city is in: shop." in correction
    assert "sale has the columns: id, shop_id, day, item, price" in correction


@pytest.mark.asyncio
async def test_at_most_two_repairs(tmp_path: Path) -> None:
    columns = iter(["one", "two", "three", "four"])
    async with make_site(tmp_path, lambda text: f"select {next(columns)} from sale") as site:
        answer = await site.ask("What?")
        assert len(site.model.prompts) == 3
    assert answer["status"] == "failed" and len(answer["attempts"]) == 3
    assert [each["error"] for each in answer["attempts"]] == [
        f"no such column: {name}" for name in ("one", "two", "three")
    ]
    assert "No column here is called three" in answer["error"]
    assert answer["rows"] is None


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("select word from secret", "secret"),
        ("select load_extension('x')", "load_extension"),
        ("attach 'x.db' as x", "ATTACH"),
    ],
)
async def test_refusal_says_what_was_refused(tmp_path: Path, sql: str, named: str) -> None:
    async with make_site(tmp_path, always(sql)) as site:
        answer = await site.ask("Tell me the secret")
        assert len(site.model.prompts) == 1, "a refusal is not for the model to get around"
    assert answer["status"] == "failed" and answer["rows"] is None
    assert named.lower() in answer["error"].lower()


@pytest.mark.asyncio
async def test_hidden_table_is_in_no_prompt(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        await site.ask("What is secret?")
        sent = " ".join(each["text"] for each in site.model.prompts[0][:-1])
        schema = site.model.prompts[0][-1]["text"].split("Question:")[0]
    assert "secret" not in sent and "secret" not in schema and "hush" not in schema


@pytest.mark.asyncio
async def test_the_same_sql_again_is_not_run_again(tmp_path: Path) -> None:
    async with make_site(tmp_path, always("select * from selling")) as site:
        answer = await site.ask("What?")
        assert "The tables are: sale, shop." in site.model.prompts[1][-1]["text"]
        assert len(site.model.prompts) == 2
    assert answer["status"] == "failed" and len(answer["attempts"]) == 1
    assert answer["error"] == "The SQL did not run: no such table: selling"


@pytest.mark.asyncio
async def test_numbers_of_the_words_that_no_row_has_are_named(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT, "There were 3 sales, 42.5% of 1,000.")) as site:
        answer = await site.ask("How many?", in_words="1")
        page = await site.get(answer["url"])
    assert answer["unfounded_numbers"] == ["42.5", "1,000"]
    assert "Not in the rows: 42.5, 1,000." in page.text


@pytest.mark.asyncio
async def test_model_may_say_that_the_data_cannot_answer(tmp_path: Path) -> None:
    async with make_site(tmp_path, always("-- cannot answer: no weather here")) as site:
        answer = await site.ask("Will it rain?")
    assert answer["status"] == "unanswerable" and answer["error"] == "no weather here"


@pytest.mark.asyncio
async def test_rows_beyond_the_limit_are_said_to_be_truncated(tmp_path: Path) -> None:
    sql = "with recursive n(i) as (select 1 union all select i + 1 from n limit 50) select i from n"
    async with make_site(tmp_path, always(sql), settings={"max_rows": 10}) as site:
        answer = await site.ask("Count")
        page = await site.get(answer["url"])
    assert answer["truncated"] is True and len(answer["rows"]) == 10
    assert "there are more" in page.text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("settings", "sql", "said"),
    [
        ({"max_model_calls": 1}, "select missing from sale", "1 model calls"),
        ({"max_sql_runs": 0}, COUNT, "0 statements"),
        ({"max_tokens": 10}, COUNT, "10 tokens"),
    ],
)
async def test_limits_of_a_question(
    tmp_path: Path, settings: dict[str, int], sql: str, said: str
) -> None:
    async with make_site(tmp_path, always(sql), settings=settings) as site:
        answer = await site.ask("How many?")
    assert answer["status"] == "stopped" and said in answer["error"]


@pytest.mark.asyncio
async def test_time_limit_of_a_question(tmp_path: Path) -> None:
    async with make_site(
        tmp_path, lambda text: list(COUNT), settings={"max_seconds": 1}, delay=0.2
    ) as site:
        answer = await site.ask("How many?")
        assert site.model.closed == 1
    assert answer["status"] == "stopped" and "1 seconds" in answer["error"]


@pytest.mark.asyncio
async def test_model_failure_is_a_sentence_and_the_question_is_kept(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda text: RuntimeError("boom")) as site:
        answer = await site.ask("How many?")
        page = await site.get(answer["url"])
    assert answer["status"] == "failed"
    assert "scripted did not answer: boom" in answer["error"]
    assert "How many?" in page.text and "boom" in page.text


@pytest.mark.asyncio
async def test_failing_words_do_not_lose_the_rows(tmp_path: Path) -> None:
    def script(text: str) -> Any:
        return RuntimeError("tired") if "<rows " in text else COUNT

    async with make_site(tmp_path, script) as site:
        answer = await site.ask("How many?", in_words="1")
    assert answer["status"] == "answered" and answer["rows"] == [[3]]
    assert "tired" in answer["error"]


@pytest.mark.asyncio
async def test_transient_error_before_the_first_word_is_retried(tmp_path: Path) -> None:
    replies: list[Any] = [ConnectionError("reset"), COUNT]
    async with make_site(tmp_path, lambda text: replies.pop(0)) as site:
        answer = await site.ask("How many?")
    assert answer["rows"] == [[3]] and not replies


@pytest.mark.asyncio
async def test_follow_up_builds_on_question_and_sql(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        first = await site.ask("How many sales?")
        second = await site.ask("And only tea?", parent=first["id"])
        turns = site.model.prompts[1]
        page = await site.get(second["url"])
    assert [each["role"] for each in turns] == ["system", "user", "assistant", "user"]
    assert turns[1] == site.model.prompts[0][1], "the start of the prompt stays the same"
    assert turns[2]["text"] == COUNT
    assert turns[3]["text"] == "Question: And only tea?"
    assert "How many sales?" in page.text


@pytest.mark.asyncio
async def test_changing_a_query_in_words(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        await site.ask("Only tea", sql="select * from sale")
        turns = site.model.prompts[0]
    assert turns[2]["text"] == "select * from sale"


@pytest.mark.asyncio
async def test_edited_sql_runs_without_a_model(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        asked = await site.ask("How many?", in_words="1")
        calls = len(site.model.prompts)
        ran = await site.post(asked["url"] + "/-/run", {"sql": "select 7 as seven"})
        broken = await site.post(asked["url"] + "/-/run", {"sql": "select seven"})
        kept = (await site.get(asked["url"] + ".json")).json()
        assert len(site.model.prompts) == calls
    assert ran.json()["rows"] == [[7]]
    assert broken.status_code == 400 and "no such column" in broken.json()["error"]
    assert kept["sql"] == "select 7 as seven" and kept["answer"] is None
    assert kept["attempts"][-1]["written_by"] == "person"


@pytest.mark.asyncio
async def test_history_is_ones_own_and_can_be_searched_renamed_deleted(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        first = await site.ask("How many 100% sales?")
        await site.ask("How many shops?")
        other = await site.ask("Bob's question", BOB)
        listed = (await site.get("/-/questions/shops.json")).json()["questions"]
        assert [each["question"] for each in listed] == ["How many shops?", "How many 100% sales?"]
        found = (await site.get("/-/questions/shops.json?q=100%25")).json()["questions"]
        assert [each["id"] for each in found] == [first["id"]]
        assert (await site.get(other["url"])).status_code == 404
        renamed = await site.post(first["url"] + "/-/rename", {"title": "All of them"})
        assert renamed.json()["question"]["title"] == "All of them"
        assert (await site.post(first["url"] + "/-/delete", {}, BOB)).status_code == 404
        assert (await site.post(first["url"] + "/-/delete", {})).status_code == 200
        assert (await site.get(first["url"])).status_code == 404


@pytest.mark.asyncio
async def test_history_pages(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        for number in range(23):
            await site.ask(f"Question {number}")
        first = (await site.get("/-/questions/shops.json")).json()
        second = (await site.get(f"/-/questions/shops.json?next={first['next']}")).json()
    asked = [each["question"] for each in first["questions"] + second["questions"]]
    assert asked == [f"Question {number}" for number in reversed(range(23))]
    assert second["next"] is None


@pytest.mark.asyncio
async def test_shared_question_is_read_as_the_reader(tmp_path: Path) -> None:
    root = {"id": "root"}
    words = "The word is hush."
    async with make_site(tmp_path, always("select word from secret", words)) as site:
        asked = await site.ask("The secret?", root, in_words="1")
        assert asked["rows"] == [["hush"]]
        assert (await site.get(asked["url"])).status_code == 404
        await site.post(asked["url"] + "/-/share", {"shared": "1"}, root)
        page = await site.get(asked["url"])
        read = (await site.get(asked["url"] + ".json")).json()
        changed = await site.post(asked["url"] + "/-/rename", {"title": "mine"})
        await site.post(asked["url"] + "/-/share", {"shared": "0"}, root)
        assert (await site.get(asked["url"])).status_code == 404
    assert page.status_code == 200 and changed.status_code == 403
    assert "hush" not in page.text and "secret" in page.text
    assert read["rows"] is None and read["answer"] is None
    assert "hush" not in str(read)


@pytest.mark.asyncio
async def test_leaving_stops_the_work_and_keeps_what_was_found(tmp_path: Path) -> None:
    async with make_site(
        tmp_path,
        lambda text: ["select 1 as one"] if "<rows" not in text else ["a"] * 500,
        delay=0.02,
    ) as site:
        seen = await _leave_at(site, "event: words")
        assert site.model.closed == 1
        kept = (await site.get("/-/questions/shops.json")).json()["questions"][0]
    assert "event: rows" in seen
    assert kept["status"] == "answered" and kept["sql"] == "select 1 as one"


@pytest.mark.asyncio
async def test_leaving_before_there_are_rows_is_stopped(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda text: ["select "] + ["1"] * 500, delay=0.02) as site:
        await _leave_at(site, "event: sql")
        assert site.model.closed == 1
        kept = (await site.get("/-/questions/shops.json")).json()["questions"][0]
    assert kept["status"] == "stopped"


async def _leave_at(site: Site, text: str) -> str:
    """Speak ASGI to the app as a browser that goes away once `text` was sent to it."""
    sent = ""
    gone = asyncio.Event()
    body = [{"type": "http.request", "body": b"question=How+many%3F", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if body:
            return body.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal sent
        sent += message.get("body", b"").decode()
        if text in sent:
            gone.set()

    cookie = "ds_actor=" + site.datasette.client.actor_cookie(ALICE)
    headers = {
        "accept": "text/event-stream",
        "content-type": "application/x-www-form-urlencoded",
        "cookie": cookie,
        "host": "localhost",
    }
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/-/questions/shops",
        "raw_path": b"/-/questions/shops",
        "query_string": b"",
        "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await site.datasette.app()(scope, receive, send)
    return sent


class HeldModel(ScriptedModel):
    """A model that says nothing until it is freed."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.freed = asyncio.Event()

    async def execute(self, *arguments: Any, **named: Any) -> AsyncGenerator[str, None]:
        await self.freed.wait()
        async for piece in super().execute(*arguments, **named):
            yield piece


@pytest.mark.asyncio
async def test_too_many_questions_at_once_are_asked_to_wait(tmp_path: Path) -> None:
    model = HeldModel(always(COUNT))
    settings = {"max_questions_at_once": 2}
    async with make_site(tmp_path, model.script, settings=settings, model=model) as site:
        asking = [
            asyncio.create_task(site.ask(f"Question {i}", {"id": f"person{i}"})) for i in range(5)
        ]
        for refused in islice(asyncio.as_completed(asking), 3):
            await refused
        model.freed.set()
        answers = await asyncio.gather(*asking)
        later = await site.ask("Now?")
    assert sum(answer["ok"] for answer in answers) == 2
    assert all("ask again" in answer["error"] for answer in answers if not answer["ok"])
    assert later["rows"] == [[3]]


@pytest.mark.asyncio
async def test_fifty_people_at_once(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        answers = await asyncio.gather(
            *(site.ask(f"Question {i}", {"id": f"person{i}"}) for i in range(50))
        )
    assert [answer["rows"] for answer in answers] == [[[3]]] * 50


@pytest.mark.asyncio
async def test_one_model_call_and_a_small_prompt(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        await site.ask("How many?")
        assert len(site.model.prompts) == 1


@pytest.mark.asyncio
async def test_menus_and_jump_bar_lead_here_only_for_those_who_may(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        places = {
            "/": "/-/questions",
            "/shops": "Ask a question",
            "/shops/sale": "Ask about this table",
            "/shops/-/query?sql=select+1": "Change this query in words",
            "/-/jump.json?q=shops": "Ask shops a question",
        }
        for path, words in places.items():
            assert words in (await site.get(path)).text, path
            assert words not in (await site.get(path, actor=None)).text, path


@pytest.mark.asyncio
async def test_warming_says_ready(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        response = await site.post("/-/questions/shops/-/warm", {})
    assert 'event: ready\ndata: {"model": "scripted"}' in response.text


@pytest.mark.asyncio
async def test_five_hundred_tables_still_answer(tmp_path: Path) -> None:
    """The tables that the question names, and what joins them, are in a prompt of a fixed size."""
    columns = ", ".join(f"measure_{number} real" for number in range(18))
    tables = [
        f"create table area_{number} (id integer primary key, label text, {columns});"
        for number in range(498)
    ]
    tables += [
        "create table vessel (id integer primary key, vessel_name text, "
        "port_id int references port);",
        "create table port (id integer primary key, port_name text);",
        "insert into port values (1, 'Cork'); insert into vessel values (1, 'Asgard', 1);",
    ]
    sql = "select port_name, count(*) from vessel join port on port.id = port_id group by 1"
    async with make_site(tmp_path, always(sql), more_sql=["".join(tables)]) as site:
        answer = await site.ask("How many vessels does each port have?")
        sent = site.model.prompts[0]
    assert answer["rows"] == [["Cork", 1]]
    assert "vessel_name" in sent[1]["text"] and "port_name" in sent[1]["text"]
    assert sum(estimate_tokens(each["text"]) for each in sent) <= 1500


@pytest.mark.asyncio
async def test_asking_about_a_table_tells_the_model(tmp_path: Path) -> None:
    async with make_site(tmp_path, always(COUNT)) as site:
        answer = await site.ask("How many?", table="SALE")
        await site.ask("How many?", table="secret")
        told = [messages[-1]["text"].rsplit("Question: ")[-1] for messages in site.model.prompts]
    assert told == ["How many? (about the table sale)", "How many?"]
    assert answer["question"] == "How many?"


@pytest.mark.asyncio
async def test_visitors_may_not_change_what_one_of_them_asked(tmp_path: Path) -> None:
    config = {"permissions": {"llm-tools-ask": True}}
    async with make_site(tmp_path, always(COUNT), config=config) as site:
        answer = await site.ask("How many?", actor=None)
        assert answer["rows"] == [[3]]
        for change in ("rename", "share", "delete", "run"):
            response = await site.post(
                f"{answer['url']}/-/{change}", {"sql": "select 1", "title": "x"}, actor=None
            )
            assert response.status_code == 403, change
        listed = (await site.get("/-/questions/shops.json", actor=None)).json()["questions"]
    assert listed == []


@pytest.mark.asyncio
async def test_one_person_cannot_take_every_place(tmp_path: Path) -> None:
    async with make_site(
        tmp_path, lambda text: [COUNT], settings={"max_questions_at_once": 4}, delay=0.2
    ) as site:
        mine = [site.ask(f"Question {i}") for i in range(4)]
        *answers, theirs = await asyncio.gather(*mine, site.ask("And mine?", BOB))
    assert sum(answer["ok"] for answer in answers) == 2
    assert theirs["rows"] == [[3]]
