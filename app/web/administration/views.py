"""Pages of an organisation's administrators."""

from datetime import date
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.domain.deadlines import local
from app.domain.errors import NotFound
from app.domain.permissions import Permission, roles_in
from app.domain.vocabulary import Post, RelationKind, Role
from app.queries import organisations, people
from app.services import disclosure, invitations
from app.services import organisations as organising
from app.services import people as staffing
from app.web.access import current_act, current_actor, current_now, installation, requires
from app.web.administration.forms import (
    CLOSURE_REFUSALS,
    ENDING_REFUSALS,
    NEWCOMER_REFUSALS,
    REACHED_REFUSALS,
    RELATION_REFUSALS,
    RELATIONS,
    ClosureForm,
    EndingForm,
    NewcomerForm,
    ReachedForm,
    RelationForm,
)
from app.web.administration.unchecked import unchecked
from app.web.forms import Choice, choices_from

bp = Blueprint("administration", __name__)

MATCHES = 20


@bp.get("/people", endpoint="people")
@requires(Permission.PEOPLE_MANAGE)
def list_people() -> ResponseReturnValue:
    """Who has a role in this organisation, by name, and who was invited."""
    here, name = _here(), _searched()
    _note(name)
    rows = people.people_of(here, on=_today(), name=name, after=_uuid(request.args.get("after", "")))
    more = (
        url_for(".people", name=name or None, after=rows[people.PAGE - 1].id)
        if len(rows) > people.PAGE
        else None
    )
    return render_template(
        "administration/people.html",
        rows=rows[: people.PAGE],
        more=more,
        name=name,
        count=people.count_people(here, on=_today(), name=name),
        invitations=people.invitations_from(here, at=current_now()),
    )


@bp.route("/people/new", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def new_person() -> ResponseReturnValue:
    """Invites somebody to a role."""
    form = NewcomerForm()
    form.role.choices = choices_from(roles_in(_organisation().type), first=_("Choose a role"))
    if form.validate_on_submit():
        with form.refusals(NEWCOMER_REFUSALS):
            invitations.invite(_newcomer(form), organisation_id=_here(), act=current_act())
            flash(_("A code was sent. The role starts when the person accepts it."))
            return redirect(url_for(".people"))
    return render_template("administration/new-person.html", form=form)


def _newcomer(form: NewcomerForm) -> staffing.Newcomer:
    return staffing.Newcomer(
        name=form.name.data,
        email=form.email.data,
        gmc_number=form.gmc_number.data,
        role=Role(form.role.data),
        post=Post(form.post.data),
        title=form.title.data,
        starts_on=form.starts_on.needed_day,
    )


@bp.get("/people/<uuid:membership_id>")
@requires(Permission.PEOPLE_MANAGE)
def person(membership_id: UUID) -> ResponseReturnValue:
    """One role of one person: its dates, and how the person stands to others."""
    member = _member(membership_id)
    return render_template(
        "administration/person.html",
        member=member,
        has_ended=member.ends_on is not None and member.ends_on < _today(),
        relations=people.relations_of(_here(), member.person_id, on=_today()),
        kinds=RELATIONS,
    )


@bp.route("/people/<uuid:membership_id>/end", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def end_membership(membership_id: UUID) -> ResponseReturnValue:
    """Ends a role, now or after a day."""
    member, form = _member(membership_id), EndingForm()
    if form.validate_on_submit():
        with form.refusals(ENDING_REFUSALS):
            staffing.end_membership(membership_id, last_on=form.last_day, act=current_act())
            flash(_("The end of the role of %(name)s is recorded.", name=member.name))
            return redirect(url_for(".people"))
    return render_template("administration/end.html", form=form, member=member)


@bp.post("/people/<uuid:membership_id>/code")
@requires(Permission.PEOPLE_MANAGE)
def start_reset(membership_id: UUID) -> ResponseReturnValue:
    """Has a code sent to the person's own address."""
    staffing.start_reset(membership_id, act=current_act())
    flash(_("A code was sent to the person’s own address."))
    return redirect(url_for(".person", membership_id=membership_id))


@bp.route("/people/<uuid:membership_id>/relations/new", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def new_relation(membership_id: UUID) -> ResponseReturnValue:
    """Records how a person stands to somebody else here: first a search, then the choice."""
    member, form, name = _member(membership_id), RelationForm(), _searched()
    _note(name)
    form.other.choices = _matches(name, besides=member.person_id)
    if form.validate_on_submit():
        with form.refusals(RELATION_REFUSALS):
            staffing.declare_relation(
                membership_id,
                UUID(form.other.data),
                kind=RelationKind(form.kind.data),
                starts_on=form.starts_on.needed_day,
                ends_on=form.ends_on.day,
                act=current_act(),
            )
            flash(_("This is recorded."))
            return redirect(url_for(".person", membership_id=membership_id))
    return render_template("administration/new-relation.html", form=form, member=member, name=name)


def _matches(name: str, *, besides: UUID) -> list[Choice]:
    """People whose name was searched for; none before a search."""
    rows = people.people_of(_here(), on=_today(), name=name) if name else []
    others = [row for row in rows if row.person_id != besides][:MATCHES]
    return [Choice(value=str(row.id), label=", ".join(filter(None, (row.name, row.title)))) for row in others]


@bp.post("/people/<uuid:membership_id>/relations/<uuid:relation_id>/end")
@requires(Permission.PEOPLE_MANAGE)
def end_relation(membership_id: UUID, relation_id: UUID) -> ResponseReturnValue:
    """Ends how two people stood to each other."""
    staffing.end_relation(relation_id, act=current_act())
    flash(_("This has ended."))
    return redirect(url_for(".person", membership_id=membership_id))


@bp.post("/people/invitations/<uuid:invitation_id>/withdraw")
@requires(Permission.PEOPLE_MANAGE)
def withdraw_invitation(invitation_id: UUID) -> ResponseReturnValue:
    """Takes back an offer that nobody has accepted."""
    invitations.withdraw(invitation_id, act=current_act())
    flash(_("The invitation was withdrawn."))
    return redirect(url_for(".people"))


@bp.route("/organisation", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def organisation() -> ResponseReturnValue:
    """The organisation, the days on which it is closed, and what is still to be checked."""
    form = ClosureForm()
    if form.validate_on_submit():
        with form.refusals(CLOSURE_REFUSALS):
            organising.add_closure(_here(), form.day.needed_day, name=form.name.data, act=current_act())
            flash(_("The closure was added."))
            return redirect(url_for(".organisation"))
    return render_template(
        "administration/organisation.html",
        form=form,
        organisation=_organisation(),
        closures=organisations.closures_of(_here(), after=_today()),
        to_check=list(unchecked(installation())),
    )


@bp.route("/organisation/change", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE)
def change_organisation() -> ResponseReturnValue:
    """Changes how the organisation is reached, and when it works."""
    organisation = _organisation()
    form = ReachedForm(obj=organisation)
    if form.validate_on_submit():
        with form.refusals(REACHED_REFUSALS):
            organising.change(_here(), form.reached, act=current_act())
            flash(_("This is saved."))
            return redirect(url_for(".organisation"))
    return render_template("administration/change-organisation.html", form=form, organisation=organisation)


@bp.post("/organisation/closures/<uuid:closure_id>/remove")
@requires(Permission.PEOPLE_MANAGE)
def remove_closure(closure_id: UUID) -> ResponseReturnValue:
    """Opens the organisation again on a day to come."""
    organising.remove_closure(closure_id, act=current_act())
    flash(_("The closure was removed."))
    return redirect(url_for(".organisation"))


def _here() -> UUID:
    """The organisation that the administrator of this request acts in."""
    organisation_id = current_actor().organisation_id
    if organisation_id is None:
        raise NotFound("no organisation")
    return organisation_id


def _organisation() -> organisations.OrganisationRow:
    found = organisations.by_id(_here())
    if found is None:
        raise NotFound("no such organisation")
    return found


def _member(membership_id: UUID) -> people.StaffRow:
    """A membership of this organisation. Raises NotFound for any other."""
    found = people.staff_member(_here(), membership_id)
    if found is None:
        raise NotFound("no such membership here")
    return found


def _today() -> date:
    return local(current_now()).date()


def _searched() -> str:
    """The part of a name that was searched for, without what no name has."""
    return "".join(sign for sign in request.args.get("name", "")[:100] if sign.isprintable()).strip()


def _note(name: str) -> None:
    """A search is written down before it is answered; opening the list is none."""
    if name and request.method == "GET":
        disclosure.note_search(act=current_act())


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
