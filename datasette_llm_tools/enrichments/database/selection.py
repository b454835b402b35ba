"""Which rows a run is about: the filters of a table's page, one row, or a condition in SQL.

The filters are read as Datasette's own table page reads them, plugins' included, so that
a run is about the rows that the person has seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datasette.filters import Filters
from datasette.plugins import pm
from datasette.utils import await_me_maybe, escape_fts
from datasette.utils.asgi import BadRequest, Forbidden
from datasette.views.base import DatasetteError

from ...errors import BadInput, NotAllowed
from ...sql_names import fold, quoted
from ..values import Key, Selection, Value
from .tables import TargetTable, require_target

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

# What Datasette's search writes around its parameters, a function that the guard has not.
_ESCAPED = "escape_fts(:{})"


async def selection_from_request(
    datasette: Datasette, request: Request, database: str, table: str
) -> Selection:
    """The rows that the query string of a filtered table page chooses, in words `where ...`.

    Raises BadInput for a filter that cannot be, NotAllowed where a filter takes a
    permission that the actor has not.
    """
    target = await require_target(datasette, database, table)
    pairs = sorted(
        (key, value)
        for key in request.args
        if not key.startswith("_") or "__" in key
        for value in request.args.getlist(key)
    )
    filters = Filters(pairs)
    _require_columns(target, filters)
    try:
        clauses, params = filters.build_where_clauses(target.name)
        described: list[str] = []
        for hook in pm.hook.filters_from_request(
            request=request, table=target.name, database=database, datasette=datasette
        ):
            if arguments := await await_me_maybe(hook):
                clauses.extend(arguments.where_clauses)
                params.update(arguments.params)
                described.extend(arguments.human_descriptions)
        described.extend(request.args.getlist("_where"))
        words = filters.human_description_en(extra=described)
    except Forbidden as error:
        raise NotAllowed(f"A filter needs a permission that you do not have: {error}.") from error
    except DatasetteError as error:
        kind = NotAllowed if error.status == 403 else BadInput
        raise kind(str(error.message)) from error
    except (BadRequest, ValueError, KeyError, TypeError, IndexError) as error:
        raise BadInput(f"The filters cannot be read ({error}); choose others.") from error
    if not clauses:
        return Selection()
    return Selection(
        where=" and ".join(f"({each}\n)" for each in _without_escape(clauses, params)),
        params={name: _value(value) for name, value in params.items()},
        description=words or "where a filter chooses them",
    )


def selection_for_key(target: TargetTable, key: Key) -> Selection:
    """One row. Raises BadInput for a key of another length."""
    if len(key) != len(target.key_columns):
        raise BadInput(f"The key of {target.name} has {len(target.key_columns)} values.")
    params = {f"key_{i}": value for i, value in enumerate(key)}
    where = " AND ".join(
        f"{quoted(target.name)}.{quoted(column)} = :{name}"
        for column, name in zip(target.key_columns, params, strict=True)
    )
    words = " and ".join(
        f"{column} = {_shown(value)}" for column, value in zip(target.key_columns, key, strict=True)
    )
    return Selection(where, params, f"where {words}")


def selection_from_where(sql: str) -> Selection:
    """The rows for which a condition in SQL holds; nothing of it is checked here."""
    where = sql.strip().rstrip(";").strip()
    return Selection(where, {}, f"where {where}") if where else Selection()


def _require_columns(target: TargetTable, filters: Filters) -> None:
    """Raise BadInput for a filter over no column of the table: to SQLite it would be a text."""
    rowid = {"rowid", "_rowid_", "oid"}
    for column, _, _ in filters.selections():
        if target.column(column) is None and fold(column) not in rowid:
            raise BadInput(f"The table {target.name} has no column {column} to filter by.")


def _without_escape(clauses: list[str], params: dict[str, Any]) -> list[str]:
    """The clauses without Datasette's escaping function, whose work is done on the parameters."""
    for name, value in list(params.items()):
        call = _ESCAPED.format(name)
        if any(call in each for each in clauses):
            clauses = [each.replace(call, f":{name}") for each in clauses]
            params[name] = escape_fts(value)
    return clauses


def _value(value: Any) -> Value:
    """A parameter of a filter as SQLite takes it."""
    if value is None or isinstance(value, (str, int, float, bytes)):
        return value
    raise BadInput(f"A filter has the value {value!r}, which no cell can hold.")


def _shown(value: Value) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
