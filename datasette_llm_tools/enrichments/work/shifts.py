"""One worker's work on one run, from having its lease until the run ends, rests or is lost.

What comes of a row is asking.py's business, what is written in which transaction results.py's.
Here is how a shift ends, and who may end it: the run's owner, the server, a limit, a fault.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...errors import BadInput, LlmToolsError, NotAllowed, RunPaused
from ...model import Model
from ...settings import read_settings
from ...traffic import traffic
from .. import previewing
from ..attaching import attachments
from ..database import leases, recalling, results, rows, store, tables
from ..database.own_tables import DatabaseLocked, LeaseLost
from ..engine.asking import Asking
from ..fences import new_marker
from ..prompts import Prompting
from ..values import Outcome, Row, Run, RunLimits, RunStatus, Wish
from . import grounds
from .ahead import ahead
from .frontier import Frontier
from .patience import Patience, uninterrupted

if TYPE_CHECKING:
    from datasette.app import Datasette

    from ..database.tables import TargetTable

HEARTBEAT_SECONDS = 3.0
# How long replies that are under way may take to come in when work is called off.
_GRACE_SECONDS = 1.0

_logger = logging.getLogger("datasette_llm_tools.enrichments")


@dataclass(frozen=True, slots=True)
class Ending:
    """What a run has come to at the end of a shift, and why where that is not plain."""

    status: RunStatus
    reason: str | None = None


class Shift:
    """Works on a run whose lease `owner` has."""

    def __init__(self, datasette: Datasette, database: str, run: Run, owner: str) -> None:
        self.run = run
        self._patience = Patience(run.id)
        self._datasette = datasette
        self._database = database
        self._table = run.enrichment.table
        self._specification = run.enrichment.specification
        self._owner = owner
        self._actor = dict(run.actor) if run.actor is not None else None
        self._settings = read_settings(datasette, database)
        self._give_way = traffic(datasette).give_way
        self._orders = leases.Orders(run.wish, run.limits)
        self._stopping = False
        self._paused = False
        self._refusal: str | None = None
        self._look = asyncio.Event()
        self._written_at = time.monotonic()
        self._frontier = Frontier(run.cursor)
        self._asking: Asking | None = None
        self._asked: asyncio.Task[Ending] | None = None

    @property
    def note(self) -> str | None:
        """What it waits for, None if nothing."""
        return self._patience.note

    async def work(self) -> None:
        """Work until the run ends or rests. Its lease is given back, unless it was lost."""
        try:
            await self._release(await self._until_it_ends())
        except LeaseLost:
            _logger.warning("Run %s was taken over, or has ended elsewhere.", self.run.id)
        except asyncio.CancelledError:
            with suppress(LlmToolsError):
                await self._release_once(self._as_wished())
            raise

    def look(self) -> None:
        """The owner's wishes may have changed: read them now, not with the next heartbeat."""
        self._look.set()

    def stop(self) -> None:
        """The server ends: what is settled is kept, the rest is asked at its next start."""
        self._stopping = True
        self._call_off()

    async def _until_it_ends(self) -> Ending:
        """Ask and keep the lease side by side. Raises LeaseLost."""
        if self._stopping:
            return self._as_wished()
        asked = self._asked = asyncio.create_task(self._ending())
        beats = asyncio.create_task(self._beat())
        try:
            await asyncio.wait({asked, beats}, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                beats.result()  # it ends in one way only: the lease is lost
            return self._as_wished() if asked.cancelled() else asked.result()
        finally:
            asked.cancel()
            beats.cancel()
            await asyncio.gather(asked, beats, return_exceptions=True)

    async def _ending(self) -> Ending:
        """Ask about rows until there is an end, and say which. Raises LeaseLost."""
        try:
            return await self._ask()
        except LeaseLost:
            raise
        except (BadInput, tables.TableGone) as error:
            return Ending(RunStatus.STOPPED, error.message)
        except LlmToolsError as error:
            gone = await grounds.what_is_gone(self._datasette, self.run)
            return Ending(RunStatus.STOPPED if gone else RunStatus.PAUSED, gone or error.message)
        except Exception as error:
            _logger.exception("Run %s stopped.", self.run.id)
            what = f"{type(error).__name__}: {error}"[:300]
            return Ending(RunStatus.STOPPED, f"This program failed ({what}); see its log.")

    async def _ask(self) -> Ending:
        await grounds.require_permission(self._datasette, self.run)
        target = await tables.require_target(self._datasette, self._database, self._table)
        columns = previewing.needed_columns(self._specification, target)
        async with previewing.opened_models(
            self._datasette, self._actor, self._database, self._specification
        ) as doors:
            await self._begin(target, doors[0])
            asking = self._asking = await self._new_asking(target, doors)
            if self._stopping or self._orders.wish is not Wish.RUN:
                return self._as_wished()
            async with aclosing(asking.outcomes(self._read(target, columns))) as batches:
                async for batch in batches:
                    await self._give_way()
                    self._frontier.settle([outcome.key for outcome in batch])
                    self._obey(await self._patience.take(self._writing(target, batch)))
        if self._refusal:
            return Ending(RunStatus.PAUSED, self._refusal)
        return self._as_wished() if self._paused else Ending(RunStatus.DONE)

    async def _read(
        self, target: TargetTable, columns: Sequence[str]
    ) -> AsyncIterator[Sequence[Row]]:
        """Pages of rows from the cursor on, told to the frontier as they pass."""
        after = self.run.cursor
        pages = rows.pages(self._datasette, self.run, target, columns, after=after)
        async with aclosing(ahead(pages)) as read:
            async for page in read:
                self._frontier.read([row.key for row in page])
                yield page

    async def _begin(self, target: TargetTable, door: Model) -> None:
        """Note what is asked, by which earlier answers are known, and how many rows there are."""
        total = await rows.count(
            self._datasette, self._actor, self._database, target, self.run.selection
        )
        asked = Prompting(
            self._specification,
            target.columns,
            supports_schema=door.info.supports_schema,
            supports_grammar=door.info.supports_grammar,
            marker=new_marker(),
        ).prompt_hash
        await self._patience.take(
            lambda: leases.begin(
                self._datasette,
                self.run,
                owner=self._owner,
                prompt_hash=asked,
                total=total,
            )
        )
        self.run = replace(self.run, prompt_hash=asked)

    def _writing(
        self, target: TargetTable, batch: Sequence[Outcome]
    ) -> Callable[[], Awaitable[leases.Orders]]:
        async def write() -> leases.Orders:
            now = time.monotonic()
            orders = await results.write_batch(
                self._datasette,
                self.run,
                target,
                batch,
                owner=self._owner,
                # `()`: all rows were read before, and only failed ones are asked again.
                cursor=None if self.run.cursor == () else self._frontier.cursor,
                seconds=now - self._written_at,
            )
            self._written_at = now
            return orders

        return write

    def _obey(self, orders: leases.Orders) -> None:
        """Do as the owner wishes by now."""
        before, self._orders = self._orders, orders
        if orders.limits != before.limits and self._asking is not None:
            self._asking.adjust(self._bounded(orders.limits))
        if orders.wish is Wish.CANCEL:
            self._call_off()
        elif orders.wish is Wish.PAUSE:
            self._pause()

    def _pause(self) -> None:
        """Take no more rows; those under way may finish."""
        if self._asking is not None:
            self._paused = True
            self._asking.pause()

    def _call_off(self) -> None:
        """Take no more rows; those under way have a moment to finish."""
        self._pause()
        if self._asked is not None:
            asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._asked.cancel)

    def _as_wished(self) -> Ending:
        """How a run that is not finished rests: as its owner wishes, or to be taken again."""
        rests = {
            Wish.RUN: RunStatus.WAITING,
            Wish.PAUSE: RunStatus.PAUSED,
            Wish.CANCEL: RunStatus.CANCELLED,
        }
        return Ending(rests[self._orders.wish])

    async def _beat(self) -> None:
        """Keep the lease and hear the owner's wishes. Raises LeaseLost; else it never ends."""
        while True:
            self._look.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._look.wait(), HEARTBEAT_SECONDS)
            try:
                orders = await leases.heartbeat(self._datasette, self.run, owner=self._owner)
            except (DatabaseLocked, RunPaused) as error:
                self._patience.note = error.message
            else:
                self._patience.note = None
                self._obey(orders)
            try:
                await grounds.require_permission(self._datasette, self.run)
            except NotAllowed as error:
                self._refusal = error.message
                self._pause()

    async def _release(self, ending: Ending) -> None:
        """Write down what the run has come to; while that cannot be written, wait."""
        while True:
            try:
                await self._release_once(ending)
                return
            except (DatabaseLocked, RunPaused) as error:
                if self._stopping:
                    return  # the lease runs out, or falls with this process
                await self._patience.wait(error)

    async def _release_once(self, ending: Ending) -> None:
        rested = await uninterrupted(
            store.release(self._datasette, self.run, self._owner, ending.status, ending.reason)
        )
        if ending == Ending(RunStatus.PAUSED) and rested.wish is Wish.RUN:
            # The owner took the pause back before it had come to that.
            await store.wish(self._datasette, rested, Wish.RUN)

    async def _new_asking(self, target: TargetTable, doors: Sequence[Model]) -> Asking:
        return Asking(
            self._specification,
            self._bounded(self._orders.limits),
            target.columns,
            doors,
            recall=await recalling.recall(self._datasette, self.run),
            load=attachments.loader(
                self._datasette,
                self._database,
                target,
                self._specification,
                self._settings,
                [door.info for door in doors],
            ),
            spent_usd=self.run.counts.usd or 0.0,
            give_way=self._give_way,
        )

    def _bounded(self, limits: RunLimits) -> RunLimits:
        """The limits, within those of the server and without the rows of earlier shifts."""
        most = max(1, self._settings.enrich_max_concurrency)
        asked = self.run.counts.done + self.run.counts.failed
        return replace(
            limits,
            concurrency=min(limits.concurrency, most),
            rows=None if limits.rows is None else max(0, limits.rows - asked),
        )
