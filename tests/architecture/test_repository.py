"""What may lie in the repository, and what must never be written into it."""

import re
import subprocess

import pytest

from tests.infrastructure.sources import ROOT

README_LINES = 80
TOP_LEVEL = {
    ".ci", ".gitignore", ".npmrc", ".pre-commit-config.yaml", "CONTRIBUTING.md", "LICENSE", "Makefile",
    "README.md", "SECURITY.md", "app", "app.py", "docs", "instance", "migrations", "package-lock.json",
    "package.json", "pyproject.toml", "requirements", "templates", "tests",
}  # fmt: skip
# Written in parts, so that these rules do not find themselves.
REGISTRY = re.compile(
    "https?" + r"://(?:[a-z0-9-]+\.)*(?:" + "|".join(("pypi", "pythonhosted", "npmjs", "debian")) + r")\.\w+"
)
MIRROR = re.compile("https?" + r"://[^\s\"']*/" + "simple" + r"\b|https?://(?:registry|files|deb)\.")
MACHINE = re.compile(
    r"(?<![.\w{}$])/(?:" + "|".join(("root", "home", "mnt", "srv", "work", "Users")) + r")/\w"
)


def tracked():
    """Every text file that git keeps or would keep."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    paths = (ROOT / name for name in listed.split("\0") if name)
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:4096]]


def places(pattern):
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize("pattern", [REGISTRY, MIRROR], ids=["registry", "mirror"])
def test_no_file_names_the_host_of_a_package_registry(pattern):
    assert places(pattern) == []


def test_no_file_names_a_folder_of_somebodys_machine():
    assert places(MACHINE) == []


def test_beside_the_program_lies_only_what_people_expect():
    top = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert top - TOP_LEVEL == set()


def test_the_readme_is_read_in_a_minute():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= README_LINES


def test_continuous_integration_runs_what_everybody_runs():
    commands = [
        line
        for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert commands == ['cd "$(dirname "$0")/.." && exec make test']


@pytest.mark.parametrize("name", ["skip", "skipif", "xfail", "importorskip"])
def test_no_test_is_left_out(name):
    assert places(re.compile(r"pytest\.(?:mark\.)?" + name + r"\b")) == []


@pytest.mark.parametrize("name", ["bootstrap", "node", "postgresql", "runtime", "dev"])
def test_every_requirement_is_locked_with_its_hashes(name):
    lock = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^[\w.\[\],-]+==[^\s;\\]+.*?(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL)
    assert pinned
    assert [requirement.split()[0] for requirement in pinned if "--hash=sha256:" not in requirement] == []
    asked = (ROOT / "requirements" / f"{name}.in").read_text(encoding="utf-8")
    names = re.findall(r"^([A-Za-z][\w.-]*)", asked, re.MULTILINE)
    assert [
        asked for asked in names if not re.search(rf"^{re.escape(asked)}(\[.*\])?==", lock, re.MULTILINE)
    ] == []
