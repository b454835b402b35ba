"""What comes of one row: its prompt, the reply, one repair, the fallback model, an outcome."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from ...errors import ModelFailed, ModelOverloaded, ModelUnusable
from ..prompts import Prompting
from ..replies import InvalidReply, Parsed
from ..values import Fault, Outcome, OutcomeStatus
from .doors import Doorkeeper, OutOfMoney, TimedOut
from .preparing import Question
from .spending import Bill

_MOST_REPLY_CHARACTERS = 2_000


class Inquiry:
    """Asks about rows through the first door and, where there is one, the fallback's."""

    def __init__(self, promptings: Sequence[Prompting], keepers: Sequence[Doorkeeper]) -> None:
        self._prompting, self._keeper = promptings[0], keepers[0]
        self._fallback = (promptings[1], keepers[1]) if len(keepers) > 1 else None

    async def settle(self, question: Question) -> Outcome:
        """Ask about one row; whatever comes is its outcome.

        Raises only what concerns the whole run: CutOff, OutOfMoney, ModelUnusable.
        """
        bill = Bill()
        try:
            text = await self._keeper.ask(question.prompt, bill)
        except ModelUnusable:
            raise
        except ModelFailed as error:
            return self._failed(question, bill, error)
        return await self._settle_reply(question, bill, text)

    async def settle_together(self, questions: Sequence[Question]) -> list[Outcome]:
        """Ask about several rows in one prompt; those without a good answer are asked alone."""
        if len(questions) == 1:
            return [await self.settle(questions[0])]
        together = Bill()
        ids = _opaque_ids(len(questions))
        rows = {each: question.row.values for each, question in zip(ids, questions, strict=True)}
        try:
            text = await self._keeper.ask(self._prompting.batch_prompt(rows), together)
            parsed = self._prompting.parse_batch(text, ids)
        except ModelUnusable:
            raise
        except InvalidReply:
            parsed = {}
        except ModelFailed as error:
            return [self._failed(question, Bill(), error) for question in questions]
        outcomes = []
        for number, (each, question) in enumerate(zip(ids, questions, strict=True)):
            bill = together.share(number, len(questions))
            said = parsed.get(each)
            outcomes.append(
                await self._settle_parsed(question, bill, said)
                if isinstance(said, Parsed)
                else await self._settle_alone(question, bill)
            )
        return outcomes

    async def _settle_alone(self, question: Question, bill: Bill) -> Outcome:
        """Ask anew about a row whose answer in a prompt for several was no good."""
        try:
            text = await self._keeper.ask(question.prompt, bill)
        except ModelUnusable:
            raise
        except (ModelFailed, OutOfMoney) as error:
            return self._failed(question, bill, error)
        return await self._settle_reply(question, bill, text)

    async def _settle_reply(self, question: Question, bill: Bill, text: str) -> Outcome:
        try:
            parsed = self._prompting.parse(text)
        except InvalidReply as error:
            return await self._settle_invalid(question, bill, text, error)
        return await self._settle_parsed(question, bill, parsed)

    async def _settle_parsed(self, question: Question, bill: Bill, parsed: Parsed) -> Outcome:
        if parsed.unsure and self._fallback:
            second = await self._ask_fallback(question, bill)
            if second.status is OutcomeStatus.DONE:
                return second
        return self._done(question, bill, parsed, self._keeper)

    async def _settle_invalid(
        self, question: Question, bill: Bill, text: str, error: InvalidReply
    ) -> Outcome:
        """One repair, then the fallback model."""
        try:
            repair = self._prompting.repair_prompt(question.prompt, text, error.message)
            text = await self._keeper.ask(repair, bill)
            parsed = self._prompting.parse(text)
        except ModelUnusable:
            raise
        except (ModelFailed, OutOfMoney) as again:
            if self._fallback and not isinstance(again, OutOfMoney):
                return await self._ask_fallback(question, bill)
            return self._failed(question, bill, again, text)
        return await self._settle_parsed(question, bill, parsed)

    async def _ask_fallback(self, question: Question, bill: Bill) -> Outcome:
        assert self._fallback
        prompting, keeper = self._fallback
        text = ""
        try:
            text = await keeper.ask(prompting.prompt(question.row.values, question.files), bill)
            parsed = prompting.parse(text)
        except ModelUnusable:
            raise
        except (ModelFailed, OutOfMoney) as error:
            return self._failed(question, bill, error, text, keeper)
        return self._done(question, bill, parsed, keeper)

    def _done(self, question: Question, bill: Bill, parsed: Parsed, keeper: Doorkeeper) -> Outcome:
        return Outcome(
            question.row.key,
            OutcomeStatus.DONE,
            values=parsed.values,
            input_hash=question.input_hash,
            usage=bill.usage,
            usd=bill.usd,
            milliseconds=bill.milliseconds,
            attempts=bill.attempts,
            model_id=keeper.model_id,
        )

    def _failed(
        self,
        question: Question,
        bill: Bill,
        error: ModelFailed | OutOfMoney,
        text: str = "",
        keeper: Doorkeeper | None = None,
    ) -> Outcome:
        return Outcome(
            question.row.key,
            OutcomeStatus.FAILED,
            input_hash=question.input_hash,
            usage=bill.usage,
            usd=bill.usd,
            milliseconds=bill.milliseconds,
            attempts=bill.attempts,
            model_id=(keeper or self._keeper).model_id,
            fault=_fault(error),
            message=error.message,
            reply=text[:_MOST_REPLY_CHARACTERS] or None,
        )


def _fault(error: ModelFailed | OutOfMoney) -> Fault:
    if isinstance(error, (InvalidReply, OutOfMoney)):
        return Fault.INVALID  # without money a bad reply cannot be mended
    if isinstance(error, TimedOut):
        return Fault.TIMED_OUT
    return Fault.OVERLOADED if isinstance(error, ModelOverloaded) else Fault.MODEL


def _opaque_ids(count: int) -> list[str]:
    """Different ids that say nothing, neither of the key nor of the order."""
    ids: set[str] = set()
    while len(ids) < count:
        ids.add(secrets.token_hex(3))
    return list(ids)
