"""From a finished form to what each room is sent. An answer is copied only into the rooms that may have it."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import date

from app.domain.duty import Decided, level
from app.domain.errors import InvalidInput, NotAllowed
from app.domain.form import Context, Form, Option, Page, Question, QuestionKind
from app.domain.particulars import Answers, chosen, classified, only, read
from app.domain.questionnaire import ask, has_workplace, missing, prune, route
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
    if Lane.MDO in told and not context.is_mdo_lane_open:
        raise NotAllowed("an MDO's cases may not be kept here")
    if Lane.EMPLOYER in told and not has_workplace(answers, context):
        raise InvalidInput("workplace", "missing")
    return Reports(
        employer=_for_employer(form, answers, context) if Lane.EMPLOYER in told else None,
        advice=_for_mdo(form, answers, context) if Lane.MDO in told else None,
    )


def duty_of(form: Form, answers: Answers, context: Context) -> Decided:
    """How far the reporter of a concern was bound to act, by what was answered so far."""
    return level(
        read(answers, form.catalogue, now=context.now),
        classified(answers, form.catalogue),
        risks=frozenset(chosen(answers, "risk")) if "risk" in answers else None,
        leads_people=context.leads_people,
    )


def _for_employer(form: Form, answers: Answers, context: Context) -> Report:
    """Nothing in it tells whether an MDO was asked: it is the same for "my supervisor" and for "both"."""
    is_concern = form.kind is Kind.CONCERN
    return replace(
        _report(form, answers, context, room=Lane.EMPLOYER),
        kind=form.kind,
        duty=duty_of(form, answers, context).duty if is_concern else Duty.NONE,
        workplace=only(answers, "workplace") or None,
        subject=_subject(answers) if is_concern else None,
        wish_not_supervisor=bool(answers.get("not_supervisor") or answers.get("not_usual_supervisor")),
        keep_away=only(answers, "keep_away"),
        works_together=only(answers, "works_together") or None,
    )


def _for_mdo(form: Form, answers: Answers, context: Context) -> Report:
    by = only(answers, "answer_by")
    return replace(
        _report(form, answers, context, room=Lane.MDO),
        mdo=only(answers, "mdo"),
        membership_number=only(answers, "membership_number"),
        other_party=only(answers, "other_doctor"),
        answer_by=date.fromisoformat(by) if by else None,
    )


def _report(form: Form, answers: Answers, context: Context, *, room: Lane) -> Report:
    """What both copies have in the same way, made anew for each."""
    facts = _facts(form, answers, context)
    found = classified(answers, form.catalogue)
    suggested = suggest(facts, category=form.catalogue.categories[found.main])
    return Report(
        **asdict(facts),
        kind=Kind.ADVICE,
        form_version=form.version,
        language=form.language,
        category=found.main,
        also=found.also,
        severity=suggested.severity,
        severity_reasons=suggested.because,
        duty=Duty.NONE,
        narrative=only(answers, form.narrative),
        answers=tuple(_answered(form, answers, context, room=room)),
    )


def _facts(form: Form, answers: Answers, context: Context) -> Particulars:
    """Only the owner of a practice starts a clock by when they realised."""
    facts = read(answers, form.catalogue, now=context.now)
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


def _answered(form: Form, answers: Answers, context: Context, *, room: Lane) -> Iterator[Answered]:
    for page in route(form, answers, context):
        ready = ask(form, page.code, answers, context)
        for question in ready.questions:
            if question.code in answers and _may_enter(room, question.lane or form.lane):
                yield from _copy(question, ready, form, answers, room=room)


def _may_enter(room: Lane, lane: Lane) -> bool:
    return lane in {room, Lane.SHARED_BY_COPY}


def _copy(question: Question, page: Page, form: Form, answers: Answers, *, room: Lane) -> Iterator[Answered]:
    """The answer as this room may have it; nothing where every chosen option belongs to the other room."""
    given = chosen(answers, question.code)
    options = [one for one in question.options if one.value in given]
    if question.options:
        options = [one for one in options if _may_enter(room, one.lane or question.lane or form.lane)]
        given = tuple(one.value for one in options)
    if given:
        yield Answered(
            question=question.code,
            page=page.code,
            version=form.version,
            wording=question.label,
            value=given if question.kind is QuestionKind.CHECKBOXES else given[0],
            words=_words(options, given),
            lane=room,
        )


def _words(options: list[Option], given: tuple[str, ...]) -> str:
    return "; ".join(one.label for one in options) if options else given[0]
