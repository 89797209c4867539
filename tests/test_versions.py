"""results/versions.md: the page is that of its counts, and what setup.py allows and claims is what was tested."""

import json
import re

import pytest
from support import ROOT, versions

SETUP = (ROOT / "setup.py").read_text(encoding="utf-8")
XML = """<testsuites><testsuite>
<testcase name="a"/><testcase name="b"><skipped/></testcase><testcase name="c"><failure/></testcase>
<testcase name="d"><error/></testcase><testcase name="e"/>
</testsuite></testsuites>"""


@pytest.fixture(scope="module")
def report():
    return json.loads((ROOT / "results" / "versions.json").read_text(encoding="utf-8"))


def test_the_page_is_that_of_its_counts_and_nothing_failed(report):
    assert (ROOT / "results" / "versions.md").read_text(encoding="utf-8") == versions.markdown(report)
    assert report["tests"] == list(versions.TESTS) and all((ROOT / path).exists() for path in versions.TESTS)
    assert all(each["failed"] == 0 and each["passed"] > 100 for each in report["environments"])


def test_the_lower_bounds_are_the_oldest_versions_that_were_tested(report):
    oldest = report["environments"][0]
    assert oldest["pins"] == "oldest"
    assert {name: found for name, found in oldest["versions"].items() if name != "python"} == versions.requirements()


def test_the_pythons_that_setup_claims_are_those_that_were_tested(report):
    claimed = set(re.findall(r'"Programming Language :: Python :: (3\.\d+)"', SETUP))
    tested = {each["versions"]["python"].rpartition(".")[0] for each in report["environments"]}
    assert claimed == tested
    (least,) = re.findall(r'python_requires=">=(3\.\d+)"', SETUP)
    assert report["environments"][0]["versions"]["python"].startswith(f"{least}.")


def test_an_error_is_a_failure():
    assert versions.counts(XML) == (2, 1, 2)


@pytest.mark.parametrize("requirement", ["numpy", "numpy>=1,<3", "numpy==2.0"])
def test_a_requirement_without_a_lower_bound_alone_is_refused(requirement, tmp_path):
    (tmp_path / "setup.py").write_text(
        f"from setuptools import setup\nsetup(name='a', install_requires=['scipy>=1.2', {requirement!r}])\n"
    )
    with pytest.raises(ValueError, match="numpy"):
        versions.requirements(tmp_path)


def test_packages_of_one_version_are_named():
    made = [
        versions.Found("oldest", {"python": "3.11.7", "a": "1.0", "b": "2.0"}, 5, 1, 0),
        versions.Found("newest", {"python": "3.13.0", "a": "1.5", "b": "2.0"}, 1004, 0, 2),
    ]
    text = versions.markdown(versions.as_json(made, None, "a CPU"))
    assert "Of b the oldest allowed is the newest" in text and "| a | 1.0 | 1.5 |" in text
    assert "| tests passed | 5 | 1,004 |" in text and "| tests failed | 0 | 2 |" in text
    other = versions.markdown(versions.as_json([made[0]] * 2, None, "a CPU"))
    assert "Of a, b the oldest" in other
