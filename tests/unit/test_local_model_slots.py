"""Which slot a request gets, and who waits."""

from __future__ import annotations

import pytest

from datasette_llm_tools.local_model.slots import WORTH_WAITING, Slot, Slots, choose, shared

SCHEMA = "system\n" + "table t (a, b)\n" * 200
OTHER = "other\n" + "table u (c, d)\n" * 200
WORDS = "words\n" + "say it\n" * 50
assert len(SCHEMA) > WORTH_WAITING


@pytest.mark.parametrize(
    ("known", "prompt", "length"),
    [("", "", 0), ("abc", "abd", 2), ("abc", "abc", 3), ("abc", "abcd", 3), ("x", "abc", 0)],
)
def test_shared(known: str, prompt: str, length: int) -> None:
    assert shared(Slot(0, known), prompt) == length


@pytest.mark.parametrize(
    ("slots", "prompt", "chosen"),
    [
        # Nothing is known: the slot that was idle longest.
        ([Slot(0, used=2), Slot(1, used=1)], "x", 1),
        # The slot with the same beginning, however lately it was used.
        ([Slot(0, SCHEMA + "a", used=9), Slot(1)], SCHEMA + "b", 0),
        # Another prompt leaves it alone.
        ([Slot(0, SCHEMA, used=1), Slot(1, WORDS, used=2)], OTHER, 0),
        ([Slot(0, SCHEMA, used=2), Slot(1, WORDS, used=3), Slot(2, "", used=0)], OTHER, 2),
        # Busy with the same schema: wait, although another slot is idle.
        ([Slot(0, SCHEMA, requests=1), Slot(1)], SCHEMA + "b", None),
        # Unless an idle one holds it as well.
        ([Slot(0, SCHEMA, requests=1), Slot(1, SCHEMA + "a")], SCHEMA + "b", 1),
        # Short shared beginnings are not worth waiting for.
        ([Slot(0, WORDS, requests=1), Slot(1)], WORDS + "b", 1),
        ([Slot(0, requests=1)], "x", None),
    ],
)
def test_choose(slots: list[Slot], prompt: str, chosen: int | None) -> None:
    slot = choose(slots, prompt)
    assert (slot.number if slot else None) == chosen


@pytest.mark.parametrize(
    ("slots", "prompt", "chosen"),
    [
        # Brief requests over one beginning share its slot, although another is idle, ...
        ([Slot(0, WORDS + "a", requests=1, brief=True), Slot(1)], WORDS + "b", 0),
        # ... even where it holds that beginning as well.
        ([Slot(0, WORDS + "a", requests=1, brief=True), Slot(1, WORDS)], WORDS + "b", 0),
        # Two are enough to keep it busy.
        ([Slot(0, WORDS + "a", requests=2, brief=True), Slot(1)], WORDS + "b", None),
        # Nobody waits for a long reply, or for one with nothing in common.
        ([Slot(0, WORDS + "a", requests=1), Slot(1)], WORDS + "b", 1),
        ([Slot(0, OTHER, requests=1, brief=True), Slot(1)], WORDS + "b", 1),
    ],
)
def test_choose_for_a_brief_reply(slots: list[Slot], prompt: str, chosen: int | None) -> None:
    slot = choose(slots, prompt, brief=True)
    assert (slot.number if slot else None) == chosen


def test_a_long_reply_waits_for_brief_ones_to_end() -> None:
    slots = Slots(1)
    first = slots.enter(WORDS + "a", brief=True)
    second = slots.enter(WORDS + "b", brief=True)
    long = slots.enter(WORDS + "c")
    assert second.ready.done() and not long.ready.done()
    slots.leave(first)
    assert not long.ready.done()
    slots.leave(second)
    assert long.ready.done()


def test_places_are_given_in_order_of_arrival() -> None:
    slots = Slots(1)
    first, second, third = (slots.enter(prompt) for prompt in "abc")
    assert [place.ready.done() for place in (first, second, third)] == [True, False, False]
    slots.leave(first)
    assert [place.ready.done() for place in (second, third)] == [True, False]
    slots.leave(second)
    assert third.ready.result(timeout=0).number == 0


def test_who_waits_for_a_schema_does_not_hold_up_others() -> None:
    slots = Slots(2)
    first = slots.enter(SCHEMA + "a")
    second = slots.enter(SCHEMA + "b")
    other = slots.enter(WORDS)
    assert not second.ready.done()
    assert other.ready.done()
    slots.leave(first)
    assert second.ready.result(timeout=0) is first.ready.result(timeout=0)


def test_leaving_the_queue_gives_up_the_place() -> None:
    slots = Slots(1)
    first, second, third = (slots.enter(prompt) for prompt in "abc")
    slots.leave(second)
    assert second.ready.cancelled()
    slots.leave(first)
    assert third.ready.done()


def test_a_place_cancelled_by_its_owner_takes_no_slot() -> None:
    slots = Slots(1)
    first, second, third = (slots.enter(prompt) for prompt in "abc")
    second.ready.cancel()
    slots.leave(second)
    slots.leave(first)
    assert third.ready.done()


def test_forgotten_prompts_hold_nobody_up() -> None:
    slots = Slots(2)
    slots.enter(SCHEMA + "a")
    slots.forget()
    assert slots.enter(SCHEMA + "b").ready.done()
