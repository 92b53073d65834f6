"""From people's words to categories."""

import itertools

import pytest

from app.domain.classification import ELSE, classify
from app.domain.vocabulary import Identifiability, Kind, Severity
from app.services.categories import load_cards, load_catalogue

CATALOGUE = load_catalogue()
CARDS = load_cards()

# The table of the specification: detail, main code and further ones, card.
DETAILS = {
    "patient.image": (("CONF-IMG",), "now-patient"),
    "patient.live": (("CONF-IMG",), "now-live"),
    "patient.wrong": (("CONF-PRIV",), "now-wrong"),
    "patient.app": (("GRP-CLINICAL",), "now-app"),
    "patient.reply": (("RET-REPLY",), "now-reply"),
    "patient.ai": (("GRP-CLINICAL",), "now-app"),
    "person.abuse": (("RSP-ABUSE",), "now-person"),
    "person.bully": (("RSP-BULLY",), "now-person"),
    "person.discrim": (("RSP-DISCRIM",), "now-person"),
    "person.sexual": (("RSP-SEXHAR",), "now-no-contact"),
    "person.untrue": (("RSP-DEFAM",), "now-legal"),
    "person.private": (("CONF-STAFF",), "now-colleague"),
    "person.employer": (("RSP-ORG",), "now-speak-up"),
    "tone.tone": (("TRU-TONE",), "now-keep"),
    "tone.opinion": (("TRU-OPINION",), "now-opinion"),
    "health.advice": (("PRX-ADVICE",), "now-advice"),
    "health.product": (("PRX-PROMO",), "now-declare"),
    "health.misleading": (("TRU-MISINFO",), "now-correct"),
    "contact.request": (("BND-CONTACT",), "now-contact"),
    "contact.sexual_patient": (("BND-SEX",), "now-sexual"),
    "contact.lookup_record": (("BND-LOOKUP",), "now-record"),
    "contact.lookup_online": (("BND-LOOKUP",), "now-record"),
    "money.paid": (("COI-UNDECL",), "now-declare"),
    "money.paid_medicine": (("COI-UNDECL", "PRX-PROMO"), "now-declare"),
    "group.wrote": (("GRP-OFFENSIVE",), "now-group"),
    "group.one_person": (("RSP-BULLY",), "now-group"),
    "group.present": (("GRP-PASSIVE",), "now-group"),
    "group.clinical": (("GRP-CLINICAL",), "now-app"),
    "account.noname": (("IDN-ANON",), "now-name"),
    "account.fake": (("IDN-IMPERS",), "now-fake"),
    "account.hacked": (("PRV-ACCOUNT", "IDN-IMPERS"), "now-hacked"),
    "account.lost": (("PRV-ACCOUNT",), "now-hacked"),
    "account.settings": (("PRV-SETTINGS",), "now-settings"),
    "victim.abuse": (("VIC-HARASS",), "now-target"),
    "victim.threat": (("CRM-THREAT", "VIC-HARASS"), "now-danger"),
    "crime.child": (("CRM-IMG",), "stop-image"),
    "crime.extreme": (("CRM-IMG",), "stop-image"),
    "crime.intimate": (("CRM-INTIMATE",), "stop-image"),
    "crime.threat": (("CRM-THREAT",), "now-danger"),
    "crime.selfharm": (("CRM-THREAT",), "now-danger"),
    "other": (("OTH",), "now-keep"),
}

DEFAULTS = {
    Severity.CRITICAL: ["CRM-IMG", "CRM-INTIMATE", "CRM-THREAT", "BND-SEX"],
    Severity.HIGH: [
        "CONF-IMG", "CONF-ID", "CONF-AGG", "CONF-PRIV", "RET-REPLY", "PRX-ADVICE", "RSP-SEXHAR", "RSP-DISCRIM",
        "RSP-BULLY", "GRP-OFFENSIVE", "PRV-ACCOUNT",
    ],
    Severity.MEDIUM: [
        "CONF-STAFF", "COI-UNDECL", "PRX-PROMO", "BND-LOOKUP", "TRU-MISINFO", "RSP-ABUSE", "RSP-DEFAM", "RSP-ORG",
        "GRP-PASSIVE", "GRP-CLINICAL", "IDN-IMPERS", "VIC-HARASS", "OTH",
    ],
    Severity.LOW: ["BND-CONTACT", "IDN-ANON", "PRV-SETTINGS", "TRU-TONE", "TRU-OPINION"],
}  # fmt: skip

PATIENT_WAYS = [code for code in CATALOGUE.details if code.startswith("patient.")]


def codes(detail: str, how: str | None = None, who: Identifiability = Identifiability.I0) -> tuple[str, ...]:
    return classify(CATALOGUE, detail=detail, patient_how=how, identifiability=who).codes


def test_every_detail_has_the_codes_and_card_of_the_table() -> None:
    table = {code: (one.codes, one.card) for code, one in CATALOGUE.details.items() if not one.codes_by}
    assert table == DETAILS


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (Identifiability.I0, "TRU-TONE"),
        (Identifiability.I1, "CONF-AGG"),
        (Identifiability.I2, "CONF-AGG"),
        (Identifiability.I3, "CONF-ID"),
    ],
)
def test_words_about_a_patient_are_filed_by_who_could_tell(who: Identifiability, code: str) -> None:
    assert codes("patient.words", who=who) == (code,)


def test_every_combination_of_answers_leads_to_a_category() -> None:
    hows = [None, *PATIENT_WAYS]
    for detail, how, who in itertools.product(CATALOGUE.details, hows, Identifiability):
        found = codes(detail, how, who)
        assert found, (detail, how, who)
        assert len(set(found)) == len(found), (detail, how, who)
        assert set(found) <= set(CATALOGUE.categories.by_code)


def test_nothing_answered_yet_is_something_else() -> None:
    assert classify(CATALOGUE, detail=None, patient_how=None, identifiability=Identifiability.I0).main == ELSE


def test_something_else_is_dropped_beside_any_other_code() -> None:
    assert codes("other", "patient.wrong", Identifiability.I3) == ("CONF-PRIV",)


def test_the_more_urgent_code_becomes_the_main_one() -> None:
    assert codes("tone.tone", "patient.words", Identifiability.I3) == ("CONF-ID", "TRU-TONE")


def test_codes_that_are_equally_urgent_follow_the_written_order() -> None:
    assert codes("person.bully", "patient.wrong", Identifiability.I2) == ("CONF-PRIV", "RSP-BULLY")


def test_two_ways_to_the_same_code_count_once() -> None:
    assert codes("group.clinical", "patient.app", Identifiability.I1) == ("GRP-CLINICAL",)


def test_a_picture_comes_after_a_threat() -> None:
    assert codes("victim.threat", "patient.image", Identifiability.I3)[0] == "CRM-THREAT"


def test_a_live_stream_comes_before_every_other_breach_of_confidence() -> None:
    found = classify(
        CATALOGUE, detail="health.advice", patient_how="patient.live", identifiability=Identifiability.I3
    )
    assert (found.main, found.is_live) == ("CONF-IMG", True)


def test_the_order_goes_from_the_most_to_the_least_urgent_and_ends_with_something_else() -> None:
    listed = [code for codes in DEFAULTS.values() for code in codes if code != "OTH"]
    assert list(CATALOGUE.categories.order) == [*listed, "OTH"]


def test_every_category_has_its_default_severity() -> None:
    defaults = {code: severity for severity, codes in DEFAULTS.items() for code in codes}
    assert {code: one.default for code, one in CATALOGUE.categories.by_code.items()} == defaults


def test_only_a_live_stream_of_a_patient_has_a_higher_default() -> None:
    raised = {
        c: one.default_live
        for c, one in CATALOGUE.categories.by_code.items()
        if one.default_live != one.default
    }
    assert raised == {"CONF-IMG": Severity.CRITICAL}


def test_no_two_categories_have_the_same_words() -> None:
    words = [one.words for one in CATALOGUE.categories.by_code.values()]
    assert len(set(words)) == len(words)


def test_the_list_of_platforms_is_complete_and_names_each_once() -> None:
    assert len(CATALOGUE.platforms) == 29
    assert {one.usual for one in CATALOGUE.platforms.values()} >= {"V0", "V1", "V2", "V3", "V4", "V5"}


def test_being_present_in_a_group_is_not_offered_in_a_concern() -> None:
    hidden = [code for code, one in CATALOGUE.details.items() if Kind.CONCERN not in one.shown]
    assert hidden == ["group.present"]


def test_a_concern_never_speaks_of_the_reporter_as_the_doer() -> None:
    spoken = [one.words.concern for one in CATALOGUE.details.values() if one.about != "other"]
    assert not [words for words in spoken if {"I", "my", "me"} & set(words.replace(",", "").split())]


def test_every_card_that_is_named_exists() -> None:
    named = {one.card for one in CATALOGUE.details.values()}
    named |= {one.card for one in CATALOGUE.categories.by_code.values()}
    assert named <= set(CARDS.by_code)


def test_no_card_has_more_than_five_steps() -> None:
    assert all(1 <= len(card.steps) <= 5 and len(card.concern) <= 5 for card in CARDS.by_code.values())


def test_a_card_without_steps_for_a_concern_gives_way_to_the_one_that_has_them() -> None:
    assert CARDS.spoken("now-app", "concern").code == "now-concern"


def test_a_statement_marked_as_unchecked_stays_marked() -> None:
    statement = CATALOGUE.categories["RSP-DEFAM"].statutory[0]
    assert statement.is_unchecked
