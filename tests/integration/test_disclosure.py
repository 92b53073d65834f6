"""Opening a case is recorded before anything is shown; if it cannot be, nothing is."""

import pytest
from sqlalchemy import text

from app.database import reader, transaction
from app.domain.errors import CannotRecord
from app.domain.vocabulary import Identifiability, PatientData, Role
from app.models.ledger import ViewTally
from app.services import disclosure
from tests.integration.handling import bare, count_of, entries, signed_in, tags, text_at


def patient_case(world):
    return world.self_report(
        category="CONF-ID", patient_data=PatientData.YES, identifiability=Identifiability.I3
    )


def opened(world, sent, who):
    with world.app.app_context():
        return disclosure.open_case(sent.reference, act=world.act(who))


def tallies(world):
    with world.app.app_context():
        return reader().query(ViewTally).all()


def test_opening_a_case_is_an_entry_that_says_who_in_which_role(world):
    sent = world.self_report()
    opened(world, sent, world.owner(sent))
    newest = entries(world, sent)[0]
    assert newest.tag == "case:view:opened"
    assert newest.detail["by"] == "clinical_lead"


def test_opening_again_within_five_minutes_only_counts(world):
    sent = world.self_report()
    for _ in range(3):
        opened(world, sent, world.owner(sent))
        world.clock.advance(minutes=1)
    assert tags(world, sent).count("case:view:opened") == 1
    assert [one.repeats for one in tallies(world)] == [2]


def test_the_tick_writes_repeats_down_once_with_their_count(world):
    sent = world.self_report()
    for _ in range(3):
        opened(world, sent, world.owner(sent))
    world.clock.advance(minutes=6)
    with world.app.app_context():
        assert disclosure.close_tallies(world.clock()) == 1
        assert disclosure.close_tallies(world.clock()) == 0
    newest = entries(world, sent)[0]
    assert (newest.tag, newest.detail["count"]) == ("case:view:repeated", 2)
    assert tallies(world) == []


def test_a_single_opening_leaves_no_second_entry(world):
    sent = world.self_report()
    opened(world, sent, world.owner(sent))
    world.clock.advance(minutes=6)
    with world.app.app_context():
        disclosure.close_tallies(world.clock())
    assert "case:view:repeated" not in tags(world, sent)


def test_a_tally_that_is_still_young_stays(world):
    sent = world.self_report()
    opened(world, sent, world.owner(sent))
    world.clock.advance(minutes=4)
    with world.app.app_context():
        assert disclosure.close_tallies(world.clock()) == 0


def test_opening_after_five_minutes_is_an_entry_of_its_own(world):
    sent = world.self_report()
    opened(world, sent, world.owner(sent))
    opened(world, sent, world.owner(sent))
    world.clock.advance(minutes=5)
    opened(world, sent, world.owner(sent))
    assert tags(world, sent)[-3:] == ["case:view:opened", "case:view:repeated", "case:view:opened"]


def test_two_people_who_open_it_are_two_entries(world):
    sent = world.self_report()
    opened(world, sent, world.owner(sent))
    opened(world, sent, world.holder(Role.RESPONSIBLE_OFFICER))
    assert tags(world, sent).count("case:view:opened") == 2


def test_opening_makes_nobodys_form_stale(world):
    sent = world.self_report()
    before = world.case(sent).version
    opened(world, sent, world.holder(Role.RESPONSIBLE_OFFICER))
    assert world.case(sent).version == before


def test_the_officers_first_opening_ends_the_wait_for_them(world):
    sent = patient_case(world)
    officer = world.holder(Role.DATA_PROTECTION_OFFICER)
    opened(world, sent, officer)
    assert tags(world, sent)[-2:] == ["case:view:opened", "case:deadline:met"]
    assert entries(world, sent)[0].detail["clock"] == "DPO"


def test_the_officers_later_openings_change_nothing(world):
    sent = patient_case(world)
    officer = world.holder(Role.DATA_PROTECTION_OFFICER)
    opened(world, sent, officer)
    version = world.case(sent).version
    world.clock.advance(minutes=10)
    opened(world, sent, officer)
    assert world.case(sent).version == version
    assert tags(world, sent).count("case:deadline:met") == 1


def test_the_owner_who_opens_it_does_not_end_the_wait_for_the_officer(world):
    sent = patient_case(world)
    opened(world, sent, world.owner(sent))
    assert "case:deadline:met" not in tags(world, sent)


@pytest.mark.engines(
    "sqlite"
)  # a trigger is the plainest way to make an insert fail, and says the same of both
def test_what_cannot_be_recorded_is_not_shown(client, world, canaries):
    sent = world.self_report(narrative=canaries.register("a story nobody may read now"))
    signed_in(client, world.owner(sent))
    with world.app.app_context(), transaction() as session:
        refuse = "CREATE TRIGGER no_more BEFORE INSERT ON audit_entry BEGIN SELECT RAISE(ABORT, 'no'); END"
        session.execute(text(refuse))
    answer = client.get(f"/cases/{sent.reference}")
    assert answer.status_code == 503
    assert "We cannot show this now" in answer.text
    assert "a story" not in answer.text
    with world.app.app_context(), transaction() as session:
        session.execute(text("DROP TRIGGER no_more"))


@pytest.mark.engines("sqlite")  # as above
def test_a_miss_that_cannot_be_recorded_is_an_error_too(world):
    with world.app.app_context(), transaction() as session:
        refuse = "CREATE TRIGGER no_more BEFORE INSERT ON audit_entry BEGIN SELECT RAISE(ABORT, 'no'); END"
        session.execute(text(refuse))
    act = world.act(world.holder(Role.MEDICAL_DIRECTOR))
    with world.app.app_context(), pytest.raises(CannotRecord):
        disclosure.find("C-0000-0000-0", act=act)


def test_who_has_seen_it_is_on_the_page(client, world):
    sent = world.self_report()
    officer = world.holder(Role.RESPONSIBLE_OFFICER)
    opened(world, sent, officer)
    signed_in(client, world.owner(sent))
    assert f"{officer.name} Responsible officer Today" in text_at(client, f"/cases/{sent.reference}")


def test_every_miss_looks_the_same_and_is_recorded(client, world):
    hidden, advice = world.self_report(), world.advice()
    typed = (hidden.reference, advice.reference, "nonsense", "%00", "C-" + "Z" * 400)
    signed_in(client, world.holder(Role.MEDICAL_DIRECTOR))
    client.get("/cases/C-0000-0000-0")  # from here on the browser has its cookie
    plain = client.get("/cases/C-0000-0000-0")
    for number, reference in enumerate(typed, start=3):
        answer = client.get(f"/cases/{reference}")
        assert (answer.status_code, bare(answer)) == (404, bare(plain))
        assert sorted(answer.headers.keys()) == sorted(plain.headers.keys())
        assert count_of(world, "case:lookup:missed") == number
