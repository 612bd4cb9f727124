"""The reception desk: a new submission on one page, what waits for an answer, the receipt."""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import segno
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.personal_data import keyed_digest, normalise_number, unseal
from accounts.roles import Role
from accounts.templatetags.motcua import vn_datetime
from agencies.access import officer_required, scope_for, the_officer
from agencies.calendars import calendar_of
from dossiers import drafts, idempotency, pages
from dossiers.deadlines import LimitError
from dossiers.forms import SubmissionForm, limit_words, owner_warnings, probable_duplicates
from dossiers.models import Dossier, ReadingWay
from dossiers.paperwork.contents import qr_text
from dossiers.readings import note_reading
from dossiers.recording import ActDataError, StaleVersionError
from dossiers.services import intake
from dossiers.tracking_codes import grouped
from dossiers.views import offered, rows
from dossiers.views.processing import find, not_stored
from dossiers.workflow import Act, IllegalTransitionError, PaperKind, State

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from django.http import QueryDict

    from agencies.models import Officer
    from agencies.working_time import Calendar
    from dossiers.services.intake import Submission
    from procedures.models import Procedure

WAITING = (State.DRAFT, State.SUBMITTED, State.AWAITING_COMPLETION)

at_the_desk = officer_required(Role.RECEPTIONIST)

# One token, one dossier: the body plays no part, for a page sent again means the same dossier.
_ANY_BODY = idempotency.body_digest("desk")


def _settle(submission: Submission, *, by: Officer, signer: Officer | None) -> Dossier:
    """Log and settle in one go (T03, T05)."""
    with transaction.atomic():
        return intake.settle_at_once(intake.register(submission, by=by), by=by, signer=signer)


def _submit(draft: Dossier, submission: Submission, *, by: Officer, version: int) -> Dossier:
    written = intake.update_draft(draft, submission, by=by, version=version)
    return intake.submit_draft(written, by=by)


def _receive_draft(draft: Dossier, submission: Submission, *, by: Officer, version: int) -> Dossier:
    """Take in what was a draft (T02, T03, then T04)."""
    submitted = _submit(draft, submission, by=by, version=version)
    return intake.receive(submitted, by=by, due_on=submission.due_on, reason=submission.reason)


def _settle_draft(
    draft: Dossier, submission: Submission, *, by: Officer, version: int, signer: Officer | None
) -> Dossier:
    submitted = _submit(draft, submission, by=by, version=version)
    return intake.settle_at_once(submitted, by=by, signer=signer)


# The same four on a draft one goes on with.
_BUTTONS_OF_DRAFT: dict[str, Callable[..., Dossier]] = {
    Act.RECEIVE: _receive_draft,
    Act.REGISTER: _submit,
    Act.SAVE_DRAFT: intake.update_draft,
    Act.SETTLE_AT_ONCE: _settle_draft,
}

# The four buttons. Each makes a dossier of the submission.
_BUTTONS: dict[str, Callable[..., Dossier]] = {
    Act.RECEIVE: intake.log_submission,
    Act.REGISTER: intake.register,
    Act.SAVE_DRAFT: intake.save_draft,
    Act.SETTLE_AT_ONCE: _settle,
}


@not_stored
@at_the_desk
@require_http_methods(["GET", "HEAD", "POST"])
def desk(request: HttpRequest) -> HttpResponse:
    """Show an empty form (GET) or log what it says (POST); nothing typed is ever lost."""
    officer, now = the_officer(request), timezone.now()
    if request.method != "POST":
        if code := request.GET.get("nhap", ""):
            return _draft_page(request, code, now=now)
        return _page(request, SubmissionForm(officer, now=now))
    form = SubmissionForm(officer, request.POST, now=now)
    do = _BUTTONS.get(request.POST.get("act", ""))
    if do is None:
        # Enter in a field, or the button that looks a procedure up: nobody asked for an act.
        form.silence()
        return _page(request, form)
    draft = find(request, code)[0] if (code := request.POST.get("draft", "")) else None
    # A draft may be written over as often as one likes; anything else is done once.
    key = "" if draft and request.POST["act"] == Act.SAVE_DRAFT else _key(request)
    if not form.is_valid():
        if key and (answer := idempotency.saved_answer(officer.user_id, key, _ANY_BODY)):
            return _already(request, answer["code"])
        return _page(request, form, status=422)
    made = ""

    def log() -> dict[str, Any]:
        nonlocal made
        submission = form.submission()
        act = request.POST["act"]
        more = {"signer": form.signer_chosen} if act == Act.SETTLE_AT_ONCE else {}
        if draft is None:
            done = do(submission, by=officer, **more)
        else:
            with transaction.atomic():
                done = _BUTTONS_OF_DRAFT[act](
                    draft, submission, by=officer, version=_version(request), **more
                )
        made = rows.address_code(done)
        return {"code": made}

    try:
        # A second click does it all over and is rolled back whole: its number was never given.
        answer = idempotency.once(officer.user_id, key, _ANY_BODY, log) if key else log()
    except ActDataError as error:
        for name, text in error.errors.items():
            form.add_error(name if name in form.fields else None, text)
        return _page(request, form, status=422)
    except StaleVersionError:
        return _overtaken(request, form)
    except IllegalTransitionError:
        if key and (before := idempotency.saved_answer(officer.user_id, key, _ANY_BODY)):
            return _already(request, before["code"])
        form.add_error(
            None,
            _("Bản nháp này đã được nộp hoặc không thuộc quầy của bạn; chưa có gì thay đổi.")
            if draft and draft.state != State.DRAFT
            else _(
                "Bạn không giữ vai trò tiếp nhận ở cơ quan mình, hoặc thủ tục không trả ngay được."
            ),
        )
        return _page(request, form, status=422)
    if answer["code"] != made:
        return _already(request, answer["code"])
    return redirect("desk-done", code=answer["code"])


def _version(request: HttpRequest) -> int:
    """Return the version of the draft that the page showed; none stands for one long gone."""
    typed = request.POST.get("version", "")
    return int(typed) if typed.isdecimal() and len(typed) < 10 else -1


def _overtaken(request: HttpRequest, form: SubmissionForm) -> HttpResponse:
    """Say who has changed the draft meanwhile; what was typed stays, and may be written over it."""
    draft, _officer = find(request, request.POST["draft"])
    last = draft.events.select_related("actor").order_by("-seq")[0]
    form.add_error(
        None,
        _(
            "Bản nháp đã được %(name)s sửa lúc %(when)s. Nội dung bạn gõ còn nguyên trên trang này, "
            "chưa ghi đè lên gì. Hãy xem bản đã lưu (%(code)s); bấm lại nút nếu vẫn muốn thay bằng "
            "nội dung của bạn."
        )
        % {
            "name": last.actor.full_name if last.actor else "",
            "when": vn_datetime(last.at),
            "code": grouped(draft.tracking_code),
        },
    )
    form.data["version"] = str(draft.event_count)  # type: ignore[index] # a copy, see `_read`
    return _page(request, form, status=409)


def _draft_page(request: HttpRequest, code: str, *, now: dt.datetime) -> HttpResponse:
    """Show the form as the draft left it; that its owner's numbers were read is written down."""
    draft, officer = find(request, code)
    if not rows.draft_url(draft, rows.buttons_of(draft, officer)):
        messages.error(request, _("Hồ sơ này không còn là bản nháp của quầy bạn."))
        return redirect(rows.address(draft))
    if request.method == "GET":
        note_reading(draft, by=officer, way=ReadingWay.FORM)
    data, left = drafts.typed(draft, token=secrets.token_urlsafe(24))
    form = SubmissionForm(officer, data, now=now)
    form.silence()
    for fee in left:
        messages.warning(
            request,
            _("Khoản thu “%(name)s” của bản nháp không còn chỗ trên biểu mẫu: hãy ghi lại.")
            % {"name": fee.name},
        )
    return _page(request, form)


def _key(request: HttpRequest) -> str:
    """Return the idempotency key of the page that was sent, empty when its token is no token."""
    token = request.POST.get("token", "")
    key = f"desk:{token}"
    is_one = token and token.isprintable() and len(key) <= idempotency.KEY_LENGTH
    return key if is_one else ""


def _already(request: HttpRequest, code: str) -> HttpResponse:
    messages.info(request, _("Hồ sơ này đã được ghi nhận; không có hồ sơ mới nào được tạo."))
    return redirect("desk-done", code=code)


@not_stored
@at_the_desk
@require_safe
def desk_procedures(request: HttpRequest) -> HttpResponse:
    """Answer the typed words with procedures the province takes in; no words, with one's own."""
    typed = request.GET.get("q", "").strip()
    return render(
        request,
        "dossiers/desk/_found.html",
        {
            "found": _offered(request, typed),
            "q": typed,
            "is_looking": True,
        },
    )


@not_stored
@at_the_desk
@require_POST
def desk_preview(request: HttpRequest) -> HttpResponse:
    """Answer what was typed so far with papers, fees, warnings and the date; changes nothing.

    POST, for personal data have no place in an address. Without a script it is the whole page.
    What is taken over from the owner's earlier dossier is written down as read.
    """
    taken = _taken_over(request)
    form = SubmissionForm(the_officer(request), taken or request.POST, now=timezone.now())
    form.silence()
    if not request.htmx:  # type: ignore[attr-defined]
        return _page(request, form)
    context = _context(request, form)
    context["is_new"] = request.POST.get("shown", "") != form.shown
    context["is_filled"] = form.card is not None or taken is not None
    return render(request, "dossiers/desk/_preview.html", context)


def _taken_over(request: HttpRequest) -> QueryDict | None:
    """Return what was typed with the owner as their earlier dossier in sight knows them.

    None when nobody asked for it, or the dossier is no such one: the number typed must be its own.
    """
    code, number = (request.POST.get(name, "") for name in ("take", "personal_id"))
    if not code or not (number := normalise_number(number)):
        return None
    earlier = (
        Dossier.objects.visible_to(scope_for(request))
        .filter(tracking_code=code, owner_id_digest=keyed_digest("owner_id", number))
        .first()
    )
    if earlier is None:
        return None
    note_reading(earlier, by=the_officer(request), way=ReadingWay.FORM)
    data = request.POST.copy()
    changes = {
        "name": earlier.owner_name,
        "phone": earlier.owner_phone,
        "address": earlier.owner_address,
        "owner_kind": earlier.owner_kind,
        "id_kind": earlier.owner_id_kind,
    }
    for name, value in changes.items():
        data[name] = value
    return data


def _page(request: HttpRequest, form: SubmissionForm, *, status: int = 200) -> HttpResponse:
    return render(request, "dossiers/desk/desk.html", _context(request, form), status=status)


def _offered(request: HttpRequest, typed: str) -> list[Procedure]:
    """Return what the words find; without words, what this officer takes in most."""
    officer = the_officer(request)
    return offered.procedures_for(typed, officer) if typed else offered.most_used(officer)


def _context(request: HttpRequest, form: SubmissionForm) -> dict[str, Any]:
    typed = str(form.data.get("q", "")).strip()
    promise, promise_fault = None, ""
    try:
        promise = form.promise()
    except LimitError as error:
        promise_fault = error.message
    # Words looked up without a script: shown until one of the answers is picked.
    is_looking = not form.data.get("pick") and not form.data.get("act")
    if not form.is_bound:
        form.fields["personal_id"].widget.attrs["autofocus"] = True
    case = form.case_chosen
    is_stated = case is not None and case.limit_unit != "other"
    return {
        "place": "desk",
        "tab": "new",
        "form": form,
        "q": typed,
        "is_looking": is_looking,
        "found": _offered(request, typed) if form.chosen is None or is_looking else [],
        "chosen": form.chosen,
        "limit": limit_words(case.limit_value, case.limit_unit, case.limit_text)
        if case and is_stated
        else "",
        "promise": promise,
        "promise_fault": promise_fault,
        "today": timezone.localdate(form.now),
        "now": form.moment,
        "id_warnings": form.id_warnings(),
        "duplicates": [
            {"code": dossier.public_code, "url": rows.address(dossier), "dossier": dossier}
            for dossier in form.duplicates(scope_for(request))[:3]
        ],
        "earlier": form.earlier(scope_for(request)),
        "shown": form.shown,
        "swap": False,
        "is_new": True,
    }


@not_stored
@at_the_desk
@require_safe
def desk_waiting(request: HttpRequest) -> HttpResponse:
    """Show what this counter has not answered, the nearest end of its 8 hours first; then the rest.

    A submission waits for the counter (domain.md 3.2); a draft and one that waits for its applicant
    have no timer and follow by age.
    """
    officer, now = the_officer(request), timezone.now()
    waiting = Dossier.objects.visible_to(scope_for(request)).filter(
        receiving_agency=officer.agency_id, state__in=WAITING
    )
    try:
        found, cursor = pages.page_of(
            rows.slim(waiting), request.GET.get("sau", ""), by="answer_by_at"
        )
    except pages.CursorError:
        return redirect("desk-waiting")
    calendar = calendar_of(officer.agency)
    return render(
        request,
        "dossiers/desk/waiting.html",
        {
            "place": "desk",
            "tab": "waiting",
            "lines": [
                {
                    "row": rows.row_of(dossier, now, calendar, officer),
                    "left": _time_left(dossier, now, calendar),
                }
                for dossier in found
            ],
            "first_url": reverse("desk-waiting") if "sau" in request.GET else "",
            "next_url": f"?sau={cursor}" if cursor else "",
        },
    )


def _time_left(dossier: Dossier, now: dt.datetime, calendar: Calendar) -> str:
    """Say how many working hours are left of the eight, or how many are over; "" without a timer."""
    if dossier.answer_by_at is None:
        return ""
    minutes = calendar.working_minutes_between(now, dossier.answer_by_at)
    hours, rest = divmod(abs(minutes), 60)
    time = _("%(hours)s giờ %(minutes)s phút") % {"hours": hours, "minutes": rest}
    if not rest or not hours:
        time = (
            _("%(hours)s giờ") % {"hours": hours}
            if hours
            else _("%(minutes)s phút") % {"minutes": rest}
        )
    if dossier.answer_by_at < now:
        return _("quá %(time)s làm việc") % {"time": time}
    return _("còn %(time)s làm việc") % {"time": time}


@not_stored
@at_the_desk
@require_safe
def desk_done(request: HttpRequest, code: str) -> HttpResponse:
    """Show what was just logged: the code, the receipt to print, the QR, the next one."""
    dossier, officer = find(request, code)
    if request.method == "GET":
        note_reading(dossier, by=officer)
    slip = dossier.slips.filter(kind=PaperKind.RECEIPT).order_by("-pk").first()
    qr = ""
    if slip is not None:
        slip.dossier = dossier
        qr = segno.make(qr_text(slip), error="m").svg_data_uri(border=2, dark="#000", light="#fff")
    number = normalise_number(dossier.owner_id)
    buttons = rows.buttons_of(dossier, officer)
    fees_open = sum((fee.left_vnd for fee in dossier.fees_due.all()), start=Decimal(0))
    duplicates = (
        probable_duplicates(number, dossier.procedure_id, scope_for(request)).exclude(pk=dossier.pk)
        if number
        else Dossier.objects.none()
    )
    return render(
        request,
        "dossiers/desk/done.html",
        {
            "place": "desk",
            "dossier": dossier,
            "public_code": dossier.public_code,
            "tracking_code": grouped(dossier.tracking_code),
            "url": rows.address(dossier),
            "receipt_url": reverse("dossier-paper", args=[rows.address_code(dossier), slip.pk])
            if slip
            else "",
            # TT 01/2018 Chương III: handed out together with the receipt.
            "survey_url": reverse("dossier-survey", args=[rows.address_code(dossier), slip.pk])
            if slip
            else "",
            "qr": qr,
            "buttons": buttons,
            "draft_url": rows.draft_url(dossier, buttons),
            "fees_open": fees_open,
            "earlier": None,
            "id_warnings": owner_warnings(
                dossier.owner_kind,
                dossier.owner_id_kind,
                dossier.owner_id,
                unseal(dossier.representative_id_sealed),
                timezone.localdate(),
            ),
            "duplicates": [
                {"code": each.public_code, "url": rows.address(each), "dossier": each}
                for each in duplicates[:3]
            ],
        },
    )
