"""Events of an investigation as they go to the browser; docs/api.md lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...pages import fragment
from .looks import tables_text
from .pages import step_view
from .reading import ReadStep
from .values import (
    InvestigationEvent,
    InvestigationStep,
    InvestigationStepBegan,
    InvestigationWritten,
    Tool,
)

if TYPE_CHECKING:
    from datasette.utils.asgi import Request

    from ..asking import Asking


async def investigated(
    request: Request, asking: Asking, question_id: str, event: InvestigationEvent
) -> tuple[str, Mapping[str, Any]]:
    """The name and the data of one event."""
    match event:
        case InvestigationStepBegan(number, most):
            return "step", {"number": number, "most": most}
        case InvestigationWritten(number, part, delta):
            return "written", {"number": number, "part": part, "delta": delta}
    step = event.step
    read = ReadStep(step, step.result, described=_described(asking, step))
    view = await step_view(
        asking.datasette, request, asking.database, question_id, read, asking.schema
    )
    html = await fragment(
        asking.datasette, request, "llm_tools/_investigation_step.html", {"view": view}
    )
    return "step-ended", {"number": step.number, "error": step.error, "html": html}


def _described(asking: Asking, step: InvestigationStep) -> str | None:
    looked = step.tool is Tool.TABLES and not step.error
    return tables_text(step.about, asking.schema) if looked else None
