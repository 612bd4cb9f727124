"""Several dossiers at once: which acts they share, the form filled in once, an answer for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from agencies.access import officer_required, scope_for, the_officer
from agencies.calendars import calendar_of
from dossiers import boards, next_acts, together
from dossiers.act_forms import ACT_FORMS
from dossiers.models import Dossier
from dossiers.views import rows
from dossiers.views.processing import WAYS_BACK, not_stored, prepared
from dossiers.views.sights import Sight
from dossiers.workflow import TRANSITIONS, Act

if TYPE_CHECKING:
    from collections.abc import Collection

    from agencies.models import Officer
    from dossiers.act_forms import ActForm

_ACT_OF = {segment: act for act, segment in next_acts.SEGMENTS.items() if act in together.TOGETHER}


@not_stored
@officer_required()
@require_http_methods(["GET", "HEAD", "POST"])
def act_together(request: HttpRequest) -> HttpResponse:
    """Choose what to do with the dossiers that were ticked (GET), do it for each (POST)."""
    given = request.POST if request.method == "POST" else request.GET
    officer = the_officer(request)
    back = given.get("next", "")
    back = back if back in WAYS_BACK else "inbox"
    versions = together.read_versions(given.getlist("ho-so"))
    if given.get("nhom") == "can-xin-loi" and not versions:
        versions = _need_apology(request, officer)
        if not versions:
            messages.success(request, _("Không hồ sơ nào cần thư xin lỗi hôm nay."))
            return redirect(back)
    if not versions:
        messages.error(request, _("Hãy đánh dấu ít nhất một hồ sơ trong danh sách."))
        return redirect(back)
    seen = Dossier.objects.visible_to(scope_for(request)).for_page()
    act = _ACT_OF.get(given.get("viec", ""))
    answers: list[together.Answer] = []
    form: ActForm | None = None
    status = 200
    if request.method == "POST" and act is not None:
        first = _first_open(together.among_chosen(seen, versions), officer, act)
        form = prepared(ACT_FORMS[act](first, request.POST)) if first else None
        if form is not None and not form.is_valid():
            # The same words are wrong for every dossier: none of them is touched.
            status = 422
        else:
            answers = together.perform(act, versions, among=seen, by=officer, data=request.POST)
            if all(answer.is_done for answer in answers):
                messages.success(request, _said(act, answers))
                return redirect(back)
            # What failed stays, with the versions it has now, and what was typed with it.
            versions = {answer.code: 0 for answer in answers if not answer.is_done}
    found = together.among_chosen(seen, versions)
    acts = {dossier.pk: set(together.acts_for(dossier, officer)) for dossier in found}
    offered = _offered(acts.values())
    if act is None and len(offered) == 1:
        act = offered[0][0]
    if act is not None and form is None:
        first = next((dossier for dossier in found if act in acts[dossier.pk]), None)
        form = prepared(ACT_FORMS[act](first)) if first else None
    return render(
        request,
        "dossiers/processing/together.html",
        {
            "act": act,
            "segment": next_acts.SEGMENTS[act] if act else "",
            "is_grave": act in next_acts.GRAVE,
            "icon_name": next_acts.ICONS.get(act, "right") if act else "",
            "paper": next((r.paper.label for r in TRANSITIONS if r.act is act and r.paper), ""),
            "offered": [
                {
                    "segment": next_acts.SEGMENTS[each],
                    "label": each.label,
                    "icon": next_acts.ICONS.get(each, "right"),
                    "count": count,
                    "is_grave": each in next_acts.GRAVE,
                }
                for each, count in offered
            ],
            "form": form,
            "lines": _lines(found, acts, act, officer),
            "total": len(found),
            "done": [answer for answer in answers if answer.is_done],
            "failed": [answer for answer in answers if not answer.is_done],
            "back": back,
            "place": back,
        },
        status=status,
    )


def _need_apology(request: HttpRequest, officer: Officer) -> dict[str, int]:
    """Return the dossiers of the board that need an apology today and that the officer may write."""
    bounds = boards.Bounds.at(timezone.now(), calendar_of(officer.agency))
    listed = Sight.of(request).open.filter(boards.needs_apology(bounds)).for_page()
    return {
        dossier.public_code: dossier.event_count
        for dossier in listed.order_by("due_at", "pk")[: together.MOST_AT_ONCE]
        if Act.EXTEND in together.acts_for(dossier, officer)
    }


def _first_open(found: list[Dossier], officer: Officer, act: Act) -> Dossier | None:
    return next((dossier for dossier in found if act in together.acts_for(dossier, officer)), None)


def _offered(acts: Collection[set[Act]]) -> list[tuple[Act, int]]:
    """Return the acts that are open for at least one, with for how many; most first, grave last."""
    counted: dict[Act, int] = {}
    for each in acts:
        for act in each:
            counted[act] = counted.get(act, 0) + 1
    order = list(Act)
    return sorted(
        counted.items(),
        key=lambda pair: (
            pair[0] in next_acts.GRAVE,
            pair[0] in next_acts.ASIDE,
            -pair[1],
            order.index(pair[0]),
        ),
    )


def _lines(
    found: list[Dossier], acts: dict[int, set[Act]], act: Act | None, officer: Officer
) -> list[dict[str, Any]]:
    now, calendar = timezone.now(), calendar_of(officer.agency)
    return [
        {
            "dossier": dossier,
            "value": f"{dossier.public_code}@{dossier.event_count}",
            "url": rows.address(dossier),
            "clock": rows.clock_of(dossier, now, calendar),
            "may": act is None or act in acts[dossier.pk],
        }
        for dossier in found
    ]


def _said(act: Act, answers: list[together.Answer]) -> str:
    asked = sum(answer.outcome is together.Outcome.ASKED for answer in answers)
    if asked == len(answers):
        return ngettext(
            "Đã trình đề nghị “%(act)s” của %(count)s hồ sơ.",
            "Đã trình đề nghị “%(act)s” của %(count)s hồ sơ.",
            asked,
        ) % {"act": act.label, "count": asked}
    return ngettext(
        "%(act)s: đã xong %(count)s hồ sơ.", "%(act)s: đã xong %(count)s hồ sơ.", len(answers)
    ) % {"act": act.label, "count": len(answers)}
