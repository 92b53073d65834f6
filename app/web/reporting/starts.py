"""The pages that stand before each form: what it is for, and what nobody should expect of it."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.domain.vocabulary import Kind
from app.web.access import installation, public, signed_in
from app.web.reporting import bp
from app.web.reporting.circumstances import open_mdos
from app.web.reporting.desk import kind_of


@bp.get("/report/<form>")
@public
def start(form: str) -> ResponseReturnValue:
    """What a form is for. Where no MDO's cases may be kept, asking one means a phone call."""
    kind, mdos = kind_of(form), open_mdos()
    if kind is Kind.ADVICE and not mdos:
        return redirect(url_for("public.mdo_phone"))
    return render_template(
        f"reporting/start-{form}.html",
        form=installation().forms[kind],
        first=url_for(".first_question", form=form, page=installation().forms[kind].pages[0].code),
        operator=installation().settings.operator_name,
        mdos=installation().guidance.mdos,
        mdo_phones=mdos,
        is_signed_in=signed_in() is not None,
    )
