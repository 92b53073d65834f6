"""The program's own source, read as text and as trees, so that tests can prove what it never does."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "app"
TEMPLATES = ROOT / "templates"


@dataclass(frozen=True)
class Module:
    """One Python file of the program."""

    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        """The dotted name by which it is imported."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def at(self, node: ast.AST) -> str:
        """Where a node stands, as people look it up."""
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"

    def calls(self) -> Iterator[ast.Call]:
        """Every call in the module."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def assigned_attributes(self) -> Iterator[ast.Attribute]:
        """Every attribute of something that is given a value or deleted."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
                yield node

    @cached_property
    def imported(self) -> Mapping[str, str]:
        """What each imported name stands for, as a dotted name."""
        names: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names |= {alias.asname or alias.name: alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        return names

    def meaning(self, node: ast.expr) -> str:
        """The dotted name of an expression, with imported names spelled out; "" for anything else."""
        match node:
            case ast.Name(id=name):
                return self.imported.get(name, name)
            case ast.Attribute(value=value, attr=attribute):
                return f"{self.meaning(value)}.{attribute}"
        return ""


@cache
def modules() -> tuple[Module, ...]:
    """Every Python file below ``app``."""
    return tuple(
        Module(path, ast.parse(path.read_text(encoding="utf-8"), str(path)))
        for path in sorted(APP.rglob("*.py"))
    )


def templates() -> list[str]:
    """The name of every template, as templates call each other."""
    return sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*") if path.is_file())
