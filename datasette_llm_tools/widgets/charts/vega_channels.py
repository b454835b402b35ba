"""How fields of a chart lie along axes, are coloured, named and formatted in Vega-Lite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .chart_parts import Channel, Field
from .chart_sql import ChartQuery
from .spec import ChartSpec, Unit
from .wording import field_title

Json = dict[str, Any]

ORDERS: dict[Unit | None, list[str]] = {
    "month": [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ],
    "weekday": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    "quarter": ["Q1", "Q2", "Q3", "Q4"],
}  # fmt: skip
_UTC_STEPS: dict[Unit | None, str] = {
    "year": "year", "year_month": "month", "week": "week", "day": "day",
}  # fmt: skip
# A wheel alone scrolls the page; pinching comes as a wheel with the control key.
_WHEEL = "wheel![event.ctrlKey || event.metaKey || event.shiftKey]"


class Channels:
    """The fields of one chart. `transform` and `params` grow as they are asked for."""

    def __init__(
        self, spec: ChartSpec, query: ChartQuery, rows: Sequence[Sequence[Any]], noun: str | None
    ) -> None:
        self.spec = spec
        self.query = query
        self.rows = rows
        self.noun = noun
        self.transform: list[Json] = []
        self.params: list[Json] = []

    def field(self, channel: Channel) -> Field:
        """The field that a mark cannot be without."""
        found = self.query.field(channel)
        assert found is not None, channel
        return found

    def values(self, field: Field) -> list[Any]:
        index = self.query.fields.index(field)
        return [row[index] for row in self.rows]

    def title(self, field: Field) -> str:
        return field_title(field, self.spec, self.noun)

    def channel(self, field: Field, *, discrete: bool = False) -> Json:
        """How a field lies along an axis or is coloured."""
        named: Json = {"field": field.name, "title": self.title(field)}
        if field.kind == "number":
            return {**named, "type": "quantitative", **self._number_axis(field)}
        if field.kind == "time" and not discrete:
            return {
                **named,
                "field": self.moment(field),
                "type": "temporal",
                "scale": {"type": "utc"},
            }
        if field.kind == "category":
            return {**named, "type": "nominal", "sort": None}
        return {**named, "type": "ordinal", "sort": ORDERS.get(field.unit)}

    def _number_axis(self, field: Field) -> Json:
        largest = max((abs(value) for value in self.values(field)), default=0)
        return {"axis": {"format": "~s"}} if largest >= 1_000_000 else {}

    def end(self, field: Field) -> Json:
        """The second edge of a bin."""
        return {"field": field.name, "title": self.title(field)}

    def moment(self, field: Field, *, end: bool = False) -> str:
        """A field of Vega-Lite's own with the time as a number; the row keeps its text."""
        name = f"{'e' if end else 't'}{field.name[1:]}"
        is_year = field.unit == "year" or (field.column and field.column.grain == "year")
        text = f"datum.{field.name}"
        time = f"utc({text}, 0, 1)" if is_year else f"toDate(replace({text}, ' ', 'T') + 'Z')"
        if not is_year and self.step(field) is not None:
            time = f"toDate({text})"  # a date alone is in UTC
        if end:
            time = f"utcOffset('{'year' if is_year else self.step(field)}', {time})"
        if not any(each["as"] == name for each in self.transform):
            self.transform.append({"calculate": time, "as": name})
        return name

    def step(self, field: Field) -> str | None:
        """The step of the calendar that a time stands for, None for a time of day."""
        grain = field.column.grain if field.column else None
        return _UTC_STEPS.get(field.unit) or (
            grain if field.unit is None and grain != "second" else None
        )

    def tooltip(self) -> list[Json]:
        return [
            {
                "field": field.name,
                "title": self.title(field),
                **(
                    {"type": "quantitative", "format": self.format(field)}
                    if field.kind == "number"
                    else {"type": "nominal"}
                ),
            }
            for field in self.query.fields
        ]

    def format(self, field: Field) -> str:
        values = self.values(field)
        if all(isinstance(value, int) for value in values):
            return ",d"
        return ",.2~f" if max(map(abs, values), default=0) >= 1 else ",.3~g"

    def color(self, encoding: Json) -> None:
        """Colour by a column, with a legend that filters; x coloured by itself needs none."""
        spec, field = self.spec, self.query.field("color")
        if spec.color is not None and spec.color == spec.x:
            encoding["color"] = {**self.channel(self.field("x"), discrete=True), "legend": None}
        if field is None:
            return
        if field.kind == "number":
            encoding["color"] = {
                **{key: value for key, value in self.channel(field).items() if key != "axis"},
                "scale": {"scheme": "viridis"},
            }
            return
        many = len(set(self.values(field))) > 10
        encoding["color"] = self.channel(field, discrete=True)
        if field.kind == "category":
            del encoding["color"]["sort"]
        if many:
            encoding["color"]["scale"] = {"scheme": "tableau20"}
        self.params.append(
            {"name": "shown", "select": {"type": "point", "fields": [field.name]}, "bind": "legend"}
        )
        encoding["opacity"] = {"condition": {"param": "shown", "value": 1}, "value": 0.1}

    def zoom(self, *channels: str) -> None:
        select = {"type": "interval", "encodings": list(channels), "zoom": _WHEEL}
        self.params.append({"name": "zoom", "select": select, "bind": "scales"})
