"""Whether a second model is asked too, and what that costs or saves.

How many must agree for the first model to be believed comes from the settings, from what an eval
of the database found, or from DEFAULT_BELOW, in this order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...model_choice import choose_model
from ...pricing import price_usd
from ...prompt import Usage
from . import store
from .values import Escalation

if TYPE_CHECKING:
    from ...model import Model
    from ..asking import Asking
    from ..values import Agreement

# Percent. Where fewer agreed, about every second answer was wrong on the development set.
DEFAULT_BELOW = 60


async def escalation(asking: Asking, agreement: Agreement, usage: Usage) -> Escalation | None:
    """Whether to ask a second model; None where there is none to ask.

    `usage` is that of one statement: what is saved is what it would cost of the second model.
    """
    wanted = asking.settings.escalation_model
    if not wanted or not agreement.asked or wanted == asking.model.model_id:
        return None
    below = await threshold(asking)
    votes, asked = agreement.votes, agreement.asked
    if 100 * votes >= below * asked:
        return Escalation(wanted, votes, asked, below, False, price_usd(wanted, usage))
    return Escalation(wanted, votes, asked, below, True)


async def second_model(asking: Asking, purpose: str, model_id: str) -> Model:
    """The second model for the person who asks. Raises NoModel where it is not for them."""
    return await choose_model(asking.datasette, asking.actor, purpose, model_id, asking.database)


async def threshold(asking: Asking) -> int:
    """Percent of statements that must agree for no second model to be asked."""
    if asking.settings.escalation_below:
        return asking.settings.escalation_below
    found = await store.threshold(asking.datasette, asking.database, asking.model.model_id)
    return DEFAULT_BELOW if found is None else found
