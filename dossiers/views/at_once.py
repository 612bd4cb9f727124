"""Trả ngay nhiều hồ sơ: what is settled at once, a row for each person, one receipt of fees."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Role
from agencies.access import officer_required, scope_for, the_officer
from dossiers import idempotency
from dossiers.at_once_forms import AtOnceForm, AtOnceRow
from dossiers.models import Delivery, Dossier, FeeDue
from dossiers.opening import OpeningError
from dossiers.paperwork.wording import money_in_words
from dossiers.recording import ActDataError
from dossiers.services import closing, intake
from dossiers.views import offered, rows
from dossiers.views.processing import not_stored
from dossiers.workflow import IllegalTransitionError
from procedures.models import Procedure, ProcedureVersion

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from procedures.models import ProcedureQuerySet

at_the_desk = officer_required(Role.RECEPTIONIST)

# One token, one sheet: the body plays no part, for a sheet sent again means the same dossiers.
_ANY_BODY = idempotency.body_digest("at-once")


@not_stored
@at_the_desk
@require_http_methods(["GET", "HEAD", "POST"])
def desk_at_once(request: HttpRequest) -> HttpResponse:
    """Show the procedures that settle at once, then an empty sheet; a POST does its rows."""
    if request.method != "POST":
        code = request.GET.get("thu-tuc", "")
        return _sheet(request, code=code) if code else _choose(request)
    try:
        form = _form(request, request.POST)
    except OpeningError as error:
        messages.error(request, error.message)
        return redirect("desk-at-once")
    key = _key(form)
    if not key or request.POST.get("act") != "settle":
        # Enter without a script, another way of counting, more rows: nobody asked for an act.
        return _page(request, form)
    officer = the_officer(request)
    if idempotency.saved_answer(officer.user_id, key, _ANY_BODY) is not None:
        messages.info(request, _("Bảng này đã được ghi nhận; không có hồ sơ mới nào được tạo."))
        return redirect("desk-at-once-done", batch=form["batch"].value())
    if not form.is_valid():
        return _page(request, form, is_judged=True, status=422)
    faults: dict[int, list[str]] = {}

    def settle() -> dict[str, Any]:
        made = []
        for row in form.filled():
            done = _settle_row(form, row)
            if isinstance(done, Dossier):
                made.append(done.code)
            else:
                faults[row.number] = done
        if not made:
            raise _NothingDoneError
        return {"codes": made}

    try:
        answer = idempotency.once(officer.user_id, key, _ANY_BODY, settle)
    except _NothingDoneError:
        return _page(request, form, faults=faults, is_judged=True, status=422)
    if not faults:
        return redirect("desk-at-once-done", batch=form["batch"].value())
    return _again(request, form, faults, done=len(answer["codes"]))


class _NothingDoneError(Exception):
    """No row could be done: the sheet may be sent again under the same key."""


def _settle_row(form: AtOnceForm, row: AtOnceRow) -> Dossier | list[str]:
    """Log, settle and hand over one row, whole or not at all; return what is wrong with it."""
    if not row.is_valid():
        return row.faults()
    by = form.officer
    try:
        with transaction.atomic():
            logged = intake.register(form.submission(row), by=by)
            done = intake.settle_at_once(logged, by=by, signer=form.signer_chosen)
            if form.cleaned_data["returned"]:
                # They stand at the counter, their papers before the officer's eyes (T29).
                done = closing.return_result(done, by=by, proof=Delivery.Proof.IDENTITY)
            return done
    except ActDataError as error:
        return list(error.errors.values())
    except IllegalTransitionError:
        return [_("Bạn không giữ vai trò tiếp nhận ở cơ quan mình, hoặc thủ tục không trả ngay.")]


def _again(
    request: HttpRequest, form: AtOnceForm, faults: Mapping[int, list[str]], *, done: int
) -> HttpResponse:
    """Show the rows that were not done, for another try of the same batch."""
    data: Any = form.data
    read = data.copy()
    kept = [row for row in form.rows if row.number in faults]
    texts = {}
    for row in form.rows:
        for name in row.fields:
            read.pop(row.add_prefix(name), None)
    for number, row in enumerate(kept, start=1):
        for name in row.fields:
            read[f"d{number}-{name}"] = row.data.get(row.add_prefix(name), "")
        texts[number] = faults[row.number]
    read["token"] = AtOnceForm.new_token()
    messages.success(request, _("Đã xong %(count)s hồ sơ.") % {"count": done})
    return _page(request, _form(request, read), faults=texts, is_judged=True)


@not_stored
@at_the_desk
@require_POST
def desk_at_once_preview(request: HttpRequest) -> HttpResponse:
    """Answer what was typed so far with what each row costs; changes nothing.

    POST, for personal data have no place in an address. Without a script it is the whole page.
    """
    try:
        form = _form(request, request.POST)
    except OpeningError as error:
        messages.error(request, error.message)
        return redirect("desk-at-once")
    if not request.htmx:  # type: ignore[attr-defined]
        return _page(request, form)
    context = _context(form)
    context["is_new"] = request.POST.get("shown", "") != context["shown"]
    return render(request, "dossiers/desk/_at_once_preview.html", context)


@not_stored
@at_the_desk
@require_safe
def desk_at_once_done(request: HttpRequest, batch: str) -> HttpResponse:
    """Show what one batch made, as a sheet to print with the receipt's number."""
    officer = the_officer(request)
    codes = [
        code
        for answer in idempotency.answers_under(officer.user_id, f"{_PREFIX}{batch}:")
        for code in answer["codes"]
    ]
    dossiers = list(
        Dossier.objects.visible_to(scope_for(request))
        .filter(code__in=codes)
        .select_related("procedure")
        .prefetch_related(Prefetch("fees_due", FeeDue.objects.order_by("pk")))
        .order_by("pk")
    )
    if not dossiers:
        raise Http404
    fees = [fee for dossier in dossiers for fee in dossier.fees_due.all()]
    total = sum((fee.amount_vnd for fee in fees), start=Decimal(0))
    lines = [
        {
            "dossier": dossier,
            "url": rows.address(dossier),
            "amount": sum((fee.amount_vnd for fee in dossier.fees_due.all()), start=Decimal(0)),
        }
        for dossier in dossiers
    ]
    return render(
        request,
        "dossiers/desk/at_once_done.html",
        {
            "place": "desk",
            "tab": "at_once",
            "lines": lines,
            "procedure": dossiers[0].procedure,
            "total": total,
            "in_words": money_in_words(int(total)),
            "numbers": list(dict.fromkeys(f.receipt_number for f in fees if f.receipt_number)),
            "fee_names": list(dict.fromkeys(fee.name for fee in fees)),
            "at": dossiers[-1].settled_at,
            "taker": officer,
            "is_returned": all(dossier.returned_at for dossier in dossiers),
            "next_url": f"{reverse('desk-at-once')}?thu-tuc={dossiers[0].procedure.code}",
        },
    )


_PREFIX = "at-once:"


def _key(form: AtOnceForm) -> str:
    """Return the idempotency key of the sheet that was sent, empty when it bears none."""
    batch, token = (str(form[name].value() or "") for name in ("batch", "token"))
    key = f"{_PREFIX}{batch}:{token}"
    is_one = batch.isascii() and batch.replace("-", "").replace("_", "").isalnum()
    return key if is_one and token and token.isprintable() else ""


def _form(request: HttpRequest, data: Any = None, *, code: str = "") -> AtOnceForm:
    roles = the_officer(request).roles_in([the_officer(request).agency_id], timezone.localdate())
    return AtOnceForm(
        the_officer(request),
        data,
        code=code,
        now=timezone.now(),
        may_return=Role.RETURNER in roles,
    )


def _sheet(request: HttpRequest, *, code: str) -> HttpResponse:
    try:
        return _page(request, _form(request, code=code))
    except OpeningError as error:
        messages.error(request, error.message)
        return redirect("desk-at-once")


def _choose(request: HttpRequest) -> HttpResponse:
    """Show the procedures that settle at once, what this officer does most first."""
    officer, today = the_officer(request), timezone.localdate()
    typed = request.GET.get("q", "").strip()
    at_once = _settling_at_once(today)
    found = (
        offered.procedures_for(typed, officer, of=at_once)
        if typed
        else offered.most_used(officer, of=at_once)
    )
    if typed and len(found) == 1:
        return redirect(f"{reverse('desk-at-once')}?thu-tuc={found[0].code}")
    return render(
        request,
        "dossiers/desk/at_once_choose.html",
        {"place": "desk", "tab": "at_once", "q": typed, "found": found},
    )


def _settling_at_once(today: dt.date) -> ProcedureQuerySet:
    settling = ProcedureVersion.objects.filter(
        procedure=OuterRef("pk"), settles_at_once=True, is_interlinked=False
    )
    return Procedure.objects.offered_on(today).filter(Exists(settling))


def _page(
    request: HttpRequest,
    form: AtOnceForm,
    *,
    faults: Mapping[int, list[str]] | None = None,
    is_judged: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = _context(form, faults or {})
    context["is_judged"] = is_judged
    if not is_judged and (blank := next((row for row in form.rows if row.is_blank), None)):
        blank.fields["number_typed"].widget.attrs["autofocus"] = True
    return render(request, "dossiers/desk/at_once.html", context, status=status)


def _context(form: AtOnceForm, faults: Mapping[int, list[str]] | None = None) -> dict[str, Any]:
    tariff, today = form.tariff, timezone.localdate(form.now)
    filled = form.filled()
    return {
        "place": "desk",
        "tab": "at_once",
        "form": form,
        "version": form.chosen.version,
        "competent": form.chosen.competent_agency,
        "lines": [
            {
                "row": row,
                "due": None if row.is_blank else row.due(tariff),
                "warnings": [] if row.is_blank else row.warnings(today),
                "faults": (faults or {}).get(row.number, []),
            }
            for row in form.rows
        ],
        "count": len(filled),
        "total": form.total(),
        "shown": f"{form['fee'].value() or ''}|{'page' if form.is_by_page else 'each'}",
        "is_by_page": form.is_by_page,
        "swap": False,
        "is_judged": False,
    }
