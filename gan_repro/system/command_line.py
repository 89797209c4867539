"""What the programs share: parsing absl flags, --help, and turning user errors into one line and an exit code.

What the flags are and what is then done is in run.py, evaluate.py and tables.py.
"""

import contextlib
import errno
import os
import signal
import sys
import textwrap
from collections.abc import Callable, Sequence

from absl import flags

from gan_repro.system import backend
from gan_repro.system.choices import suggest
from gan_repro.system.errors import UsageError, UserError

_PATHS = (errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG, errno.EPERM)  # what the mere look at a path that a user named can meet


class _Output:
    """A text stream that outlives its file: where nothing can be written (a full disk), it notes why, and goes on.

    What a program says of its work is no reason to end the work. A reader that went away is one: BrokenPipeError is let out.
    """

    def __init__(self, stream):
        self.stream, self.error = stream, None

    def write(self, text):
        """Writes a text, if it can; returns its length."""
        self._try(self.stream.write, text)
        return len(text)

    def flush(self):
        """Writes what is still held back, if it can."""
        self._try(self.stream.flush)

    def _try(self, method, *arguments):
        try:
            method(*arguments)
        except BrokenPipeError:
            raise
        except OSError as error:
            self.error = error

    def __getattr__(self, name):
        return getattr(self.stream, name)


@contextlib.contextmanager
def _outputs():
    """Puts an _Output in the place of stdout, which is yielded, and of stderr; a closed one (>&-) becomes the null device."""
    with contextlib.ExitStack() as stack:
        out, err = (
            _Output(stack.enter_context(open(os.devnull, "w")) if stream is None else stream)
            for stream in (sys.stdout, sys.stderr)
        )
        for each in (out, err):
            if hasattr(each.stream, "reconfigure"):  # a terminal that has no ± shows ?, and the work goes on
                each.stream.reconfigure(errors="replace")
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        yield out


def _flush_to_nowhere(stream):
    """The interpreter flushes stdout once more at exit: gives it a place to flush to."""
    with contextlib.suppress(OSError), open(os.devnull, "wb") as nowhere:  # in a notebook it is no file
        os.dup2(nowhere.fileno(), stream.fileno())


def run_main(
    define_flags: Callable[[flags.FlagValues], object],
    body: Callable[[flags.FlagValues], int | None],
    argv: Sequence[str],
    usage: str,
    words: list[str] | None = None,
) -> int:
    """Runs a program: parses `argv`, calls `body`, returns the exit code. Ends in no traceback for a user's mistake.

    May be called many times in one process: every call has its own FlagValues, absl's global FLAGS is left alone.

    Args:
      define_flags: called with a fresh flags.FlagValues; defines the program's flags on it ("help" is defined here).
      body: called with the parsed FlagValues; returns the exit code, None meaning 0.
      argv: the program's name and its arguments, as sys.argv.
      usage: the text of --help above the list of flags; its first line says what to type.
      words: a list that takes the arguments that are no flags; None: there may be none.

    Returns:
      0: done (or --help); 2: wrong usage; 1, 2 or 3: as `exit_code` of a UserError; 1: a path that cannot even be looked at, or
      all is done but stdout could not be written; 130: interrupted by Ctrl-C; 141: the reader of stdout went away. In every
      case but 0 and 141 one line is on stderr. Other exceptions pass through: they are faults of the program.
    """
    with _outputs() as out:
        code = _run(define_flags, body, argv, usage, words)
        with contextlib.suppress(BrokenPipeError):
            out.flush()
        if out.error is not None and code != 128 + signal.SIGPIPE:
            print(f"error: cannot write to the standard output: {out.error.strerror}", file=sys.stderr)
            _flush_to_nowhere(out)
        return code or (UserError.exit_code if out.error else 0)


def _run(define_flags, body, argv, usage, words):
    try:
        flag_values = flags.FlagValues()
        define_flags(flag_values)
        flags.DEFINE_bool("help", False, "Show this help.", short_name="h", flag_values=flag_values)
        parse(flag_values, argv, words)
        if flag_values["help"].value:
            print(help_text(flag_values, usage))
            code = 0
        else:
            backend.check()
            code = body(flag_values)
        sys.stdout.flush()
        return 0 if code is None else code
    except UserError as error:
        print(f"error: {_one_line(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:  # `... --list | head -1`
        _flush_to_nowhere(sys.stdout)
        return 128 + signal.SIGPIPE
    except OSError as error:
        if error.errno not in _PATHS or error.filename is None:
            raise
        print(f"error: cannot use {_one_line(str(error.filename))}: {error.strerror}", file=sys.stderr)
        return UserError.exit_code


def warn(line: str) -> None:
    """Says on stderr what does not end the work."""
    print(f"warning: {_one_line(line)}", file=sys.stderr, flush=True)


def _one_line(text):
    """`text` with line breaks and other unprintable characters, as names of files may hold them, written as in Python."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def parse(flag_values: flags.FlagValues, argv: Sequence[str], words: list[str] | None = None) -> None:
    """Parses `argv` (program name first) into `flag_values`, and what is no flag into `words`.

    Raises:
      UsageError: an unknown flag (the nearest is suggested), a bad, missing or empty value, an argument that is no flag
        where none is taken, or one that is not UTF-8.
    """
    for argument in argv[1:]:
        if any("\ud800" <= letter <= "\udfff" for letter in argument):  # how Python passes on bytes that are no text
            raise UsageError(f"the argument {argument!r} is not UTF-8; rename what it names, and give it again")
    flag_values.set_gnu_getopt(words is not None)  # flags may then stand behind other words
    try:
        stray = flag_values(list(argv))[1:]
    except flags.UnrecognizedFlagError as error:
        valid = [f"--{name}" for name in _defined(flag_values)]
        hint = suggest(f"--{error.flagname}", valid)
        raise UsageError(f"unknown flag --{error.flagname}; valid: {', '.join(valid)}.{hint}") from error
    except (flags.Error, ValueError) as error:
        raise UsageError(_reason(str(error))) from error
    for name, flag in _defined(flag_values).items():
        values = flag.value if isinstance(flag.value, list) else [flag.value]
        if flag.present and (not values or "" in values):  # else --workdir="$UNSET" would mean the default
            raise UsageError(f"--{name}= is empty: give it a value (--help says which), or leave the flag out")
    if words is not None:
        words += stray
    elif stray:
        raise UsageError(f"unexpected argument {stray[0]!r}: only flags are taken, as --name=value. See --help.")


def _defined(flag_values):
    """{name: flag} in the order of definition, without the short names."""
    return {flag.name: flag for flag in (flag_values[name] for name in flag_values)}


def _reason(message):
    """absl's message with Python's own words for a failed conversion replaced by what the user should have typed."""
    words = {
        "invalid literal for int": "must be a whole number",
        "could not convert string to float": "must be a number",
        "('Non-boolean argument": "must be true or false",
    }
    flag, _, reason = message.partition(": ")
    return next((f"{flag}: {better}" for start, better in words.items() if reason.startswith(start)), message)


def help_text(flag_values: flags.FlagValues, usage: str) -> str:
    """The whole text of --help: `usage`, then each flag with its help and default. Lines of at most 120 characters."""
    lines = [usage.strip(), "", "Flags:"]
    for name, flag in _defined(flag_values).items():
        value = "" if flag.boolean else f"={name.upper()}"
        silent = flag.boolean or flag.default is None or flag.default == []
        default = "" if silent else f" (default: {flag.default})"
        lines.append(f"  --{name}{value}")
        text = " ".join(flag.help.split())  # absl appends its own remarks with runs of blanks
        lines.extend(textwrap.wrap(text + default, 112, initial_indent=" " * 6, subsequent_indent=" " * 6))
    return "\n".join(lines)
