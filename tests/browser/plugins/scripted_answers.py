"""A Datasette plugin for the browser tests: a scripted model, and what it was asked as JSON."""

from __future__ import annotations

import json
import re
from typing import Any

import llm
from datasette import Response, hookimpl
from llm.plugins import load_plugins, pm
from scripted_model import ScriptedModel, SeveralModel, _SyncFace
from scripted_widgets import widget_reply

# The first word of this list that is in a question decides the SQL.
SQL = {
    "broken": "SELECT nme FROM airlines LIMIT 5;",
    "slow": "SELECT 1" + " -- thinking" * 2000,
    "hostile": 'SELECT * FROM "hostile";',
    "salaries": "SELECT * FROM salaries;",
    "nothing": "SELECT * FROM airlines WHERE name = 'no such airline';",
    "Untied": "SELECT COUNT(*) AS airlines FROM airlines WHERE name = 'Untied Air Lines Inc.';",
    "Mars": "-- cannot answer: no table is about Mars.",
    "flights": "SELECT id, date, carrier, flight_number, origin, destination, departure_delay,\n"
    "  arrival_delay, air_time, distance, tailnum FROM flights;",
    "comments": "SELECT rating, COUNT(*) AS comments\nFROM passenger_comments\n"
    "GROUP BY rating\nORDER BY rating DESC;",
    "people": 'SELECT name FROM "people" ORDER BY name;',
    "late": "SELECT airlines.name AS airline, COUNT(*) AS flights,\n"
    "  ROUND(AVG(flights.departure_delay), 1) AS average_delay\n"
    "FROM flights\n  JOIN airlines ON airlines.carrier = flights.carrier\n"
    "WHERE flights.cancelled = 0 AND flights.origin = 'JFK'\n"
    "GROUP BY airlines.carrier\nORDER BY average_delay DESC\nLIMIT 5;",
}
PROPOSAL = {
    "title": "Late airlines",
    "summary": "JetBlue has 1959 flights and 4711 planes.",
    "headings": [{"block": "b1", "text": "Who is late"}],
}
COUNT = "SELECT COUNT(*) AS airlines FROM airlines;"
MENDED = "SELECT name FROM airlines ORDER BY name LIMIT 5;"
HOSTILE_WORDS = (
    "It says <img src=x onerror=window.harmed=1> </script><script>window.harmed=1</script> "
    "![pixel](https://example.org/pixel.png) and [a link](https://example.org/) "
    "or [this](javascript:window.harmed=1)."
)


def script(turn: str) -> str | list[str] | Exception:
    """The reply to a turn: SQL to a question, a paragraph to rows, in pieces of a few letters."""
    widget = widget_reply(turn)
    if widget is not None:
        return widget
    if "<columns " in turn or "cannot be drawn" in turn:
        return chart(turn)
    if "<cell " in turn or "Answer again" in turn:
        return enriched(turn)
    if "<blocks " in turn:
        return json.dumps(PROPOSAL)
    if "<rows " in turn:
        question = turn.removeprefix("Question: ").split("\n")[0]
        return pieces(HOSTILE_WORDS if "hostile" in question else words(turn))
    if turn.startswith("SQLite says"):
        return pieces(MENDED)
    question = turn.rsplit("Question: ", 1)[-1]
    if "overload" in question:
        return RuntimeError("the machine is out of memory")
    return pieces(next((sql for word, sql in SQL.items() if word in question), COUNT))


def enriched(turn: str) -> str | list[str]:
    """What an enrichment gets for a row: a mood as JSON, and nonsense where it is about food."""
    if "slowly" in turn:
        return ["…"] * 6000
    if re.search("food|meal|snack|Answer again", turn):
        return "I would rather not say."
    sad = re.search("late|delay|cold|lost|rude|cancel|wait", turn)
    return json.dumps({"mood": "sad" if sad else "glad"})


def chart(turn: str) -> str | list[str]:
    """What a chart is to become: slices, a column that there is not, or nothing for a long time."""
    if "slowly" in turn:
        return ["{"] + [" "] * 6000
    if "nowhere" in turn or "cannot be drawn" in turn:
        return json.dumps({"mark": "bar", "x": "nowhere", "y": "count(*)"})
    return json.dumps({"mark": "pie", "x": "carrier", "y": "count(*)"})


def words(turn: str) -> str:
    """A paragraph about the rows of a prompt."""
    if "average_delay" in turn:
        return (
            "Among the airlines that fly from JFK, **ExpressJet Airlines Inc.** is late most "
            "often: its flights leave about twenty minutes after the schedule on average."
        )
    first = re.findall(r"^\[(.*)\]$", turn, re.MULTILINE)[1:2]
    return f"The first row is {first[0] if first else 'missing: nothing matched'}."


def pieces(text: str) -> list[str]:
    return re.findall(r".{1,7}", text, re.DOTALL)


def step(thought: str, tool: str, **fields: Any) -> str:
    """A reply of an investigation."""
    return json.dumps({"thought": thought, "action": {"tool": tool, **fields}})


STEPS = {
    "1": step(
        "First, which airlines fly most.",
        "sql",
        sql="SELECT carrier, COUNT(*) AS flights FROM flights GROUP BY carrier "
        "ORDER BY flights DESC LIMIT 3",
    ),
    "2": step("Their names come next.", "sql", sql="SELECT nme FROM airlines"),
    "3": step("How the names are spelled.", "values", table="airlines", column="name", like="Air"),
    "4": step(
        "That is enough.",
        "answer",
        claims=[
            {"text": "Three airlines fly most.", "steps": [1]},
            {"text": "9999.", "steps": [3]},
        ],
    ),
    "5": step(
        "That is enough.",
        "answer",
        claims=[
            {"text": "The three airlines that fly most are these.", "steps": [1]},
            {"text": "Some are called Air, 9999 of them.", "steps": [1, 3]},
        ],
    ),
}


def investigation(turn: str) -> str | list[str] | Exception:
    """The next step where steps are asked for; a question about a slow thing never ends."""
    number = re.search(r"Step (\d+) of \d+", turn.rsplit("\n", 1)[-1])
    if number is None:
        return script(turn)
    if number[1] == "2" and "slow" in CURRENT:
        return ['{"thought": "'] + ["thinking "] * 2000
    if number[1] == "1":
        CURRENT[:] = [word for word in ("slow",) if word in turn.rsplit("Question: ", 1)[-1]]
    return pieces(STEPS[number[1]])


CURRENT: list[str] = []
MODEL = ScriptedModel(script, delay=0.01)
OTHER = ScriptedModel(investigation, "scripted-too", delay=0.01)
OTHER.supports_schema = True


FLOWN = "SELECT COUNT(*) AS flights FROM flights WHERE origin = 'LGA' AND cancelled = 0"
BOOKED = "SELECT COUNT(*) AS flights FROM flights WHERE origin = 'LGA'"
NAMES = "SELECT carrier, name FROM airlines ORDER BY carrier"
FEW = "SELECT carrier, name FROM airlines WHERE carrier < 'B'"
VOTES = {
    "flights": (FLOWN, [BOOKED, FLOWN, BOOKED, FLOWN, BOOKED, FLOWN, "SELECT nonsense"]),
    "airlines": (NAMES, [NAMES, FEW, NAMES, "SELECT nonsense", NAMES, NAMES, NAMES]),
}


def votes(turn: str) -> tuple[str, list[str]]:
    """The first statement and the others, of which some return other rows."""
    question = turn.rsplit("Question: ", 1)[-1]
    return next((each for word, each in VOTES.items() if word in question), (COUNT, [COUNT] * 7))


VOTING = SeveralModel(
    lambda turn: "Few." if "<rows " in turn else pieces(votes(turn)[0]),
    lambda turn: votes(turn)[1],
    "scripted-votes",
    delay=0.02,
)


class _Models:
    @llm.hookimpl
    def register_models(self, register: Any) -> None:
        for model in (MODEL, OTHER, VOTING):
            register(_SyncFace(model.model_id), model)


load_plugins()
pm.register(_Models())


async def scripted() -> Response:
    """GET /-/scripted: what the model was sent, and how many replies were cut off."""
    return Response.json({"prompts": MODEL.prompts, "closed": MODEL.closed + OTHER.closed})


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [(r"/-/scripted$", scripted)]
