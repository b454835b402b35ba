"""What tells that rows belong to their SQL and words, and what comes of running these again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ...queries import Value


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a block's rows came from. `hash` is over all other fields, as canonical JSON.

    `params` are the values that its statement was run with. `block_hash` is over all that its
    author wrote of the block (checking/certificates.py), `rows_hash` over what was frozen of it,
    `labels_hash` over what its keys are called (labels.py), empty where there are no such names.
    It says that rows, SQL and words belong together, not who put them together.
    """

    block_id: str
    kind: str
    question: str | None
    database: str
    sql: str
    params: Mapping[str, Value]
    model_id: str | None
    prompt_hash: str | None
    written_at: str | None
    taken_at: str
    row_count: int
    truncated: bool
    block_hash: str
    schema_hash: str
    rows_hash: str
    labels_hash: str = ""
    hash: str = ""


class Verdict(str, Enum):
    """What came of running a block again."""

    SAME = "same"
    REORDERED = "reordered"  # the same rows in another order, which its SQL leaves open
    DIFFERENT = "different"
    REFUSED = "refused"  # it does not run any more, or not as this person


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that is not as it was: `before` None for a new one, `after` None for a lost one.

    `at` is its index, counted from 0, in the rows that have it (after, where both have).
    """

    at: int
    before: tuple[Any, ...] | None
    after: tuple[Any, ...] | None


@dataclass(frozen=True, slots=True)
class Verification:
    """A block run again and compared with its certificate and frozen rows.

    `changes` are cut at a limit, `added`, `lost` and `changed` count all. `message` is one
    sentence for people.
    """

    block_id: str
    verdict: Verdict
    message: str
    verified_at: str
    schema_changed: bool = False
    columns_before: tuple[str, ...] = ()
    columns_after: tuple[str, ...] = ()
    added: int = 0
    lost: int = 0
    changed: int = 0
    changes: tuple[RowChange, ...] = ()
