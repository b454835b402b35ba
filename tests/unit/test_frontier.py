"""The cursor of a run: no row before it is open, whatever the order in which rows are settled."""

from __future__ import annotations

import random

import pytest

from datasette_llm_tools.enrichments.values import Key
from datasette_llm_tools.enrichments.work.frontier import Frontier


def pages(rows: int, size: int) -> list[list[Key]]:
    return [[(n,) for n in range(first, first + size)] for first in range(1, rows + 1, size)]


def test_a_page_moves_the_cursor_when_all_of_it_is_settled() -> None:
    frontier = Frontier((0,))
    for page in pages(6, 3):
        frontier.read(page)
    frontier.settle([(4,), (5,), (6,), (1,), (3,)])
    assert frontier.cursor == (0,)
    frontier.settle([(2,)])
    assert frontier.cursor == (6,) and frontier.open == 0


def test_one_slow_row_costs_one_entry() -> None:
    frontier = Frontier()
    for page in pages(10_000, 500):
        frontier.read(page)
        frontier.settle(key for key in page if key != (7,))
    assert frontier.cursor is None and frontier.open == 1
    frontier.settle([(7,)])
    assert frontier.cursor == (10_000,)


def test_keys_that_were_not_read_or_come_twice_change_nothing() -> None:
    frontier = Frontier()
    frontier.read([("a", 1), ("a", 2)])
    frontier.read([("a", 2), ("b", 1)])
    frontier.settle([("z", 9), ("a", 1), ("a", 1)])
    assert frontier.cursor is None
    frontier.settle([("a", 2)])
    assert frontier.cursor == ("a", 2)


@pytest.mark.parametrize("seed", range(20))
def test_no_row_up_to_the_cursor_is_ever_open(seed: int) -> None:
    dice = random.Random(seed)
    frontier = Frontier()
    waiting = pages(200, 10)
    open_keys: list[Key] = []
    while waiting or open_keys:
        if waiting and dice.random() < 0.2:
            page = waiting.pop(0)
            frontier.read(page)
            open_keys += page
        elif open_keys:
            frontier.settle([open_keys.pop(dice.randrange(len(open_keys)))])
        if frontier.cursor is not None:
            assert all(key > frontier.cursor for key in open_keys)
    assert frontier.cursor == (200,)
