"""SQL for what a chart takes from one column: its date, its number, its category; and conditions.

`value` is the SQL of the column everywhere. What does not fit gives NULL, which is counted and
said to be left out; categories have a word for it instead, since bars of nothing are telling.
Functions are those that the guard allows, as old SQLite versions have them.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timezone

from ...errors import BadInput
from ...sql_names import quoted
from .column_types import ChartColumn
from .spec import Filter, Unit

NO_VALUE = "(no value)"
_BINARY = "(binary)"
_LARGEST = "1.7976931348623157e308"
_DIGIT = "[0-9]"
_MONTH_GLOB = f"{_DIGIT * 4}-{_DIGIT * 2}"


def literal(value: str | float | int) -> str:
    """A value as SQL text, which is safe to stand in a statement."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput("A number that is not finite cannot be compared with.")
    return repr(value)


def identifier(name: str) -> str:
    """A name as SQL: plain where it needs no quotes to be read back."""
    plain = name.isascii() and name.isidentifier() and name.islower() and name not in _KEYWORDS
    return name if plain else quoted(name)


# Of SQLite's keywords, those that make likely names of columns.
_KEYWORDS = frozenset(
    """
    add all alter and as asc between by case check column commit create current database default
    delete desc distinct drop each else end escape except exists for foreign from full group
    having if in index inner insert intersect into is join key left like limit match natural not
    null of offset on or order outer over plan primary range references replace right row rows
    select set table temp then to transaction trigger union unique update using values view when
    where window with without
    """.split()  # noqa: SIM905 - quoted words are harder to read
)


def number(value: str, column: ChartColumn) -> str:
    """The finite number in a column, NULL for anything else."""
    if column.type == "text":
        read = f"cast({value} as numeric)"
        return (
            f"case when json_valid({value}) then case when json_type({value}) in "
            f"('integer', 'real') and {_is_finite(read)} then {read} end end"
        )
    # The plus takes a column's declared type away, or a text would be compared as a text.
    return f"case when {_is_finite('+' + value)} then {value} end"


def _is_finite(number: str) -> str:
    return f"{number} between -{_LARGEST} and {_LARGEST}"


def category(value: str, column: ChartColumn) -> str:
    """A column as a category. On an axis 1 and "1" are one place, so they are one here too."""
    shown = f"cast({value} as text)" if column.type == "mixed" else value
    return (
        f"case typeof({value}) when 'null' then '{NO_VALUE}' when 'blob' then '{_BINARY}' "
        f"else {shown} end"
    )


def moment(value: str, column: ChartColumn, unit: Unit | None) -> str:
    """A date, or the part of it that `unit` names, so that parts sort as numbers do.

    Years, quarters, months, weekdays (0 is Monday) and hours are integers; the others are text:
    `2013-01`, the Monday `2013-01-28` of a week, `2013-01-31`; without a unit the time as finely
    as the column has it, `2013-01-31 05:17:00` at most.
    """
    if column.grain == "year":
        return _year(value)
    date = _date(value, column)
    if unit is None:
        fine: dict[str | None, Unit] = {"month": "year_month", "day": "day"}
        if column.grain not in fine:
            return f"strftime('%Y-%m-%d %H:%M:%S', {date})"
        unit = fine[column.grain]
    return {
        "year": f"cast(strftime('%Y', {date}) as integer)",
        "quarter": f"(cast(strftime('%m', {date}) as integer) + 2) / 3",
        "month": f"cast(strftime('%m', {date}) as integer)",
        "year_month": f"strftime('%Y-%m', {date})",
        "week": f"date({date}, 'weekday 0', '-6 days')",
        "day": f"date({date})",
        "weekday": f"(cast(strftime('%w', {date}) as integer) + 6) % 7",
        "hour": f"cast(strftime('%H', {date}) as integer)",
    }[unit]


def named(part: str, unit: Unit | None) -> str:
    """What moment() gave, as people read it: `Jan`, `Mon`, `Q1`; the others as they are."""
    if unit == "month":
        return f"substr('JanFebMarAprMayJunJulAugSepOctNovDec', 3 * ({part}) - 2, 3)"
    if unit == "weekday":
        return f"substr('MonTueWedThuFriSatSun', 3 * ({part}) + 1, 3)"
    return f"'Q' || ({part})" if unit == "quarter" else part


def _year(value: str) -> str:
    return (
        f"case when cast({value} as integer) between 1 and 9999 then cast({value} as integer) end"
    )


def _date(value: str, column: ChartColumn) -> str:
    """A text that SQLite's date functions read as the ISO date it is, never as a day number.

    A day that no calendar has is none: SQLite would move 2013-02-30 to 2 March.
    """
    written = f"substr({value}, 1, 10)"
    day = f"when date({written}, '+0 days') = {written} then {value}"
    if column.grain == "month":
        return f"case {day} when {value} glob '{_MONTH_GLOB}' then {value} || '-01' end"
    return f"case {day} end"


def condition(each: Filter, value: str, column: ChartColumn) -> str:
    """Whether a row passes a filter. Raises BadInput where the two cannot be compared."""
    if each.unit is not None and column.role != "time":
        raise BadInput(f"{each.column} holds no dates, so no {each.unit} of it can be compared.")
    if each.comparison == "contains":
        text = literal(_ascii_lower(str(each.value)))
        return f"instr(lower({value}), {text}) > 0"
    if each.unit is not None:
        if each.unit == "week":
            return _compared(_iso_week(value, column), each, as_number=False)
        as_number = each.unit not in ("year_month", "day")
        return _compared(moment(value, column, each.unit), each, as_number=as_number)
    if column.role == "time" and column.grain != "year":
        return _compared_date(value, each, column)
    if column.is_numeric or column.role == "time":
        wanted = _year(value) if column.role == "time" else number(value, column)
        return _compared(wanted, each, as_number=True)
    return _compared(f"cast({value} as text)", each, as_number=False)


def _compared(part: str, each: Filter, *, as_number: bool) -> str:
    many = each.value if isinstance(each.value, tuple) else (each.value,)
    written = [literal(_as_number(value, each) if as_number else str(value)) for value in many]
    if each.comparison == "in":
        return f"{part} in ({', '.join(written)})"
    # Rows without a value are not equal to anything.
    sign = "is not" if each.comparison == "!=" else each.comparison
    return f"{part} {sign} {written[0]}"


def _compared_date(value: str, each: Filter, column: ChartColumn) -> str:
    """Compare as finely as the filter's date is written: `<= 2013-01` takes all of January.

    A date that is written finer than the column's is compared with when their days begin.
    """
    many = each.value if isinstance(each.value, tuple) else (each.value,)
    texts = [_date_text(str(one), each) for one in many]
    part = moment(value, column, None)
    begins = {"month": "-01 00:00:00", "day": " 00:00:00"}.get(column.grain or "")
    if begins and max(map(len, texts)) > len(_AS_LONG[column.grain or ""]):
        part = f"{part} || '{begins}'"
    if each.comparison != "in":
        return _compared(
            f"substr({part}, 1, {len(texts[0])})", _with(each, texts[0]), as_number=False
        )
    return f"({' or '.join(f'substr({part}, 1, {len(text)}) = {literal(text)}' for text in texts)})"


_AS_LONG = {"month": "2013-01", "day": "2013-01-31"}
_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ](.+))?)?)?")


def _date_text(text: str, each: Filter) -> str:
    """A filter's date as moment() writes dates, in UTC, as finely as it was given.

    Raises BadInput for what is no date.
    """
    found = _PARTIAL_DATE.fullmatch(text.strip())
    wrong = BadInput(
        f"{each.column} holds dates; compare it with one such as 2013-01-31, not {text[:60]!r}."
    )
    if found is None:
        raise wrong
    days = [part.zfill(2) for part in found.groups()[:3] if part]
    day = "-".join(days)
    clock = re.sub(r"\.\d+", "", found[4] or "").replace("Z", "+00:00")
    try:
        date.fromisoformat("-".join([*days, "01", "01"][:3]))
        if not clock:
            return day
        at = datetime.fromisoformat(f"{day} {clock}")
        in_utc = at.astimezone(timezone.utc).replace(tzinfo=None) if at.tzinfo else at
    except (ValueError, OverflowError):
        raise wrong from None
    is_exact = at.tzinfo is not None or clock.count(":") > 1
    return in_utc.isoformat(" ", "seconds" if is_exact else "minutes")


def _ascii_lower(text: str) -> str:
    """As SQLite's lower() has it, which knows no other letters."""
    return "".join(each.lower() if each.isascii() else each for each in text)


def _with(each: Filter, text: str) -> Filter:
    return Filter(each.column, each.comparison, text, each.unit)


def _as_number(value: str | float | int, each: Filter) -> float | int:
    if not isinstance(value, str):
        return value
    try:
        read = float(value)
    except ValueError:
        what = each.column if each.unit is None else f"the {each.unit} of {each.column}"
        raise BadInput(f"{what} is a number and cannot be compared with {value!r}.") from None
    return int(read) if read.is_integer() and abs(read) < 2**63 else read


def _iso_week(value: str, column: ChartColumn) -> str:
    """The ISO 8601 week: that of the Thursday in the same week."""
    thursday = f"date({_date(value, column)}, '-3 days', 'weekday 4')"
    week = f"(cast(strftime('%j', {thursday}) as integer) - 1) / 7 + 1"
    return f"strftime('%Y', {thursday}) || '-W' || substr('0' || ({week}), -2)"
