"""Invented organisations and people, for demonstrations and for playing scenarios: a full cast each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app.domain.vocabulary import Nation, OrganisationType, Post, RelationKind, Role
from app.keychain import new_organisation_ring, new_personal_key
from app.models.organisation import Appointment, Organisation
from app.models.person import Membership, Person, Relation

LONG_AGO = date(2020, 1, 1)
GIVEN = (
    "Imogen", "Felix", "Odette", "Sunniva", "Rowan", "Linden", "Juniper", "Caspian", "Marigold", "Barnaby",
    "Clementine", "Dorian", "Elowen", "Fabian", "Ginevra", "Horatio", "Isolde", "Jolyon", "Keziah", "Lysander",
    "Mirabel", "Nicodemus", "Ottoline", "Peregrine", "Quilla", "Rosamund", "Septimus", "Tamsin", "Ulric", "Verity",
)  # fmt: skip
FAMILY = (
    "Tarn", "Oakapple", "Farrow", "Brack", "Ashgrove", "Marsh", "Vane", "Rook", "Pike", "Quillfeather",
    "Thistlewood", "Larkspur", "Pennyroyal", "Hollowell", "Bramblecombe", "Sallowfield", "Merrydew", "Nightjar",
    "Foxglove", "Winterbourne", "Hazelrigg", "Starling", "Greenfinch", "Copperwheat", "Dovetail", "Fernsby",
    "Mosscroft", "Rushbrook", "Silverlake",
)  # fmt: skip
CAST: tuple[tuple[Role, Post, str, int], ...] = (
    (Role.CLINICAL_LEAD, Post.CONSULTANT, "Clinical lead", 2),
    (Role.SUPERVISOR, Post.CONSULTANT, "Educational supervisor", 2),
    (Role.TRAINING_PROGRAMME_DIRECTOR, Post.CONSULTANT, "Training programme director", 1),
    (Role.MEDICAL_DIRECTOR, Post.CONSULTANT, "Medical director", 1),
    (Role.RESPONSIBLE_OFFICER, Post.CONSULTANT, "Responsible officer", 1),
    (Role.ON_CALL_EXECUTIVE, Post.MANAGER, "Executive on call", 1),
    (Role.CHIEF_EXECUTIVE, Post.MANAGER, "Chief executive", 1),
    (Role.CHAIR, Post.OTHER, "Chair", 1),
    (Role.GUARDIAN, Post.OTHER, "Speaking-up guardian", 1),
    (Role.BOARD_LEAD, Post.OTHER, "Board lead for speaking up", 1),
    (Role.DATA_PROTECTION_OFFICER, Post.MANAGER, "Data protection officer", 1),
    (Role.SIRO, Post.MANAGER, "Senior information risk owner", 1),
    (Role.CALDICOTT_GUARDIAN, Post.CONSULTANT, "Caldicott Guardian", 1),
    (Role.ADMINISTRATOR, Post.MANAGER, "Administrator", 1),
    (Role.AUDITOR, Post.OTHER, "Auditor", 1),
)
MDO_CAST: tuple[tuple[Role, Post, str, int], ...] = (
    (Role.ADVISER, Post.OTHER, "Medico-legal adviser", 2),
    (Role.ADVISER_LEAD, Post.OTHER, "Head of advice", 1),
    (Role.ADMINISTRATOR, Post.MANAGER, "Administrator", 1),
)
AGENCY_CAST: tuple[tuple[Role, Post, str, int], ...] = (
    (Role.RESPONSIBLE_OFFICER, Post.CONSULTANT, "Responsible officer of the agency", 1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Employed:
    """One person of the cast, in one role."""

    person_id: UUID
    membership_id: UUID
    organisation_id: UUID
    name: str
    email: str
    role: Role


@dataclass(slots=True)
class Stage:
    """Where a cast is put together; counts the people, so that every name and address is another one."""

    session: Session
    now: datetime
    people: int = 0
    employed: list[Employed] = field(default_factory=list)

    def found(
        self, kind: OrganisationType, nation: Nation, *, name: str, code: str, on_call: str = ""
    ) -> Organisation:
        """A new organisation, with everybody it needs."""
        organisation = Organisation(
            id=uuid4(), code=code, name=name, type=kind, nation=nation, on_call_phone=on_call
        )
        self.add(organisation)
        for role, post, title, number in _cast_of(kind):
            for _ in range(number):
                self.employ(organisation, role, post=post, title=title)
        return organisation

    def add(self, organisation: Organisation) -> None:
        """A new organisation without people, with its keyring."""
        self.session.add(organisation)
        self.session.flush()
        new_organisation_ring(self.session, organisation.id)

    def employ(self, organisation: Organisation, role: Role, *, post: Post, title: str = "") -> Employed:
        """A new person with one role."""
        name, email = self._next_name(doctor=post not in {Post.MANAGER, Post.OTHER, Post.NURSE})
        person = Person(
            id=uuid4(),
            name=name,
            email=email,
            email_verified_at=self.now,
            language="en",
        )
        self.session.add(person)
        self.session.flush()
        new_personal_key(self.session, person.id)
        number = f"{9_000_000 + self.people}"
        return self.appoint(person, organisation, role, post=post, title=title, gmc_number=number)

    def appoint(
        self,
        person: Person,
        organisation: Organisation,
        role: Role,
        *,
        post: Post,
        title: str = "",
        gmc_number: str | None = None,
    ) -> Employed:
        """A further role for somebody."""
        membership = Membership(
            id=uuid4(),
            person_id=person.id,
            organisation_id=organisation.id,
            role=role,
            post=post,
            name=person.name,
            gmc_number=gmc_number,
            title=title,
            starts_on=LONG_AGO,
        )
        self.session.add(membership)
        self.session.flush()
        employed = Employed(
            person_id=person.id,
            membership_id=membership.id,
            organisation_id=organisation.id,
            name=person.name,
            email=person.email,
            role=role,
        )
        self.employed.append(employed)
        return employed

    def lend(self, organisation: Organisation, capacity: Role, outsider: Employed) -> None:
        """Somebody of another body who acts here in one capacity."""
        self.session.add(
            Appointment(
                organisation_id=organisation.id,
                capacity=capacity,
                membership_id=outsider.membership_id,
                starts_on=LONG_AGO,
            )
        )
        self.session.flush()

    def relate(self, person: Employed, kind: RelationKind, other: Employed) -> None:
        """Records how one person stands to another."""
        self.session.add(
            Relation(
                organisation_id=person.organisation_id,
                person_id=person.person_id,
                other_id=other.person_id,
                kind=kind,
                starts_on=LONG_AGO,
            )
        )
        self.session.flush()

    def holders(self, organisation: Organisation, role: Role) -> Sequence[Employed]:
        """Those of the cast who hold a role in an organisation."""
        return [one for one in self.employed if one.organisation_id == organisation.id and one.role is role]

    def _next_name(self, *, doctor: bool) -> tuple[str, str]:
        number, self.people = self.people, self.people + 1
        given = GIVEN[number % len(GIVEN)]
        family = FAMILY[number % len(FAMILY)]
        again = number // (len(GIVEN) * len(FAMILY))
        address = f"{given}.{family}{again or ''}@example.org".lower()
        return f"{'Dr ' if doctor else ''}{given} {family}", address


def _cast_of(kind: OrganisationType) -> tuple[tuple[Role, Post, str, int], ...]:
    match kind:
        case OrganisationType.MDO:
            return MDO_CAST
        case OrganisationType.AGENCY:
            return AGENCY_CAST
        case _:
            return CAST
