"""Every column that can hold words or bytes: sealed, or in clear for a stated reason."""

import pytest
from sqlalchemy import Enum, LargeBinary, String

from app import models  # noqa: F401  fills the metadata
from app.database import Base

SEALED = {
    "action_item.done_sealed",
    "action_item.what_sealed",
    "action_item.who_sealed",
    "audit_detail.detail_sealed",
    "case.contact_sealed",
    "draft.answers_sealed",
    "message.body_sealed",
    "report.answers_sealed",
    "routing_decision.explanation_sealed",
}
WRAPPED_KEY = "a key wrapped by another, which is its own seal"
TOKEN = "a keyed hash: it can be compared, and names nobody"
CODE = "a word of a closed list in the reference data"
VERSION = "says which data was in force"
DIRECTORY = "the organisation's own directory, which its administrators keep and people pick from"
CLEAR = {
    "audit_alias.log": "names the log",
    "audit_alias.scope": "a case's random id, or nothing",
    "audit_alias.token": TOKEN,
    "audit_entry.action": CODE,
    "account_code.address": "where the code went; it leaves with the code, a month later",
    "audit_entry.leaf": "what is signed for: aliases, tags, states and a commitment, never a name or a text",
    "audit_entry.log": "names the log",
    "case.also": CODE,
    "case.category": CODE,
    "case.definition_hash": VERSION,
    "case.interim_measures": CODE,
    "case.next_clock": CODE,
    "case.reference": "random; it says nothing about the case",
    "case.severity_reason": CODE,
    "case.state": CODE,
    "case.submission_token": TOKEN,
    "case_exclusion.cause": CODE,
    "case_exclusion.token": TOKEN,
    "case_key.wrapped": WRAPPED_KEY,
    "case_party.token": TOKEN,
    "closure.name": "an organisation's own closure, shown in every explanation of a date",
    "deadline.clock": CODE,
    "deadline.limit": "how long, in the words of the rule",
    "draft.form": CODE,
    "invitation.email": "where the invitation goes; it leaves with the invitation",
    "invitation.gmc_number": DIRECTORY,
    "invitation.name": DIRECTORY,
    "invitation.title": DIRECTORY,
    "key_check.owner": "names whose keyring it is, by a random id",
    "key_check.value": "a keyed hash of that name: it tells whether a keyring is the right one, and nothing else",
    "mail.last_error": "a code of the mail server, cut to sixty characters, without an address",
    "membership.gmc_number": DIRECTORY,
    "membership.name": DIRECTORY,
    "membership.title": DIRECTORY,
    "organisation.code": DIRECTORY,
    "organisation.mail_domains": DIRECTORY,
    "organisation.name": DIRECTORY,
    "organisation.on_call_phone": DIRECTORY,
    "organisation.phone_hours": DIRECTORY,
    "organisation.public_phone": DIRECTORY,
    "organisation.subscription_note": DIRECTORY,
    "organisation.window": "working hours, by which limits are counted",
    "pause.clock": CODE,
    "pause.reason": CODE,
    "pause.restarts_with": CODE,
    "period_key.log": "names the log",
    "period_key.period": "a quarter of a year",
    "period_key.wrapped": WRAPPED_KEY,
    "person.email": "by which people sign in; searched at each sign-in",
    "person.language": CODE,
    "person.name": DIRECTORY,
    "person.password_hash": "Argon2id",
    "person.private_email": "by which people sign in; searched at each sign-in",
    "person.proved_domain": "a mail domain, without the person's name in it",
    "personal_key.wrapped": WRAPPED_KEY,
    "report.form": CODE,
    "report.language": CODE,
    "sign_in.id": "the hash of a random token; the token is with the browser alone",
    "sign_in.proved_by": CODE,
    "throttle.account": TOKEN,
    "view_tally.role": CODE,
    "view_tally.viewer": TOKEN,
    "workflow_definition.hash": VERSION,
    "workflow_definition.name": CODE,
    "workflow_definition.source": "a published definition, shown to everybody who works by it",
}


def columns():
    """Every column for words or bytes, as table.column. Closed vocabularies have their CHECK."""
    return {
        f"{table.name}.{column.name}": column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, String | LargeBinary) and not isinstance(column.type, Enum)
    }


@pytest.mark.parametrize("name", sorted(columns()))
def test_a_column_for_words_or_bytes_is_sealed_or_has_its_reason(name):
    assert (name in SEALED) != (name in CLEAR), "seal it, or say in CLEAR why it may stand in clear"


def test_the_inventory_lists_only_columns_that_exist():
    assert (SEALED | CLEAR.keys()) - columns().keys() == set()


def test_a_column_is_called_sealed_exactly_when_it_is():
    assert {name for name in columns() if name.endswith("_sealed")} == SEALED


@pytest.mark.parametrize("name", sorted(SEALED))
def test_a_sealed_column_holds_bytes_of_any_length(name):
    kind = columns()[name].type
    assert isinstance(kind, LargeBinary)
    assert kind.length is None


def test_no_foreign_key_deletes_or_changes_rows_by_itself():
    """A cascade removes rows behind the back of the ledger, and on SQLite while a table is rebuilt."""
    cascading = [
        f"{table.name}.{key.parent.name}"
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.ondelete or key.onupdate
    ]
    assert cascading == []


def test_no_foreign_key_leads_out_of_the_ledger():
    assert Base.metadata.tables["audit_entry"].foreign_keys == set()
