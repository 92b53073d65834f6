"""Who may do what in which module. The layers themselves are import-linter's (`make lint`)."""

import ast
import sys
import tomllib

import pytest

from tests.infrastructure.sources import ROOT, modules

VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "data", "info"}


def named(prefix):
    return [module for module in modules() if f"{module.name}.".startswith(f"{prefix}.")]


def test_only_the_database_module_commits():
    committing = [
        module.at(call)
        for module in modules()
        for call in module.calls()
        if isinstance(call.func, ast.Attribute) and call.func.attr == "commit"
        if module.name != "app.database"
    ]
    assert committing == []


def test_the_program_opens_write_sessions_in_one_place():
    """One commit for what people do; the other is the migration's."""
    database = next(module for module in modules() if module.name == "app.database")
    committing = {
        function.name
        for function in ast.walk(database.tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    }
    assert committing == {"transaction", "migrate", "_migrate_sqlite"}


def test_the_domain_imports_only_python_and_itself():
    foreign = [
        f"{module.at(node)} {name}"
        for module in named("app.domain")
        for node in ast.walk(module.tree)
        for name in imported_by(node)
        if not name.startswith("app.domain") and name.split(".")[0] not in sys.stdlib_module_names
    ]
    assert foreign == []


def imported_by(node):
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=name, level=0):
            return [name]
        case ast.ImportFrom():
            return ["a relative import"]
    return []


def test_nobody_below_the_edge_reads_the_clock():
    clocks = {"datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today", "time.time"}
    reading = [
        module.at(call)
        for module in modules()
        for call in module.calls()
        if module.meaning(call.func) in clocks
        if module.name != "app" and not module.name.startswith("app.cli.")
    ]
    assert reading == []


def test_reference_is_data_and_never_code():
    assert list((ROOT / "app" / "reference").rglob("*.py")) == []


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_a_module_is_named_by_its_noun(module):
    assert not VAGUE & set(module.name.split("."))


def test_no_contract_between_layers_has_an_exception():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert [contract["name"] for contract in settings["contracts"] if "ignore_imports" in contract] == []
