"""What a form needs to know of the person who fills it in: where they work, whom they can tell, and when."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.config import INDEPENDENT
from app.domain.deadlines import local
from app.domain.form import Choice, Context
from app.domain.particulars import Answers, only
from app.domain.permissions import LEADERS
from app.domain.vocabulary import Nation, OrganisationType, Post
from app.queries import directory, organisations, people
from app.queries.organisations import OrganisationRow
from app.queries.people import DirectoryRow, MembershipRow
from app.services.previewing import soon_until
from app.web.access import current_actor, current_now, installation, signed_in
from app.web.words import words

PROFESSIONS: Mapping[Post, tuple[object, object]] = {
    Post.PHYSICIAN_ASSOCIATE: (_l("physician associate"), _l("a physician associate")),
    Post.ANAESTHESIA_ASSOCIATE: (_l("anaesthesia associate"), _l("an anaesthesia associate")),
}
DOCTOR = (_l("doctor"), _l("a doctor"))


def context_of(answers: Answers, *, found: Sequence[DirectoryRow] = ()) -> Context:
    """The circumstances of whoever asks. ``found`` are people that a search in the directory has shown."""
    held = people.memberships_of(_person_id(), on=local(current_now()).date())
    workplaces = _workplaces(held)
    place = workplace_of(answers, workplaces)
    organisation = organisations.by_id(place) if place else None
    mdos = open_mdos()
    return Context(
        now=current_now(),
        workplaces=workplaces,
        mdos=tuple(Choice(value=str(one.id), label=one.name) for one in mdos),
        people=_people(answers, place, found),
        is_mdo_lane_open=bool(mdos),
        leads_people=any(one.role in LEADERS for one in held),
        soon_until=soon_until(place, now=current_now()) if place and "answer_by" in answers else None,
        words=_words(held, organisation),
    )


def workplace_of(answers: Answers, workplaces: Sequence[Choice]) -> UUID | None:
    """The workplace that was chosen, or the only one there is."""
    chosen = only(answers, "workplace")
    if chosen in {one.value for one in workplaces}:
        return UUID(chosen)
    return UUID(workplaces[0].value) if len(workplaces) == 1 else None


def open_mdos() -> Sequence[OrganisationRow]:
    """The MDOs whose cases may be kept here: all of them, the one that runs the server, or none.

    None for somebody of whom only a workplace's mailbox has shown who they are: it would open what they ask.
    """
    if signed_in() and current_actor().is_proved_at_work:
        return []
    operator = installation().settings.operator
    return [one for one in organisations.mdos() if operator in {INDEPENDENT, one.code}]


def described(person: DirectoryRow) -> str:
    """A colleague as the list shows them: name, and what they work as."""
    return _("%(name)s, %(post)s", name=person.name, post=person.title or words(person.post))


def _person_id() -> UUID:
    person_id = current_actor().person_id
    if person_id is None:
        raise ValueError("question pages are for people")
    return person_id


def _workplaces(held: Iterable[MembershipRow]) -> tuple[Choice, ...]:
    """Each organisation once; an MDO is nobody's workplace here."""
    names = {
        str(one.organisation_id): one.organisation_name
        for one in held
        if one.organisation_type is not OrganisationType.MDO
    }
    return tuple(Choice(value=value, label=name) for value, name in names.items())


def _people(answers: Answers, place: UUID | None, found: Sequence[DirectoryRow]) -> tuple[Choice, ...]:
    """Those the search has shown, and the one chosen before."""
    chosen = _chosen(answers, place)
    listed = {one.person_id: one for one in [*found, *([chosen] if chosen else [])]}
    return tuple(Choice(value=str(one.person_id), label=described(one)) for one in listed.values())


def _chosen(answers: Answers, place: UUID | None) -> DirectoryRow | None:
    kept = only(answers, "subject_person")
    if not kept or place is None:
        return None
    return directory.person(place, UUID(kept), on=local(current_now()).date())


def _words(held: Sequence[MembershipRow], organisation: OrganisationRow | None) -> Mapping[str, str]:
    """What stands for the {names} in the texts of the forms."""
    profession, with_article = PROFESSIONS.get(_post(held), DOCTOR)
    return {
        "org": organisation.name if organisation else _("your organisation"),
        "regulator": _("the %(regulator)s", regulator=installation().guidance.regulator),
        "operator": installation().settings.operator_name,
        "profession": str(profession),
        "a_profession": str(with_article),
        "supervisor_role": _("The person who handles reports"),
        "on_call": (organisation.on_call_phone if organisation else "") or _("ask the switchboard"),
        "mental_health_line": _("Lifeline") if _is_northern(organisation) else _("111"),
    }


def _is_northern(organisation: OrganisationRow | None) -> bool:
    return organisation is not None and organisation.nation is Nation.NORTHERN_IRELAND


def _post(held: Iterable[MembershipRow]) -> Post:
    acting = current_actor().membership_id
    return next((one.post for one in held if one.id == acting), Post.UNKNOWN)
