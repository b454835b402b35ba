"""What a person does with an answer: edit, run, rename, share, delete, store; and the keyboard."""

from __future__ import annotations

import pytest
from conftest import Visit, Visiting
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def answer(visit: Visiting, question: str = "How many airlines are there?") -> Visit:
    asked = await visit()
    await asked.ask(question)
    await asked.answered()
    return asked


async def write_sql(asked: Visit, sql: str) -> None:
    await asked.page.get_by_text("Edit SQL").click()
    await asked.page.wait_for_selector(".cm-editor")
    await asked.page.keyboard.press("Control+a")
    await asked.page.keyboard.type(sql)


async def test_edited_sql_runs_again_without_the_model(visit: Visiting) -> None:
    asked = await answer(visit)
    calls = len(asked.server.json("/-/scripted")["prompts"])
    await write_sql(asked, "select carrier from airlines order by 1 limit 2")
    await asked.page.get_by_role("button", name="Run").click()
    await expect(asked.page.locator("article tbody td")).to_have_text(["9E", "AA"])
    await expect(asked.page.locator("article .words")).to_have_count(0)
    await expect(asked.page.locator("article .count")).to_be_focused()
    assert len(asked.server.json("/-/scripted")["prompts"]) == calls
    await asked.page.reload()
    await expect(asked.page.locator("article tbody td")).to_have_text(["9E", "AA"])


async def test_broken_sql_shows_sqlites_message_and_keeps_the_rows(visit: Visiting) -> None:
    asked = await answer(visit)
    asked.watch.expect("status of 400")
    await write_sql(asked, "select nonsense from airlines")
    await asked.page.get_by_role("button", name="Run").click()
    await expect(asked.page.get_by_role("alert")).to_contain_text("no such column: nonsense")
    await expect(asked.page.locator("article tbody td")).to_have_text("16")
    await asked.page.get_by_role("button", name="Cancel").click()
    await expect(asked.page.locator("article pre.sql").first).to_be_visible()
    await expect(asked.page.get_by_text("Edit SQL")).to_be_focused()


async def test_a_refused_table_is_named_when_sql_is_edited(visit: Visiting) -> None:
    asked = await visit("/-/questions/hostile")
    asked.watch.expect("status of 403")
    await asked.ask("hostile")
    await asked.answered()
    await write_sql(asked, "select * from salaries")
    await asked.page.get_by_role("button", name="Run").click()
    await expect(asked.page.get_by_role("alert")).to_contain_text("salaries")


async def test_the_keyboard_is_enough(visit: Visiting) -> None:
    asked = await visit()
    keyboard = asked.page.keyboard
    await expect(asked.page.get_by_label("Your question", exact=True)).to_be_focused()
    await keyboard.type("How many airlines are there?")
    await keyboard.press("Enter")
    await asked.answered()
    await expect(asked.page.locator("article h2")).to_be_focused()
    for _ in range(4):
        await keyboard.press("Tab")
        if await asked.page.evaluate("document.activeElement.textContent") == "Edit SQL":
            break
    await keyboard.press("Enter")
    await expect(asked.page.locator(".cm-content")).to_be_focused()
    await keyboard.press("Control+a")
    await keyboard.type("select 7 * 6 as product")
    await keyboard.press("Tab")
    await expect(asked.page.get_by_role("button", name="Run")).to_be_focused()
    await keyboard.press("Shift+Tab")
    await keyboard.press("Control+Enter")
    await expect(asked.page.locator("article tbody td")).to_have_text("42")


async def test_history_is_searched_renamed_and_deleted(visit: Visiting) -> None:
    asked = await answer(visit, "How many comments of each rating?")
    await asked.page.get_by_text("Rename", exact=True).first.click()
    await asked.page.get_by_label("Name in lists").fill("Ratings in 2013")
    await asked.page.keyboard.press("Enter")
    await expect(asked.page.locator("article h2")).to_have_text("Ratings in 2013")
    await asked.goto("/-/questions/demo")
    await asked.ask("How many airlines are there?")
    await asked.answered()
    await asked.goto("/-/questions")
    listed = asked.page.locator(".questions li a")
    await expect(listed).to_have_text(["How many airlines are there?", "Ratings in 2013"])
    await asked.page.get_by_label("Search your questions").fill("ratings")
    await asked.page.keyboard.press("Enter")
    await expect(listed).to_have_text(["Ratings in 2013"])
    await listed.click()
    await asked.page.locator("summary", has_text="Delete").click()
    dialog = asked.page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    await asked.page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await asked.page.locator("summary", has_text="Delete").click()
    await dialog.get_by_role("button", name="Delete").click()
    await expect(asked.page.locator(".message-info")).to_contain_text("deleted")
    await expect(listed).to_have_text(["How many airlines are there?"])


async def test_history_has_pages(visit: Visiting) -> None:
    asked = await visit()
    for number in range(21):
        sent = await asked.page.request.post(
            f"{asked.server.url}/-/questions/demo",
            form={"question": f"airlines {number}", "in_words": "0", "model": "scripted-too"},
            headers={"Accept": "application/json"},
        )
        assert sent.ok
    await asked.page.reload()
    listed = asked.page.locator(".questions li a")
    await expect(listed).to_have_count(20)
    await asked.page.get_by_role("link", name="Older questions").click()
    await expect(listed).to_have_text(["airlines 0"])


async def test_a_shared_question_is_read_by_others_and_then_no_more(visit: Visiting) -> None:
    asked = await answer(visit)
    path = asked.page.url.removeprefix(asked.server.url)
    other = await visit(path)
    other.watch.expect("status of 404")
    await expect(other.page.get_by_role("heading", level=1)).to_have_text("Not found")
    await asked.page.locator("summary", has_text="Share").click()
    await asked.page.get_by_role("button", name="Share").click()
    await expect(asked.page.locator("llm-tools-owner [data-part=said]")).to_contain_text(
        "can read it"
    )
    await expect(asked.page.get_by_label("Link to share")).to_have_value(asked.page.url)
    await other.page.reload()
    await expect(other.page.locator("article tbody td")).to_have_text("16")
    for mine in ("Edit SQL", "Rename", "Delete"):
        await expect(other.page.get_by_text(mine, exact=True)).to_have_count(0)
    how = other.page.locator(".how")
    await how.locator("summary").click()
    await expect(how).to_contain_text("only to the person who asked")
    await expect(how.locator(".message")).to_have_count(0)
    await asked.page.get_by_role("button", name="Stop sharing").click()
    await expect(asked.page.locator("llm-tools-owner [data-part=said]")).to_have_text(
        "Only you can read it."
    )
    await other.page.reload()
    await expect(other.page.get_by_role("heading", level=1)).to_have_text("Not found")


async def test_sql_is_saved_as_a_stored_query(visit: Visiting) -> None:
    asked = await answer(visit)
    asked.watch.expect("status of 400")
    await asked.page.get_by_text("Save as stored query").click()
    name = asked.page.get_by_label("Name", exact=True)
    await expect(name).to_have_value("how-many-airlines-are-there")
    await name.fill("airlines")
    await asked.page.keyboard.press("Enter")
    await expect(asked.page.get_by_role("alert")).to_contain_text("conflicts with a table")
    await name.fill("All the airlines, 100%")
    await asked.page.keyboard.press("Enter")
    link = asked.page.get_by_role("link", name="All the airlines, 100%")
    await expect(link).to_be_focused()
    await link.click()
    await expect(asked.page.locator("#sql-query")).to_contain_text("COUNT(*) AS airlines")


async def test_a_dropped_csv_becomes_a_table_and_is_asked(visit: Visiting) -> None:
    asked = await visit()
    asked.watch.expect("status of 400")
    await asked.page.get_by_label("Add a file").set_input_files(
        {"name": "empty.csv", "mimeType": "text/csv", "buffer": b""}
    )
    await expect(asked.page.locator(".upload-status.message-error")).to_contain_text("empty")
    dropped = await asked.page.evaluate_handle(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["name,age\\nAda,36\\nBob,40\\n"], "people.csv"));
            return data;
        }"""
    )
    await asked.page.dispatch_event("body", "drop", {"dataTransfer": dropped})
    link = asked.page.get_by_role("link", name="Ask about people")
    await expect(asked.page.locator(".upload-status")).to_contain_text("with 2 rows")
    await expect(link).to_be_focused()
    await link.click()
    await expect(asked.page.get_by_role("heading", level=1)).to_have_text("Ask about people")
    await asked.ask("names of people")
    await asked.answered()
    await expect(asked.page.locator("article tbody td")).to_have_text(["Ada", "Bob"])


async def test_how_it_was_answered_shows_every_word_that_was_sent(visit: Visiting) -> None:
    asked = await answer(visit)
    await asked.page.get_by_text("Model, time and prompts").click()
    how = asked.page.locator(".how")
    await expect(how).to_contain_text("Question: How many airlines are there?")
    await expect(how).to_contain_text("scripted")
    await expect(how.get_by_role("link", name="airlines")).to_have_attribute(
        "href", "/demo/airlines"
    )
