"""Proof that a routing table answers every matter, and that none of its rows is written for nothing.

A matter gives each trait a set of values: some traits have exactly one (the kind, how urgent it is), others
any number, none included (the roles of the person a concern is about). A row matches where each trait that
it names has one of the values that it names. So a row is missed by taking away, for one of its traits, all
the values that it names; whether all rows can be missed at once is what is searched here, exactly.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.domain.routing import Row, Trait
from app.domain.vocabulary import Kind, PatientData, Post, ReporterIdentity, Severity

# The traits of which a matter has exactly one value; of the others it may have several or none.
SINGLE: Mapping[Trait, frozenset[str]] = {
    Trait.KIND: frozenset(Kind),
    Trait.SEVERITY: frozenset(Severity),
    Trait.IDENTITY: frozenset(ReporterIdentity),
    Trait.PATIENT_DATA: frozenset(PatientData),
    Trait.REPORTER_POST: frozenset(Post),
    Trait.SUBJECT: frozenset({"none", "known", "unresolved"}),
}
Taken = Mapping[Trait, frozenset[str]]


def gap(rows: Sequence[Row], wanted: Taken) -> Taken | None:
    """A matter of that sort which no row matches, as what is left of each trait; None where there is none."""
    taken = next(_missing(rows, wanted, {}), None)
    if taken is None:
        return None
    return {
        trait: wanted.get(trait, SINGLE[trait]) - gone for trait, gone in taken.items() if trait in SINGLE
    }


def shadowed(rows: Sequence[Row]) -> Iterator[tuple[Row, tuple[Row, ...]]]:
    """Each row that never gets its turn, with the earlier rows that share a matter with it."""
    for number, row in enumerate(rows):
        if not meets_first(row, rows[:number], {}):
            yield row, tuple(one for one in rows[:number] if _overlap(one, row))


def meets_first(row: Row, earlier: Sequence[Row], wanted: Taken) -> bool:
    """Whether some matter of that sort matches the row and none of the earlier ones."""
    both = {trait: row.when.get(trait, values) & values for trait, values in wanted.items()}
    if not all(both.values()):
        return False
    return next(_missing(earlier, {**row.when, **both}, {}), None) is not None


def _missing(rows: Sequence[Row], wanted: Taken, taken: Taken) -> Iterator[Taken]:
    """Each way to take values away so that none of the rows matches and all that is wanted is left."""
    if not rows:
        yield taken
        return
    for trait, values in sorted(rows[0].when.items(), key=lambda one: len(one[1])):
        less = {**taken, trait: taken.get(trait, frozenset()) | values}
        if _is_possible(trait, less[trait], wanted.get(trait)):
            yield from _missing(rows[1:], wanted, less)


def _is_possible(trait: Trait, taken: frozenset[str], wanted: frozenset[str] | None) -> bool:
    """Whether a matter can still have what is wanted of the trait, or any value where it needs one."""
    if wanted is not None:
        return bool(wanted - taken)
    return trait not in SINGLE or bool(SINGLE[trait] - taken)


def _overlap(one: Row, other: Row) -> bool:
    """Whether some matter matches both rows."""
    both: Iterable[Trait] = one.when.keys() & other.when.keys() & SINGLE.keys()
    return all(one.when[trait] & other.when[trait] for trait in both)
