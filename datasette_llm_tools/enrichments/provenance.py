"""Where a row's values come from: every result of it, the prompt made again, and who changed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..errors import BadInput, LlmToolsError
from ..model import ModelInfo
from ..model_choice import available_models
from ..prompt import Attachment, Prompt
from ..settings import read_settings
from ..sql_names import fold
from ..times import said_time
from . import links
from .attaching import attachments
from .database import rows
from .database.records import Result
from .database.results import Provenance, results_of_row
from .database.tables import TargetTable, require_target
from .fences import new_marker
from .outputs import Output, to_sqlite
from .previewing import PURPOSE
from .prompts import Prompting
from .review.review_contexts import OriginShown, ProvenancePage, ResultShown, ValueShown
from .review.review_fields import is_same_cell
from .review.reviews import Review, Verdict, reviews_of_row
from .values import Key, OutcomeStatus, Row, Run, RunStatus, Specification
from .wording import cell_text, key_label, price_words, seconds_words, tokens_words

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request

_Reviews = Mapping[str, Review]
_SAME = "This is what was sent, made again from the row as it is now."
_CHANGED = "The row has changed since, or what was asked: this is what would be sent now."
_UNKNOWN = "Made again from the row as it is now; files at URLs are not fetched to compare."


async def provenance_page(
    datasette: Datasette, request: Request, database: str, table: str, key: Key
) -> ProvenancePage:
    """The page of a row. Raises BadInput for a table without rows of its own, TableGone."""
    target = await require_target(datasette, database, table)
    if len(key) != len(target.key_columns):
        raise BadInput(f"A key of {target.name} has {len(target.key_columns)} parts.")
    found = await results_of_row(datasette, database, target.name, key)
    row = await rows.read_row(datasette, request.actor, database, target, key, target.columns)
    reviewed = [await reviews_of_row(datasette, each.run, key) for each in found]
    models = {
        each.model_id: each
        for each in await available_models(datasette, request.actor, PURPOSE, database)
    }
    made_again = _MadeAgain(datasette, database, target, row, models)
    return ProvenancePage(
        database=database,
        table=target.name,
        table_url=str(datasette.urls.table(database, target.name)),
        label=key_label(key),
        row_url=links.row_url(datasette, database, target.name, key) if row else None,
        is_gone=row is None,
        origins=_origins(datasette, row, found, reviewed),
        results=[
            await _result_shown(datasette, each, reviews, made_again)
            for each, reviews in zip(found, reviewed, strict=True)
        ],
    )


def provenance_json(page: ProvenancePage) -> dict[str, Any]:
    """The same for a program."""
    return {
        "database": page.database,
        "table": page.table,
        "row": page.label,
        "is_gone": page.is_gone,
        "origins": [asdict(each) for each in page.origins],
        "results": [{**asdict(each), "facts": dict(each.facts)} for each in page.results],
    }


def _origins(
    datasette: Datasette,
    row: Row | None,
    found: Sequence[Provenance],
    reviewed: Sequence[_Reviews],
) -> list[OriginShown]:
    """Of each column that any run has filled in this row: whose value it holds now."""
    if row is None:
        return []
    names: dict[str, str] = {}
    for each in found:
        for output in each.run.enrichment.specification.outputs:
            names.setdefault(fold(output.name), output.name)
    columns = {fold(name): name for name in row.values}
    return [
        _origin(datasette, columns[folded], row, list(zip(found, reviewed, strict=True)))
        for folded in names
        if folded in columns
    ]


def _origin(
    datasette: Datasette,
    column: str,
    row: Row,
    found: Sequence[tuple[Provenance, _Reviews]],
) -> OriginShown:
    """The newest review or result that left what the column holds."""
    cell = row.values[column]
    for each, reviews in found:
        output = _output_of(each.run, column)
        if output is None or each.result.status is not OutcomeStatus.DONE:
            continue
        url = links.run_url(datasette, each.run.enrichment.database, each.run.id)
        review = reviews.get(output.name)
        if review and review.verdict is Verdict.EDIT:
            if is_same_cell(cell, to_sqlite(output, review.value)):
                said = f"a person, {_by(review)}, who corrected a model"
                return OriginShown(column, cell_text(cell), said, url)
        elif each.run.status is RunStatus.UNDONE:
            continue
        said_then = (each.result.values or {}).get(output.name)
        if is_same_cell(cell, to_sqlite(output, said_then)):
            said = f"the model {each.result.model_id}, {said_time(each.result.answered_at)}"
            return OriginShown(column, cell_text(cell), f"{said}{_agreed(review)}", url)
    nothing = cell is None
    words = "nobody: it is empty" if nothing else "none of these runs: it was there or was changed"
    return OriginShown(column, cell_text(cell), words, None)


def _output_of(run: Run, column: str) -> Output | None:
    outputs = run.enrichment.specification.outputs
    return next((each for each in outputs if fold(each.name) == fold(column)), None)


def _agreed(review: Review | None) -> str:
    if review is None:
        return ""
    word = {Verdict.ACCEPT: "accepted", Verdict.REJECT: "rejected", Verdict.EDIT: "corrected"}
    return f"; {word[review.verdict]} by {_by(review)}"


def _by(review: Review) -> str:
    return f"{review.actor_id or 'somebody'} on {said_time(review.reviewed_at)}"


class _MadeAgain:
    """Prompts of a row, made again from what it holds now."""

    def __init__(
        self,
        datasette: Datasette,
        database: str,
        target: TargetTable,
        row: Row | None,
        models: Mapping[str, ModelInfo],
    ) -> None:
        self._datasette, self._database = datasette, database
        self._target, self._row, self._models = target, row, models

    async def prompt(
        self, specification: Specification, result: Result
    ) -> tuple[list[dict[str, str]], str]:
        """Messages and whether they are those that were sent; none where that cannot be told."""
        if self._row is None:
            return [], "The row is gone, so that its prompt cannot be made again."
        if result.status is OutcomeStatus.SKIPPED:
            return [], "Nothing was sent."
        try:
            prompting = self._prompting(specification, result)
            prompt = prompting.prompt(self._row.values, await self._files(specification, result))
        except LlmToolsError as error:
            return [], f"The prompt cannot be made again: {error.message}"
        return prompt.messages(), self._note(specification, result, prompting, prompt)

    def is_local(self, run: Run, result: Result) -> bool:
        """Whether the model that answered runs on this machine, as far as that is known."""
        info = self._model(run.enrichment.specification, result)
        return info is not None and info.is_local

    def _model(self, specification: Specification, result: Result) -> ModelInfo | None:
        return self._models.get(result.model_id or specification.model_id)

    def _prompting(self, specification: Specification, result: Result) -> Prompting:
        info = self._model(specification, result)
        return Prompting(
            specification,
            self._target.columns,
            supports_schema=info.supports_schema if info else True,
            supports_grammar=info.supports_grammar if info else False,
            marker=new_marker(),
            asks_unsure=result.model_id != specification.fallback_model_id,
        )

    def _note(
        self,
        specification: Specification,
        result: Result,
        prompting: Prompting,
        prompt: Prompt,
    ) -> str:
        if attachments.url_columns(specification):
            return _UNKNOWN
        same = result.input_hash == prompting.input_hash(prompt)
        note = _SAME if same else _CHANGED
        if specification.rows_per_call > 1:
            note += f" It went along with up to {specification.rows_per_call - 1} other rows."
        return note

    async def _files(self, specification: Specification, result: Result) -> tuple[Attachment, ...]:
        """The row's BLOBs as they were sent; nothing is fetched."""
        if not specification.attachments or attachments.url_columns(specification):
            return ()
        assert self._row is not None
        info = self._model(specification, result)
        return await attachments.load(
            self._datasette,
            self._database,
            self._target,
            self._row,
            specification,
            read_settings(self._datasette, self._database),
            accepted=info.attachment_types if info else (),
        )


async def _result_shown(
    datasette: Datasette, found: Provenance, reviews: _Reviews, made_again: _MadeAgain
) -> ResultShown:
    run, result = found.run, found.result
    messages, note = await made_again.prompt(run.enrichment.specification, result)
    undone = run.status is RunStatus.UNDONE
    done = result.status is OutcomeStatus.DONE
    return ResultShown(
        title=run.enrichment.name,
        run_url=links.run_url(datasette, run.enrichment.database, run.id),
        when=result.answered_at,
        status=f"{result.status.value}, undone since" if undone else result.status.value,
        message=result.message,
        reply=result.reply,
        values=_values(run, result, reviews) if done else [],
        facts=_facts(run, result, is_local=made_again.is_local(run, result)),
        messages=messages,
        prompt_note=note,
    )


def _values(run: Run, result: Result, reviews: _Reviews) -> list[ValueShown]:
    previous = {fold(name): value for name, value in (result.previous or {}).items()}
    return [
        ValueShown(
            name=output.name,
            said=cell_text((result.values or {}).get(output.name)),
            previous=_previous(run, output, previous.get(fold(output.name))),
            review=_review_words(reviews.get(output.name)),
        )
        for output in run.enrichment.specification.outputs
    ]


def _previous(run: Run, output: Output, value: Any) -> str:
    if value is None and fold(output.name) in map(fold, run.created_columns):
        return "no column"
    return "a file" if isinstance(value, bytes) else cell_text(value)


def _review_words(review: Review | None) -> str:
    if review is None:
        return "not reviewed"
    if review.verdict is Verdict.EDIT:
        return f"corrected to {cell_text(review.value)} by {_by(review)}"
    return f"{review.verdict.value}ed by {_by(review)}"


def _facts(run: Run, result: Result, *, is_local: bool) -> list[tuple[str, str]]:
    specification = run.enrichment.specification
    options = ", ".join(f"{name} {value}" for name, value in specification.options.items())
    asked = bool(result.attempts) and not result.cached
    facts = [
        ("Model", result.model_id or specification.model_id),
        ("Options", options or "the model's own"),
        ("Started by", str((run.actor or {}).get("id") or "somebody who did not sign in")),
    ]
    if result.cached:
        facts.append(("Asked", "no: an identical prompt was answered before"))
    if asked:
        facts += [
            ("Tokens", tokens_words(result.usage)),
            ("Price", price_words(result.usd, is_local=is_local)),
            ("Time", seconds_words(result.milliseconds / 1000)),
            ("Attempts", str(result.attempts)),
        ]
    return facts
