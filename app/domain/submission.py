"""From a finished form to what each room is sent. An answer is copied only into the rooms that may have it."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, replace
from datetime import date

from app.domain.duty import Decided, level
from app.domain.errors import InvalidInput, NotAllowed
from app.domain.form import Context, Form, Page, Question, QuestionKind
from app.domain.particulars import Answers, chosen, classified, only, read
from app.domain.questionnaire import ask_all, has_workplace, missing, prune
from app.domain.report import Answered, Holder, Particulars, Report, Reports, SubjectChoice
from app.domain.severity import suggest
from app.domain.vocabulary import Duty, Kind, Lane

ROOMS = {"supervisor": {Lane.EMPLOYER}, "mdo": {Lane.MDO}, "both": {Lane.EMPLOYER, Lane.MDO}}


def rooms(form: Form, answers: Answers) -> frozenset[Lane]:
    """The rooms that the form would be sent to: employer, mdo, or both; none before that is answered."""
    if form.kind is Kind.CONCERN:
        return frozenset({Lane.EMPLOYER})
    if form.kind is Kind.ADVICE:
        return frozenset({Lane.MDO})
    return frozenset(ROOMS.get(only(answers, "tell"), ()))


def to_reports(form: Form, answers: Answers, context: Context) -> Reports:
    """A finished form as the reports it makes; each is complete in itself and holds nothing of the other.

    InvalidInput where an answer is missing; NotAllowed where the MDO lane is not open here.
    """
    answers, _ = prune(form, answers, context)
    for problem in missing(form, answers, context):
        raise InvalidInput(problem.question, "missing")
    told = rooms(form, answers)
    _check_rooms(told, answers, context)
    finished = _Finished(form=form, answers=answers, context=context, pages=ask_all(form, answers, context))
    return Reports(
        employer=_for_employer(finished) if Lane.EMPLOYER in told else None,
        advice=_for_mdo(finished) if Lane.MDO in told else None,
    )


def _check_rooms(told: AbstractSet[Lane], answers: Answers, context: Context) -> None:
    if Lane.MDO in told and not context.is_mdo_lane_open:
        raise NotAllowed("an MDO's cases may not be kept here")
    if Lane.EMPLOYER in told and not has_workplace(answers, context):
        raise InvalidInput("workplace", "missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finished:
    """A form with nothing missing, and its pages as they were asked."""

    form: Form
    answers: Answers
    context: Context
    pages: tuple[Page, ...]


def duty_of(form: Form, answers: Answers, context: Context) -> Decided:
    """How far the reporter of a concern was bound to act, by what was answered so far."""
    return level(
        read(answers, form.catalogue, now=context.now),
        classified(answers, form.catalogue),
        risks=frozenset(chosen(answers, "risk")) if "risk" in answers else None,
        leads_people=context.leads_people,
    )


def _for_employer(done: _Finished) -> Report:
    """Nothing in it tells whether an MDO was asked: it is the same for "my supervisor" and for "both"."""
    answers, is_concern = done.answers, done.form.kind is Kind.CONCERN
    return replace(
        _report(done, room=Lane.EMPLOYER),
        kind=done.form.kind,
        duty=duty_of(done.form, answers, done.context).duty if is_concern else Duty.NONE,
        workplace=only(answers, "workplace") or None,
        subject=_subject(answers) if is_concern else None,
        wish_not_supervisor=bool(answers.get("not_supervisor") or answers.get("not_usual_supervisor")),
        keep_away=only(answers, "keep_away"),
        works_together=only(answers, "works_together") or None,
    )


def _for_mdo(done: _Finished) -> Report:
    by = only(done.answers, "answer_by")
    return replace(
        _report(done, room=Lane.MDO),
        tells_employer=Lane.EMPLOYER in rooms(done.form, done.answers),
        mdo=only(done.answers, "mdo"),
        membership_number=only(done.answers, "membership_number"),
        other_party=only(done.answers, "other_doctor"),
        answer_by=date.fromisoformat(by) if by else None,
    )


def _report(done: _Finished, *, room: Lane) -> Report:
    """What both copies have in the same way, made anew for each."""
    facts = _facts(done)
    found = classified(done.answers, done.form.catalogue)
    suggested = suggest(facts, category=done.form.catalogue.categories[found.main])
    return Report(
        **asdict(facts),
        kind=Kind.ADVICE,
        form_version=done.form.version,
        language=done.form.language,
        category=found.main,
        also=found.also,
        severity=suggested.severity,
        severity_reasons=suggested.because,
        duty=Duty.NONE,
        narrative=only(done.answers, done.form.narrative),
        answers=tuple(_answered(done, room=room)),
    )


def _facts(done: _Finished) -> Particulars:
    """Only the owner of a practice starts a clock by when they realised."""
    facts = read(done.answers, done.form.catalogue, now=done.context.now)
    return facts if facts.holder is Holder.OWN else replace(facts, realised_at=None)


def _subject(answers: Answers) -> SubjectChoice:
    return SubjectChoice(
        person_id=only(answers, "subject_person") or None,
        gmc_number=only(answers, "gmc_number") or None,
        name=only(answers, "subject_name"),
        job=only(answers, "subject_job"),
        place=only(answers, "subject_place"),
        relations=tuple(one for one in chosen(answers, "relations") if one != "none"),
        is_target=only(answers, "about") == "victim",
    )


def _answered(done: _Finished, *, room: Lane) -> Iterator[Answered]:
    for page in done.pages:
        for question in page.questions:
            copy = copied(question, done.answers, room=room, form=done.form)
            if copy:
                yield Answered(
                    question=question.code,
                    page=page.code,
                    version=done.form.version,
                    wording=question.label,
                    value=copy.value,
                    words=copy.words,
                    lane=room,
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """An answer as one room may have it."""

    value: str | tuple[str, ...]
    words: str


def copied(question: Question, answers: Answers, *, room: Lane, form: Form) -> Copied | None:
    """The answer to a question that ``ask`` made ready, as that room may have it; None where it may have nothing."""
    lane = question.lane or form.lane
    given = chosen(answers, question.code) if _may_enter(room, lane) else ()
    if not question.options:
        return Copied(value=given[0], words=given[0]) if given else None
    picked = [one for one in question.options if one.value in given and _may_enter(room, one.lane or lane)]
    if not picked:
        return None
    several = tuple(one.value for one in picked)
    words = "; ".join(one.label for one in picked)
    return Copied(value=several if question.kind is QuestionKind.CHECKBOXES else several[0], words=words)


def _may_enter(room: Lane, lane: Lane) -> bool:
    return lane in {room, Lane.SHARED_BY_COPY}
