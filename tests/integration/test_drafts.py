"""Reports that are not sent yet: kept from the first answer on, for their author alone, and forgotten in time."""

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.database import reader
from app.domain.errors import NotFound, StaleCase
from app.domain.vocabulary import Kind, Role
from app.models.draft import Draft
from app.models.mail import Mail, MailKind
from app.services import drafts
from tests.infrastructure.markup import Page
from tests.integration.reporter import Account, Reporter, draft_of, errors, links, shown_fields

PAGES = ("", "/risk-now", "/check", "/saved", "/delete", "/sent")


@pytest.fixture
def reporter(client, world):
    """A doctor who is signed in."""
    return Reporter(client, world, world.doctor())


def kept(world, who):
    with world.app.app_context():
        return reader().scalars(select(Draft).where(Draft.person_id == who.person_id)).all()


def test_a_draft_begins_with_the_first_answer(reporter, world):
    address = reporter.first("self-report")
    reporter.client.page(address)
    reporter.client.submit(address, {})
    assert kept(world, reporter.who) == []
    assert reporter.answers_in(draft_of(reporter.turn(address))) == {"risk_now": "no"}


@pytest.mark.parametrize(
    ("slug", "answers"),
    [
        ("advice", {}),
        ("self-report", {"tell": "mdo"}),
        ("self-report", {"tell": "both"}),
        ("self-report", {"tell": "supervisor", "done": ["told_mdo"]}),
    ],
)
def test_a_workplaces_mailbox_does_not_learn_who_means_to_ask_their_mdo(reporter, world, slug, answers):
    telling, other = reporter.draft(slug, **answers), reporter.draft(tell="supervisor", done=["kept_copy"])
    actor = world.actor(reporter.who)
    at_work = replace(actor, is_proved_at_work=True)
    with world.app.app_context():
        assert {one.id for one in drafts.own_drafts(actor=actor)} == {telling, other}
        assert {one.id for one in drafts.own_drafts(actor=at_work)} == {other}
        assert drafts.open_draft(telling, actor=actor).id == telling
        with pytest.raises(NotFound):
            drafts.open_draft(telling, actor=at_work)


def test_whoever_saves_is_told_for_how_long_and_who_can_open_it(reporter):
    draft_id = reporter.draft()
    answer = reporter.client.submit(f"/drafts/{draft_id}/seen", {"later": "yes"})
    shown = reporter.client.page(answer.location)
    assert "We have saved your answers" in shown.text()
    assert "No organisation can open them. We delete them on Thursday 7 May 2026." in shown.text()


def test_whoever_comes_back_later_need_not_answer_everything(reporter):
    draft_id = reporter.draft(visibility=None, still_live=None)
    answer = reporter.client.submit(f"/drafts/{draft_id}/seen", {"visibility": "V1", "later": "yes"})
    assert answer.location == f"/drafts/{draft_id}/saved"
    assert reporter.answers_in(draft_id)["visibility"] == "V1"
    assert "still_live" not in reporter.answers_in(draft_id)


def test_what_cannot_be_kept_is_not_lost_when_somebody_leaves(reporter):
    draft_id = reporter.draft()
    long = "x" * 10_001
    answer = reporter.client.submit(f"/drafts/{draft_id}/happened", {"happened": long, "later": "yes"})
    shown = Page.parse(answer.text)
    assert errors(shown) == ["What happened must be 10,000 characters or fewer. You have used 10,001"]
    assert shown_fields(shown)["happened"] == [long]


def test_a_draft_is_listed_with_its_form_its_date_and_its_answers(reporter):
    draft_id = reporter.keep("concern", {"risk_now": "no", "saw": "A post"})
    shown = reporter.client.page("/reports")
    assert "Raise a concern about a colleague" in shown.text()
    assert "Last changed Tuesday 7 April 2026, 2 answers" in shown.text()
    assert f"/drafts/{draft_id}" in links(shown)


def test_it_can_be_carried_on_from_another_device(reporter, world, another_client):
    draft_id = reporter.draft(harm=None)
    elsewhere = Reporter(another_client(), world, reporter.who)
    answer = elsewhere.client.get(f"/drafts/{draft_id}")
    assert answer.location == f"/drafts/{draft_id}/affected"
    assert shown_fields(elsewhere.client.page(answer.location))["patient"] == ["none"]


def test_a_finished_draft_is_carried_on_at_the_check(reporter):
    draft_id = reporter.draft()
    assert reporter.client.get(f"/drafts/{draft_id}").location == f"/drafts/{draft_id}/check"


def test_a_draft_is_deleted_only_after_it_was_confirmed(reporter, world):
    draft_id = reporter.draft()
    assert "It cannot be brought back." in reporter.client.page(f"/drafts/{draft_id}/delete").text()
    assert len(kept(world, reporter.who)) == 1
    reporter.client.submit(f"/drafts/{draft_id}/delete", {})
    assert kept(world, reporter.who) == []


def test_deleting_without_the_token_deletes_nothing(reporter, world):
    draft_id = reporter.draft()
    answer = reporter.client.submit(f"/drafts/{draft_id}/delete", {"csrf_token": "wrong"})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert len(kept(world, reporter.who)) == 1


@pytest.mark.parametrize("role", [Role.MEMBER, Role.CLINICAL_LEAD, Role.ADMINISTRATOR])
def test_a_draft_of_somebody_else_is_not_there(reporter, world, another_client, role):
    draft_id = reporter.draft()
    who = world.doctor() if role is Role.MEMBER else world.holder(role)
    stranger = Reporter(another_client(), world, who)
    mine = shown_fields(reporter.client.page(f"/drafts/{draft_id}/affected"))
    for page in PAGES:
        answers = [stranger.client.get(f"/drafts/{one}{page}") for one in (draft_id, uuid4())]
        assert {answer.status_code for answer in answers} == {HTTPStatus.NOT_FOUND}
        assert Page.parse(answers[0].text).text() == Page.parse(answers[1].text).text()
    token = stranger.client.page("/reports").forms()[0].fields["csrf_token"]
    for page in ("affected", "check", "delete"):
        answer = stranger.client.post(f"/drafts/{draft_id}/{page}", data={**mine, "csrf_token": token})
        assert answer.status_code == HTTPStatus.NOT_FOUND
    assert len(kept(world, reporter.who)) == 1


def test_answers_are_sealed_and_in_no_log(reporter, canaries):
    word = canaries.register("heliotrope-rash")
    draft_id = draft_of(reporter.turn(reporter.first("concern")))
    reporter.turn(f"/drafts/{draft_id}/saw", saw=f"I read of a {word}.")
    assert reporter.answers_in(draft_id)["saw"] == f"I read of a {word}."


def test_a_sealed_draft_opens_in_no_other_place(reporter, world):
    first, second = reporter.draft(), reporter.draft(harm="H2")
    rows = {row.id: row for row in kept(world, reporter.who)}
    assert rows[first].answers_sealed != rows[second].answers_sealed
    with world.app.app_context(), pytest.raises(NotFound):
        drafts.open_draft(first, actor=world.actor(world.doctor()))


def test_each_change_moves_the_day_on_which_it_is_forgotten(reporter, world, clock):
    draft_id = reporter.draft()
    clock.advance(days=10)
    reporter.client.sign_in(Account(reporter.who.email))
    reporter.turn(f"/drafts/{draft_id}/affected", harm="H2")
    assert kept(world, reporter.who)[0].expires_at == clock() + timedelta(days=30)


def test_a_draft_is_forgotten_after_thirty_days_and_its_author_is_warned(reporter, world, clock):
    reporter.draft()
    clock.advance(days=23, hours=12)
    with world.app.app_context():
        drafts.forget_expired(now=clock())
        assert reader().scalars(select(Mail.kind)).all() == [MailKind.DRAFT]
    clock.advance(days=7)
    with world.app.app_context():
        drafts.forget_expired(now=clock())
    assert kept(world, reporter.who) == []


def test_the_second_window_is_told_that_it_is_late(reporter, world):
    draft_id, act = reporter.draft(), world.act(reporter.who)
    with world.app.app_context():
        drafts.keep(draft_id, 1, answers={"risk_now": "no"}, act=act)
        with pytest.raises(StaleCase):
            drafts.keep(draft_id, 1, answers={"risk_now": "yes"}, act=act)
        assert drafts.open_draft(draft_id, actor=act.actor).answers == {"risk_now": "no"}


def test_a_draft_keeps_the_version_of_the_form_it_was_begun_with(reporter, world):
    act = world.act(reporter.who)
    with world.app.app_context():
        draft_id = drafts.start(Kind.CONCERN, form_version=7, answers={"risk_now": "no"}, act=act)
        drafts.keep(draft_id, 1, answers={"risk_now": "yes"}, act=act)
        assert drafts.open_draft(draft_id, actor=act.actor).form_version == 7
