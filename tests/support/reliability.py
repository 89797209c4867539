"""results/reliability.md: what was tried on the program, how often, with what outcome, as counted while tests run.

The trials are the tests that say what they try, with `@pytest.mark.fault(group=, tried=, outcome=)`; none is here.
"""

import shlex
import time

from gan_repro.system import files, machine


class Report:
    """A pytest plugin that counts trials: as many as a test records as its property "trials", else one per test.

    Args:
      folder: where reliability.json and reliability.md are written when the tests have ended. What is there of other groups
        of trials stays: hours of tests may be run in parts. A group is written as a whole: the files that hold its
        trials (`damaged files` and `wrong input` have two or three) are run together.
    """

    def __init__(self, folder):
        self.folder, self.trials, self.marks, self.start = folder, [], {}, time.monotonic()

    def pytest_collection_modifyitems(self, items):
        """Remembers what each test tries."""
        for item in items:
            mark = item.get_closest_marker("fault")
            if mark:
                self.marks[item.nodeid] = tuple(mark.kwargs[name] for name in ("group", "tried", "outcome"))

    def pytest_runtest_logreport(self, report):
        """Counts a test that was run, or that could not be set up; one that was skipped is no trial."""
        if report.nodeid in self.marks and not report.skipped and (report.when == "call" or report.failed):
            n = dict(report.user_properties).get("trials", 1)
            self.trials.append((*self.marks[report.nodeid], n, n if report.passed else 0))

    def pytest_sessionfinish(self, session):
        """Writes the report."""
        path = self.folder / "reliability.json"
        before = files.read_json(path) if path.exists() else {"parts": []}
        # Where the report goes is the reader's own matter.
        given = [str(word) for word in session.config.invocation_params.args if "--reliability" not in str(word)]
        arguments = ["python", "-m", "pytest", *given, "--reliability=results"]
        part = {
            "command": shlex.join(arguments),
            "commit": machine.commit(),
            "minutes": round((time.monotonic() - self.start) / 60, 1),
            "machine": machine.conditions(),
            "rows": rows(self.trials),
        }
        report = {"parts": merged([*before["parts"], part])}
        files.write_json(path, report)
        files.write_text(self.folder / "reliability.md", markdown(report))


def merged(parts):
    """The parts of a report without the rows of groups that a later part has, too; sorted by their first group."""
    kept, seen = [], set()
    for part in reversed(parts):
        left = [row for row in part["rows"] if row["group"] not in seen]
        seen |= {row["group"] for row in part["rows"]}
        kept += [part | {"rows": left}] if left else []
    return sorted(kept, key=lambda part: part["rows"][0]["group"])


def rows(trials):
    """[{"group", "tried", "outcome", "trials", "passed"}] of single tests' (group, tried, outcome, trials, passed)."""
    found = {}
    for *what, n, passed in trials:
        counts = found.setdefault(tuple(what), {"trials": 0, "passed": 0})
        counts["trials"] += n
        counts["passed"] += passed
    names = ("group", "tried", "outcome")
    return [dict(zip(names, what)) | counts for what, counts in sorted(found.items(), key=lambda item: item[0][0])]


def markdown(report):
    """The text of reliability.md."""
    lines = [
        "# Reliability: what was tried, how often, with what outcome",
        "",
        "Every line sums up tests that were run on the real program; the last column counts the trials that ended as the",
        "third column says.",
        "",
        "| | tried | must happen | trials | happened |",
        "|---|---|---|--:|--:|",
    ]
    group = None
    for row in (row for part in report["parts"] for row in part["rows"]):
        first, group = (row["group"] if row["group"] != group else ""), row["group"]
        lines.append(f"| {first} | {row['tried']} | {row['outcome']} | {row['trials']:,} | {row['passed']:,} |")
    lines += ["", "Generated, with reliability.json, by"]
    for part in report["parts"]:
        machine = part["machine"]
        groups = ", ".join(dict.fromkeys(row["group"] for row in part["rows"]))
        lines += [
            "",
            f"    {part['command']}",
            "",
            f"({groups}) in {part['minutes']:.0f} minutes on {machine['processor']}, TensorFlow "
            f"{machine['versions']['tensorflow']}, at commit {(part['commit'] or 'unknown')[:12]}.",
        ]
    return "\n".join(lines) + "\n"
