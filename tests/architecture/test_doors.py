"""Which module may write which rows. A case is written through one door, the ledger through another."""

import ast
from collections import defaultdict

from app import models  # noqa: F401  fills the metadata
from app.database import Base
from tests.infrastructure.sources import modules

CASE_DOOR = "app.services.changes"
LEDGER_DOOR = "app.audit.record"
KEY_DOOR = "app.keychain"
MAIL_DOOR = "app.notifications.outbox"

WRITERS = {
    "Case": {CASE_DOOR},
    "CaseHandler": {CASE_DOOR},
    "CaseParty": {CASE_DOOR},
    "CaseExclusion": {CASE_DOOR},
    "Report": {CASE_DOOR},
    "Message": {CASE_DOOR},
    "ActionItem": {CASE_DOOR},
    # A clock that the door could not carry out is set aside without it, so that the sweep goes on.
    "Deadline": {CASE_DOOR, "app.services.deadlines"},
    "Pause": {CASE_DOOR},
    # The explanation is worded where the decision was made; the door stores it.
    "RoutingDecision": {"app.services.routing"},
    "AuditEntry": {LEDGER_DOOR},
    "AuditDetail": {LEDGER_DOOR},
    "AuditSequence": {LEDGER_DOOR},
    "AuditAlias": {LEDGER_DOOR},
    "CaseKey": {KEY_DOOR},
    "PersonalKey": {KEY_DOOR},
    "PeriodKey": {KEY_DOOR},
    # Delivery tells what became of a mail.
    "Mail": {MAIL_DOOR, "app.services.delivery"},
}
STATEMENTS = {
    f"{home}.{verb}"
    for verb in ("insert", "update", "delete")
    for home in ("sqlalchemy", "sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql")
}
# A state that is not a case's.
OTHER_STATES = {("app.services.delivery", "state")}
RAW = {"exec_driver_sql"}


def models_by_name():
    return {mapper.class_.__name__: mapper.class_ for mapper in Base.registry.mappers}


def writers(module):
    """Each model that a module makes rows of, changes or deletes, with the place."""
    for call in module.calls():
        target = module.meaning(call.func)
        if target.startswith("app.models.") and target.split(".")[-1] in models_by_name():
            yield target.split(".")[-1], module.at(call)
        if (changed := changed_by(target, call)) is not None:
            yield module.meaning(changed).split(".")[-1], module.at(call)


def changed_by(target, call):
    """The argument that names the model which a call changes, by itself or through its plain table."""
    match target, call.args:
        case "app.database.insert_new", [_, model, *_]:
            return model
        case statement, [ast.Call(func=ast.Name("table_of"), args=[model])] if statement in STATEMENTS:
            return model
        case statement, [model, *_] if statement in STATEMENTS:
            return model
    return None


def test_each_protected_row_is_written_through_its_door():
    trespassing = [
        f"{place} writes {name}"
        for module in modules()
        for name, place in writers(module)
        if module.name not in WRITERS.get(name, {module.name})
    ]
    assert trespassing == []


def test_every_door_stands_open_only_to_those_who_use_it():
    """An entry of the table that nobody needs would hide a trespasser of tomorrow."""
    used = defaultdict(set)
    for module in modules():
        for name, _ in writers(module):
            used[name].add(module.name)
    assert {name: doors - used[name] for name, doors in WRITERS.items() if doors - used[name]} == {}


def test_a_statement_names_the_model_it_changes():
    """A table in a variable could be any table; only the doors, which hold rows of one kind, may do so."""
    unnamed = [
        module.at(call)
        for module in modules()
        for call in module.calls()
        if module.meaning(call.func) in STATEMENTS | {"app.database.insert_new"}
        if module.name not in {"app.database", CASE_DOOR, LEDGER_DOOR}
        if is_unnamed(module, changed_by(module.meaning(call.func), call))
    ]
    assert unnamed == []


def is_unnamed(module, model):
    return model is None or module.meaning(model).split(".")[-1] not in models_by_name()


def test_rows_are_written_by_services_and_below():
    outside = [
        place
        for module in modules()
        for _, place in writers(module)
        if module.name.split(".")[1] in {"web", "jobs", "cli", "queries", "domain"}
    ]
    assert outside == []


def test_the_columns_of_a_case_are_assigned_by_nobody():
    """Loaded rows of a case are read-only everywhere: the door writes by statements that compare versions."""
    ours = {"Case", "CaseHandler", "Deadline", "Pause", "Message", "ActionItem", "Report"}
    names = models_by_name()
    columns = {column.key for name in ours for column in names[name].__mapper__.column_attrs}
    shared = {
        column.key for name in names.keys() - ours for column in names[name].__mapper__.column_attrs
    } - {"state"}
    assigned = [
        f"{module.at(node)} .{node.attr}"
        for module in modules()
        for node in module.assigned_attributes()
        if node.attr in columns - shared and not is_own(node)
        if (module.name, node.attr) not in OTHER_STATES
    ]
    assert assigned == []


def is_own(node):
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def test_raw_sql_stays_in_the_database_module():
    raw = [
        module.at(call)
        for module in modules()
        for call in module.calls()
        if isinstance(call.func, ast.Attribute)
        if call.func.attr in RAW or (call.func.attr == "execute" and is_text(module, call))
        if module.name != "app.database"
    ]
    assert raw == []


def is_text(module, call):
    match call.args:
        case [ast.Constant(), *_]:
            return True
        case [ast.Call(func=func), *_]:
            return module.meaning(func) == "sqlalchemy.text"
    return False


def test_no_attribute_is_set_by_a_name_in_a_variable():
    """``setattr`` on a row would walk past every rule above. Pages hold no rows; they may build forms so."""
    setting = [
        module.at(call)
        for module in modules()
        for call in module.calls()
        if module.meaning(call.func) == "setattr" and not module.name.startswith("app.web.")
    ]
    assert setting == []
