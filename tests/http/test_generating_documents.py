"""From a wish to a document, whatever the model, its queries and its reader do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from datasette_llm_tools.errors import BadInput, LlmToolsError, NoModel
from datasette_llm_tools.widgets import store
from datasette_llm_tools.widgets.documents import generating
from datasette_llm_tools.widgets.documents.events import (
    Event,
    Finished,
    QueryFound,
    SourceReplaced,
    SourceWritten,
    StepBegan,
    TitleFound,
)
from datasette_llm_tools.widgets.documents.generating import Wish
from datasette_llm_tools.widgets.documents.keeping import Keeping
from datasette_llm_tools.widgets.values import (
    Column,
    Draft,
    Kind,
    NamedQuery,
    Origin,
    Parameter,
    Revision,
)
from tests.sites import ALICE, Site, make_site

SALES = """\
```query sales(city text = 'Graz')
SELECT item, sum(price) AS total FROM sale JOIN shop ON shop.id = shop_id
WHERE city = :city GROUP BY item
```
"""
HTML = """\
<!doctype html>
<h1>Sales</h1>
<p id="note" role="status">Loading…</p>
<script>
datasette.rows("sales", { city: "Graz" }).then((rows) => { note.textContent = rows.length; });
</script>
"""
NEW = f"Title: Sales by city\n{SALES}```html\n{HTML}```\n"
QUERY = NamedQuery(
    "sales",
    "SELECT item, sum(price) AS total FROM sale JOIN shop ON shop.id = shop_id\n"
    "WHERE city = :city GROUP BY item",
    (Parameter("city", default="Graz"),),
)
CONTRACT = {"sales": (Column("item", "text"), Column("total", "float"))}

BASE = Revision("0" * 24, 1, None, Draft(Origin.CREATED, HTML, (QUERY,), CONTRACT), "alice", "")


def change(search: str, replace: str) -> str:
    return f"<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n"


def one_after_the_other(*replies: Any) -> Callable[[str], Any]:
    waiting = list(replies)

    def script(prompt: str) -> Any:
        assert waiting, f"The model was asked once more: {prompt}"
        return waiting.pop(0)

    return script


def in_pieces(reply: str, size: int = 11) -> list[str]:
    return [reply[at : at + size] for at in range(0, len(reply), size)]


async def events_of(site: Site, wish: Wish, actor: Any = ALICE) -> list[Event]:
    return [event async for event in generating.events(site.datasette, actor, "shops", wish)]


async def finished(
    tmp_path: Path, replies: Sequence[Any], wish: Wish, **site: Any
) -> tuple[Finished, list[Event]]:
    async with make_site(tmp_path, one_after_the_other(*replies), **site) as there:
        *events, last = await events_of(there, wish)
        assert isinstance(last, Finished)
        return last, events


@pytest.mark.asyncio
async def test_a_document_streams_with_its_queries_run(tmp_path: Path) -> None:
    last, events = await finished(tmp_path, [in_pieces(NEW)], Wish("Sales by city"))
    assert TitleFound("Sales by city") in events
    assert QueryFound(QUERY, CONTRACT["sales"]) in events
    deltas = [each.delta for each in events if isinstance(each, SourceWritten)]
    assert len(deltas) > 10
    assert "".join(deltas) == HTML
    assert (last.title, last.error, last.notes) == ("Sales by city", None, ())
    assert last.draft is not None
    assert (last.draft.origin, last.draft.source) == (Origin.CREATED, HTML)
    assert (last.draft.queries, last.draft.contract) == ((QUERY,), CONTRACT)
    writing = last.draft.writing
    assert (writing.prompt, writing.model_id) == ("Sales by city", "scripted")
    assert writing.usage.output_tokens and writing.milliseconds > 0


@pytest.mark.asyncio
async def test_a_change_is_a_patch(tmp_path: Path) -> None:
    reply = change("<h1>Sales</h1>", "<h1>Sales in Graz</h1>")
    last, events = await finished(tmp_path, [reply], Wish("Say the city", base=BASE))
    changed = HTML.replace("Sales", "Sales in Graz", 1)
    assert SourceReplaced(changed) in events
    assert last.draft is not None
    assert (last.draft.origin, last.draft.source) == (Origin.CHANGED, changed)
    assert (last.draft.queries, last.draft.contract) == ((QUERY,), CONTRACT)
    assert (last.title, last.error, last.notes) == (None, None, ())


@pytest.mark.asyncio
async def test_a_change_may_be_of_queries_alone(tmp_path: Path) -> None:
    reply = "```query sales\nSELECT day FROM sale\n```\n```query more\nSELECT 1 AS one\n```"
    last, _ = await finished(tmp_path, [reply], Wish("Days", base=BASE))
    assert last.draft is not None
    assert last.draft.source == HTML
    assert [each.name for each in last.draft.queries] == ["sales", "more"]
    assert last.draft.contract["sales"] == (Column("day", "text"),)


@pytest.mark.asyncio
async def test_a_query_goes_by_a_block_without_sql(tmp_path: Path) -> None:
    reply = change('datasette.rows("sales", { city: "Graz" }).then', "((f) => f([]))")
    last, _ = await finished(tmp_path, [f"{reply}```query sales\n```"], Wish("No data", base=BASE))
    assert last.draft is not None
    assert (last.draft.queries, last.draft.contract, last.notes) == ((), {}, ())


@pytest.mark.asyncio
async def test_a_patch_that_does_not_fit_is_followed_by_the_whole_document_once(
    tmp_path: Path,
) -> None:
    whole = f"```html\n{HTML.replace('h1', 'h2')}```"
    replies = [change("<h3>Nowhere</h3>", "x"), in_pieces(whole)]
    last, events = await finished(tmp_path, replies, Wish("Smaller", base=BASE))
    began = events.index(SourceReplaced(""))
    written = [each.delta for each in events[began:] if isinstance(each, SourceWritten)]
    assert "".join(written) == HTML.replace("h1", "h2")
    assert last.draft is not None and last.draft.source == HTML.replace("h1", "h2")
    assert last.error is None
    # Both replies are paid for.
    assert last.draft.writing.usage.output_tokens == sum(
        sum(map(len, each)) // 4 for each in (replies[0], in_pieces(whole))
    )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("replies", "said"),
    [
        (["I cannot do that."], "wrote no change"),
        ([change("<h3>Nowhere</h3>", "x")] * 2, "Nothing was changed"),
        ([change("<h1>Sales</h1>", "<h1>Sales</h1>")], "changed nothing"),
        (["<<<<<<< SEARCH\n<h1>Sales</h1>\n=======\n<h1>"], "in the middle of the change"),
    ],
)
async def test_a_change_that_fails_changes_nothing(
    tmp_path: Path, replies: list[Any], said: str
) -> None:
    last, _ = await finished(tmp_path, replies, Wish("Change", base=BASE))
    assert said in (last.error or "")
    assert last.draft is None
    assert last.reply


@pytest.mark.asyncio
async def test_a_reply_without_html_is_said_and_kept(tmp_path: Path) -> None:
    last, _ = await finished(tmp_path, [f"Title: T\n{SALES}No HTML from me."], Wish("Sales"))
    assert "wrote no HTML document" in (last.error or "")
    assert last.draft is None
    assert "No HTML from me." in last.reply


@pytest.mark.asyncio
async def test_half_a_document_is_a_draft_and_an_error(tmp_path: Path) -> None:
    half = NEW[: NEW.index("datasette.rows")]
    last, _ = await finished(tmp_path, [half.replace("Title:", "")], Wish("Sales"))
    assert last.title == "Sales"
    assert "in the middle of the document" in (last.error or "")
    assert last.draft is not None
    assert last.draft.source == HTML[: HTML.index("datasette.rows")]
    assert last.draft.queries == (QUERY,)


@pytest.mark.asyncio
async def test_a_model_that_stops_at_its_limit_of_tokens_is_known_by_it(tmp_path: Path) -> None:
    half = NEW[: NEW.index("datasette.rows")]
    last, _ = await finished(
        tmp_path, [half], Wish("Sales"), settings={"widget_output_tokens": len(half) // 4}
    )
    assert "the limit of a reply (widget_output_tokens)" in (last.error or "")


@pytest.mark.asyncio
async def test_a_model_that_breaks_off_leaves_what_it_wrote(tmp_path: Path) -> None:
    def script(prompt: str) -> Any:
        def pieces() -> Any:
            yield NEW[:300]
            raise RuntimeError("connection lost")

        return _Pieces(pieces)

    async with make_site(tmp_path, script) as site:
        *_, last = await events_of(site, Wish("Sales"))
    assert isinstance(last, Finished)
    assert last.error
    assert last.draft is not None and HTML.startswith(last.draft.source)


class _Pieces(list[str]):
    """A reply that fails while it is iterated; a list, since its length is asked for."""

    def __init__(self, pieces: Callable[[], Any]) -> None:
        super().__init__()
        self._pieces = pieces

    def __iter__(self) -> Any:
        return self._pieces()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT colour FROM sale", "no such column: colour"),
        ("SELECT word FROM secret", "secret"),
        ("DELETE FROM sale", "not"),
        ("SELECT :city", "uses :city, which it does not declare"),
        ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
         "longer than"),
    ],
)  # fmt: skip
async def test_a_query_that_does_not_run_is_given_back_once(
    tmp_path: Path, sql: str, said: str
) -> None:
    bad = f"```query sales\n{sql}\n```\n"
    good = "```query sales\nSELECT item FROM sale\n```"
    last, events = await finished(
        tmp_path,
        [f"{bad}```html\n{HTML}```", good],
        Wish("Sales"),
        settings={"query_ms": 1000},
    )
    first, second = [each for each in events if isinstance(each, QueryFound)]
    assert said in (first.error or "") and first.columns == ()
    assert (second.columns, second.error) == ((Column("item", "text"),), None)
    assert last.draft is not None
    assert last.draft.queries == (NamedQuery("sales", "SELECT item FROM sale"),)
    assert (last.error, last.notes) == (None, ())


@pytest.mark.asyncio
async def test_a_query_that_still_does_not_run_is_a_note(tmp_path: Path) -> None:
    bad = "```query sales\nSELECT colour FROM sale\n```\n"
    last, _ = await finished(tmp_path, [f"{bad}```html\n{HTML}```", bad], Wish("Sales"))
    assert last.error is None
    assert last.draft is not None and last.draft.contract == {}
    assert last.notes == ("The query sales does not run: no such column: colour",)


@pytest.mark.asyncio
async def test_a_query_that_the_document_lacks_is_asked_for(tmp_path: Path) -> None:
    last, _ = await finished(tmp_path, [f"```html\n{HTML}```", SALES], Wish("Sales"))
    assert last.draft is not None and last.draft.queries == (QUERY,)
    assert last.notes == ()


@pytest.mark.asyncio
async def test_an_empty_query_is_said_and_not_sent_back(tmp_path: Path) -> None:
    empty = SALES.replace("Graz", "Wien")
    last, events = await finished(tmp_path, [f"{empty}```html\n{HTML}```"], Wish("Sales"))
    note = "The query sales gives no rows with its defaults."
    assert last.notes == (note,)
    (found,) = [each for each in events if isinstance(each, QueryFound)]
    assert (found.error, [each.name for each in found.columns]) == (note, ["item", "total"])


@pytest.mark.asyncio
async def test_refused_elements_are_named_one_by_one(tmp_path: Path) -> None:
    html = HTML + "<iframe src='https://example.test'></iframe><object></object>\n"
    last, _ = await finished(tmp_path, [f"{SALES}```html\n{html}```"], Wish("Sales"))
    assert last.draft is not None and last.draft.source == html
    assert [note.split(">")[0] for note in last.notes] == ["<iframe", "<object"]


@pytest.mark.asyncio
async def test_errors_of_the_frame_go_to_the_model_with_what_queries_give_today(
    tmp_path: Path,
) -> None:
    gone = NamedQuery("old", "SELECT colour FROM sale")
    base = Revision("0" * 24, 3, 2, Draft(Origin.CHANGED, HTML, (QUERY, gone), {}), "alice", "")
    replies = [change("rows.length", "String(rows.length)")]
    async with make_site(tmp_path, one_after_the_other(*replies)) as site:
        *_, last = await events_of(site, Wish("", base=base, errors=("TypeError: x",)))
        prompt = site.model.prompts[0][-1]["text"]
    assert isinstance(last, Finished) and last.draft is not None
    assert last.draft.origin is Origin.MENDED
    assert "String(rows.length)" in last.draft.source
    assert '"TypeError: x"' in prompt
    assert "sales gives item (text), total (float)" in prompt
    assert "The query old does not run: no such column: colour" in prompt


@pytest.mark.asyncio
async def test_a_model_is_told_what_the_actor_may_see_and_no_more(tmp_path: Path) -> None:
    sample = "SELECT city, 'hus' || 'h' AS w FROM shop"
    async with make_site(tmp_path, lambda prompt: NEW) as site:
        await events_of(site, Wish("Sales", sql=sample))
        await events_of(site, Wish("Sales", sql="SELECT word FROM secret"))
        await events_of(site, Wish("Sales", base=BASE))
        prompts = [each[-1]["text"] for each in site.model.prompts]
    assert "city (text), w (text)" in prompts[0] and '["Graz", "hush"]' in prompts[0]
    assert "hush" not in prompts[1]  # the person's own SQL goes along; its rows do not
    for prompt in prompts:
        assert "CREATE TABLE sale" in prompt
        assert "CREATE TABLE secret" not in prompt


@pytest.mark.asyncio
async def test_wishes_that_say_nothing_or_too_much_are_refused_before_anything_streams(
    tmp_path: Path,
) -> None:
    async with make_site(tmp_path, one_after_the_other()) as site:
        for wish, kind in (
            (Wish("  "), BadInput),
            (Wish("x" * 20_000), BadInput),
            (Wish("Sales", model_id="nobody"), NoModel),
        ):
            with pytest.raises(LlmToolsError) as raised:
                await generating.prepare(site.datasette, ALICE, "shops", wish)
            assert type(raised.value) is kind


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"max_widget_bytes": 300}, "max_widget_bytes"),
        ({"widget_output_tokens": 20}, "widget_output_tokens"),
    ],
)
async def test_a_document_without_end_is_stopped_and_kept(
    tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    endless = ["```html\n", *["<p>more and more</p>\n"] * 1000]
    async with make_site(tmp_path, lambda prompt: endless, settings=settings) as site:
        *_, last = await events_of(site, Wish("All"))
        assert site.model.closed == 1
    assert isinstance(last, Finished)
    assert said in (last.error or "")
    assert last.draft is not None and len(last.draft.source) <= 500


@pytest.mark.asyncio
async def test_a_wish_has_a_limit_of_seconds(tmp_path: Path) -> None:
    async with make_site(
        tmp_path, lambda prompt: in_pieces(NEW), settings={"max_seconds": 1}, delay=0.3
    ) as site:
        *_, last = await events_of(site, Wish("Sales"))
        assert site.model.closed == 1
    assert isinstance(last, Finished)
    assert "1 seconds" in (last.error or "")


async def stop_at(events: AsyncGenerator[Any, None], last: str) -> None:
    """Iterate until the source has this text, and leave."""
    text = ""
    async with aclosing(events):
        async for event in events:
            text += getattr(event, "delta", "")
            if last in text:
                return


@pytest.mark.asyncio
async def test_whoever_stops_keeps_what_was_there(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda prompt: in_pieces(NEW)) as site:
        wish = Wish("Sales by city")
        there = await generating.prepare(site.datasette, ALICE, "shops", wish)
        async with Keeping(site.datasette, ALICE, there, question_id="q") as keeping:
            await stop_at(keeping.events(), "<h1>")
        assert site.model.closed == 1
        assert keeping.finished.error == "Stopped before the document was complete."
        assert keeping.widget is not None and keeping.added is not None
        kept = await store.revision(site.datasette, keeping.widget.id, 1)
        assert kept is not None and kept.draft.source.startswith("<!doctype html>\n<h1>")
        assert (keeping.widget.title, keeping.widget.question_id) == ("Sales by city", "q")


@pytest.mark.asyncio
async def test_half_a_change_stands_beside_what_is_current(tmp_path: Path) -> None:
    whole = f"```html\n{HTML}```"
    async with make_site(
        tmp_path, one_after_the_other(NEW, in_pieces(whole), change("Sales", "Turnover"))
    ) as site:
        there = await generating.prepare(site.datasette, ALICE, "shops", Wish("Sales"))
        async with Keeping(site.datasette, ALICE, there) as first:
            async for _ in first.events():
                pass
        widget = first.widget
        assert widget is not None
        base = await store.revision(site.datasette, widget.id, 1)
        for number, stops, is_current in ((2, True, False), (3, False, True)):
            wish = Wish("Change", base=base)
            there = await generating.prepare(site.datasette, ALICE, "shops", wish)
            async with Keeping(site.datasette, ALICE, there, widget=widget, parent=1) as keeping:
                if stops:
                    await stop_at(keeping.events(), "<h1>")
                else:
                    async for _ in keeping.events():
                        pass
            added = keeping.added
            assert added is not None
            assert (added.revision.number, added.is_current) == (number, is_current)
            assert added.conflict is None


@pytest.mark.asyncio
async def test_a_change_of_which_nothing_came_leaves_no_revision(tmp_path: Path) -> None:
    async with make_site(
        tmp_path, lambda prompt: in_pieces(change("Sales", "x")), delay=0.01
    ) as site:
        widget, first = await store.create(
            site.datasette,
            database="shops",
            kind=Kind.DOCUMENT,
            title="Sales",
            draft=BASE.draft,
            actor_id="alice",
        )
        there = await generating.prepare(site.datasette, ALICE, "shops", Wish("Change", base=first))
        keeping = Keeping(site.datasette, ALICE, there, widget=widget, parent=1)
        async with keeping, aclosing(keeping.events()) as events:
            async for event in events:
                if event == StepBegan("Writing"):
                    break
        assert keeping.added is None
        assert len(await store.revisions(site.datasette, widget.id)) == 1


@pytest.mark.asyncio
async def test_a_task_that_is_cancelled_keeps_what_was_there(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda prompt: in_pieces(NEW), delay=0.01) as site:
        there = await generating.prepare(site.datasette, ALICE, "shops", Wish("Sales"))
        keeping = Keeping(site.datasette, ALICE, there)
        is_writing = asyncio.Event()

        async def work() -> None:
            async with keeping, aclosing(keeping.events()) as events:
                async for event in events:
                    if isinstance(event, SourceWritten):
                        is_writing.set()

        task = asyncio.create_task(work())
        await is_writing.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert site.model.closed == 1
        assert keeping.widget is not None
        assert await store.revision(site.datasette, keeping.widget.id, 1) is not None


@pytest.mark.asyncio
async def test_two_variants_stream_at_once_and_stop_together(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda prompt: in_pieces(NEW), delay=0.02) as site:

        async def both() -> list[generating.Generating]:
            wish = Wish("Sales")
            return [
                await generating.prepare(site.datasette, ALICE, "shops", wish) for _ in range(2)
            ]

        pair = await both()
        found = [each async for each in generating.side_by_side(*pair)]
        begun = {place for place, event in found if isinstance(event, SourceWritten)}
        assert begun == {0, 1}
        assert [each.finished.error for each in pair] == [None, None]

        writing: set[int] = set()
        async with aclosing(generating.side_by_side(*await both())) as events:
            async for place, event in events:
                assert not isinstance(event, Finished)  # neither waits for the other
                writing |= {place} if isinstance(event, SourceWritten) else set()
                if writing == {0, 1}:
                    break
        assert site.model.closed == 2


@pytest.mark.asyncio
async def test_one_person_cannot_have_everything_written_at_once(tmp_path: Path) -> None:
    async with make_site(
        tmp_path, lambda prompt: NEW, settings={"max_questions_at_once": 2}
    ) as site:
        first, second = [
            await generating.prepare(site.datasette, ALICE, "shops", Wish("Sales"))
            for _ in range(2)
        ]
        async with Keeping(site.datasette, ALICE, first):
            with pytest.raises(LlmToolsError, match="widgets of yours are being written"):
                Keeping(site.datasette, ALICE, second)
        Keeping(site.datasette, ALICE, second)
