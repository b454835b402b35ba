"""What a model writes: new widgets, changes, mends and variants; as events, JSON or a form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from datasette.utils.asgi import Response

from ..errors import BadInput, ModelFailed, NotAllowed
from ..leaving import EventStream, unless_left
from ..pages import json_response, posted, wants_events, wants_json
from .access import actor_id, own_widget, revision_of, widget_database
from .documents import generating
from .documents.generating import Wish
from .documents.keeping import Keeping
from .pairing import Pair
from .values import Kind, Revision, Widget
from .widget_stream import outcome, pair_outcome, writing, writing_two

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

MAX_PROMPT_CHARACTERS = 4000
MAX_SQL_CHARACTERS = 20_000
_MOST_ERRORS = 20
_MOST_ERROR_CHARACTERS = 1000


async def make(request: Request, datasette: Datasette) -> Any:
    """POST /-/widgets/DATABASE: a new document from a prompt, or two variants of it."""
    database = await widget_database(request, datasette)
    if actor_id(request.actor) is None:
        raise NotAllowed("Sign in to make widgets: they are kept with whoever makes them.")
    form = await posted(request)
    prompt, models = _prompt(form), _models(form)
    sql = str(form.get("sql") or "").strip()
    if len(sql) > MAX_SQL_CHARACTERS:
        raise BadInput(f"The SQL to begin with may have {MAX_SQL_CHARACTERS:,} characters at most.")
    question_id = str(form.get("question") or "") or None
    if question_id and not re.fullmatch("[0-9a-f]{24}", question_id):
        raise BadInput("That is no id of a question; leave it out.")
    wishes = [Wish(prompt, model_id=each, sql=sql or None) for each in models]
    if len(wishes) == 2:
        both = await _both(request, datasette, database, wishes)
        pair = Pair(datasette, request.actor, both, question_id=question_id)
        return await _answer_two(request, datasette, pair)
    prepared = await generating.prepare(datasette, request.actor, database, wishes[0])
    keeping = Keeping(datasette, request.actor, prepared, question_id=question_id)
    return await _answer(request, datasette, keeping)


async def revise(request: Request, datasette: Datasette) -> Any:
    """POST /-/widgets/DATABASE/ID/-/revise: a change by a prompt, as a patch."""
    widget, base, form = await _base(request, datasette)
    models = _models(form)
    return await _change(
        request, datasette, widget, Wish(_prompt(form), models[0], base=base), form
    )


async def mend(request: Request, datasette: Datasette) -> Any:
    """POST /-/widgets/DATABASE/ID/-/mend: errors of the frame go back to the model."""
    widget, base, form = await _base(request, datasette)
    wish = Wish("", _models(form)[0], base=base, errors=_errors(form))
    return await _change(request, datasette, widget, wish, form)


async def variants(request: Request, datasette: Datasette) -> Any:
    """POST /-/widgets/DATABASE/ID/-/variants: a change by two models, or by one twice."""
    widget, base, form = await _base(request, datasette)
    models = _models(form)
    prompt = _prompt(form)
    wishes = [Wish(prompt, each, base=base) for each in (models * 2)[:2]]
    both = await _both(request, datasette, widget.database, wishes)
    pair = Pair(datasette, request.actor, both, widget=widget, base=base)
    return await _answer_two(request, datasette, pair)


async def _base(
    request: Request, datasette: Datasette
) -> tuple[Widget, Revision, Mapping[str, Any]]:
    """The document of the address, the version that is to be changed, and what was sent."""
    widget = await own_widget(request, datasette)
    if widget.kind is not Kind.DOCUMENT:
        raise BadInput("This is a chart; it is changed by the prompt on its own page.")
    form = await posted(request)
    return widget, await revision_of(datasette, widget, parent_number(form)), form


async def _change(
    request: Request, datasette: Datasette, widget: Widget, wish: Wish, form: Mapping[str, Any]
) -> Any:
    prepared = await generating.prepare(datasette, request.actor, widget.database, wish)
    parent = wish.base.number if wish.base else None
    keeping = Keeping(datasette, request.actor, prepared, widget=widget, parent=parent)
    return await _answer(request, datasette, keeping, branch=is_branch(form))


async def _both(
    request: Request, datasette: Datasette, database: str, wishes: list[Wish]
) -> tuple[generating.Generating, generating.Generating]:
    first, second = [
        await generating.prepare(datasette, request.actor, database, each) for each in wishes
    ]
    return first, second


async def _answer(
    request: Request, datasette: Datasette, keeping: Keeping, *, branch: bool = False
) -> Any:
    if wants_events(request):
        return EventStream(request, writing(datasette, keeping, branch=branch))
    await unless_left(request, _run(keeping))
    return _told(request, outcome(datasette, keeping, branch=branch))


async def _answer_two(request: Request, datasette: Datasette, pair: Pair) -> Any:
    if wants_events(request):
        return EventStream(request, writing_two(datasette, pair))
    await unless_left(request, _run(pair))
    return _told(request, pair_outcome(datasette, pair, (0, 1)))


async def _run(work: Keeping | Pair) -> None:
    async with work, aclosing(work.events()) as events:
        async for _ in events:
            pass


def _told(request: Request, found: Mapping[str, Any]) -> Response:
    """What a program gets, or where a browser without JavaScript goes."""
    if found["url"] is None:
        raise ModelFailed(str(found["error"]))
    if not wants_json(request):
        return Response.redirect(str(found["url"]), status=303)
    if found.get("conflict"):
        return Response.json({"ok": False, **found, "error": found["conflict"]}, status=409)
    return json_response(found)


def parent_number(form: Mapping[str, Any]) -> int | None:
    """The version that a change was made from, None for the current one. Raises BadInput."""
    value = str(form.get("parent") or "")
    if value and not re.fullmatch(r"\d{1,9}", value):
        raise BadInput("`parent` must be the number of a version.")
    return int(value) if value else None


def is_branch(form: Mapping[str, Any]) -> bool:
    """Whether a change is meant as a branch of a version that is not the current one."""
    return str(form.get("branch") or "").lower() in ("1", "true", "on")


def _prompt(form: Mapping[str, Any]) -> str:
    text = str(form.get("prompt") or "").strip()
    if not text:
        raise BadInput("The prompt is empty; write what the widget should show or do.")
    if len(text) > MAX_PROMPT_CHARACTERS:
        raise BadInput(f"A prompt may have {MAX_PROMPT_CHARACTERS:,} characters at most.")
    return text


def _models(form: Mapping[str, Any]) -> list[str | None]:
    """One model, or two where variants are wanted; None is the default.

    A form has `model`, `other_model` and the switch `variants`; JSON may have a list `models`.
    """
    given = form.get("models")
    if given is not None:
        if not isinstance(given, list) or not 1 <= len(given) <= 2:
            raise BadInput("`models` must be a list of one or two models.")
        return [str(each) if each else None for each in given]
    first = str(form.get("model") or "") or None
    if str(form.get("variants") or "").lower() not in ("1", "true", "on"):
        return [first]
    return [first, str(form.get("other_model") or "") or first]


def _errors(form: Mapping[str, Any]) -> tuple[str, ...]:
    given = form.get("errors")
    lines = given if isinstance(given, list) else str(given or "").splitlines()
    found = [str(each).strip()[:_MOST_ERROR_CHARACTERS] for each in lines]
    errors = tuple(dict.fromkeys(each for each in found if each))[:_MOST_ERRORS]
    if not errors:
        raise BadInput("There are no errors to mend; send what the frame said as `errors`.")
    return errors
