"""The functions that a statement may call.

Left out is what reads or writes files, loads code, makes large values from
nothing, or tells about the database itself. Standard library only:
query_worker.py loads this file.
"""

from __future__ import annotations

import re
import sqlite3
from typing import Any

FUNCTIONS = frozenset(
    """
    -> ->> abs acos acosh asin asinh atan atan2 atanh avg bm25 ceil ceiling char coalesce concat
    concat_ws cos cosh count cume_dist current_date current_time current_timestamp date datetime
    degrees dense_rank exp first_value floor format glob group_concat hex highlight if ifnull iif
    instr json json_array json_array_length json_error_position json_extract json_group_array
    json_group_object json_insert json_object json_patch json_pretty json_quote json_remove
    json_replace json_set json_type json_valid julianday lag last_value lead length like
    likelihood likely ln log log10 log2 lower ltrim match matchinfo max median min mod nth_value
    ntile nullif octet_length offsets percent_rank percentile percentile_cont percentile_disc pi
    pow power printf quote radians random rank replace round row_number rtrim sign sin sinh
    snippet soundex sqrt strftime string_agg substr substring sum tan tanh time timediff total
    trim trunc typeof unhex unicode unixepoch unlikely upper
    """.split()  # noqa: SIM905 - ninety quoted words are harder to read
)
TABLE_FUNCTIONS = ("json_each", "json_tree")
_MAX_WIDTH = 2_000_000  # as the limit on lengths, where Python can set it


def bound_printf(connection: sqlite3.Connection) -> None:
    """Replace printf and format by ones that refuse a width over two million, or from a value.

    Only where Python has no setlimit, which bounds the built-in ones: a replaced function
    is one that views may not call under trusted_schema=0.
    """
    inner = sqlite3.connect(":memory:")

    def bounded(*args: Any) -> Any:
        for width in re.findall(r"%[^%a-zA-Z*]*?(\*|\d{7,})", str(args[0]) if args else ""):
            if width == "*" or int(width) > _MAX_WIDTH:
                raise ValueError("printf: this width is not allowed")
        marks = ",".join("?" * len(args))
        return inner.execute(f"SELECT printf({marks})", args).fetchone()[0]

    for name in ("printf", "format"):
        connection.create_function(name, -1, bounded, deterministic=True)
