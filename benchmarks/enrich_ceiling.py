"""What this machine could do at most: template, llm prompt, validation and batched insert, bare.

    python benchmarks/enrich_ceiling.py FILE --plugins-dir DIR

One row after the other, without Datasette, provenance, progress, limits or retries.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import sys
import time
from contextlib import closing
from typing import Any

from enrich_rows import COLUMN, INSTRUCTIONS, SPECIFICATION, TABLE
from jinja2.sandbox import SandboxedEnvironment
from jsonschema import Draft202012Validator

from datasette_llm_tools.enrichments.outputs import json_schema

BATCH = 200


async def measured(options: argparse.Namespace) -> dict[str, Any]:
    sys.path.insert(0, options.plugins_dir)
    from instant import Instant

    model = Instant()
    template = SandboxedEnvironment().from_string(SPECIFICATION.template)
    schema = json_schema(SPECIFICATION.outputs)
    validator = Draft202012Validator(schema)
    with closing(sqlite3.connect(options.file)) as connection:
        connection.execute(f"create table bare (id integer primary key, {COLUMN} text)")
        rows = connection.execute(f"select id, body from {TABLE} order by id").fetchall()
        began = time.perf_counter()
        for start in range(0, len(rows), BATCH):
            values = []
            for key, body in rows[start : start + BATCH]:
                text = template.render(body=body)
                response = model.prompt(text, system=INSTRUCTIONS, schema=schema)
                said = json.loads(await response.text())
                if not validator.is_valid(said):
                    raise ValueError(f"The model answered {said!r}.")
                values.append((key, said[COLUMN]))
            with connection:
                connection.executemany("insert into bare values (?, ?)", values)
        seconds = time.perf_counter() - began
    return {"done": len(rows), "failed": 0, "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--plugins-dir", required=True)
    print(json.dumps(asyncio.run(measured(parser.parse_args()))))


if __name__ == "__main__":
    main()
