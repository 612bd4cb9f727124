"""Trả kết quả: find what is ready for the person at the counter, hand it over, or post it (T29)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import OuterRef, Prefetch, Q, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.personal_data import unseal
from accounts.roles import Role
from agencies.access import officer_required, scope_for, the_officer
from agencies.calendars import calendar_of
from dossiers import search
from dossiers.models import Delivery, Dossier, Posting, ReadingWay, ResultChannel
from dossiers.readings import note_reading
from dossiers.recording import ActDataError, StaleVersionError
from dossiers.returning_forms import HandOverForm, owed
from dossiers.services import closing, posting
from dossiers.views import rows
from dossiers.views.processing import find, not_stored
from dossiers.workflow import IllegalTransitionError, State

LISTED = 50  # rows of what goes by post, and of what is on its way
OF_ONE = 20  # results of one person on one page
CANDIDATES = 12  # people or dossiers to choose from
TOLD = 5  # of a person with nothing ready

who_returns = officer_required(Role.RETURNER, Role.COURIER)


@not_stored
@who_returns
@require_http_methods(["GET", "HEAD", "POST"])
def returning(request: HttpRequest) -> HttpResponse:
    """Find by a code (GET, for links and scanned receipts) or by anything typed (POST).

    A person's number has no place in an address, and may look like a code.
    """
    typed = search.readable((request.POST or request.GET).get("q", ""))
    if not typed:
        return render(request, "dossiers/returning/returning.html", _lists(request))
    return _answer(request, typed)


def _answer(request: HttpRequest, typed: str) -> HttpResponse:
    """Show what is ready for the person of what was typed, or whom it may mean, or why nothing."""
    context: dict[str, Any] = {"place": "returning", "q": typed}
    hits = list(search.found_by(_seen(request), typed).order_by("-pk")[: CANDIDATES * 4])
    ready = [dossier for dossier in hits if _is_ready(dossier, request)]
    if not ready:
        now, calendar = timezone.now(), calendar_of(the_officer(request).agency)
        context["not_ready"] = [
            {"row": rows.row_of(dossier, now, calendar), "where": _where(dossier)}
            for dossier in hits[:TOLD]
        ]
    elif len({bytes(each.owner_id_digest) or each.pk for each in ready}) > 1:
        context["candidates"] = ready[:CANDIDATES]
    else:
        return _person(request, _all_of(request, ready[0]), {"q": typed})
    return render(request, "dossiers/returning/returning.html", _lists(request) | context)


@not_stored
@who_returns
@require_POST
def returning_do(request: HttpRequest) -> HttpResponse:
    """Hand over, or give to the post, every result that was ticked: all of them or none."""
    named = request.POST.get("of", "")[:40]
    ready = _all_of(request, _seen(request).filter(tracking_code=named).first())
    if not ready:
        messages.info(request, _("Kết quả này đã được trả, hoặc không còn ở quầy của bạn."))
        return redirect("returning")
    form = HandOverForm(ready, request.POST)
    if request.POST.get("act") not in {"hand_over", "post"}:
        # Enter without a script, a scanner's for one: the card is compared, nothing handed over.
        return _person(request, ready, {"q": ""}, form=form)
    if not form.is_valid():
        return _person(request, ready, {"q": ""}, form=form, status=422)
    officer, done = the_officer(request), []
    try:
        with transaction.atomic():
            for dossier in form.picked:
                seen = request.POST.get(f"version_{dossier.tracking_code}", "")
                version = int(seen) if seen.isdecimal() and len(seen) < 9 else -1
                if form.is_posting:
                    posting.send(
                        dossier,
                        by=officer,
                        version=version,
                        tracking_number=form.cleaned_data["tracking_number"],
                        note=form.cleaned_data["note"],
                    )
                else:
                    given = form.given(dossier)
                    closing.return_result(dossier, by=officer, version=version, **given)
                done.append(rows.address_code(dossier))
    except ActDataError as error:
        for name, text in error.errors.items():
            form.add_error(name if name in form.fields else None, text)
        return _person(request, ready, {"q": ""}, form=form, status=422)
    except (StaleVersionError, IllegalTransitionError):
        messages.error(
            request, _("Có người vừa xử lý một hồ sơ trong số này; chưa trả kết quả nào.")
        )
        return redirect(f"{reverse('returning')}?{urlencode({'q': named})}")
    if form.is_posting:
        messages.success(
            request,
            _("Đã gửi bưu chính %(count)s kết quả, vận đơn %(number)s.")
            % {"count": len(done), "number": form.cleaned_data["tracking_number"]},
        )
        return redirect("returning")
    return redirect(f"{reverse('returning-done')}?{urlencode({'ho-so': done}, doseq=True)}")


@not_stored
@who_returns
@require_POST
def returning_post(request: HttpRequest, code: str) -> HttpResponse:
    """Write down how a posting ended: somebody took it (T29), or it came back."""
    dossier, officer = find(request, code)
    seen = request.POST.get("version", "")
    version = int(seen) if seen.isdecimal() and len(seen) < 9 else -1
    try:
        if request.POST.get("act") == "delivered":
            last = posting.last_of(dossier)
            if last is None or last.kind != Posting.Kind.SENT:
                raise ActDataError({"act": _("Kết quả này không gửi bưu chính.")})
            closing.return_result(
                dossier,
                by=officer,
                version=version,
                receiver=request.POST.get("receiver", "")[:200],
                proof=Delivery.Proof.POSTED,
                channel=ResultChannel.POST,
                tracking_number=last.tracking_number,
            )
            messages.success(request, _("Đã trả kết quả %(code)s.") % {"code": dossier.public_code})
        else:
            note = request.POST.get("note", "")[:500]
            posting.bring_back(dossier, by=officer, version=version, note=note)
            messages.success(
                request, _("Kết quả %(code)s đã về quầy.") % {"code": dossier.public_code}
            )
    except ActDataError as error:
        messages.error(request, " ".join(str(text) for text in error.errors.values()))
    except (StaleVersionError, IllegalTransitionError):
        messages.error(request, _("Hồ sơ đã được xử lý trước đó; chưa có gì thay đổi."))
    return redirect("returning")


@not_stored
@who_returns
@require_safe
def returning_done(request: HttpRequest) -> HttpResponse:
    """Show what was just handed over, as a sheet for the receiver to sign."""
    codes = request.GET.getlist("ho-so")[:OF_ONE]
    by_code = {
        rows.address_code(dossier): dossier
        for dossier in Dossier.objects.visible_to(scope_for(request))
        .filter(state=State.RETURNED, code__in=codes, deliveries__event__actor=the_officer(request))
        .select_related("procedure")
        .prefetch_related(
            Prefetch("deliveries", Delivery.objects.select_related("event").order_by("pk")),
            "fees_due",
            "parts__fees_due",
        )
        .distinct()
    }
    lines = [_line(by_code[code]) for code in dict.fromkeys(codes) if code in by_code]
    if not lines:
        raise Http404
    return render(
        request,
        "dossiers/returning/done.html",
        {
            "place": "returning",
            "lines": lines,
            "first": lines[0],
            "giver": the_officer(request),
            "taken": sum((line["taken"] for line in lines), start=Decimal(0)),
            "numbers": list(dict.fromkeys(n for line in lines for n in line["numbers"])),
        },
    )


def _line(dossier: Dossier) -> dict[str, Any]:
    delivery = list(dossier.deliveries.all())[-1]
    taken = [
        fee
        for each in (dossier, *dossier.parts.all())
        for fee in each.fees_due.all()
        if fee.paid_at == dossier.returned_at
    ]
    return {
        "dossier": dossier,
        "url": rows.address(dossier),
        "receiver": unseal(delivery.receiver_sealed),
        "proof": delivery.get_proof_display(),
        "note": delivery.event.reason,
        "at": delivery.event.at,
        "taken": sum((fee.amount_vnd for fee in taken), start=Decimal(0)),
        "numbers": [fee.receipt_number for fee in taken if fee.receipt_number],
    }


def _seen(request: HttpRequest) -> Any:
    """Return the dossiers in sight, as a row needs them; parts go with their chain."""
    newest = Posting.objects.filter(dossier=OuterRef("pk")).order_by("-pk")
    return (
        Dossier.objects.visible_to(scope_for(request))
        .filter(parent__isnull=True)
        .for_page()
        .annotate(
            last_posting=Subquery(newest.values("kind")[:1]),
            posted_as=Subquery(newest.values("tracking_number")[:1]),
            posted_at=Subquery(newest.values("at")[:1]),
        )
    )


def _is_ready(dossier: Any, request: HttpRequest) -> bool:
    """Tell whether a result lies at the officer's counter."""
    return bool(
        dossier.state == State.SETTLED
        and dossier.holder_agency_id == the_officer(request).agency_id
        and dossier.last_posting != Posting.Kind.SENT
    )


def _where(dossier: Any) -> str:
    """Say where a result is that cannot be handed over here now."""
    if dossier.state == State.RETURNED:
        return _("Kết quả đã trả.")
    if dossier.state != State.SETTLED:
        return _("Hồ sơ chưa có kết quả.")
    if dossier.last_posting == Posting.Kind.SENT:
        return _("Kết quả đang ở bưu chính, vận đơn %(number)s.") % {"number": dossier.posted_as}
    return _("Kết quả ở quầy khác: %(agency)s.") % {"agency": dossier.holder_agency.name}


def _all_of(request: HttpRequest, named: Dossier | None) -> list[Dossier]:
    """Return what is ready at this counter for the owner of a dossier, that one first."""
    if named is None or not _is_ready(named, request):
        return []
    digest = bytes(named.owner_id_digest)
    same = {"owner_id_digest": digest} if digest else {"pk": named.pk}
    found = (
        _seen(request)
        .filter(state=State.SETTLED, holder_agency=the_officer(request).agency_id, **same)
        .prefetch_related("fees_due", "parts__fees_due")
        .order_by("pk")[: OF_ONE * 2]
    )
    ready = [dossier for dossier in found if _is_ready(dossier, request)][:OF_ONE]
    return sorted(ready, key=lambda dossier: dossier.pk != named.pk)


def _person(
    request: HttpRequest,
    ready: list[Dossier],
    context: dict[str, Any],
    *,
    form: HandOverForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the results of one person and the form; that they were read is written down."""
    if request.method != "HEAD":
        for dossier in ready:
            note_reading(dossier, by=the_officer(request), way=ReadingWay.FORM)
    form = form or HandOverForm(ready)
    if not form.is_bound:
        form.fields["identity"].widget.attrs["autofocus"] = True
    picked = {dossier.pk for dossier in form.picked}
    by_post = [dossier for dossier in ready if dossier.result_channel == ResultChannel.POST]
    return render(
        request,
        "dossiers/returning/person.html",
        {
            "place": "returning",
            "form": form,
            "owner": ready[0],
            "of": ready[0].tracking_code,
            "lines": [
                {
                    "dossier": dossier,
                    "url": rows.address(dossier),
                    "owed": owed(dossier),
                    "is_picked": dossier.pk in picked,
                }
                for dossier in ready
            ],
            "owed": form.owed(),
            "any_owed": any(owed(dossier) for dossier in ready),
            "is_by_post": bool(by_post),
            "is_the_owner": form.is_the_owner,
            **context,
        },
        status=status,
    )


def _lists(request: HttpRequest) -> dict[str, Any]:
    """Return what goes by post and what is on its way. Runs three queries."""
    agency = the_officer(request).agency_id
    settled = _seen(request).filter(state=State.SETTLED, holder_agency=agency)
    return {
        "place": "returning",
        "q": "",
        "count": settled.count(),
        "to_post": list(
            settled.filter(result_channel=ResultChannel.POST)
            .filter(Q(last_posting__isnull=True) | Q(last_posting=Posting.Kind.CAME_BACK))
            .order_by("settled_at", "pk")[:LISTED]
        ),
        "on_the_way": list(
            settled.filter(last_posting=Posting.Kind.SENT).order_by("posted_at", "pk")[:LISTED]
        ),
        "not_ready": [],
        "candidates": [],
    }
