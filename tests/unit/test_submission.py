"""What each room is sent, and what it must never hold."""

from datetime import UTC, date, datetime

import pytest

from app.domain.cards import act_now
from app.domain.errors import InvalidInput, NotAllowed
from app.domain.form import Form
from app.domain.report import Answered, Holder, Report, RiskNow
from app.domain.submission import rooms, to_reports
from app.domain.vocabulary import (
    Duty,
    Harm,
    Identifiability,
    Kind,
    Lane,
    PatientData,
    Severity,
    StillLive,
    Visibility,
)
from app.services.categories import load_cards
from tests.unit.filling import BRACKENDALE, FORMS, LARKFIELD, NOW, ONE_WORKPLACE, Answers, context, fill_in

SELF = FORMS[Kind.SELF_REPORT]
CONCERN = FORMS[Kind.CONCERN]
ADVICE = FORMS[Kind.ADVICE]
CARDS = load_cards()
PATIENT = {"about": "patient", "detail": "patient.words", "patient": "pieced"}


def employer(form: Form, /, **answers: str | list[str]) -> Report:
    report = to_reports(form, fill_in(form, **answers), ONE_WORKPLACE).employer
    assert report
    return report


def advice(form: Form, /, **answers: str | list[str]) -> Report:
    report = to_reports(form, fill_in(form, **answers), ONE_WORKPLACE).advice
    assert report
    return report


def answer(report: Report, question: str) -> Answered | None:
    return next((one for one in report.answers if one.question == question), None)


@pytest.mark.parametrize(
    ("tell", "told"),
    [
        ("supervisor", {Lane.EMPLOYER}),
        ("mdo", {Lane.MDO}),
        ("both", {Lane.EMPLOYER, Lane.MDO}),
    ],
)
def test_a_self_report_goes_only_to_the_rooms_that_were_chosen(tell: str, told: set[Lane]) -> None:
    filled = fill_in(SELF, tell=tell)
    made = to_reports(SELF, filled, ONE_WORKPLACE)
    assert rooms(SELF, filled) == told
    assert (bool(made.employer), bool(made.advice)) == (Lane.EMPLOYER in told, Lane.MDO in told)


def test_the_employers_copy_is_the_same_whether_or_not_the_mdo_was_asked() -> None:
    done = ["told_work", "told_mdo"]
    answers: Answers = {**PATIENT, "done": done, "membership_number": "HM-40417"}
    assert employer(SELF, **answers, tell="both") == employer(SELF, **answers, tell="supervisor")


def test_the_employers_copy_holds_no_word_of_the_mdo() -> None:
    report = employer(SELF, **PATIENT, tell="both", membership_number="HM-40417", done=["told_mdo", "sorry"])
    assert not {"tell", "mdo", "membership_number"} & {one.question for one in report.answers}
    assert (report.mdo, report.membership_number) == (None, "")
    assert "MDO" not in repr(report)
    assert "HM-40417" not in repr(report)


def test_having_spoken_to_the_mdo_goes_to_the_mdo_alone() -> None:
    done = ["told_mdo", "police"]
    in_employer = answer(employer(SELF, tell="both", done=done), "done")
    in_advice = answer(advice(SELF, tell="both", done=done), "done")
    assert in_employer
    assert in_advice
    assert (in_employer.value, in_advice.value) == (("police",), ("told_mdo", "police"))


def test_an_answer_of_which_nothing_may_be_copied_is_not_copied_at_all() -> None:
    assert answer(employer(SELF, done=["told_mdo"]), "done") is None


def test_the_wish_about_the_supervisor_stays_with_the_employer() -> None:
    answers: Answers = {"tell": "both", "not_usual_supervisor": ["yes"]}
    assert employer(SELF, **answers).wish_not_supervisor
    assert not advice(SELF, **answers).wish_not_supervisor
    assert answer(advice(SELF, **answers), "not_usual_supervisor") is None


def test_both_copies_carry_the_story_each_with_its_own_lane() -> None:
    copies = employer(SELF, tell="both"), advice(SELF, tell="both")
    assert [report.narrative for report in copies] == ["I posted a joke in poor taste."] * 2
    assert [{one.lane for one in report.answers} for report in copies] == [{Lane.EMPLOYER}, {Lane.MDO}]


def test_the_mdos_copy_says_whom_to_ask_and_opens_an_advice_case() -> None:
    report = advice(SELF, tell="both", membership_number="HM-40417")
    assert (report.kind, report.mdo, report.membership_number) == (Kind.ADVICE, "harbour", "HM-40417")


def test_the_mdos_copy_does_not_name_the_organisation_by_its_id() -> None:
    two = context(workplaces=(LARKFIELD, BRACKENDALE))
    made = to_reports(SELF, fill_in(SELF, two, tell="both"), two)
    assert made.employer
    assert made.advice
    assert made.employer.workplace == "larkfield"
    assert "larkfield" not in repr(made.advice)


def test_where_the_mdo_lane_is_closed_nothing_can_be_sent_into_it() -> None:
    closed = context(is_mdo_lane_open=False)
    with pytest.raises(NotAllowed):
        to_reports(SELF, fill_in(SELF, tell="mdo"), closed)


def test_an_unfinished_form_cannot_be_sent() -> None:
    filled = fill_in(SELF)
    del filled["harm"]
    with pytest.raises(InvalidInput) as refused:
        to_reports(SELF, filled, ONE_WORKPLACE)
    assert refused.value.field == "harm"


def test_somebody_without_a_workplace_here_cannot_raise_a_concern() -> None:
    with pytest.raises(InvalidInput):
        to_reports(CONCERN, fill_in(CONCERN), context(workplaces=()))


def test_an_answer_keeps_the_wording_that_was_asked() -> None:
    asked = answer(employer(SELF, about="account", detail="account.lost"), "visibility")
    assert asked == Answered(
        question="visibility",
        page="seen",
        version=1,
        wording="Who could see it, or get at it?",
        value="V4",
        words="Anyone (it was public)",
        lane=Lane.EMPLOYER,
    )


def test_answers_whose_trigger_was_undone_are_not_sent() -> None:
    stale = {**fill_in(SELF), "how_many": "over_100", "membership_number": "HM-40417"}
    made = to_reports(SELF, stale, ONE_WORKPLACE)
    assert made.employer
    assert answer(made.employer, "how_many") is None


def test_a_plain_self_report_carries_its_facts() -> None:
    report = employer(SELF)
    assert (report.kind, report.category, report.also) == (Kind.SELF_REPORT, "TRU-TONE", ())
    assert (report.severity, report.duty) == (Severity.LOW, Duty.NONE)
    assert (report.platform, report.posted_on) == ("x", date(2026, 4, 1))
    assert (report.visibility, report.harm, report.still_live) == (Visibility.V4, Harm.H1, StillLive.NO)
    assert (report.risk_now, report.subject) == (RiskNow.NO, None)


@pytest.mark.parametrize(
    ("patient", "identifiability", "data"),
    [
        ("none", Identifiability.I0, PatientData.NO),
        ("mentioned", Identifiability.I0, PatientData.NO),
        ("pieced", Identifiability.I1, PatientData.YES),
        ("insiders", Identifiability.I2, PatientData.YES),
        ("anyone", Identifiability.I3, PatientData.YES),
        ("unsure", Identifiability.I1, PatientData.UNSURE),
    ],
)
def test_who_could_recognise_the_patient_decides_about_patient_data(
    patient: str, identifiability: Identifiability, data: PatientData
) -> None:
    report = employer(SELF, patient=patient)
    assert (report.identifiability, report.patient_data) == (identifiability, data)


def test_harm_that_is_not_known_counts_as_none() -> None:
    report = employer(SELF, harm="unknown")
    assert report.harm is Harm.H0


def test_a_record_opened_without_reason_is_patient_data_though_nobody_asked() -> None:
    report = employer(SELF, about="contact", detail="contact.lookup_record")
    assert (report.identifiability, report.patient_data) == (Identifiability.I2, PatientData.YES)
    assert (report.visibility, report.still_live) == (Visibility.V0, StillLive.NO)


def test_an_illegal_picture_takes_the_usual_visibility_and_the_worst_harm() -> None:
    report = employer(CONCERN, about="crime", detail="crime.child", platform="whatsapp_group")
    assert (report.category, report.severity) == ("CRM-IMG", Severity.CRITICAL)
    assert (report.visibility, report.still_live, report.harm) == (Visibility.V1, StillLive.UNKNOWN, Harm.H4)
    assert report.patient_data is PatientData.NO


def test_a_patient_shown_beside_something_else_adds_a_category() -> None:
    report = employer(SELF, about="tone", patient="anyone", patient_how="patient.words")
    assert (report.category, report.also) == ("CONF-ID", ("TRU-TONE",))


def test_the_owner_of_a_practice_says_when_they_realised_in_utc() -> None:
    report = employer(SELF, **PATIENT, holder="own", realised_on="2026-04-02", realised_time="09:15")
    assert report.holder is Holder.OWN
    assert report.realised_at == datetime(2026, 4, 2, 8, 15, tzinfo=UTC)


def test_without_a_time_the_whole_day_counts() -> None:
    report = employer(SELF, **PATIENT, holder="own", realised_on="2026-04-02")
    assert report.realised_at == datetime(2026, 4, 1, 23, 0, tzinfo=UTC)


def test_nobody_realises_in_the_future() -> None:
    report = employer(SELF, **PATIENT, holder="own", realised_on="2026-04-02", realised_time="23:59")
    assert report.realised_at == NOW


@pytest.mark.parametrize("holder", ["here", "other_org", "unsure"])
def test_only_an_owners_realising_starts_a_clock(holder: str) -> None:
    assert employer(SELF, **PATIENT, holder=holder, holder_name="Elsewhere").realised_at is None


def test_risk_today_makes_the_report_critical() -> None:
    report = employer(SELF, risk_now="yes")
    assert (report.risk_now, report.severity) == (RiskNow.YES, Severity.CRITICAL)


def test_not_being_sure_of_risk_is_carried_but_raises_nothing() -> None:
    report = employer(SELF, risk_now="unsure")
    assert (report.risk_now, report.severity) == (RiskNow.UNSURE, Severity.LOW)


def test_a_recent_repeat_raises_a_concern_by_a_step() -> None:
    assert employer(CONCERN, before="recent").severity is Severity.MEDIUM


def test_an_older_repeat_does_not() -> None:
    assert employer(CONCERN, before="earlier").severity is Severity.LOW


def test_a_date_that_nobody_knows_is_none() -> None:
    filled = fill_in(CONCERN)
    del filled["posted_on"]
    made = to_reports(CONCERN, {**filled, "date_unknown": ["yes"]}, ONE_WORKPLACE)
    assert made.employer
    assert made.employer.posted_on is None


def test_the_subject_of_a_concern_is_the_person_that_was_found() -> None:
    subject = employer(CONCERN, subject="directory", relations=["my_supervisor", "clin_lead"]).subject
    assert subject
    assert (subject.person_id, subject.gmc_number, subject.name) == ("person-1", None, "")
    assert subject.relations == ("my_supervisor", "clin_lead")


def test_a_subject_nobody_can_name_stays_unnamed() -> None:
    subject = employer(
        CONCERN, subject="not_sure", subject_name="Dr Somebody", subject_place="Ward 4"
    ).subject
    assert subject
    assert (subject.person_id, subject.gmc_number) == (None, None)
    assert (subject.name, subject.place, subject.relations) == ("Dr Somebody", "Ward 4", ())


def test_somebody_who_is_targeted_is_not_the_subject() -> None:
    subject = employer(CONCERN, about="victim", detail="victim.abuse").subject
    assert subject
    assert subject.is_target


def test_a_concern_carries_whom_to_keep_away() -> None:
    report = employer(CONCERN, not_supervisor=["yes"], keep_away="Dr Two", works_together="yes")
    assert (report.wish_not_supervisor, report.keep_away, report.works_together) == (True, "Dr Two", "yes")


def test_advice_about_a_letter_has_no_post_to_speak_of() -> None:
    report = advice(ADVICE, role="letter", other_doctor="Dr Two", answer_by="2026-04-20")
    assert (report.platform, report.visibility, report.still_live) == (None, None, None)
    assert (report.category, report.duty) == ("OTH", Duty.NONE)
    assert (report.other_party, report.answer_by) == ("Dr Two", date(2026, 4, 20))


def test_an_adviser_sets_the_harm_that_was_not_asked_for() -> None:
    report = advice(ADVICE)
    assert report.harm is Harm.H0


# Act-now cards


def cards(form: Form, /, **answers: str | list[str]) -> tuple[str, ...]:
    return act_now(form, fill_in(form, **answers), ONE_WORKPLACE, cards=CARDS)


def test_there_is_no_card_before_there_is_a_reason() -> None:
    assert act_now(SELF, {}, ONE_WORKPLACE, cards=CARDS) == ()


def test_the_card_of_the_matter_is_shown() -> None:
    assert cards(SELF, about="money") == ("now-declare",)


def test_risk_today_comes_before_the_matter() -> None:
    assert cards(SELF, risk_now="yes", about="money") == ("now-danger", "now-declare")


def test_the_worst_harm_calls_for_help_first() -> None:
    assert cards(SELF, harm="H4")[0] == "now-danger"


def test_a_patient_who_may_be_recognised_comes_before_the_matter() -> None:
    assert cards(SELF, about="person", patient="unsure") == ("now-patient", "now-person")


def test_how_the_patient_was_shown_has_a_card_too() -> None:
    assert cards(SELF, patient="anyone", patient_how="patient.live")[0] == "now-live"


def test_a_picture_that_may_be_illegal_comes_before_everything() -> None:
    assert cards(SELF, risk_now="yes", about="crime", detail="crime.child")[0] == "stop-image"


@pytest.mark.parametrize("who", ["police", "press", "gmc"])
def test_police_press_and_gmc_mean_phone_first(who: str) -> None:
    assert cards(ADVICE, contacts=[who])[0] == "now-phone-mdo"


@pytest.mark.parametrize(("day", "soon"), [("2026-04-07", True), ("2026-04-08", False)])
def test_a_date_within_two_working_days_means_phone_first(day: str, *, soon: bool) -> None:
    given = context(soon_until=date(2026, 4, 7))
    found = act_now(ADVICE, fill_in(ADVICE, answer_by=day), given, cards=CARDS)
    assert ("now-phone-mdo" in found) is soon
