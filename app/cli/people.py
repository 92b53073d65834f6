"""``flask people``: the first people of a real installation."""

import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from uuid import UUID

import click
from flask import current_app
from flask.cli import AppGroup

from app.domain.actors import Act, operator
from app.domain.deadlines import local
from app.domain.errors import InvalidInput
from app.domain.vocabulary import Nation, OrganisationType, Post, Role
from app.services import installing

group = AppGroup("people", help="Add people to an installation.")

PROBLEMS: Mapping[str, str] = {
    "code-format": "an organisation's code has 2 to 20 capital letters, digits and hyphens",
    "code-demonstration": "codes that begin with DEMO- belong to the demonstration",
    "code-taken": "there is an organisation with this code already",
    "name-missing": "a name has 1 to 200 characters on one line",
    "email-format": "an e-mail address looks like name@example.org",
    "gmc-format": "a GMC number has seven digits, with or without a C in front",
    "held": "this person holds this role there already",
    "invited": "this person has been invited to this role already",
    "excluded": "this person holds a role there that excludes this one",
    "not-here": "an organisation of this kind has no such role",
    "nobody": "nobody with this address handles cases at another body",
    "appointed": "this person is appointed there already",
}


KNOWN = "This person has an account already. They were invited by mail, and accept after signing in."


class BadInput(click.ClickException):
    """What was given cannot be used: one line, exit status 2."""

    exit_code = 2


@group.command("add")
@click.option("--organisation", required=True, metavar="CODE", help="The organisation, by its code.")
@click.option("--organisation-name", metavar="NAME", help="Makes the organisation, where it is new.")
@click.option(
    "--type",
    "type_",
    type=click.Choice([one.value for one in OrganisationType]),
    help="What kind of body it is.",
)
@click.option("--nation", type=click.Choice([one.value for one in Nation]), help="Whose holidays it keeps.")
@click.option("--name", required=True, help="The person's full name.")
@click.option("--email", required=True, help="The person's own address; it is how they sign in.")
@click.option("--gmc-number", help="Seven digits, where they have one.")
@click.option(
    "--role",
    type=click.Choice([one.value for one in Role]),
    default=Role.ADMINISTRATOR.value,
    show_default=True,
)
@click.option(
    "--post", type=click.Choice([one.value for one in Post]), default=Post.UNKNOWN.value, show_default=True
)
@click.option("--title", default="", help="As colleagues know them.")
def add(
    organisation: str,
    organisation_name: str | None,
    type_: str | None,
    nation: str | None,
    **person: str | None,
) -> None:
    """Adds a person with a role and prints a code, which works once, for 30 minutes.

    With the code the person sets a password under "I have a code" on the sign-in page. For somebody who has an
    account already no code is printed: they are invited by mail, and accept the role after signing in. The organisation is made where it is new:
    give its name, type and nation too.

    Example: flask people add --organisation LARK --organisation-name "Larkfield Hospitals" --type acute_trust
    --nation england --name "Robin Example" --email robin@example.org
    """
    installing.prepare_new()
    act = _act()
    with _one_line():
        organisation_id = _organisation(organisation, (organisation_name, type_, nation), act=act)
        click.echo(_added(person, organisation_id, act=act))


@group.command("appoint")
@click.option("--organisation", required=True, metavar="CODE", help="The organisation, by its code.")
@click.option(
    "--capacity",
    required=True,
    type=click.Choice([Role.OUTSIDE_REVIEWER.value, Role.RESPONSIBLE_OFFICER.value, Role.DEAN.value]),
    help="What they do there.",
)
@click.option("--email", required=True, help="The address of somebody who handles cases at another body.")
def appoint(organisation: str, capacity: str, email: str) -> None:
    """Appoints somebody of another body: the outside reviewer, an alternative responsible officer, a dean.

    They act in it from today, with the account that they have. Ask them first.
    """
    from app.queries import organisations
    from app.services import organisations as organising

    known = organisations.by_code(organisation)
    if known is None:
        raise BadInput(f"there is no organisation {organisation}")
    with _one_line():
        organising.appoint(known.id, Role(capacity), email=email, act=_act())


def _act() -> Act:
    return Act(actor=operator(getpass.getuser()), now=current_app.extensions["candour"].clock())


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except InvalidInput as error:
        raise BadInput(f"{error.field}: {PROBLEMS.get(error.code, error.code)}") from error


def _organisation(code: str, about: tuple[str | None, str | None, str | None], *, act: Act) -> UUID:
    """The organisation with this code, made where it is new and everything is known about it."""
    from app.queries import organisations
    from app.services.organisations import NewOrganisation, add_organisation

    known = organisations.by_code(code)
    if known is not None:
        return known.id
    name, type_, nation = about
    if not (name and type_ and nation):
        raise BadInput(
            f"there is no organisation {code}: give --organisation-name, --type and --nation to make it"
        )
    made = NewOrganisation(code=code, name=name, type=OrganisationType(type_), nation=Nation(nation))
    return add_organisation(made, act=act)


def _added(person: Mapping[str, str | None], organisation_id: UUID, *, act: Act) -> str:
    from app.services.accounts import code_text
    from app.services.invitations import enrol
    from app.services.people import Newcomer

    newcomer = Newcomer(
        name=person["name"] or "",
        email=person["email"] or "",
        gmc_number=person["gmc_number"],
        role=Role(str(person["role"])),
        post=Post(str(person["post"])),
        title=person["title"] or "",
        starts_on=_today(act),
    )
    code_id = enrol(newcomer, organisation_id=organisation_id, act=act)
    return code_text(code_id) if code_id else KNOWN


def _today(act: Act) -> date:
    return local(act.now).date()
