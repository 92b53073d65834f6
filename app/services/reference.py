"""Reading the reference data that comes with the program: strictly, and with the name of the file that is wrong."""

from pathlib import Path
from typing import TypeVar

import msgspec

from app.config import ROOT

REFERENCE = ROOT / "app" / "reference"
Shape = TypeVar("Shape")


class BrokenReference(ValueError):
    """A reference file contradicts itself or another; the message names the file or table."""


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in the languages it was written in; a language it lacks falls back to English."""

    en: str
    cy: str = ""

    def said_in(self, language: str) -> str:
        """The text in ``language``: "en" or "cy"."""
        return (self.cy if language == "cy" else "") or self.en


def read_toml(path: Path, shape: type[Shape]) -> Shape:
    """The file decoded strictly. BrokenReference where it is missing, has an unknown key or a wrong type."""
    try:
        return decoded(path.read_bytes(), shape, path.name)
    except OSError as error:
        raise BrokenReference(f"{path.name}: cannot be read") from error


def decoded(toml: str | bytes, shape: type[Shape], where: str) -> Shape:
    """The same for TOML that was read already."""
    try:
        return msgspec.toml.decode(toml, type=shape)
    except msgspec.MsgspecError as error:
        raise BrokenReference(f"{where}: {error}") from error


def converted(raw: object, shape: type[Shape], where: str) -> Shape:
    """The same for a part of a file."""
    try:
        return msgspec.convert(raw, shape)
    except msgspec.ValidationError as error:
        raise BrokenReference(f"{where}: {error}") from error
