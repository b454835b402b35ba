"""Configurations and commands of the documents, tried as they are written."""

from __future__ import annotations

import csv
import json
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import llm
import pytest
import yaml

from datasette_llm_tools.embed_sites import embed_sites
from datasette_llm_tools.permissions import PUBLISH, may
from datasette_llm_tools.questions.values import Answer, answer_json
from datasette_llm_tools.settings import settings_from
from tests.docs.documents import ROOT, blocks, section, text_of
from tests.docs.shells import Shell, command, opened_shell, own_server
from tests.enrich_sites import until
from tests.exploration_sites import make_exploration
from tests.sites import ALICE, BOB, Site, make_site
from tests.widget_exports import kept_chart

ROOT_ACTOR = {"id": "root"}
PEOPLE: dict[str, dict[str, Any] | None] = {
    "root": ROOT_ACTOR,
    "alice": ALICE,
    "bob": BOB,
    "anonymous": None,
}


def example(name: str, heading: str, number: int = 0) -> dict[str, Any]:
    """A YAML example below a heading."""
    value = yaml.safe_load(blocks(section(name, heading), "yaml")[number])
    assert isinstance(value, dict)
    return value


# Heading of the example, and who may ask then.
ASKING = {
    "Permissions": {"root", "alice", "bob"},  # the default: no example
    "Some people only": {"root", "alice"},
    "One database only": {"alice"},
    "Everybody, without signing in": {"root", "alice", "bob", "anonymous"},
    "Nobody asks one database": set(),
    "A table that some may not see": {"root", "alice", "bob"},
    "Files that become tables": {"root", "alice", "bob"},
}
# Heading of the example; who may preview an enrichment of the table `sale`, and who start it.
SIGNED_IN = {"root", "alice", "bob"}
ENRICHING = {
    "Permissions": (SIGNED_IN, {"root"}),  # the default: no example
    "Who may enrich": (SIGNED_IN, {"root", "alice"}),
    "Enrich one table only": (SIGNED_IN, {"alice"}),
    "Previews for some only": ({"root", "alice"}, {"root"}),
    "What models said of rows": (SIGNED_IN, {"root"}),
    "A table that some may not see": ({"alice"}, set()),
}
# Who may make widgets, and who may share those that they make.
MAKING = {
    "Permissions": (SIGNED_IN, {"root"}),  # the default: no example
    "Who may make widgets": ({"alice"}, {"root"}),
    "Who may share widgets": (SIGNED_IN, {"root", "alice"}),
}
# Who may publish explorations.
PUBLISHING = {"Permissions": {"root"}, "Who may publish explorations": {"root", "alice"}}
# Who may keep and run suites.
EVALUATING = {"Permissions": {"root"}, "Evals": {"root", "alice"}}
OUR_TABLE = "/shops/_llm_tools_results.json"


def test_every_example_of_permissions_is_tried() -> None:
    sections = re.findall(r"^## (.+)\n((?:(?!^## ).*\n)*)", text_of("docs/permissions.md"), re.M)
    with_example = {heading for heading, body in sections if "```yaml" in body}
    tried = (ASKING, ENRICHING, MAKING, PUBLISHING, EVALUATING)
    assert with_example == {heading for each in tried for heading in each} - {"Permissions"}


@pytest.mark.parametrize("heading", ASKING)
@pytest.mark.asyncio
async def test_who_may_ask(tmp_path: Path, heading: str) -> None:
    config = {} if heading == "Permissions" else example("docs/permissions.md", heading)
    async with make_site(tmp_path, lambda _: "SELECT 1;", config=config) as site:
        allowed = set()
        for name, actor in PEOPLE.items():
            status = (await site.get("/-/questions/shops.json", actor)).status_code
            assert status in (200, 403)
            if status == 200:
                allowed.add(name)
    assert allowed == ASKING[heading]


async def who_may_enrich(site: Site, table: str) -> tuple[set[str], set[str]]:
    """Who may preview an enrichment of a table, and who may start it."""
    form = {"template": "{{ id }}", "outputs": ["mood:text"]}
    previewing, starting = set(), set()
    for name, actor in PEOPLE.items():
        address = f"/-/enrichments/shops/{table}/-/preview.json"
        answer = await site.datasette.client.post(address, actor=actor, json=form)
        assert answer.status_code in (200, 403, 404), answer.text
        if answer.status_code == 200:
            previewing.add(name)
            if answer.json()["missing"] is None:
                starting.add(name)
    return previewing, starting


@pytest.mark.parametrize("heading", ENRICHING)
@pytest.mark.asyncio
async def test_who_may_preview_and_start_an_enrichment(tmp_path: Path, heading: str) -> None:
    config = {} if heading == "Permissions" else example("docs/permissions.md", heading)
    async with make_site(tmp_path, lambda _: '{"mood": "fine"}', config=config) as site:
        assert await who_may_enrich(site, "sale") == ENRICHING[heading]


@pytest.mark.parametrize("heading", MAKING)
@pytest.mark.asyncio
async def test_who_may_make_and_share_widgets(tmp_path: Path, heading: str) -> None:
    config = {} if heading == "Permissions" else example("docs/permissions.md", heading)
    async with make_site(tmp_path, lambda _: "", config=config) as site:
        making, sharing = set(), set()
        for name, actor in PEOPLE.items():
            if (await site.get("/-/widgets/shops.json", actor)).status_code == 200:
                making.add(name)
            if actor is None:
                continue
            widget = await kept_chart(site, actor=actor)
            address = f"/-/widgets/shops/{widget.id}/-/share.json"
            answer = await site.post(address, {"shared": "1"}, actor)
            assert answer.status_code in (200, 403), answer.text
            if await may(site.datasette, actor, PUBLISH, "shops"):
                sharing.add(name)
            assert (answer.status_code == 200) == (name in making & sharing)
    assert (making, sharing) == MAKING[heading]


@pytest.mark.parametrize("heading", PUBLISHING)
@pytest.mark.asyncio
async def test_who_may_publish_explorations(tmp_path: Path, heading: str) -> None:
    config = {} if heading == "Permissions" else example("docs/permissions.md", heading)
    async with make_site(tmp_path, lambda _: "", config=config) as site:
        publishing = set()
        for name, actor in PEOPLE.items():
            if actor is None:
                continue  # visitors write nothing
            made = await make_exploration(site, actor=actor)
            answer = await site.post(f"/-/explorations/{made.id}/-/publish", {"public": "1"}, actor)
            assert answer.status_code in (200, 403), answer.text
            if answer.status_code == 200:
                publishing.add(name)
    assert publishing == PUBLISHING[heading]


def test_the_example_of_sites_that_may_embed() -> None:
    settings = settings_from(example("docs/publish.md", "Embed")["plugins"]["datasette-llm-tools"])
    assert len(embed_sites(settings.embed_sites)) == 2


@pytest.mark.parametrize("heading", EVALUATING)
@pytest.mark.asyncio
async def test_who_may_keep_suites(tmp_path: Path, heading: str) -> None:
    config = {} if heading == "Permissions" else example("docs/permissions.md", heading)
    async with make_site(tmp_path, lambda _: "", config=config) as site:
        allowed = {
            name
            for name, actor in PEOPLE.items()
            if (await site.get("/-/evals.json", actor)).status_code == 200
        }
    assert allowed == EVALUATING[heading]


@pytest.mark.asyncio
async def test_one_table_only_is_one(tmp_path: Path) -> None:
    config = example("docs/permissions.md", "Enrich one table only")
    async with make_site(tmp_path, lambda _: '{"mood": "fine"}', config=config) as site:
        assert await who_may_enrich(site, "shop") == (SIGNED_IN, {"root"})


@pytest.mark.parametrize(
    ("heading", "may"),
    [("Permissions", {"root"}), ("What models said of rows", {"alice"})],
)
@pytest.mark.asyncio
async def test_who_reads_what_models_said(tmp_path: Path, heading: str, may: set[str]) -> None:
    config = {} if heading == "Permissions" else example("docs/permissions.md", heading)
    async with make_site(tmp_path, lambda _: '{"mood": "fine"}', config=config) as site:
        form = {"template": "{{ item }}", "outputs": ["mood:text"]}
        address = "/-/enrichments/shops/sale/-/start.json"
        answer = await site.datasette.client.post(address, actor=ROOT_ACTOR, json=form)
        assert answer.status_code == 201, answer.text
        await until(site, answer.json()["url"], "done", actor=ROOT_ACTOR)
        await site.get("/shops")  # where Datasette notices new tables
        allowed = set()
        for name, actor in PEOPLE.items():
            if (await site.get(OUR_TABLE, actor)).status_code == 200:
                allowed.add(name)
        assert allowed == may


@pytest.mark.asyncio
async def test_who_sees_a_table(tmp_path: Path) -> None:
    config = example("docs/permissions.md", "A table that some may not see")
    async with make_site(tmp_path, lambda _: "SELECT item FROM sale;", config=config) as site:
        assert (await site.ask("What was sold?", ALICE))["status"] == "answered"
        refused = await site.ask("What was sold?", BOB)
        assert refused["status"] == "failed"
        told = json.dumps([site.model.prompts[-1], refused["calls"]])
        assert "CREATE TABLE shop" in told
        assert "CREATE TABLE sale" not in told
        # What the page says of Datasette's own page for SQL.
        path = "/shops/-/query.json?sql=select+item+from+sale"
        assert (await site.get(path, BOB)).json()["rows"]


@pytest.mark.parametrize(
    ("heading", "may"),
    [("Permissions", {"root"}), ("Files that become tables", {"alice", "root"})],
)
@pytest.mark.asyncio
async def test_who_may_add_a_file(tmp_path: Path, heading: str, may: set[str]) -> None:
    config = {} if heading == "Permissions" else example("docs/permissions.md", heading)
    async with make_site(tmp_path, lambda _: "SELECT 1;", config=config) as site:
        allowed = {
            name
            for name, actor in PEOPLE.items()
            if "<llm-tools-upload" in (await site.get("/-/questions/shops", actor)).text
        }
    assert allowed == may


@pytest.mark.asyncio
async def test_settings_of_a_database_count_for_that_database(tmp_path: Path) -> None:
    config = example("docs/settings.md", "Settings")
    from datasette.app import Datasette

    from datasette_llm_tools.settings import read_settings

    datasette = Datasette(memory=True, config=config)
    try:
        general, demo = read_settings(datasette), read_settings(datasette, "demo")
    finally:
        datasette.close()
    assert (general.query_ms, general.answer_in_words) == (2000, True)
    assert (demo.query_ms, demo.answer_in_words) == (10_000, False)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A key for OpenAI's models, so that they are offered; nothing is sent."""
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path))


LOCAL, MINI = "qwen2.5-coder-1.5b", "gpt-4.1-mini"


@pytest.mark.parametrize(
    ("number", "for_questions", "for_enrichments"),
    [
        (1, {"gpt-4.1", MINI}, None),
        (2, {LOCAL}, {LOCAL}),
        (3, None, {MINI}),
    ],
)
@pytest.mark.asyncio
async def test_models_that_are_allowed(
    tmp_path: Path,
    key: None,
    number: int,
    for_questions: set[str] | None,
    for_enrichments: set[str] | None,
) -> None:
    """None is for all that there are."""
    config = example("docs/models.md", "Choose the default", number)
    async with make_site(tmp_path, lambda _: "SELECT 1;", settings={"model": "gpt-4.1"}) as site:
        site.datasette.config["plugins"]["datasette-llm"] = config["plugins"]["datasette-llm"]
        asking = set((await site.get("/-/questions/shops.json")).json()["models"])
        enriching = set((await site.get("/-/enrichments/shops/sale.json")).json()["models"])
    for found, expected in ((asking, for_questions), (enriching, for_enrichments)):
        if expected is None:
            assert found > {"gpt-4.1", MINI, "scripted"}
        else:
            # The local model is there only where it is installed.
            assert found | {LOCAL} == expected | {LOCAL}


def test_the_setting_of_a_model_is_one() -> None:
    config = example("docs/models.md", "Choose the default", 0)
    assert config == {"plugins": {"datasette-llm-tools": {"model": "local"}}}


@pytest.mark.parametrize("name", ["README.md", "docs/models.md"])
def test_a_server_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "extra-openai-models.yaml").write_text(own_server(name), encoding="utf-8")
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path))
    model = llm.get_async_model("qwen3-8b")
    assert (model.model_name, model.api_base) == ("qwen3:8b", "http://localhost:11434/v1")
    assert model.needs_key is None


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with opened_shell(tmp_path_factory.mktemp("readme")) as found:
        yield found


def test_no_command_of_the_readme_is_forgotten() -> None:
    lines = "".join(blocks(text_of("README.md"), "bash")).splitlines()
    starts = [line.split("#")[0].split("'")[0].strip() for line in lines]
    assert starts == [
        "scripts/demo",  # downloads: tried by hand and by continuous integration
        "scripts/test",
        "datasette install datasette-llm-tools",
        "pip install",
        "datasette llm-tools local-model install",
        "datasette llm-tools local-model status",
        "llm keys set openai",  # asks for the key
        "datasette demo.db --internal questions.db --root",
        "datasette llm-tools ask demo.db",
        "datasette llm-tools ask sales.csv shops.csv",
        "datasette llm-tools ask --help",
        "datasette llm-tools draw demo.db flights -o flights.html",
        "datasette llm-tools widgets create demo.db",
        "datasette llm-tools enrich demo.db passenger_comments --prompt",
        "datasette llm-tools enrichments demo.db",
        "datasette llm-tools undo demo.db 1",
        "datasette llm-tools explorations list --internal questions.db",
    ]
    for script in ("demo", "test"):
        assert os.access(ROOT / "scripts" / script, os.X_OK)


def test_asking_a_database_prints_sql_rows_and_words(shell: Shell) -> None:
    done = shell.run(command("datasette llm-tools ask demo.db"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("SELECT count(*) AS n FROM flights\n\n")
    assert done.stdout.endswith("There are some.\n")


def test_asking_files_prints_csv(shell: Shell) -> None:
    done = shell.run(command("datasette llm-tools ask sales.csv"))
    assert done.returncode == 0, done.stderr
    assert list(csv.reader(done.stdout.splitlines())) == [["n"], ["2"]]


def test_json_of_the_command_line_has_the_documented_keys(shell: Shell) -> None:
    done = shell.run(command("datasette llm-tools ask demo.db") + " --json")
    answer = json.loads(done.stdout)
    assert [*answer, "calls"] == list(answer_json("?", Answer()))
    assert (answer["model"], answer["tokens"]) == ("qwen3-8b", {"input": 20, "output": 6})


def test_help_of_asking(shell: Shell) -> None:
    done = shell.run(command("datasette llm-tools ask --help"))
    assert done.returncode == 0
    assert "--json" in done.stdout


def test_status_of_a_missing_model(shell: Shell) -> None:
    done = shell.run(command("datasette llm-tools local-model status"))
    assert done.returncode == 1
    assert "missing" in done.stdout


def test_serving_a_database_offers_to_ask_it(shell: Shell) -> None:
    serve = command("datasette demo.db").replace(" --root", "")
    actor = json.dumps(ROOT_ACTOR)
    done = shell.run(f"{serve} --get /-/questions.json --actor '{actor}'")
    assert done.returncode == 0, done.stderr
    assert [each["name"] for each in json.loads(done.stdout)["databases"]] == ["demo"]


def test_where_llm_keeps_its_configuration(shell: Shell) -> None:
    (printing,) = re.findall(r"`(dirname [^`]+)`", text_of("README.md"))
    done = shell.run(printing)
    assert Path(done.stdout.strip()) == shell.folder


def test_a_chart_and_a_widget_become_files(shell: Shell) -> None:
    drawn = shell.run(command("datasette llm-tools draw demo.db"))
    assert (drawn.returncode, drawn.stdout) == (0, ""), drawn.stderr
    made = shell.run(command("datasette llm-tools widgets create demo.db"))
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
    for name, title in (("flights.html", "flights by day"), ("carriers.html", "by carrier")):
        text = (shell.folder / name).read_text(encoding="utf-8")
        assert f"{title}</h1>" in text


def test_explorations_are_listed(shell: Shell) -> None:
    sqlite3.connect(shell.folder / "questions.db").close()
    done = shell.run(command("datasette llm-tools explorations list"))
    assert (done.returncode, done.stderr) == (0, "There are no such explorations.\n")


def test_enriching_a_table_listing_and_undoing(shell: Shell) -> None:
    done = shell.run(command("datasette llm-tools enrich demo.db"))
    assert done.stdout.startswith("Done: 420 of 420 rows, "), done.stderr
    assert shell.query("select distinct mood from passenger_comments order by 1") == [
        (None,),
        ("glad",),
    ]
    assert "passenger_comments" in shell.run(command("datasette llm-tools enrichments")).stdout
    undone = shell.run(command("datasette llm-tools undo"))
    assert undone.returncode == 0, undone.stderr
    assert undone.stdout.endswith("Removed: mood.\n")
