"""What the templates of certificates and comparisons get, as dataclasses documented by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...pages import Page, shown
from ..records import RevisionSummary
from .block_differences import BlockChange
from .change_table import ChangeTable
from .line_pairs import LinePair
from .values import Certificate, Verification


@dataclass(frozen=True)
class Checked:
    """What came of running a block again."""

    verification: Verification = shown("The outcome")
    badge: str = shown("The outcome in a few words")
    at: str | None = shown("When, ISO 8601")
    table: ChangeTable = shown("The rows that are others")


@dataclass(frozen=True)
class CertifiedBlock:
    """A block with its certificate."""

    id: str = shown("12 hexadecimal digits")
    name: str = shown("Its title or its question")
    kind: str = shown("A BlockKind")
    url: str = shown("Where it stands on the page of its exploration")
    certificate: Certificate | None = shown("Its certificate, None where there are no rows")
    refused: str | None = shown("Why there are no rows, if so")
    faults: tuple[str, ...] = shown("What of a file did not fit, each the end of a sentence")
    taken_at: str | None = shown("When its rows were frozen, ISO 8601")
    written_at: str | None = shown("When its SQL or values were written, ISO 8601")
    checked: Checked | None = shown("What came of this person's last check")


@dataclass(frozen=True)
class CertificatePage(Page):
    template: ClassVar[str] = "llm_tools/exploration_certificate.html"
    title: str = shown("The exploration's title")
    exploration_url: str = shown("The exploration's page")
    certificate_url: str = shown("This page, with the token of a link")
    json_url: str = shown("The same as JSON")
    verify_url: str = shown("Where a check is asked for")
    blocks: list[CertifiedBlock] = shown("Blocks with rows, in order")


@dataclass(frozen=True)
class ComparedSide:
    """One of two documents."""

    label: str = shown("What it is, in a few words")
    title: str = shown("The document's title")
    url: str | None = shown("Where it can be read, if anywhere")
    note: str = shown("Who wrote it, and when")


@dataclass(frozen=True)
class ComparedField:
    """A part of a document or block that is not the same."""

    name: str = shown("What people call it")
    pairs: tuple[LinePair, ...] = shown("Its lines in two columns")


@dataclass(frozen=True)
class ComparedBlock:
    """A block of either document."""

    block: BlockChange = shown("The block, and what became of it")
    fields: list[ComparedField] = shown("What is different in it")


@dataclass(frozen=True)
class ExplorationComparePage(Page):
    template: ClassVar[str] = "llm_tools/exploration_compare.html"
    title: str = shown("The exploration's title")
    exploration_url: str = shown("The exploration's page")
    left: ComparedSide = shown("What is compared with")
    right: ComparedSide = shown("What is compared")
    summary: str = shown("What is different, in a sentence")
    fields: list[ComparedField] | None = shown("Parts of the document; None: it cannot be seen")
    blocks: list[ComparedBlock] = shown("All blocks of both, in order")
    versions: tuple[RevisionSummary, ...] = shown("Versions that its author may choose from")
    chosen: tuple[int, int] | None = shown("The versions that are compared, if they are versions")
