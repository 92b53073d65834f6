"""The files that forms are made of, and what is refused in them."""

import shutil
from pathlib import Path

import pytest

from app.domain.form import OptionSource, QuestionKind
from app.services.categories import load_cards, load_categories, load_platforms
from app.services.questionnaires import load_forms
from app.services.reference import REFERENCE, BrokenReference


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the reference data that a test may spoil."""
    return Path(shutil.copytree(REFERENCE, tmp_path / "reference"))


def spoil(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("questions/pages.toml", 'questions = ["risk_now"]', 'questions = ["risk_never"]', "no question"),
        ("questions/concern.toml", '"keep-away"', '"keep-near"', "no page"),
        ("questions/questions.toml", 'list = "harm"', 'list = "charm"', "no list"),
        ("questions/questions.toml", "limit = 10000", "limits = 10000", "questions.toml: .*limits"),
        ("questions/questions.toml", "limit = 10000", "", "lacks its limit"),
        ("questions/questions.toml", 'name.en = "the date you realised"', "", "lacks its limit or its name"),
        ("questions/pages.toml", '{ about = ["other"] }', '{ about = ["otter"] }', "about is never"),
        (
            "questions/pages.toml",
            '{ about = ["other"] }',
            '{ abuot = ["other"] }',
            "nobody is asked for abuot",
        ),
        ("questions/self_report.toml", '"tell", "check"', '"check", "tell"', "ends with the check"),
        ("questions/self_report.toml", '"tell", "check"', '"tell", "seen", "check"', "ends with the check"),
        ("questions/advice.toml", 'narrative = "happened"', 'narrative = "saw"', "narrative is not asked"),
        (
            "questions/details.toml",
            'codes = ["RSP-ABUSE"]',
            'codes = ["RSP-ABUSED"]',
            "person.abuse leads to",
        ),
        ("questions/details.toml", 'codes = ["RSP-ABUSE"]', "", "person.abuse leads to"),
        ("questions/details.toml", '"person.abuse"', '"persona.abuse"', "stands under nothing"),
        ("categories.toml", '"TRU-TONE", ', "", "does not name every category"),
        ("categories.toml", 'default = "HIGH"', 'default = "HUGE"', "HUGE"),
        ("platforms.toml", 'group = "tools"', 'group = "fools"', "no group"),
    ],
)
def test_files_that_do_not_fit_together_are_refused(
    folder: Path, name: str, old: str, new: str, complaint: str
) -> None:
    spoil(folder, name, old, new)
    with pytest.raises(BrokenReference, match=complaint):
        load_forms(folder=folder)


def test_an_order_that_names_an_unknown_card_is_refused(folder: Path) -> None:
    spoil(folder, "cards.toml", '"now-live"', '"now-dead"')
    with pytest.raises(BrokenReference, match="now-dead"):
        load_cards(folder=folder)


def test_a_language_that_a_text_lacks_falls_back_to_english(folder: Path) -> None:
    spoil(folder, "categories.toml", 'en = "Tone"', 'en = "Tone"\ncy = "Tôn"')
    categories = load_categories(language="cy", folder=folder)
    assert (categories["TRU-TONE"].words, categories["TRU-OPINION"].words) == ("Tôn", "Opinion")


def test_platforms_stand_in_named_groups() -> None:
    assert list(dict.fromkeys(one.group for one in load_platforms())) == [
        "Open social media",
        "Forums and reviews",
        "Messages",
        "Writing and media",
        "Tools",
        "Other",
    ]


def test_every_choice_has_something_to_choose_from() -> None:
    typed = {QuestionKind.TEXT, QuestionKind.TEXTAREA, QuestionKind.DATE, QuestionKind.TIME}
    for form in load_forms().values():
        for page in form.pages:
            for question in page.questions:
                assert question.kind in typed or question.options or question.source in set(OptionSource)


def test_an_optional_question_says_so_unless_it_hangs_on_another() -> None:
    for form in load_forms().values():
        for page in form.pages:
            for question in page.questions:
                assert question.required or question.label.endswith("(optional)"), question.code


def test_no_question_that_must_be_answered_says_that_it_is_optional() -> None:
    for form in load_forms().values():
        for page in form.pages:
            for question in page.questions:
                assert not (question.required and "(optional)" in question.label), question.code
