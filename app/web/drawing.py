"""A workflow as a drawing and as text: states in columns by how far a case has come, who must act, what leads on.

Neighbours on the main row are joined by a straight arrow. Every other way has a lane of its own below the
states, so that no two lines and no two words ever lie on one another, however many ways lead back.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from flask_babel import gettext as _

from app.domain.flow import Edge, edges, maybe_running
from app.domain.vocabulary import Severity
from app.domain.workflow import Clock, Definition, State, Waiting

WIDTH, HEIGHT, GAP, ROW = 216, 88, 200, 160
LEFT, TOP, LANE, PORT = 90, 20, 26, 9
READ = (
    'role="img" aria-labelledby="flow-title flow-words" '
    'font-family="Arial, sans-serif" font-size="14" font-weight="normal"'
)
ARROW = (
    '<defs><marker id="flow-arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
    'orient="auto"><path d="M0 0 10 5 0 10Z" fill="#405463"/></marker></defs>'
)
LETTERS_IN_BOX, LINES_IN_BOX = 23, 4


@dataclass(frozen=True, slots=True)
class Box:
    """A state and where it stands."""

    state: State
    column: int
    row: int

    @property
    def x(self) -> int:
        """Its left edge."""
        return LEFT + self.column * (WIDTH + GAP)

    @property
    def y(self) -> int:
        """Its upper edge."""
        return TOP + self.row * ROW


@dataclass(frozen=True, slots=True)
class Way:
    """All actions that lead from one state to another."""

    source: Box
    target: Box
    label: str

    @property
    def is_straight(self) -> bool:
        """Whether the two stand side by side, and this leads to the right."""
        return self.source.row == self.target.row and self.target.column == self.source.column + 1

    @property
    def is_upright(self) -> bool:
        """Whether one stands right below the other."""
        return self.source.column == self.target.column and abs(self.source.row - self.target.row) == 1

    @property
    def length(self) -> int:
        """How many columns it crosses."""
        return abs(self.source.column - self.target.column)


def as_svg(definition: Definition, marked: Collection[str] = ()) -> str:
    """The drawing as SVG with a title and a description in words; ``marked`` states stand out with their number."""
    boxes, ways = _placed(definition), _ways(definition)
    bent = sorted(
        (way for way in ways if not way.is_straight and not way.is_upright),
        key=lambda way: (way.length, way.source.state.is_final, way.source.column, way.source.row),
    )
    lanes = TOP + ROW * (1 + max(box.row for box in boxes.values()))
    width = LEFT + max(box.column for box in boxes.values()) * (WIDTH + GAP) + WIDTH + LEFT
    height = lanes + LANE * (len(bent) + 1)
    parts = [
        f'<svg class="app-flow" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {READ}>',
        f'<title id="flow-title">{escape(_("How a case flows: %(name)s", name=definition.label))}</title>',
        f'<desc id="flow-words">{escape(" ".join(_sentences(ways)))}</desc>',
        ARROW,
        *_lines(ways, bent, lanes),
        *(line for box in boxes.values() for line in _drawn(box, definition, marked)),
        "</svg>",
    ]
    return "\n".join(parts)


def _placed(definition: Definition) -> Mapping[str, Box]:
    """What leads on stands on the main row, the ends in the last column, the rest below where it comes from."""
    column = _columns(definition)
    onward = {one.source for one in edges(definition) if column[one.target] > column[one.source]}
    rows: dict[int, int] = defaultdict(int)
    boxes: dict[str, Box] = {}
    for name in sorted(column, key=lambda name: (column[name], name not in onward)):
        boxes[name] = Box(definition.states[name], column[name], rows[column[name]])
        rows[column[name]] += 1
    return boxes


def _columns(definition: Definition) -> Mapping[str, int]:
    """How many actions a state is away from the start; a wait, and an end that only it leads to, stands there too."""
    found, waiting = {definition.start: 0}, [definition.start]
    for source in waiting:
        for target in _after(definition, source):
            if target not in found and not definition.states[target].is_final:
                is_wait = definition.states[target].waits_for is Waiting.REPORTER
                found[target] = found[source] + (not is_wait)
                waiting.append(target)
    last = max(found.values()) + 1
    for name, state in definition.states.items():
        comes_from = {one.source for one in edges(definition) if one.target == name}
        if state.is_final:
            found[name] = 0 if comes_from == {definition.start} else last
        found.setdefault(name, last)
    return found


def _after(definition: Definition, source: str) -> list[str]:
    return [one.target for one in edges(definition) if one.source == source != one.target]


def _ways(definition: Definition) -> list[Way]:
    boxes = _placed(definition)
    together: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for one in edges(definition):
        if one.source != one.target:
            together[one.source, one.target][one.transition.label] = None
    return [
        Way(boxes[source], boxes[target], " · ".join(labels)) for (source, target), labels in together.items()
    ]


def _sentences(ways: Collection[Way]) -> Iterator[str]:
    for way in ways:
        yield _(
            "%(source)s leads to %(target)s by: %(label)s.",
            source=way.source.state.label,
            target=way.target.state.label,
            label=way.label,
        )


def _lines(ways: Collection[Way], bent: Sequence[Way], lanes: int) -> Iterator[str]:
    for way in ways:
        if way.is_straight:
            y = way.source.y + HEIGHT // 2
            yield _path(f"M{way.source.x + WIDTH} {y}H{way.target.x - 2}")
            yield from _label(way.source.x + WIDTH + GAP // 2, y - 8, way.label, GAP - 60)
        if way.is_upright:
            yield from _upright(way)
    for number, way in enumerate(bent):
        yield from _around(way, number, lanes + LANE * (number + 1), of=len(bent))


def _upright(way: Way) -> Iterator[str]:
    """Down on the left, up on the right."""
    is_down = way.target.row > way.source.row
    x = way.source.x + WIDTH * (1 if is_down else 2) // 3
    start, end = (
        (way.source.y + HEIGHT, way.target.y - 2) if is_down else (way.source.y, way.target.y + HEIGHT + 2)
    )
    yield _path(f"M{x} {start}V{end}")
    middle = (start + end) // 2
    anchor, beside = ("end", -8) if is_down else ("start", 8)
    yield from _label(x + beside, middle + 24, way.label, WIDTH // 3 + 12, anchor=anchor)


def _around(way: Way, number: int, lane: int, *, of: int) -> Iterator[str]:
    """Out at the right, down to the lane, along it, and up into the left side of the target."""
    step = min(PORT, (GAP // 2 - 30) // max(of, 1))
    out, back = way.source.x + WIDTH + 12 + step * number, way.target.x - 16 - step * number
    spread = (HEIGHT // 2 - 16) // max(of, 1)
    y, end = (box.y + HEIGHT // 2 + 10 + spread * number for box in (way.source, way.target))
    yield _path(f"M{way.source.x + WIDTH} {y}H{out}V{lane}H{back}V{end}H{way.target.x - 2}")
    yield from _label((out + back) // 2, lane - 6, way.label, max(abs(out - back), 8 * len(way.label)))


def _path(route: str) -> str:
    return (
        f'<path d="{route}" fill="none" stroke="#405463" stroke-width="1.5" marker-end="url(#flow-arrow)"/>'
    )


def _label(x: int, y: int, words: str, width: int, *, anchor: str = "middle") -> Iterator[str]:
    """In as many lines as the room asks for, the last one just above the line."""
    lines = _wrapped(words, max(width // 7, 12))
    for number, line in enumerate(reversed(lines)):
        yield (
            f'<text x="{x}" y="{y - 15 * number}" text-anchor="{anchor}" font-size="13" fill="#212b32" '
            f'stroke="#fff" stroke-width="4" paint-order="stroke">{escape(line)}</text>'
        )


def _wrapped(words: str, length: int) -> list[str]:
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + len(word) >= length:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _drawn(box: Box, definition: Definition, marked: Collection[str]) -> Iterator[str]:
    """Solid where we must act, dashed where we wait, filled at the end."""
    state, is_marked = box.state, box.state.name in marked
    fill, ink = ("#14424d", "#fff") if state.is_final else ("#fff", "#212b32")
    dashes = ' stroke-dasharray="6 4"' if state.waits_for is Waiting.REPORTER else ""
    edge = "#b01b10" if is_marked else "#14424d"
    yield (
        f'<rect x="{box.x}" y="{box.y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{fill}" stroke="{edge}" '
        f'stroke-width="{3 if is_marked else 2}"{dashes}/>'
    )
    lines = [(line, "bold") for line in _wrapped(state.label, LETTERS_IN_BOX)]
    lines += [(line, "normal") for line in _clock_words(definition, state.name)]
    for number, (words, weight) in enumerate(lines[:LINES_IN_BOX]):
        yield (
            f'<text x="{box.x + 12}" y="{box.y + 22 + 18 * number}" font-weight="{weight}" '
            f'fill="{ink}">{escape(words)}</text>'
        )


def _clock_words(definition: Definition, state: str) -> list[str]:
    return _wrapped(", ".join(sorted(maybe_running(definition).get(state, ()))), LETTERS_IN_BOX)


def as_text(definition: Definition) -> str:
    """The same in plain lines: each state, which clocks can run in it, and what leads where."""
    lines = [f"{definition.label} ({definition.name}, version {definition.version}, {definition.hash[:12]})"]
    running = maybe_running(definition)
    for name, state in definition.states.items():
        end = ", " + _("the end") if state.is_final else ""
        lines += ["", f"{name}: {state.label} [{state.waits_for}{end}]"]
        lines += [
            f"  clock {_limit_words(definition.clocks[code])}" for code in sorted(running.get(name, ()))
        ]
        lines += [f"  {_way_words(one)}" for one in edges(definition) if one.source == name]
    return "\n".join(lines)


def _limit_words(clock: Clock) -> str:
    limits = {str(clock.limits[severity]): None for severity in Severity}
    return f"{clock.code}: {clock.label}, {' / '.join(limits)} ({clock.basis})"


def _way_words(way: Edge) -> str:
    to = "" if way.target == way.source else f" -> {way.target}"
    return f"{way.transition.action}{to} [{', '.join(way.transition.by)}]"
