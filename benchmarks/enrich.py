"""What filling columns must reach: each figure of the issue, beside the peer where there is one.

    python benchmarks/enrich.py [--only NAME ...] [--peer-python PYTHON] [--no-peer]

A scripted model answers at once or after a set time; each contestant works in a process of its
own over a database of its own, in turns, so that figures are ratios within one run.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from enrich_local import local_model
from enrich_measure import Place
from enrich_pages import table_page
from enrich_safety import kills, stumbling_provider
from enrich_speed import at_once, many_rows, slow_model
from findings import Finding, findings_table, note
from peer import peer_python
from tables import machine

PEER = "datasette-enrichments-llm==0.2a1"
# It imports httpx without saying that it needs it.
PEER_REQUIREMENTS = (PEER, "datasette-enrichments==0.6a0", "httpx")
CASES: dict[str, Callable[[Place], list[Finding]]] = {
    "peer": at_once,
    "slow": slow_model,
    "many": many_rows,
    "kills": kills,
    "errors": stumbling_provider,
    "local": local_model,
    "pages": table_page,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=3, help="of ceiling, ours and the peer")
    parser.add_argument("--big-rows", type=int, default=1_000_000)
    parser.add_argument("--peer-python", help=f"a Python that has {PEER}")
    parser.add_argument("--no-peer", action="store_true", help="measure ours alone")
    options = parser.parse_args()
    print(machine())
    findings: list[Finding] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        needs_peer = "peer" in options.only and not options.no_peer
        python = (
            stack.enter_context(peer_python(options.peer_python, *PEER_REQUIREMENTS))
            if needs_peer
            else None
        )
        place = Place(Path(folder), python, options.rounds, options.big_rows)
        for name in options.only:
            began = time.monotonic()
            note(f"{name}: {machine()}")
            try:
                findings += CASES[name](place)
            except (RuntimeError, subprocess.CalledProcessError) as error:
                findings.append(Finding(name, "", " ".join(str(error).split())[:120], False))
            note(f"  {time.monotonic() - began:.0f} s")
    print(findings_table(findings))
    print(machine())


if __name__ == "__main__":
    main()
