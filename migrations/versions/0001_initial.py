"""The first schema: organisations and people, cases and clocks, the ledger, keys, mail and sign-ins.

Revision ID: 0001_initial
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001_initial"
down_revision = None
branch_labels = None
depends_on = None

POSTGRESQL_REFUSAL = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$
"""
POSTGRESQL_TRIGGER = """
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""
# INSERT OR REPLACE would get round the first two, so an insert over an existing row is refused as well.
SQLITE_TRIGGERS = (
    ("audit_entry_no_update", "BEFORE UPDATE ON audit_entry", ""),
    ("audit_entry_no_delete", "BEFORE DELETE ON audit_entry", ""),
    (
        "audit_entry_no_replace",
        "BEFORE INSERT ON audit_entry",
        "WHEN EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.id OR rowid = NEW.rowid)",
    ),
)


def upgrade() -> None:
    create_tables()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL_REFUSAL)
        op.execute(POSTGRESQL_TRIGGER)
        return
    for name, when, condition in SQLITE_TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} {when} {condition} "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        )


def create_tables() -> None:
    op.create_table(
        "audit_alias",
        sa.Column("alias", sa.Uuid(), nullable=False),
        sa.Column("log", sa.String(length=60), nullable=False),
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("token", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("alias", name=op.f("pk_audit_alias")),
        sa.UniqueConstraint("log", "scope", "token", name=op.f("uq_audit_alias_log_scope_token")),
    )
    op.create_table(
        "audit_detail",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("detail_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_detail")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("log", sa.String(length=60), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("case_seq", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(
        op.f("ix_audit_entry_case_id_audit_entry_case_seq"),
        "audit_entry",
        ["case_id", "case_seq"],
        unique=False,
    )
    op.create_index(op.f("ix_audit_entry_log_audit_entry_at"), "audit_entry", ["log", "at"], unique=False)
    op.create_table(
        "audit_sequence",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("next", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_audit_sequence")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "acute_trust",
                "community_trust",
                "health_board",
                "hsc_trust",
                "gp_practice",
                "agency",
                "mdo",
                name="organisationtype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "nation",
            sa.Enum(
                "england",
                "wales",
                "scotland",
                "northern-ireland",
                name="nation",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("window", sa.String(length=80), nullable=False),
        sa.Column("on_call_phone", sa.String(length=40), nullable=False),
        sa.Column("public_phone", sa.String(length=40), nullable=False),
        sa.Column("phone_hours", sa.String(length=200), nullable=False),
        sa.Column("mail_domains", sa.String(length=200), nullable=False),
        sa.Column("subscription_note", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("code", name=op.f("uq_organisation_code")),
    )
    op.create_table(
        "period_key",
        sa.Column("log", sa.String(length=60), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("master_version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log", "period", name=op.f("pk_period_key")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("private_email", sa.String(length=254), nullable=True),
        sa.Column("proved_domain", sa.String(length=254), nullable=False),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
        sa.UniqueConstraint("private_email", name=op.f("uq_person_private_email")),
    )
    op.create_table(
        "throttle",
        sa.Column("account", sa.LargeBinary(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_throttle")),
    )
    op.create_table(
        "view_tally",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("viewer", sa.LargeBinary(length=16), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "viewer", name=op.f("pk_view_tally")),
    )
    op.create_index(op.f("ix_view_tally_first_at"), "view_tally", ["first_at"], unique=False)
    op.create_table(
        "workflow_definition",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_workflow_definition")),
    )
    op.create_table(
        "account_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "invitation",
                "reset",
                "address",
                name="codepurpose",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_code_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_code")),
    )
    op.create_index(op.f("ix_account_code_person_id"), "account_code", ["person_id"], unique=False)
    op.create_table(
        "closure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_closure_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closure")),
        sa.UniqueConstraint("organisation_id", "day", name=op.f("uq_closure_organisation_id_day")),
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(length=40), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("answers_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_draft_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )
    op.create_index(op.f("ix_draft_expires_at"), "draft", ["expires_at"], unique=False)
    op.create_index(op.f("ix_draft_person_id"), "draft", ["person_id"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("gmc_number", sa.String(length=7), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "member",
                "supervisor",
                "clinical_lead",
                "training_programme_director",
                "dean",
                "medical_director",
                "responsible_officer",
                "on_call_executive",
                "chief_executive",
                "chair",
                "guardian",
                "board_lead",
                "data_protection_officer",
                "siro",
                "caldicott_guardian",
                "information_governance_lead",
                "custodian",
                "outside_reviewer",
                "adviser",
                "adviser_lead",
                "records_officer",
                "administrator",
                "auditor",
                "board_reader",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "post",
            sa.Enum(
                "consultant",
                "specialty_doctor",
                "resident_doctor",
                "gp_partner",
                "gp_salaried",
                "gp_trainee",
                "locum",
                "physician_associate",
                "anaesthesia_associate",
                "nurse",
                "manager",
                "other",
                "unknown",
                name="post",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_invitation_organisation_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_invitation_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
    )
    op.create_index(op.f("ix_invitation_organisation_id"), "invitation", ["organisation_id"], unique=False)
    op.create_index(op.f("ix_invitation_person_id"), "invitation", ["person_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "member",
                "supervisor",
                "clinical_lead",
                "training_programme_director",
                "dean",
                "medical_director",
                "responsible_officer",
                "on_call_executive",
                "chief_executive",
                "chair",
                "guardian",
                "board_lead",
                "data_protection_officer",
                "siro",
                "caldicott_guardian",
                "information_governance_lead",
                "custodian",
                "outside_reviewer",
                "adviser",
                "adviser_lead",
                "records_officer",
                "administrator",
                "auditor",
                "board_reader",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "post",
            sa.Enum(
                "consultant",
                "specialty_doctor",
                "resident_doctor",
                "gp_partner",
                "gp_salaried",
                "gp_trainee",
                "locum",
                "physician_associate",
                "anaesthesia_associate",
                "nurse",
                "manager",
                "other",
                "unknown",
                name="post",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("gmc_number", sa.String(length=7), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("open_cases", sa.Integer(), nullable=False),
        sa.Column("last_assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("load_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_membership_organisation_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index(
        op.f("ix_membership_organisation_id_membership_role"),
        "membership",
        ["organisation_id", "role"],
        unique=False,
    )
    op.create_index(op.f("ix_membership_person_id"), "membership", ["person_id"], unique=False)
    op.create_table(
        "personal_key",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("master_version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_personal_key_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_personal_key")),
    )
    op.create_table(
        "relation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "supervised_by",
                "reports_to",
                "deputises_for",
                "related_to",
                name="relationkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_relation_organisation_id")
        ),
        sa.ForeignKeyConstraint(["other_id"], ["person.id"], name=op.f("fk_relation_other_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_relation_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relation")),
    )
    op.create_index(op.f("ix_relation_other_id"), "relation", ["other_id"], unique=False)
    op.create_index(op.f("ix_relation_person_id"), "relation", ["person_id"], unique=False)
    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "capacity",
            sa.Enum(
                "member",
                "supervisor",
                "clinical_lead",
                "training_programme_director",
                "dean",
                "medical_director",
                "responsible_officer",
                "on_call_executive",
                "chief_executive",
                "chair",
                "guardian",
                "board_lead",
                "data_protection_officer",
                "siro",
                "caldicott_guardian",
                "information_governance_lead",
                "custodian",
                "outside_reviewer",
                "adviser",
                "adviser_lead",
                "records_officer",
                "administrator",
                "auditor",
                "board_reader",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_appointment_membership_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_appointment_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    op.create_index(
        op.f("ix_appointment_organisation_id_appointment_capacity"),
        "appointment",
        ["organisation_id", "capacity"],
        unique=False,
    )
    op.create_table(
        "case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=13), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "self_report",
                "concern",
                "advice",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "identity",
            sa.Enum(
                "open",
                "confidential",
                "anonymous",
                name="reporteridentity",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("definition_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("also", sa.String(length=200), nullable=False),
        sa.Column(
            "severity",
            sa.Enum(
                "LOW",
                "MEDIUM",
                "HIGH",
                "CRITICAL",
                name="severity",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("severity_reason", sa.String(length=200), nullable=False),
        sa.Column(
            "duty",
            sa.Enum(
                "MUST_ACT",
                "SHOULD_ACT",
                "MAY_DISCUSS",
                "NONE",
                name="duty",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "patient_data",
            sa.Enum(
                "yes",
                "no",
                "unsure",
                name="patientdata",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("is_risk_now", sa.Boolean(), nullable=False),
        sa.Column("is_subject_unresolved", sa.Boolean(), nullable=False),
        sa.Column("is_patient_told", sa.Boolean(), nullable=False),
        sa.Column(
            "owner_role",
            sa.Enum(
                "member",
                "supervisor",
                "clinical_lead",
                "training_programme_director",
                "dean",
                "medical_director",
                "responsible_officer",
                "on_call_executive",
                "chief_executive",
                "chair",
                "guardian",
                "board_lead",
                "data_protection_officer",
                "siro",
                "caldicott_guardian",
                "information_governance_lead",
                "custodian",
                "outside_reviewer",
                "adviser",
                "adviser_lead",
                "records_officer",
                "administrator",
                "auditor",
                "board_reader",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("owner_membership_id", sa.Uuid(), nullable=False),
        sa.Column(
            "escalated_to",
            sa.Enum(
                "member",
                "supervisor",
                "clinical_lead",
                "training_programme_director",
                "dean",
                "medical_director",
                "responsible_officer",
                "on_call_executive",
                "chief_executive",
                "chair",
                "guardian",
                "board_lead",
                "data_protection_officer",
                "siro",
                "caldicott_guardian",
                "information_governance_lead",
                "custodian",
                "outside_reviewer",
                "adviser",
                "adviser_lead",
                "records_officer",
                "administrator",
                "auditor",
                "board_reader",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("interim_measures", sa.String(length=20), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("triaged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "put_right",
                "advice",
                "learning",
                "other_process",
                "no_case",
                "not_pursued",
                "advised",
                "phone",
                "solicitor",
                "no_longer_needed",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_clock", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("submission_token", sa.LargeBinary(length=16), nullable=True),
        sa.Column("contact_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["definition_hash"], ["workflow_definition.hash"], name=op.f("fk_case_definition_hash")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_case_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_membership_id"], ["membership.id"], name=op.f("fk_case_owner_membership_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case")),
        sa.UniqueConstraint("organisation_id", "submission_token", name="uq_case_submission_token"),
        sa.UniqueConstraint("reference", name=op.f("uq_case_reference")),
    )
    op.create_index(
        "ix_case_open_by_due",
        "case",
        ["organisation_id", "next_due_at", "id"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "sign_in",
        sa.Column("id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("proved_by", sa.String(length=20), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_sign_in_membership_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_in_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
    )
    op.create_index(op.f("ix_sign_in_person_id"), "sign_in", ["person_id"], unique=False)
    op.create_table(
        "action_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("what_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("who_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_action_item_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_item")),
    )
    op.create_index(op.f("ix_action_item_case_id"), "action_item", ["case_id"], unique=False)
    op.create_table(
        "case_exclusion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.LargeBinary(length=16), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_exclusion_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_exclusion")),
        sa.UniqueConstraint("case_id", "token", name=op.f("uq_case_exclusion_case_id_token")),
    )
    op.create_table(
        "case_handler",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column(
            "capacity",
            sa.Enum(
                "member",
                "supervisor",
                "clinical_lead",
                "training_programme_director",
                "dean",
                "medical_director",
                "responsible_officer",
                "on_call_executive",
                "chief_executive",
                "chair",
                "guardian",
                "board_lead",
                "data_protection_officer",
                "siro",
                "caldicott_guardian",
                "information_governance_lead",
                "custodian",
                "outside_reviewer",
                "adviser",
                "adviser_lead",
                "records_officer",
                "administrator",
                "auditor",
                "board_reader",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outside_organisation_id", sa.Uuid(), nullable=True),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_handler_case_id")),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_case_handler_membership_id")
        ),
        sa.ForeignKeyConstraint(
            ["outside_organisation_id"],
            ["organisation.id"],
            name=op.f("fk_case_handler_outside_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_case_handler_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_handler")),
    )
    op.create_index(op.f("ix_case_handler_case_id"), "case_handler", ["case_id"], unique=False)
    op.create_index(
        "ix_case_handler_ended",
        "case_handler",
        ["membership_id", "until_at"],
        unique=False,
        sqlite_where=sa.text("until_at IS NOT NULL"),
        postgresql_where=sa.text("until_at IS NOT NULL"),
    )
    op.create_index(
        "ix_case_handler_open_by_due",
        "case_handler",
        ["membership_id", "next_due_at", "case_id"],
        unique=False,
        sqlite_where=sa.text("until_at IS NULL"),
        postgresql_where=sa.text("until_at IS NULL"),
    )
    op.create_index(
        "ix_case_handler_outside",
        "case_handler",
        ["membership_id", "outside_organisation_id"],
        unique=False,
        sqlite_where=sa.text("outside_organisation_id IS NOT NULL"),
        postgresql_where=sa.text("outside_organisation_id IS NOT NULL"),
    )
    op.create_table(
        "case_key",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("master_version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_key_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_key")),
    )
    op.create_table(
        "case_party",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "subject",
                "reporter",
                "witness",
                "other_party",
                name="partyrole",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("token", sa.LargeBinary(length=16), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_party_case_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_case_party_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_party")),
    )
    op.create_index(
        op.f("ix_case_party_case_id_case_party_token_case_party_role"),
        "case_party",
        ["case_id", "token", "role"],
        unique=False,
    )
    op.create_index(
        op.f("ix_case_party_token_case_party_role"), "case_party", ["token", "role"], unique=False
    )
    op.create_table(
        "deadline",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("clock", sa.String(length=20), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column(
            "owed_by",
            sa.Enum(
                "member",
                "supervisor",
                "clinical_lead",
                "training_programme_director",
                "dean",
                "medical_director",
                "responsible_officer",
                "on_call_executive",
                "chief_executive",
                "chair",
                "guardian",
                "board_lead",
                "data_protection_officer",
                "siro",
                "caldicott_guardian",
                "information_governance_lead",
                "custodian",
                "outside_reviewer",
                "adviser",
                "adviser_lead",
                "records_officer",
                "administrator",
                "auditor",
                "board_reader",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("limit", sa.String(length=40), nullable=False),
        sa.Column("calendar_version", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fire_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "armed",
                "paused",
                "met",
                "missed",
                "fired",
                "cancelled",
                "set_aside",
                name="clockstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_deadline_case_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_deadline_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline")),
        sa.UniqueConstraint(
            "case_id", "clock", "generation", "rung", name=op.f("uq_deadline_case_id_clock_generation_rung")
        ),
    )
    op.create_index(
        "ix_deadline_armed",
        "deadline",
        ["fire_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'armed'"),
        postgresql_where=sa.text("state = 'armed'"),
    )
    op.create_table(
        "key_check",
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("value", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_key_check")),
    )
    op.create_table(
        "mail",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "needs_you",
                "news",
                "draft",
                "sign_in",
                "code",
                "invited",
                name="mailkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("membership_id", sa.Uuid(), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("is_private", sa.Boolean(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sent",
                "dropped",
                "dead",
                name="mailstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("last_error", sa.String(length=60), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_mail_case_id")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_mail_membership_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_mail_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
    )
    op.create_index(
        "ix_mail_dead",
        "mail",
        ["ended_at"],
        unique=False,
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "ix_mail_queued",
        "mail",
        ["next_attempt_at"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "acknowledgement",
                "message",
                "question",
                "answer",
                "addition",
                "note",
                "outcome",
                "learning",
                "reason",
                name="messagekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "author_role",
            sa.Enum(
                "member",
                "supervisor",
                "clinical_lead",
                "training_programme_director",
                "dean",
                "medical_director",
                "responsible_officer",
                "on_call_executive",
                "chief_executive",
                "chair",
                "guardian",
                "board_lead",
                "data_protection_officer",
                "siro",
                "caldicott_guardian",
                "information_governance_lead",
                "custodian",
                "outside_reviewer",
                "adviser",
                "adviser_lead",
                "records_officer",
                "administrator",
                "auditor",
                "board_reader",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("author_membership_id", sa.Uuid(), nullable=True),
        sa.Column("is_for_officer", sa.Boolean(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_membership_id"], ["membership.id"], name=op.f("fk_message_author_membership_id")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_message_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index(
        op.f("ix_message_case_id_message_sent_at"), "message", ["case_id", "sent_at"], unique=False
    )
    op.create_table(
        "pause",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("clock", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("restarts_with", sa.String(length=40), nullable=False),
        sa.Column(
            "paused_by",
            sa.Enum(
                "member",
                "supervisor",
                "clinical_lead",
                "training_programme_director",
                "dean",
                "medical_director",
                "responsible_officer",
                "on_call_executive",
                "chief_executive",
                "chair",
                "guardian",
                "board_lead",
                "data_protection_officer",
                "siro",
                "caldicott_guardian",
                "information_governance_lead",
                "custodian",
                "outside_reviewer",
                "adviser",
                "adviser_lead",
                "records_officer",
                "administrator",
                "auditor",
                "board_reader",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_pause_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
    )
    op.create_index(op.f("ix_pause_case_id"), "pause", ["case_id"], unique=False)
    op.create_table(
        "report",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column(
            "lane",
            sa.Enum(
                "employer",
                "mdo",
                "shared-by-copy",
                name="lane",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("form", sa.String(length=40), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("answers_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_report_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_report")),
    )
    op.create_table(
        "routing_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("explanation_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_routing_decision_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_decision")),
    )
    op.create_index(op.f("ix_routing_decision_case_id"), "routing_decision", ["case_id"], unique=False)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_entry_append_only ON audit_entry")
        op.execute("DROP FUNCTION refuse_change()")
    drop_tables()


def drop_tables() -> None:
    op.drop_index(op.f("ix_routing_decision_case_id"), table_name="routing_decision")
    op.drop_table("routing_decision")
    op.drop_table("report")
    op.drop_index(op.f("ix_pause_case_id"), table_name="pause")
    op.drop_table("pause")
    op.drop_index(op.f("ix_message_case_id_message_sent_at"), table_name="message")
    op.drop_table("message")
    op.drop_index(
        "ix_mail_dead",
        table_name="mail",
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.drop_index(
        "ix_mail_queued",
        table_name="mail",
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.drop_table("mail")
    op.drop_table("key_check")
    op.drop_index(
        "ix_deadline_armed",
        table_name="deadline",
        sqlite_where=sa.text("state = 'armed'"),
        postgresql_where=sa.text("state = 'armed'"),
    )
    op.drop_table("deadline")
    op.drop_index(op.f("ix_case_party_token_case_party_role"), table_name="case_party")
    op.drop_index(op.f("ix_case_party_case_id_case_party_token_case_party_role"), table_name="case_party")
    op.drop_table("case_party")
    op.drop_table("case_key")
    op.drop_index(
        "ix_case_handler_outside",
        table_name="case_handler",
        sqlite_where=sa.text("outside_organisation_id IS NOT NULL"),
        postgresql_where=sa.text("outside_organisation_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_case_handler_open_by_due",
        table_name="case_handler",
        sqlite_where=sa.text("until_at IS NULL"),
        postgresql_where=sa.text("until_at IS NULL"),
    )
    op.drop_index(
        "ix_case_handler_ended",
        table_name="case_handler",
        sqlite_where=sa.text("until_at IS NOT NULL"),
        postgresql_where=sa.text("until_at IS NOT NULL"),
    )
    op.drop_index(op.f("ix_case_handler_case_id"), table_name="case_handler")
    op.drop_table("case_handler")
    op.drop_table("case_exclusion")
    op.drop_index(op.f("ix_action_item_case_id"), table_name="action_item")
    op.drop_table("action_item")
    op.drop_index(op.f("ix_sign_in_person_id"), table_name="sign_in")
    op.drop_table("sign_in")
    op.drop_index(
        "ix_case_open_by_due",
        table_name="case",
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_table("case")
    op.drop_index(op.f("ix_appointment_organisation_id_appointment_capacity"), table_name="appointment")
    op.drop_table("appointment")
    op.drop_index(op.f("ix_relation_person_id"), table_name="relation")
    op.drop_index(op.f("ix_relation_other_id"), table_name="relation")
    op.drop_table("relation")
    op.drop_table("personal_key")
    op.drop_index(op.f("ix_membership_person_id"), table_name="membership")
    op.drop_index(op.f("ix_membership_organisation_id_membership_role"), table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_invitation_person_id"), table_name="invitation")
    op.drop_index(op.f("ix_invitation_organisation_id"), table_name="invitation")
    op.drop_table("invitation")
    op.drop_index(op.f("ix_draft_person_id"), table_name="draft")
    op.drop_index(op.f("ix_draft_expires_at"), table_name="draft")
    op.drop_table("draft")
    op.drop_table("closure")
    op.drop_index(op.f("ix_account_code_person_id"), table_name="account_code")
    op.drop_table("account_code")
    op.drop_table("workflow_definition")
    op.drop_index(op.f("ix_view_tally_first_at"), table_name="view_tally")
    op.drop_table("view_tally")
    op.drop_table("throttle")
    op.drop_table("person")
    op.drop_table("period_key")
    op.drop_table("organisation")
    op.drop_table("audit_sequence")
    op.drop_index(op.f("ix_audit_entry_log_audit_entry_at"), table_name="audit_entry")
    op.drop_index(op.f("ix_audit_entry_case_id_audit_entry_case_seq"), table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_table("audit_detail")
    op.drop_table("audit_alias")
