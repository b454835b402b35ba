"""What the address of Datasette's page of a table says besides which rows are meant."""

from __future__ import annotations

# How a page of rows is shown: neither which rows, nor their order, nor their columns.
SHOWING = frozenset(
    [
        "_size",
        "_next",
        "_facet",
        "_facet_array",
        "_facet_date",
        "_facet_size",
        "_facet_m2m",
        "_trace",
        "_labels",
        "_shape",
        "_nocount",
        "_nofacet",
        "_nosuggest",
        "_extra",
        "_timelimit",
        "_ttl",
    ]
)
