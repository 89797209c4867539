"""The Markdown beside an experiment's module: protocol, numbered deviations, what was not run."""

import pytest

from gan_repro.papers import configuration
from gan_repro.papers.prose import prose
from gan_repro.system.errors import UsageError

TEXT = """# A paper

A citation.

## Protocol

One line,
and another.

## Deviations from paper and code

1. First, in
   two lines.
2. Second: 3. is no point.

## Not run

* **What**: why
  not.
"""


@pytest.fixture
def module(tmp_path):
    """A module's path, and what is written beside it."""

    def write(text, name="paper.py"):
        beside = tmp_path / ("README.md" if name == "__init__.py" else "paper.md")
        beside.write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return write


@pytest.mark.parametrize("name", ["paper.py", "__init__.py"])
def test_sections_and_points_are_told_apart(module, name):
    assert prose(module(TEXT, name)) == {
        "protocol": "One line, and another.",
        "deviations": ("First, in two lines.", "Second: 3. is no point."),
        "not_run": (("What", "why not."),),
    }


def test_deviations_and_what_was_not_run_may_be_missing(module):
    assert prose(module("# A\n\n## Protocol\n\nOne.\n")) == {"protocol": "One.", "deviations": (), "not_run": ()}


@pytest.mark.parametrize("text", ["## Other\n", "## Not run\n\n* no bold what\n"])
def test_what_is_not_so_is_one_line_that_names_the_file(module, text):
    with pytest.raises(UsageError) as caught:
        prose(module(text))
    assert "paper.md" in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match="lonely.md"):
        prose(str(tmp_path / "lonely.py"))


@pytest.mark.parametrize("name", configuration.names())
def test_every_paper_says_how_it_measures_and_where_it_deviates(name):
    found = configuration.find(name)
    assert len(found.protocol) > 50 and found.deviations
