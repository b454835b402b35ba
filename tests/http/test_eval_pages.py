"""Suites and runs over HTTP: every route allowed, denied and with bad input; HTML and JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from datasette_llm_tools.evals.suites import read_suite
from tests.eval_sites import ALLOWED, ROOT, SUITE, asked, imported, rested, started, suite_text
from tests.eval_suites import CASES, replies
from tests.scripted_model import ScriptedModel
from tests.sites import ALICE, BOB, make_site


@pytest.mark.asyncio
async def test_a_suite_comes_in_is_run_and_compared(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        url = await imported(site)
        run = await rested(site, await started(site, url))
        assert (run["status"], run["asked"], run["cases"]) == ("done", 6, 6)
        assert {name: count for name, count in run["verdicts"].items() if count} == {
            "right": 2,
            "extra columns": 1,
            "wrong": 1,
            "failed": 1,
            "refused": 1,
        }
        assert run["owner"] == "alice" and run["right"]["of"] == 6
        site.model.script = lambda _: CASES[0][2]
        second = await rested(site, await started(site, url, settings="repairs=0"))
        assert second["right"]["count"] == 1 and second["settings"] == {"repairs": 0}
        query = f"first={run['id']}&second={second['id']}"
        compared = (await site.get(f"{url}/-/compare.json?{query}")).json()
        assert (compared["only_first_right"], compared["only_second_right"]) == (1, 0)
        assert compared["same_verdict"] == 2 and len(compared["cases"]) == 4
        assert "1: scripted is ahead, but take the two for equal" in compared["said"][1]
        whole = (await site.get(f"{url}/-/compare.json?{query}&all=1")).json()
        assert len(whole["cases"]) == 6
        listed = (await site.get("/-/evals.json")).json()["suites"]
        assert [(each["name"], each["cases"], each["databases"]) for each in listed] == [
            ("shop questions", 6, ["shops"])
        ]
        assert listed[0]["latest"]["number"] == 2
        for path, shown in {
            "/-/evals": ["shop questions", "6 cases", "Import a suite"],
            url: ["How many sales?", "Start a run", "<svg", "repairs=0"],
            run["url"]: ["ran but wrong", "33.3% right", "Latest cases", "shops.sale"],
            f"{run['url']}/-/cases?verdict=wrong": ["Where are shops?", "SELECT DISTINCT city"],
            f"{url}/-/compare?{query}": ["take the two for equal", "Cases that differ"],
        }.items():
            page = await site.get(path)
            assert page.status_code == 200
            for words in shown:
                assert words in page.text, (path, words)
        assert "How many sales?" not in (await site.get(f"{run['url']}/-/cases?verdict=wrong")).text


def slow_but_for_the_first(text: str) -> str | list[str]:
    """One case is answered soon; the rest takes a minute while there is a delay."""
    reply = str(replies()(text))
    return reply if "How many sales?" in text else [reply, *([" "] * 200)]


@pytest.mark.asyncio
async def test_a_page_that_follows_gets_html(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        run = await started(site, await imported(site))
        await rested(site, run)
        told = (await site.get(f"{run}.json?_html=1")).json()
    assert told["status"] == "done" and told["announced"].startswith("All 6 cases: 33.3% right")
    assert 'data-live="progress"' in told["html"] and "results" not in told


@pytest.mark.asyncio
async def test_who_may_not_gets_nothing(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        url = await imported(site)
        run = await started(site, url)
        await rested(site, run)
        gets = ["/-/evals", url, f"{url}.yaml", run, f"{run}/-/cases", f"{url}/-/compare"]
        posts = [
            "/-/evals",
            *(f"{url}/-/{each}" for each in ("delete", "case", "drop", "start")),
            *(f"{run}/-/{each}" for each in ("stop", "resume")),
        ]
        for actor in (BOB, None):
            for path in gets:
                assert (await site.get(path, actor)).status_code == 403, path
            for path in posts:
                assert (await site.post(path, {}, actor)).status_code == 403, path
            menu = await site.get("/", actor)
            assert "/-/evals" not in menu.text
        assert "/-/evals" in (await site.get("/")).text
        assert (await site.get("/evals", ALICE)).status_code == 403
        assert (await site.get("/evals/eval_results", ROOT)).status_code == 200
        table = f"/evals/eval_results?run={run.rsplit('/', 1)[1]}"
        assert table in (await site.get(run, ROOT)).text
        assert table not in (await site.get(run, ALICE)).text


@pytest.mark.asyncio
async def test_nothing_is_made_for_who_may_not(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies()) as site:
        assert (await site.get("/-/evals", ALICE)).status_code == 403
        assert not (tmp_path / "evals.db").exists()


@pytest.mark.asyncio
async def test_a_suite_over_a_database_that_one_may_not_evaluate_is_not_there(
    tmp_path: Path,
) -> None:
    config = {
        "databases": {
            "shops": {},
            "other": {"permissions": {"llm-tools-eval": {"id": ["alice", "root"]}}},
        }
    }
    async with make_site(tmp_path, replies(), config=config) as site:
        site.datasette.add_memory_database("other", name="other")
        url = await imported(site, ROOT)
        response = await site.get(f"{url}.json", ALICE)
        assert response.status_code == 404
        unknown = await site.get("/-/evals/nothing.json", ALICE)
        assert unknown.status_code == 404
        assert (
            response.json()["error"].replace("shop questions", "nothing")
            == (unknown.json()["error"])
        )
        assert (await site.get("/-/evals.json", ALICE)).json()["suites"] == []
        taken = await site.post("/-/evals.json", {"text": suite_text(), "replace": "1"}, ALICE)
        assert taken.status_code == 403 and "llm-tools-eval" in taken.json()["error"]
        mine = suite_text(database="other")
        taken = await site.post("/-/evals.json", {"text": mine, "replace": "1"}, ALICE)
        assert taken.status_code == 409


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: a suite begins with"),
        ("cases: [", "this is not YAML"),
        ("- a: &x [1]\n  b: *x", "stands for another part"),
        ("[" * 3000, "not YAML"),
        ('{"id": 1}', "`question` must be text"),
        (suite_text(database="/etc/passwd"), "asks /etc/passwd, which is not served here"),
        (suite_text(database="nowhere"), "write one of: shops"),
        (suite_text(database="_internal"), "_internal"),
        (suite_text() + "\nfoo: 1", "there is no `foo`"),
        ("suite: " + "x" * 101 + "\n" + suite_text().split("\n", 1)[1], "at most 100 characters"),
    ],
)
async def test_what_is_wrong_with_a_suite_is_told(tmp_path: Path, text: str, said: str) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        response = await site.post("/-/evals.json", {"text": text})
        assert response.status_code in (400, 403, 404)
        assert said in response.json()["error"]
        assert (await site.get("/-/evals.json")).json()["suites"] == []


@pytest.mark.asyncio
async def test_a_suite_of_a_name_is_replaced_only_on_request(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        url = await imported(site)
        again = await site.post("/-/evals.json", {"text": suite_text()})
        assert again.status_code == 409 and "already" in again.json()["error"]
        assert await imported(site, text=suite_text(CASES[:2]), replace="1") == url
        assert len((await site.get(f"{url}.json")).json()["cases"]) == 2
        other = await imported(site, name="  Monday/x.y  ")
        assert (await site.get(f"{other}.json")).json()["suite"] == "Monday/x.y"


@pytest.mark.asyncio
async def test_export_runs_where_the_file_is_and_comes_in_again(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        url = await imported(site)
        file = await site.get(f"{url}.yaml")
        assert file.status_code == 200
        assert 'filename="shop-questions.yaml"' in file.headers["content-disposition"]
        assert yaml.safe_load(file.text)["database"] == "shops.db"
        path = tmp_path / "exported.yaml"
        path.write_text(file.text, encoding="utf-8")
        assert {each.database for each in read_suite(path).cases} == {str(tmp_path / "shops.db")}
        again = await imported(site, text=file.text, name="again")
        first, second = [(await site.get(f"{each}.json")).json() for each in (url, again)]
    assert first["cases"] == second["cases"]


@pytest.mark.asyncio
async def test_cases_are_added_edited_and_taken_out(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        url = await imported(site)
        fields = {
            "question": "How many  shops?",
            "database": "shops",
            "sql": "select count(*) from shop",
            "sql_2": " select 3 ",
            "tags": "counts, easy ,",
        }
        added = (await site.post(f"{url}/-/case.json", fields)).json()["id"]
        changed = {**fields, "was": "c1", "id": "c-one", "expect": "must ask back"}
        assert (await site.post(f"{url}/-/case.json", changed)).status_code == 200
        cases = (await site.get(f"{url}.json")).json()["cases"]
        assert [each["id"] for each in cases if each["id"].startswith("c")][:1] == ["c0"]
        by_id = {each["id"]: each for each in cases}
        assert by_id[added]["question"] == "How many shops?"
        assert by_id[added]["accepted"] == ["select count(*) from shop", "select 3"]
        assert by_id[added]["tags"] == ["counts", "easy"]
        assert by_id["c-one"]["accepted"] == "must ask back" and "c1" not in by_id
        page = (await site.get(f"{url}?case={added}")).text
        assert "Edit a case" in page and "select 3</textarea>" in page
        assert (await site.post(f"{url}/-/drop.json", {"id": added})).status_code == 200
        assert (await site.post(f"{url}/-/drop.json", {"id": added})).status_code == 404
        assert len((await site.get(f"{url}.json")).json()["cases"]) == 6


@pytest.mark.asyncio
async def test_a_case_that_was_edited_is_another_one(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        url = await imported(site)
        first = await rested(site, await started(site, url))
        edited = {"was": "c0", "id": "c0", "question": "How many sales?", "database": "shops"}
        edited["sql"] = "select 7"
        assert (await site.post(f"{url}/-/case.json", edited)).status_code == 200
        cases = (await site.get(f"{first['url']}/-/cases.json")).json()["cases"]
        assert [each["id"] for each in cases if each["changed_since"]] == ["c0"]
        page = (await site.get(f"{first['url']}/-/cases")).text
        assert page.count("changed since this run") == 1 and "Accepted now" in page
        assert "1 case was changed since this run asked" in (await site.get(first["url"])).text
        second = await rested(site, await started(site, url))
        assert (first["verdicts"]["right"], second["verdicts"]["right"]) == (2, 1)
        query = f"first={first['id']}&second={second['id']}"
        test = (await site.get(f"{url}/-/compare.json?{query}")).json()
        assert (test["only_first_right"], test["cases"], test["changed_between"]) == (0, [], 1)
        page = (await site.get(f"{url}/-/compare?{query}")).text
        assert "1 was changed between the two runs and is not compared." in page


@pytest.mark.asyncio
async def test_the_database_of_suites_is_not_offered(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies()) as site:
        url = await imported(site, ROOT)
        home = (await site.get("/-/evals", ROOT)).text
        suite = (await site.get(url, ROOT)).text
    assert "are called by their names here: shops." in home
    assert "<option>shops</option>" in suite and "<option>evals</option>" not in suite


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"question": " "}, 400, "needs a question"),
        ({"question": "x" * 2001}, 400, "2000 characters"),
        ({"database": "nowhere"}, 400, "served here"),
        ({"database": "_internal"}, 400, "served here"),
        ({"sql": ""}, 400, "A case needs SQL"),
        ({"sql": "select nothing from shop"}, 400, "does not run: "),
        ({"sql": "select * from secret"}, 400, "does not run"),
        ({"sql": "delete from shop"}, 400, "does not run"),
        ({"expect": "rain"}, 400, "must ask back"),
        ({"was": "gone"}, 404, "no case gone"),
        ({"id": "c1"}, 409, "already"),
        ({"id": "x" * 101}, 400, "at most 100"),
    ],
)
async def test_a_case_that_cannot_be_kept(
    tmp_path: Path, change: dict[str, Any], status: int, said: str
) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        url = await imported(site)
        fields = {"question": "How many?", "database": "shops", "sql": "select 1", **change}
        response = await site.post(f"{url}/-/case.json", fields)
        assert (response.status_code, said in response.json()["error"]) == (status, True)
        assert len((await site.get(f"{url}.json")).json()["cases"]) == 6


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"sample": "0"}, 400, "from 1"),
        ({"sample": "many"}, 400, "whole number"),
        ({"seed": "1.5"}, 400, "The seed"),
        ({"variants": "21"}, 400, "from 0 to 20"),
        ({"settings": "repair=1"}, 400, "repair=1: write NAME=VALUE"),
        ({"settings": "repairs=-1"}, 400, "must not be negative"),
        ({"settings": "query_ms=600000"}, 400, "query_ms may be 5,000 at most"),
        ({"model": "nobody"}, 503, "no model nobody"),
    ],
)
async def test_a_run_that_cannot_begin(
    tmp_path: Path, fields: dict[str, Any], status: int, said: str
) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        url = await imported(site)
        response = await site.post(f"{url}/-/start.json", {"model": "scripted", **fields})
        assert (response.status_code, said in response.json()["error"]) == (status, True)
        assert (await site.get(f"{url}.json")).json()["runs"] == []
        assert site.model.prompts == []


@pytest.mark.asyncio
async def test_runs_of_several_models_and_of_a_sample(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        url = await imported(site)
        response = await site.post(
            f"{url}/-/start.json", {"model_1": "scripted", "sample": "2", "seed": "3"}
        )
        run = await rested(site, response.json()["runs"][0])
        again = await rested(site, await started(site, url, sample="2", seed="3"))
    assert run["cases"] == run["asked"] == 2
    assert {each["case_id"] for each in run["results"]} == {
        each["case_id"] for each in again["results"]
    }


@pytest.mark.asyncio
async def test_a_run_of_unknown_price_is_not_drawn_and_named(tmp_path: Path) -> None:
    priced = ScriptedModel(replies(), "gpt-4.1-mini")
    async with make_site(tmp_path, replies(), config=ALLOWED, more_models=[priced]) as site:
        url = await imported(site)
        for model in ("scripted", "gpt-4.1-mini"):
            await rested(site, await started(site, url, model=model, sample="2"))
        page = (await site.get(url)).text
    assert "Dollars a question" in page
    assert "Without a known price, and so not drawn: 1." in page


@pytest.mark.asyncio
async def test_changed_copies_on_a_server(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        run = await rested(site, await started(site, await imported(site), variants="3"))
        assert run["status"] == "done" and run["judged_on_copies"]["cases"] == 3


@pytest.mark.asyncio
async def test_a_run_is_stopped_and_resumed(tmp_path: Path) -> None:
    async with make_site(tmp_path, slow_but_for_the_first, config=ALLOWED, delay=0.3) as site:
        url = await imported(site)
        first, second = [await started(site, url, settings="repairs=0") for _ in range(2)]
        await asked(site, first, 1)
        assert (await site.get(f"{second}.json")).json()["status"] == "waiting"
        for run in (second, first):
            response = await site.post(f"{run}/-/stop.json", {})
            assert response.status_code == 200 and response.json()["message"] == "Stopped."
            stopped = (await site.get(f"{run}.json")).json()
            assert stopped["status"] == "stopped" and stopped["asked"] < 6
        assert (await site.post(f"{first}/-/stop.json", {})).status_code == 409
        denied = await site.post(f"{first}/-/resume.json", {}, ROOT)
        assert denied.status_code == 403 and "as them" in denied.json()["error"]
        site.model.delay = 0
        before = len(site.model.prompts)
        done_before = (await site.get(f"{first}.json")).json()["asked"]
        assert (await site.post(f"{first}/-/resume.json", {})).status_code == 200
        run_json = await rested(site, first)
        assert (run_json["status"], run_json["asked"]) == ("done", 6)
        assert len(site.model.prompts) - before == 6 - done_before
        assert (await site.post(f"{first}/-/resume.json", {})).status_code == 409


@pytest.mark.asyncio
async def test_a_run_of_a_server_that_stopped_can_be_resumed(tmp_path: Path) -> None:
    async with make_site(tmp_path, slow_but_for_the_first, config=ALLOWED, delay=0.3) as site:
        url = await imported(site)
        runs = [await started(site, url), await started(site, url)]
        await asked(site, runs[0], 1)
    (tmp_path / "shops.db").unlink()
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        for run in runs:
            found = (await site.get(f"{run}.json")).json()
            assert (found["status"], found["reason"]) == ("stopped", "The server was stopped.")
        assert (await site.post(f"{runs[0]}/-/resume.json", {})).status_code == 200
        assert (await rested(site, runs[0]))["asked"] == 6


@pytest.mark.asyncio
async def test_a_run_of_a_server_that_was_killed_is_stopped(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        url = await imported(site)
        run = await started(site, url)
        await rested(site, run)
        kept = site.datasette.get_database("evals")
        await kept.execute_write("update eval_runs set status = 'running', ended_at = null")
        assert (await site.get(f"{run}.json")).json()["status"] == "stopped"
    (tmp_path / "shops.db").unlink()
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        assert (await site.get(f"{run}.json")).json()["status"] == "stopped"


@pytest.mark.asyncio
async def test_a_model_that_is_gone_stops_the_run_with_the_reason(tmp_path: Path) -> None:
    async with make_site(tmp_path, lambda _: RuntimeError("no memory"), config=ALLOWED) as site:
        run = await rested(site, await started(site, await imported(site)))
        assert run["status"] == "stopped" and "times on end" in run["reason"]
        assert run["reason"] in (await site.get(run["url"])).text


@pytest.mark.asyncio
async def test_a_database_that_is_gone_is_told(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        url = await imported(site)
        kept = site.datasette.get_database("evals")
        await kept.execute_write("update eval_cases set database_name = '/data/old.db'")
        assert (await site.get(url)).status_code == 404
        page = await site.get(url, ROOT)
        assert "Not served here: /data/old.db" in page.text
        response = await site.post(f"{url}/-/start.json", {"model": "scripted"}, ROOT)
        assert response.status_code == 400 and "/data/old.db" in response.json()["error"]
        path = str(site.datasette.get_database("shops").path)
        await kept.execute_write("update eval_cases set database_name = ?", [path])
        assert (await rested(site, await started(site, url)))["asked"] == 6


@pytest.mark.asyncio
async def test_a_deleted_suite_takes_its_runs_along(tmp_path: Path) -> None:
    async with make_site(tmp_path, slow_but_for_the_first, config=ALLOWED, delay=0.3) as site:
        url = await imported(site)
        run = await started(site, url)
        await asked(site, run, 1)
        assert (await site.post(f"{url}/-/delete.json", {})).status_code == 200
        for path in (url, run):
            assert (await site.get(path)).status_code == 404
        kept = site.datasette.get_database("evals")
        for table in ("suites", "cases", "runs", "results"):
            rows = await kept.execute(f"select count(*) from eval_{table}")
            assert rows.single_value() == 0, table


@pytest.mark.asyncio
async def test_results_of_cases_that_are_gone_are_hidden(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        url = await imported(site)
        run = await started(site, url)
        await rested(site, run)
        await site.post(f"{url}/-/drop.json", {"id": "c3"})
        found = (await site.get(f"{run}.json")).json()
        assert found["asked"] == 5 and "c3" not in {each["case_id"] for each in found["results"]}
        assert "Where are shops?" not in (await site.get(f"{run}/-/cases")).text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{SUITE}/ffffffffffff", 404),
        (f"{SUITE}/-/compare?first=a&second=b", 404),
        ("RUN/-/cases?verdict=good", 400),
        ("RUN/-/cases?start=x", 400),
        ("RUN/-/cases?start=99", 200),
    ],
)
async def test_addresses_of_nothing(tmp_path: Path, path: str, status: int) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        run = await started(site, await imported(site))
        await rested(site, run)
        response = await site.get(path.replace("RUN", run))
        assert response.status_code == status


HUSHED = """suite: shop questions
database: shops.db
cases:
- {id: word, question: 'Which word is kept?', sql: 'SELECT word FROM secret'}
- {id: in, question: 'Which items are words?', sql: 'SELECT item FROM sale WHERE item IN Secret'}
- {id: open, question: 'How many sales?', sql: 'SELECT count(*) FROM sale'}
- {id: shops, question: 'How many shops?', sql: 'SELECT count(*) FROM shop'}
"""


@pytest.mark.asyncio
async def test_cases_and_results_of_hidden_tables_are_left_out(tmp_path: Path) -> None:
    def script(text: str) -> str:
        return "SELECT count(*) FROM secret" if "How many" in text else "SELECT word FROM secret"

    async with make_site(tmp_path, script, config=ALLOWED) as site:
        url = await imported(site, ROOT, text=HUSHED)
        run = (await rested(site, await started(site, url, ROOT), ROOT))["url"]
        other = (await rested(site, await started(site, url, ROOT), ROOT))["url"]
        query = f"first={run.split('/')[-1]}&second={other.split('/')[-1]}&all=1"
        whole = (await site.get(f"{url}.json", ROOT)).json()
        assert (len(whole["cases"]), whole["left_out"]) == (4, 0)
        for path in (
            "/-/evals",
            "/-/evals.json",
            url,
            f"{url}.json",
            f"{url}.yaml",
            f"{url}?case=word",
            run,
            f"{run}.json",
            f"{run}.json?_html=1",
            f"{run}/-/cases",
            f"{run}/-/cases.json",
            f"{url}/-/compare?{query}",
            f"{url}/-/compare.json?{query}",
        ):
            page = await site.get(path, ALICE)
            assert page.status_code == 200, path
            assert "secret" not in page.text.lower() and "word is kept" not in page.text, path
        told = (await site.get(f"{url}.json", ALICE)).json()
        assert ([each["id"] for each in told["cases"]], told["left_out"]) == (["open", "shops"], 2)
        (line,) = (await site.get("/-/evals.json", ALICE)).json()["suites"]
        assert (line["cases"], line["left_out"]) == (2, 2)
        assert "2 more cases are left out here" in (await site.get(url, ALICE)).text
        assert (await site.get(f"{url}.yaml", ALICE)).text.startswith("# Left out, for they read")
        of_run = (await site.get(f"{run}.json", ALICE)).json()
        assert (of_run["asked"], of_run["left_out"], of_run["results"]) == (0, 4, [])
        assert "tables that you may not view: 4" in (await site.get(run, ALICE)).text


@pytest.mark.asyncio
async def test_a_suite_is_taken_away_by_who_sees_all_of_it(tmp_path: Path) -> None:
    async with make_site(tmp_path, replies(), config=ALLOWED) as site:
        url = await imported(site, ROOT, text=HUSHED)
        denied = await site.post(f"{url}/-/delete.json", {}, ALICE)
        assert denied.status_code == 403 and "may not view" in denied.json()["error"]
        form = {"text": suite_text(), "replace": "1"}
        assert (await site.post("/-/evals.json", form, ALICE)).status_code == 403
        assert (await site.post(f"{url}/-/drop.json", {"id": "word"}, ALICE)).status_code == 404
        new = {"id": "word", "question": "Q?", "database": "shops", "sql": "SELECT 1"}
        assert (await site.post(f"{url}/-/case.json", new, ALICE)).status_code == 409
        kept = (await site.get(f"{url}.json", ROOT)).json()["cases"]
        assert [each["id"] for each in kept] == ["word", "in", "open", "shops"]
        run = await rested(site, await started(site, url, ALICE), ALICE)
        assert (run["cases"], run["asked"], run["left_out"]) == (2, 2, 0)
        assert (await site.post(f"{url}/-/delete.json", {}, ROOT)).status_code == 200
        assert (await site.get(f"{url}.json", ROOT)).status_code == 404
