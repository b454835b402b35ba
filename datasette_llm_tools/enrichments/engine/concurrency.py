"""How much may be asked at the same time, and when to stop asking. Pure arithmetic."""

from __future__ import annotations

# The local model evaluates one prompt at a time; the second one is there when it is done.
_MOST_LOCAL = 2
# A file is in memory for as long as its row is asked about, and may have 20 MB.
MOST_WITH_FILES = 8


def at_once(wanted: int, *, is_local: bool = False, with_files: bool = False) -> int:
    """Prompts that a model is given at the same time where `wanted` may be in flight."""
    if is_local:
        wanted = min(wanted, _MOST_LOCAL)
    if with_files:
        wanted = min(wanted, MOST_WITH_FILES)
    return max(1, wanted)


class Concurrency:
    """Prompts that may be in flight: halved by a refusal, creeping back with what succeeds.

    Additive increase, multiplicative decrease, as TCP has it (RFC 5681): one more for each
    round trip of successes.
    """

    def __init__(self, most: int) -> None:
        self.most = max(1, most)
        self._allowed = float(self.most)
        self.epoch = 0  # grows with every halving

    @property
    def allowed(self) -> int:
        """Prompts that may be in flight now, at least 1."""
        return min(int(self._allowed), self.most)

    def overloaded(self, epoch: int) -> None:
        """A prompt that was sent in that epoch was refused.

        Those that were in flight together are refused together: they halve it once.
        """
        if epoch == self.epoch:
            self._allowed = max(1.0, self.allowed / 2)
            self.epoch += 1

    def succeeded(self) -> None:
        """A prompt was answered."""
        if self._allowed < self.most:
            self._allowed = min(float(self.most), self._allowed + 1 / self._allowed)

    def limit(self, most: int) -> None:
        """Allow another number from now on; what was learnt below it stays."""
        was_full = self._allowed >= self.most
        self.most = max(1, most)
        self._allowed = float(self.most) if was_full else min(self._allowed, float(self.most))


class Breaker:
    """Trips after so many failures in a row."""

    def __init__(self, failures_in_a_row: int) -> None:
        self.most = failures_in_a_row
        self.failures = 0

    @property
    def is_tripped(self) -> bool:
        """Whether there were too many."""
        return self.failures >= max(1, self.most)

    def failed(self) -> None:
        """One more."""
        self.failures += 1

    def succeeded(self) -> None:
        """Begin to count anew."""
        self.failures = 0
