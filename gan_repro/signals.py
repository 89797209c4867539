"""Being asked to end: Ctrl-C and SIGTERM are noted, and acted on when there is something whole to leave behind."""

import contextlib
import signal


class Interrupted(Exception):
    """A signal asked for the end; everything is saved. `number` is the signal's."""

    def __init__(self, number):
        super().__init__(f"ended by signal {number}")
        self.number = number


@contextlib.contextmanager
def signals_noted(numbers=(signal.SIGINT, signal.SIGTERM)):
    """Yields a list to which the first of these signals is added instead of ending the process; a second one ends it."""
    noted = []

    def note(number, frame):
        del frame
        noted.append(number)
        signal.signal(number, before[number])

    before = {}
    try:
        for number in numbers:
            before[number] = signal.signal(number, note)
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
