"""What officers tell each other: notes on a dossier, reminders, the list of what is new for oneself."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.roles import Role
from agencies.access import officer_required, scope_for, the_officer
from dossiers import notices, together
from dossiers.models import Digest, DigestChoice, Dossier
from dossiers.recording import ActDataError
from dossiers.views import rows
from dossiers.views.processing import WAYS_BACK, find, not_stored

NEWEST = 100


@not_stored
@officer_required()
@require_http_methods(["GET", "HEAD", "POST"])
def notice_list(request: HttpRequest) -> HttpResponse:
    """Show what is new for the officer, unread first to the eye (GET); mark it read (POST)."""
    officer = the_officer(request)
    if request.method == "POST":
        until = request.POST.get("until", "")
        if until.isascii() and until.isdecimal() and len(until) < 19:
            notices.mark_read(officer, until=int(until))
        return redirect("notice-list")
    found = notices.newest_for(officer, Dossier.objects.visible_to(scope_for(request)), NEWEST)
    choice = DigestChoice.objects.filter(officer=officer).first()
    return render(
        request,
        "dossiers/notices/list.html",
        {
            "lines": [
                {
                    "notice": notice,
                    "code": notice.dossier.public_code if in_sight else "",
                    "url": rows.address(notice.dossier) if in_sight else "",
                }
                for notice, in_sight in found
            ],
            "newest": found[0][0].pk if found else 0,
            "unread": sum(notice.read_at is None for notice, _in_sight in found),
            "digests": Digest.objects.filter(officer=officer).order_by("-on")[:5],
            "email": officer.user.email,
            "wants_mail": choice is None or choice.wants_mail,
        },
    )


@not_stored
@officer_required()
@require_safe
def notice_count(request: HttpRequest) -> HttpResponse:
    """Say how many notices are new, as a link to them; nothing where none is."""
    unread = notices.unread_of(the_officer(request))
    return render(request, "dossiers/notices/_count.html", {"unread": unread})


@officer_required()
@require_POST
def digest_choice(request: HttpRequest) -> HttpResponse:
    """Keep whether the officer wants the morning's e-mail."""
    wants = request.POST.get("wants_mail") == "on"
    DigestChoice.objects.update_or_create(
        officer=the_officer(request), defaults={"wants_mail": wants}
    )
    messages.success(
        request,
        _("Bạn sẽ nhận thư tổng hợp mỗi sáng làm việc.")
        if wants
        else _("Bạn sẽ không nhận thư tổng hợp nữa."),
    )
    return redirect("notice-list")


@officer_required()
@require_POST
def note_add(request: HttpRequest, code: str) -> HttpResponse:
    """Keep a note on a dossier, tell whom it names, and say whom it does not reach."""
    dossier, officer = find(request, code)
    try:
        written = notices.write_note(
            dossier,
            by=officer,
            text=request.POST.get("text", ""),
            token=request.POST.get("token", ""),
        )
    except ActDataError as error:
        messages.error(request, " ".join(str(text) for text in error.errors.values()))
        return redirect(f"{rows.address(dossier)}#ghi-chu")
    if written.unknown:
        messages.warning(
            request,
            _("Đã ghi. Không báo được cho: %(names)s (không có tên này, hoặc không thấy hồ sơ).")
            % {"names": ", ".join(f"@{name}" for name in written.unknown)},
        )
    elif written.reached:
        messages.success(
            request, _("Đã ghi và báo cho %(names)s.") % {"names": ", ".join(written.reached)}
        )
    else:
        messages.success(request, _("Đã ghi."))
    return redirect(f"{rows.address(dossier)}#ghi-chu")


@not_stored
@officer_required(Role.HEAD, Role.SUPERVISOR, Role.REFORM_OFFICER)
@require_http_methods(["GET", "HEAD", "POST"])
def remind(request: HttpRequest) -> HttpResponse:
    """Ask for a word to those who hold the ticked dossiers (GET), tell them (POST)."""
    given = request.POST if request.method == "POST" else request.GET
    officer = the_officer(request)
    back = given.get("next", "")
    back = back if back in WAYS_BACK else "board"
    codes = together.read_versions(given.getlist("ho-so"))
    seen = Dossier.objects.visible_to(scope_for(request)).for_page()
    found = together.among_chosen(seen, codes)
    if not found:
        messages.error(request, _("Hãy đánh dấu ít nhất một hồ sơ trong danh sách."))
        return redirect(back)
    fault = ""
    if request.method == "POST":
        try:
            told, nobody = notices.remind(found, by=officer, text=request.POST.get("text", ""))
        except ActDataError as error:
            fault = " ".join(str(text) for text in error.errors.values())
        else:
            if told:
                messages.success(
                    request,
                    ngettext(
                        "Đã nhắc người giữ %(count)s hồ sơ.",
                        "Đã nhắc người giữ %(count)s hồ sơ.",
                        len(told),
                    )
                    % {"count": len(told)},
                )
            if nobody:
                messages.warning(
                    request,
                    _("Không có ai để nhắc: %(codes)s.")
                    % {"codes": ", ".join(dossier.public_code for dossier in nobody)},
                )
            return redirect(back)
    return render(
        request,
        "dossiers/notices/remind.html",
        {
            "lines": [
                {
                    "dossier": dossier,
                    "value": f"{dossier.public_code}@{dossier.event_count}",
                    "holder": rows.holder_of(dossier),
                }
                for dossier in found
            ],
            "text": given.get("text", ""),
            "longest": notices.LONGEST_REMINDER,
            "fault": fault,
            "back": back,
            "place": back,
        },
        status=422 if fault else 200,
    )
