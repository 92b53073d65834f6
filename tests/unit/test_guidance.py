"""The library of guidance: which version applied when, and what never reaches a reader."""

from datetime import date
from pathlib import Path

import pytest

from app.domain.errors import NotFound
from app.domain.guidance import Guidance
from app.domain.vocabulary import Nation
from app.services.guidance import load_guidance
from app.services.reference import REFERENCE, BrokenReference

TOPICS = (
    "respect",
    "confidentiality",
    "boundaries",
    "health-advice",
    "name",
    "interests",
    "private-groups",
    "privacy-settings",
    "what-counts",
    "opinions",
)
PAGE = '+++\ntitle = "T"\ngroup = "topics"\norder = 1\nversion = "1"\nbanner = ""\nlast_checked = 2026-01-01\n+++\n'


@pytest.fixture(scope="module")
def library() -> Guidance:
    return load_guidance()


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    for name in ("support.toml", "mdos.toml"):
        (tmp_path / name).write_text((REFERENCE / name).read_text("utf-8"), "utf-8")
    (tmp_path / "guidance").mkdir()
    return tmp_path


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2013, 4, 22), "2013"),
        (date(2024, 1, 29), "2013"),
        (date(2024, 1, 30), "2024"),
        (date(2026, 4, 2), "2024"),
    ],
)
def test_the_version_of_the_day_of_the_post_applies(library, topic, day, version):
    assert library.for_day(topic, day) == library.page(f"{topic}-{version}")


def test_before_22_april_2013_there_was_no_guidance_just_for_social_media(library):
    assert library.for_day("respect", date(2013, 4, 21)) is None


def test_the_present_version_stands_in_while_no_date_is_known(library):
    assert library.for_day("respect", None) == library.page("respect-2024")


def test_a_topic_that_does_not_exist_is_not_found(library):
    with pytest.raises(NotFound):
        library.for_day("weather", date(2026, 1, 1))


def test_a_page_that_does_not_exist_is_not_found(library):
    with pytest.raises(NotFound):
        library.page("respect-1999")


@pytest.mark.parametrize("topic", TOPICS)
def test_each_version_of_a_topic_begins_with_what_it_asks(library, topic):
    assert all(page.body.startswith("## What it asks of you") for page in library.versions(topic))
    assert all(3 <= len(page.points) <= 5 for page in library.versions(topic))


def test_the_library_comes_in_its_own_order(library):
    ids = [page.id for page in library.group("after")]
    assert ids == ["first-steps", "what-may-happen", "talking-to-your-mdo"]


def test_no_mark_of_ours_reaches_a_reader(library):
    shown = " ".join(page.title + page.banner + page.body for page in library.pages.values())
    shown += " ".join(contact.who + contact.purpose + contact.how for contact in library.support.contacts)
    assert not [
        mark for mark in ("[check", "[GK]", "[proposal]", "{regulator}", "{mdo_lines}") if mark in shown
    ]


def test_what_is_still_to_be_checked_is_kept_for_administrators(library):
    waiting = {page.id for page, _what in library.to_check()}
    assert {"respect-2013", "confidentiality-2024", "what-may-happen"} <= waiting


def test_no_page_sends_a_doctor_to_the_patient(library):
    assert "**Do not contact the patient, and do not open their record" in library.page("first-steps").body


def test_a_page_with_a_mark_left_in_its_text_is_refused(reference):
    (reference / "guidance" / "slip.md").write_text(f"{PAGE}Something [check] more.", "utf-8")
    with pytest.raises(BrokenReference, match=r"slip\.md"):
        load_guidance(reference)


def test_a_page_with_an_unknown_key_is_refused(reference):
    (reference / "guidance" / "slip.md").write_text(PAGE.replace("order", "oder = 1\norder"), "utf-8")
    with pytest.raises(BrokenReference, match=r"slip\.md"):
        load_guidance(reference)


def test_the_strip_names_999_then_111_then_the_samaritans(library):
    assert [contact.number for contact in library.support.strip] == ["999", "111", "116 123"]


@pytest.mark.parametrize("nation", Nation)
def test_every_nation_has_somebody_to_turn_to_in_danger(library, nation):
    assert library.support.for_nation(nation)[0].how.startswith("Call 999")


def test_lifeline_is_for_northern_ireland_only(library):
    found = [
        nation for nation in Nation for one in library.support.for_nation(nation) if one.who == "Lifeline"
    ]
    assert found == [Nation.NORTHERN_IRELAND]
