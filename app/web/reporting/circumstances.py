"""What a form needs to know of the person who fills it in: where they work, whom they can tell, and when."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.config import INDEPENDENT
from app.domain.deadlines import local
from app.domain.form import Choice, Context
from app.domain.particulars import Answers, only
from app.domain.permissions import LEADING
from app.domain.questionnaire import NO_WORKPLACE
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
    mdos = open_mdos()
    return Context(
        now=current_now(),
        workplaces=workplaces,
        mdos=tuple(Choice(value=str(one.id), label=one.name, hint=one.subscription_note) for one in mdos),
        people=_people(answers, place, found),
        is_mdo_lane_open=bool(mdos),
        leads_people=any(one.role in LEADING for one in held),
        soon_until=_soon_until(answers, place, mdos),
        words=_words(held, _employers(answers, place, workplaces)),
    )


def workplace_of(answers: Answers, workplaces: Sequence[Choice]) -> UUID | None:
    """The workplace that was chosen, or the only one there is."""
    chosen = only(answers, "workplace")
    if chosen in {one.value for one in workplaces}:
        return UUID(chosen)
    return UUID(workplaces[0].value) if len(workplaces) == 1 else None


def _soon_until(answers: Answers, place: UUID | None, mdos: Iterable[OrganisationRow]) -> date | None:
    """Where a date to answer by was given: the last day that is soon, at the workplace or else at the MDO."""
    asked = only(answers, "mdo")
    counting = place or next((one.id for one in mdos if str(one.id) == asked), None)
    return soon_until(counting, now=current_now()) if counting and "answer_by" in answers else None


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


def _employers(
    answers: Answers, place: UUID | None, workplaces: Iterable[Choice]
) -> Sequence[OrganisationRow]:
    """The workplace that it is about; each of them while that is open, and none if it is none of them."""
    if place:
        ids = [place]
    elif only(answers, "workplace") == NO_WORKPLACE:
        ids = []
    else:
        ids = [UUID(one.value) for one in workplaces]
    return [found for found in map(organisations.by_id, ids) if found]


def _words(held: Sequence[MembershipRow], employers: Sequence[OrganisationRow]) -> Mapping[str, str]:
    """What stands for the {names} in the texts of the forms."""
    profession, with_article = PROFESSIONS.get(_post(held), DOCTOR)
    return {
        "org": employers[0].name if len(employers) == 1 else _("your organisation"),
        "regulator": _("the %(regulator)s", regulator=installation().guidance.regulator),
        "operator": installation().settings.operator_name,
        "profession": str(profession),
        "a_profession": str(with_article),
        "supervisor_role": _("The person who handles reports"),
        "on_call": _on_call(employers),
        "mental_health_line": _mental_health_line(employers),
    }


def _on_call(employers: Sequence[OrganisationRow]) -> str:
    """Whom to phone at work, in whole sentences: there may be several workplaces, or no number."""
    if not employers:
        return _("At work, ask the switchboard for whoever is on call.")
    return " ".join(map(_number_of, employers))


def _number_of(employer: OrganisationRow) -> str:
    owner = possessive(employer.name)
    if employer.on_call_phone:
        return _("%(org)s on-call number: %(number)s.", org=owner, number=employer.on_call_phone)
    return _("Ask %(org)s switchboard for whoever is on call.", org=owner)


def possessive(name: str) -> str:
    """A name as the owner of something."""
    return f"{name}’" if name.endswith("s") else f"{name}’s"


def _mental_health_line(employers: Iterable[OrganisationRow]) -> str:
    match sorted({one.nation is Nation.NORTHERN_IRELAND for one in employers}):
        case [True]:
            return _("Lifeline")
        case [False, True]:
            return _("111 (in Northern Ireland: Lifeline)")
        case _:
            return _("111")


def _post(held: Iterable[MembershipRow]) -> Post:
    acting = current_actor().membership_id
    return next((one.post for one in held if one.id == acting), Post.UNKNOWN)
