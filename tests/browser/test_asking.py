"""What a person sees who asks: SQL as it is written, rows, words, corrections, Stop, follow-ups."""

from __future__ import annotations

import asyncio
import re

import pytest
from conftest import Visit, Visiting
from playwright.async_api import expect
from server import Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def until_closed(server: Server, more_than: int) -> None:
    """Wait until the scripted model says that one more reply was cut off."""
    for _ in range(600):
        if server.json("/-/scripted")["closed"] > more_than:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the model still works")


async def test_sql_streams_in_then_rows_then_words(visit: Visiting) -> None:
    asked = await visit()
    await asked.page.evaluate(
        """() => {
            window.seen = [];
            new MutationObserver(() => {
                const live = document.querySelector("article.live");
                if (!live) return;
                const part = (name) => live.querySelector(name)?.textContent.length ?? 0;
                window.seen.push([part(".live-sql code"), part(".rows"), part(".words")]);
            }).observe(document.body, {subtree: true, childList: true, characterData: true});
        }"""
    )
    await asked.ask("Which airlines are late most often out of JFK?")
    await asked.answered()
    seen = await asked.page.evaluate("window.seen")
    sql_only = {sql for sql, rows, words in seen if sql and not rows and not words}
    assert len(sql_only) > 5, "the SQL came at once"
    assert any(rows and not words for _, rows, words in seen)
    assert len({words for _, rows, words in seen if rows and words}) > 3, "the words came at once"
    article = asked.page.locator("article.answer")
    await expect(article.locator("h2")).to_have_text(
        "Which airlines are late most often out of JFK?"
    )
    await expect(article.locator(".words strong")).to_have_text("ExpressJet Airlines Inc.")
    await expect(article.locator("tbody tr")).to_have_count(5)
    await expect(article.locator("pre.sql").first).to_contain_text("GROUP BY airlines.carrier")


async def test_the_address_becomes_the_questions_and_reload_shows_it(visit: Visiting) -> None:
    asked = await visit()
    await asked.ask("How many airlines are there?")
    await asked.answered()
    assert re.search(r"/-/questions/demo/[0-9a-f]{24}$", asked.page.url)
    await asked.page.reload()
    await expect(asked.page.locator("article.answer tbody td")).to_have_text("16")
    await expect(asked.page.get_by_label("Ask a follow-up")).to_be_visible()


async def test_back_leads_to_the_page_before(visit: Visiting) -> None:
    asked = await visit()
    await asked.ask("How many airlines are there?")
    await asked.answered()
    await asked.page.go_back()
    await expect(asked.page.get_by_label("Your question", exact=True)).to_be_visible()
    await expect(asked.page.locator("article")).to_have_count(0)


async def test_an_attempt_that_fails_stays_visible_and_is_corrected(visit: Visiting) -> None:
    asked = await visit()
    await asked.ask("broken names of airlines")
    error = "Attempt 1 did not run: no such column: nme"
    await expect(asked.page.locator("article.live .attempt-error")).to_have_text(error)
    await asked.answered()
    article = asked.page.locator("article.answer")
    await expect(article.locator(".attempt summary")).to_have_text(error)
    await expect(article.locator("tbody tr")).to_have_count(5)


async def test_stop_ends_it_at_once_and_keeps_the_question(visit: Visiting) -> None:
    asked = await visit()
    closed = asked.server.json("/-/scripted")["closed"]
    await asked.ask("a slow one")
    await asked.page.wait_for_selector("article.live .live-sql")
    await expect(asked.page.get_by_role("button", name="Stop")).to_be_focused()
    await asked.page.keyboard.press("Enter")
    await expect(asked.page.get_by_role("alert")).to_contain_text("Stopped.")
    await until_closed(asked.server, closed)
    await expect(asked.page.get_by_label("Your question", exact=True)).to_have_value("a slow one")
    await asked.page.get_by_role("link", name="Open what was saved").click()
    await expect(asked.page.locator(".message-warning")).to_contain_text("Stopped")


async def test_closing_the_page_stops_the_work(visit: Visiting) -> None:
    asked = await visit()
    closed = asked.server.json("/-/scripted")["closed"]
    await asked.ask("a slow one")
    await asked.page.wait_for_selector("article.live .live-sql")
    await asked.page.close()
    await until_closed(asked.server, closed)


async def test_a_server_that_is_gone_is_one_sentence_and_try_again(visit: Visiting) -> None:
    asked = await visit()
    asked.watch.expect("ERR_FAILED")
    await asked.page.route("**/-/questions/demo", lambda route: route.abort())
    await asked.ask("How many airlines are there?")
    await expect(asked.page.get_by_role("alert")).to_contain_text("The server cannot be reached")
    await expect(asked.page.get_by_label("Your question", exact=True)).to_have_value(
        "How many airlines are there?"
    )
    await asked.page.unroute("**/-/questions/demo")
    await asked.page.get_by_role("button", name="Try again").click()
    await asked.page.wait_for_selector("article[data-status=answered]")
    await expect(asked.page.locator("article")).to_have_count(1)


async def test_a_follow_up_builds_on_the_question_before(visit: Visiting) -> None:
    asked = await visit()
    await asked.ask("How many airlines are there in thread 71?")
    await asked.answered()
    await asked.ask("and the comments of thread 71?")
    await asked.page.wait_for_selector("article >> nth=1")
    await asked.answered()
    sent = [
        " ".join(each["text"] for each in prompt)
        for prompt in asked.server.json("/-/scripted")["prompts"]
        if prompt[-1]["text"] == "Question: and the comments of thread 71?"
    ]
    assert len(sent) == 1
    assert "Question: How many airlines are there in thread 71?" in sent[0]
    assert "SELECT COUNT(*) AS airlines FROM airlines" in sent[0]
    await asked.page.reload()
    earlier = asked.page.locator("details.earlier")
    await expect(earlier.locator("summary").first).to_contain_text("thread 71? 1 row")
    await expect(asked.page.locator(".thread > article h2")).to_have_text(
        "and the comments of thread 71?"
    )


async def test_a_starter_asks_itself(visit: Visiting) -> None:
    asked = await visit()
    starter = asked.page.locator(".starters button").first
    text = await starter.inner_text()
    await starter.click()
    await asked.answered()
    await expect(asked.page.locator("article h2")).to_have_text(text)


async def test_words_can_be_switched_off(visit: Visiting) -> None:
    asked = await visit()
    await asked.page.get_by_role("switch", name="Answer in words too").uncheck()
    await asked.ask("How many airlines are there?")
    await asked.answered()
    await expect(asked.page.locator("article tbody td")).to_have_text("16")
    await expect(asked.page.locator("article .words")).to_have_count(0)


@pytest.mark.parametrize(
    ("question", "status", "message"),
    [
        ("Mars weather", "unanswerable", "no table is about Mars"),
        ("overload", "failed", "the machine is out of memory"),
        ("a list of salaries", "failed", "salaries"),
    ],
)
async def test_no_answer_says_why_and_keeps_the_question(
    visit: Visiting, question: str, status: str, message: str
) -> None:
    asked = await visit("/-/questions/hostile")
    await asked.ask(question)
    await asked.page.wait_for_selector(f"article[data-status={status}]")
    article = asked.page.locator("article")
    await expect(article.locator("[class^=message-]").first).to_contain_text(message)
    await expect(article.locator("table")).to_have_count(0)
    await expect(asked.page.get_by_label("Ask in other words")).to_have_value(question)


async def test_rows_that_were_cut_and_no_rows_are_said_plainly(visit: Visiting) -> None:
    asked = await visit()
    await asked.ask("all flights")
    await asked.answered()
    count = asked.page.locator("article .count")
    await expect(count).to_contain_text("Only the first 1,000 rows are shown; there are more.")
    await asked.goto("/-/questions/demo")
    await asked.ask("nothing at all")
    await asked.answered()
    await expect(asked.page.locator("article .count")).to_contain_text("nothing matched")


async def test_another_model_is_chosen(visit: Visiting) -> None:
    asked = await visit()
    await asked.page.get_by_label("Model").select_option("scripted-too")
    await asked.ask("How many airlines are there?")
    await asked.answered()
    await expect(asked.page.locator("article .words")).to_contain_text("scripted-too")


async def test_shift_enter_starts_a_line(visit: Visiting) -> None:
    asked = await visit()
    box = asked.page.get_by_label("Your question", exact=True)
    await box.fill("How many")
    await asked.page.keyboard.press("Shift+Enter")
    await asked.page.keyboard.type("airlines?")
    await expect(box).to_have_value("How many\nairlines?")
    await expect(asked.page.locator("article")).to_have_count(0)


async def test_a_query_is_changed_in_words(visit: Visiting) -> None:
    asked = await visit("/-/questions/demo?sql=select+name+from+airlines+where+1%3D1")
    await expect(asked.page.locator("pre.sql")).to_have_text("select name from airlines where 1=1")
    await asked.page.get_by_label("What should be different?").fill("count them, change 72")
    await asked.page.keyboard.press("Enter")
    await asked.answered()
    prompt = next(
        each
        for each in asked.server.json("/-/scripted")["prompts"]
        if each[-1]["text"] == "Question: count them, change 72"
    )
    assert prompt[-2]["text"] == "select name from airlines where 1=1"


async def test_without_a_model_the_three_ways_are_shown(
    visit: Visiting, server_without_model: Server
) -> None:
    asked = await visit(on=server_without_model)
    panel = asked.page.get_by_role("region", name="No model is ready yet")
    for way in ("local-model install", "llm keys set", "llm install llm-ollama"):
        await expect(panel).to_contain_text(way)
    await expect(asked.page.get_by_label("Add a file")).to_be_visible()
    await expect(asked.page.locator(".history .note")).to_contain_text("when the server stops")
    await expect(asked.page.get_by_role("heading", name="Your questions")).to_be_visible()


async def hostile_answer(visit: Visiting, **options: bool) -> Visit:
    asked = await visit("/-/questions/hostile", **options)
    await asked.page.get_by_label("Your question", exact=True).fill("hostile rows")
    await asked.page.get_by_role("button", name="Ask", exact=True).click()
    await asked.page.wait_for_selector("article[data-status=answered]")
    return asked


async def test_hostile_cells_columns_and_words_do_nothing(visit: Visiting) -> None:
    asked = await hostile_answer(visit)
    await expect(asked.page.locator("article th").first).to_have_text(
        "<img src=x onerror=window.harmed=1>"
    )
    await expect(asked.page.locator("article td").first).to_contain_text("</script><script>")
    assert await asked.page.locator("article img, article script").count() == 0
    links = await asked.page.locator("article a[href]").evaluate_all("all => all.map(a => a.href)")
    assert all(link.startswith(asked.server.url) for link in links), links
    await asked.page.get_by_text("Edit SQL").click()
    await asked.page.wait_for_selector(".cm-editor")
    await asked.page.reload()
    assert await asked.page.evaluate("window.harmed") is None


async def test_it_works_without_javascript(visit: Visiting) -> None:
    asked = await hostile_answer(visit, java_script_enabled=False)
    assert re.search(r"/-/questions/hostile/[0-9a-f]{24}$", asked.page.url)
    await expect(asked.page.locator("article td").first).to_contain_text("</script>")
    await asked.page.get_by_text("Edit SQL").click()
    await asked.page.get_by_label("SQL to run").fill("select 7 * 6 as product")
    await asked.page.get_by_role("button", name="Run").click()
    await expect(asked.page.locator("article td")).to_have_text("42")
    await asked.goto("/-/questions/demo")
    await asked.page.locator(".starters button").first.click()
    await expect(asked.page.locator("article[data-status=answered]")).to_be_visible()
