"""What happens when the server starts and when it stops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from datasette.utils import StartupError

from .embed_sites import embed_sites
from .enrichments.work import worker
from .errors import BadInput
from .evals import work as eval_work
from .evals.store import EVALS
from .explorations.reading import warming
from .migrations import internal
from .queries import close_workers
from .settings import read_settings
from .uploads.store import UPLOADS

if TYPE_CHECKING:
    from datasette.app import Datasette


def begin(datasette: Datasette) -> Callable[[], Awaitable[None]]:
    """Check the configuration, bring our tables up to date, open the databases we keep.

    Work on runs begins when all plugins have started.
    """

    async def inner() -> None:
        try:
            embed_sites(read_settings(datasette).embed_sites)
        except BadInput as error:
            raise StartupError(error.message) from error
        await datasette.get_internal_database().execute_write_fn(internal.apply, transaction=False)
        UPLOADS.open(datasette)
        EVALS.open(datasette)
        datasette.add_background_task(worker.run_jobs, name="llm-tools enrichments")
        datasette.add_background_task(eval_work.run_jobs, name="llm-tools evals")
        datasette.add_background_task(warming.warm_up, name="llm-tools explorations")

    return inner


def end(datasette: Datasette) -> Callable[[], Awaitable[None]]:
    """Stop the work on runs, then the processes that run SQL, which it needs; settle files."""

    async def inner() -> None:
        await worker.stop(datasette)
        await eval_work.stop(datasette)
        await close_workers(datasette)
        for kept in (UPLOADS, EVALS):
            await kept.settle(datasette)

    return inner
