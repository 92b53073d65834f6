"""What was measured, as a table for people and as JSON for scripts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a figure must keep to: ``actual`` at most ``limit``, or at least where ``is_floor``."""

    ratio: str
    actual: float
    limit: float
    is_floor: bool = False

    @property
    def is_met(self) -> bool:
        """Whether it is kept."""
        return self.actual >= self.limit if self.is_floor else self.actual <= self.limit

    @property
    def words(self) -> tuple[str, str, str]:
        """The ratio, the bound and the verdict."""
        sign = "≥" if self.is_floor else "≤"
        return (
            f"{self.actual:.4g} {self.ratio}",
            f"{sign} {self.limit:.4g}",
            "met" if self.is_met else "NOT MET",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing that was measured in several rounds."""

    what: str
    unit: str
    rounds: tuple[float, ...]
    bounds: tuple[Bound, ...] = ()

    @property
    def median(self) -> float:
        """Of the rounds."""
        return median(self.rounds)

    @property
    def spread(self) -> float:
        """From the lowest to the highest round."""
        return max(self.rounds) - min(self.rounds)


def table(figures: Sequence[Figure]) -> str:
    """One line a bound, columns aligned."""
    lines = [("what", "median", "spread", "ratio", "bound", ""), *_lines(figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _lines(figures: Sequence[Figure]) -> Iterator[tuple[str, ...]]:
    for one in figures:
        measured = one.what, f"{one.median:.4g} {one.unit}", f"{one.spread:.3g}"
        for bound in one.bounds or (None,):
            yield (*measured, *(bound.words if bound else ("", "", "")))
            measured = "", "", ""


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """The same, in full precision."""
    return [
        {
            "what": one.what,
            "unit": one.unit,
            "median": one.median,
            "spread": one.spread,
            "rounds": one.rounds,
            "bounds": [
                {
                    "ratio": bound.ratio,
                    "actual": bound.actual,
                    "at_least" if bound.is_floor else "at_most": bound.limit,
                    "met": bound.is_met,
                }
                for bound in one.bounds
            ],
        }
        for one in figures
    ]
