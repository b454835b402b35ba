"""How the page of certificates comes about, and its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..addresses import exploration_url
from ..contents import block_anchor, block_name
from ..opening import Opened
from ..values import Block, Words
from .certificates import certificate_json
from .change_table import change_table
from .check_contexts import CertificatePage, CertifiedBlock, Checked
from .values import Certificate, Verification
from .verifying import Certified, badge, certified, last_known

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ...permissions import Actor

_TAIL = "/-/certificate"


async def certificate_page(datasette: Datasette, actor: Actor, opened: Opened) -> CertificatePage:
    """Certificates of what was frozen, with this person's last checks."""
    found = await certified(datasette, opened)
    known = last_known(datasette, actor, opened.exploration)

    def url(tail: str) -> str:
        return exploration_url(datasette, opened.exploration.id, tail, key=opened.key)

    document = found.document if found else opened.document
    return CertificatePage(
        title=document.title,
        exploration_url=url(""),
        certificate_url=url(_TAIL),
        json_url=url(f"{_TAIL}.json"),
        verify_url=url("/-/verify"),
        blocks=[
            _block(found, each, known.get(each.id), url(""))
            for each in document.blocks
            if found and not isinstance(each, Words)
        ],
    )


def page_json(page: CertificatePage) -> dict[str, Any]:
    """{certificates, refused, faults, verifications}, each by the id of the block."""
    return {
        "url": page.certificate_url,
        "certificates": {
            each.id: certificate_json(each.certificate) for each in page.blocks if each.certificate
        },
        "refused": {each.id: each.refused for each in page.blocks if each.refused},
        "faults": {each.id: list(each.faults) for each in page.blocks if each.faults},
        "verifications": {
            each.id: _told(each.checked.verification, each.checked.badge)
            for each in page.blocks
            if each.checked
        },
    }


def verifications_json(
    verifications: Sequence[Verification], page: CertificatePage
) -> list[dict[str, Any]]:
    """Verifications as JSON, with their badges, and where they are shown."""
    blocks = {each.id: each for each in page.blocks}
    return [
        {
            **_told(each, badge(each, _since(blocks[each.block_id].certificate))),
            "url": f"{page.certificate_url}#certificate-{each.block_id}",
        }
        for each in verifications
    ]


def _block(
    found: Certified, block: Block, verification: Verification | None, url: str
) -> CertifiedBlock:
    frozen, made = found.snapshot.of(block.id), found.certificates.get(block.id)
    checked = None
    if verification is not None:
        checked = Checked(
            verification=verification,
            badge=badge(verification, _since(made)),
            at=verification.verified_at,
            table=change_table(verification),
        )
    return CertifiedBlock(
        id=block.id,
        name=block_name(block) or "Untitled",
        kind=block.kind.value,
        url=f"{url}#{block_anchor(block.id)}",
        certificate=made,
        refused=found.withheld.get(block.id) or (frozen.refused if frozen else _NOT_FROZEN),
        faults=_faults(frozen.more if frozen else {}),
        taken_at=made.taken_at if made else None,
        written_at=made.written_at if made else None,
        checked=checked,
    )


_NOT_FROZEN = "Nothing was frozen of this block."


def _faults(more: Mapping[str, Any]) -> tuple[str, ...]:
    """What did not fit in the file that a block came with (exchange/)."""
    faults = more.get("faults")
    return tuple(map(str, faults)) if isinstance(faults, list) else ()


def _since(made: Certificate | None) -> str:
    return made.taken_at if made else ""


def _told(verification: Verification, said: str) -> dict[str, Any]:
    told = asdict(verification)
    return {"block": told.pop("block_id"), "badge": said, **told}
