"""Being asked to end: Ctrl-C and SIGTERM are noted, and acted on when there is something whole to leave behind."""

import contextlib
import signal
from collections.abc import Iterator

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """A signal asked for the end; everything is saved. `number` is the signal's.

    No Exception: like KeyboardInterrupt, it must get through libraries that catch all of those.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by signal {number}")
        self.number = number


@contextlib.contextmanager
def signals_noted() -> Iterator[list[int]]:
    """Yields a list to which the first of these signals is added instead of ending the process; a second one ends it."""
    noted: list[int] = []

    def note(number, frame):
        del frame
        noted.append(number)
        signal.signal(number, before[number])

    with _handled_by(note) as before:
        yield noted


@contextlib.contextmanager
def signals_raised() -> Iterator[None]:
    """Within it these signals raise Interrupted, wherever the program is; for work that is done anew next time."""

    def interrupt(number, frame):
        del frame
        raise Interrupted(number)

    with _handled_by(interrupt):
        yield


@contextlib.contextmanager
def _handled_by(handler):
    """Yields {number: the handler before}."""
    before = {}
    try:
        for number in NUMBERS:
            before[number] = signal.signal(number, handler)
        yield before
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
