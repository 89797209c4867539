"""The errors that are a user's to mend: one clear message, an exit code, no traceback.

Programming errors stay ordinary exceptions with their tracebacks.
"""


class UserError(Exception):
    """Something the user can mend. The message says what was wrong, what is valid and what to do."""

    exit_code = 1


class UsageError(UserError):
    """The command line or a recipe is wrong: unknown name, wrong type, value out of range."""

    exit_code = 2


class DataError(UserError):
    """Data cannot be had or cannot be used: missing, unreadable, damaged, wrong shape or type."""


class RunError(UserError):
    """A run cannot start, go on or be read: damaged run folder, another configuration, NaN, full disk."""


class NotPackagedError(RunError):
    """A network was not packaged with the generators of its run."""


class StageError(RunError):
    """A run cannot be evaluated yet: it is in a stage before its last one. It can go on."""

    exit_code = 3  # by which a program that asked for the evaluation knows it
