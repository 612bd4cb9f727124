"""Cán bộ: the list of an agency's officers, their accounts and roles, a file of many, the log."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import events, second_factor, sessions
from accounts.folding import fold
from accounts.models import AccountEvent, User
from accounts.roles import OFFICER_ROLES, Role
from agencies import importing_officers, staffing
from agencies.access import officer_of
from agencies.import_report import Outcome, Report
from agencies.models import Agency, Officer, OfficerRole
from agencies.staff_forms import (
    MOST_BYTES,
    AgencyForm,
    DetailsForm,
    EndForm,
    OfficerForm,
    RoleForm,
    UploadForm,
)
from agencies.staffing import Keeper, StaffingError, keeper_for, roles_not_over
from agencies.views import not_stored

if TYPE_CHECKING:
    from collections.abc import Callable

    from django import forms

    View = Callable[..., HttpResponse]

PAGE_SIZE = 50
MOST_EVENTS = 20  # on the page of one officer
MOST_LINES = 200  # of a file, shown in the preview; those refused come first


def keeper_required(view: View) -> View:
    """Let only those in who keep officers, and give the view what they keep; others get 404."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path())
        keeper = keeper_for(request.user, officer_of(request), timezone.localdate())
        if keeper is None:
            raise Http404
        return view(request, keeper, *args, **kwargs)

    return guarded


def kept_officer(keeper: Keeper, username: str) -> Officer:
    """Return an officer who is in the keeper's sight; 404 for any other. Runs one query."""
    found = (
        keeper.officers(timezone.localdate())
        .select_related("user", "agency", "desk")
        .filter(user__username=username)
        .first()
    )
    if found is None:
        raise Http404
    return found


def add_errors(form: forms.Form, errors: dict[str, str]) -> None:
    """Tell the faults that a service found, each at its field where the form has one."""
    for name, text in errors.items():
        form.add_error(name if name in form.fields else None, text)


# The list


@not_stored
@keeper_required
@require_safe
def officer_list(request: HttpRequest, keeper: Keeper) -> HttpResponse:
    """Show the officers kept, found by name, account or agency; who has left on demand."""
    today = timezone.localdate()
    typed, code = request.GET.get("q", "")[:100].strip(), request.GET.get("co-quan", "")
    shows_left = request.GET.get("xem") == "da-khoa"
    current = OfficerRole.objects.on(today).select_related("agency").order_by("role")
    found = (
        keeper.officers(today)
        .filter(user__is_active=not shows_left)
        .select_related("user", "agency")
        .prefetch_related(Prefetch("roles", current, to_attr="roles_today"))
        .order_by("name_sort", "pk")
    )
    if typed:
        found = found.filter(
            Q(name_fold__contains=fold(typed)) | Q(user__username__icontains=typed)
        )
    if code:
        found = found.filter(agency__code=code)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "agencies/officers.html",
        {
            "place": "officer-list",
            "page_obj": page,
            "lines": [(each, _roles_in_words(each)) for each in page],
            "typed": typed,
            "code": code,
            "shows_left": shows_left,
            "agencies": list(keeper.agencies().order_by("name_sort")),
            "may_read_log": bool(keeper.administers) or keeper.keeps_everything,
        },
    )


def _roles_in_words(officer: Any) -> list[str]:
    return [
        str(Role(row.role).label)
        if row.agency_id == officer.agency_id
        else f"{Role(row.role).label} ({row.agency.label})"
        for row in officer.roles_today
    ]


# One officer


@not_stored
@keeper_required
@require_safe
def officer_detail(request: HttpRequest, keeper: Keeper, username: str) -> HttpResponse:
    """Show an officer: account, roles with their days, and what may be done."""
    return _detail(request, keeper, kept_officer(keeper, username))


def _detail(
    request: HttpRequest, keeper: Keeper, officer: Officer, *, password_link: str = ""
) -> HttpResponse:
    today = timezone.localdate()
    rows = roles_not_over(officer, today)
    past = (
        officer.roles.filter(valid_to__lt=today)
        .select_related("agency")
        .order_by("-valid_to", "role")
    )
    is_self = officer.user_id == keeper.user.pk
    lets_go = keeper.may_let_go(officer, rows) and officer.user.is_active
    administers = keeper.administers_in(officer.agency)
    return render(
        request,
        "agencies/officer.html",
        {
            "place": "officer-list",
            "shown": officer,
            "account": officer.user,
            "has_password": officer.user.has_usable_password(),
            "is_self": is_self,
            "rows": [
                (row, not is_self and Role(row.role) in keeper.roles_for(row.agency))
                for row in rows
            ],
            "past": list(past),
            "agencies": []
            if is_self or not officer.user.is_active
            else list(keeper.agencies().order_by("name_sort")),
            "may_let_go": lets_go,
            "may_link": _may_link(keeper, officer, rows),
            "password_link": password_link,
            "has_factor": administers and second_factor.is_set_up(officer.user),
            "may_reset": _may_administer(keeper, officer),
            "may_edit": keeper.may_let_go(officer, rows),
            "may_reopen": not officer.user.is_active
            and administers
            and not is_self
            and (keeper.keeps_everything or not officer.user.is_superuser),
            "shows_events": administers,
            "events": list(
                AccountEvent.objects.filter(user=officer.user).select_related("by")[:MOST_EVENTS]
            )
            if administers
            else [],
        },
    )


def _may_administer(keeper: Keeper, officer: Officer) -> bool:
    """Who looks after the account: not oneself, and nobody who stands above."""
    return (
        keeper.administers_in(officer.agency)
        and officer.user_id != keeper.user.pk
        and officer.user.is_active
        and (keeper.keeps_everything or not officer.user.is_superuser)
    )


def _may_link(keeper: Keeper, officer: Officer, rows: list[OfficerRole]) -> bool:
    """Tell whether a link for a password may be given: to a new account, or by the administrator.

    Who could set the password of a colleague at work could sign in as them.
    """
    is_new = not officer.user.has_usable_password() and officer.user.is_active
    return _may_administer(keeper, officer) or (is_new and keeper.may_let_go(officer, rows))


@not_stored
@keeper_required
@require_http_methods(["GET", "HEAD", "POST"])
def officer_add(request: HttpRequest, keeper: Keeper) -> HttpResponse:
    """Choose the agency, then fill in the account and its roles."""
    agencies = list(keeper.agencies().order_by("name_sort"))
    code = request.GET.get("co-quan") or request.GET.get("co_quan") or ""
    agency = next((each for each in agencies if each.code == code), None)
    if not code and len(agencies) == 1:
        (agency,) = agencies
    if agency is None:
        if code or request.method == "POST":
            raise Http404
        return render(
            request,
            "agencies/officer_add_where.html",
            {"form": AgencyForm(agencies), "place": "officer-list"},
        )
    today = timezone.localdate()
    form = OfficerForm(keeper, agency, today, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            added = staffing.add_officer(by=keeper, agency=agency, **form.cleaned_data)
        except StaffingError as error:
            add_errors(form, error.errors)
        else:
            messages.success(
                request,
                _("Đã lập tài khoản %(name)s. Hãy cấp liên kết đặt mật khẩu.")
                % {"name": added.full_name},
            )
            return redirect("officer-detail", added.user.username)
    return render(
        request,
        "agencies/officer_add.html",
        {"form": form, "agency": agency, "place": "officer-list"},
        status=422 if form.errors else 200,
    )


@not_stored
@keeper_required
@require_http_methods(["GET", "HEAD", "POST"])
def role_add(request: HttpRequest, keeper: Keeper, username: str) -> HttpResponse:
    """Give a role in the agency that `?co-quan=` names."""
    officer = kept_officer(keeper, username)
    agency = keeper.agencies().filter(code=request.GET.get("co-quan", "")).first()
    if agency is None or officer.user_id == keeper.user.pk or not officer.user.is_active:
        raise Http404
    form = RoleForm(
        keeper, agency, timezone.localdate(), request.POST if request.method == "POST" else None
    )
    if request.method == "POST" and form.is_valid():
        try:
            given = staffing.give_role(
                by=keeper, officer=officer, agency=agency, **form.cleaned_data
            )
        except StaffingError as error:
            add_errors(form, error.errors)
        else:
            messages.success(
                request,
                _("Đã giao vai trò %(role)s từ %(day)s.")
                % {"role": given.get_role_display(), "day": f"{given.valid_from:%d/%m/%Y}"},
            )
            return redirect("officer-detail", username)
    return render(
        request,
        "agencies/role_add.html",
        {"form": form, "shown": officer, "agency": agency, "place": "officer-list"},
        status=422 if form.errors else 200,
    )


@not_stored
@keeper_required
@require_http_methods(["GET", "HEAD", "POST"])
def role_end(request: HttpRequest, keeper: Keeper, username: str, pk: int) -> HttpResponse:
    """Ask for the last day of a role."""
    officer, today = kept_officer(keeper, username), timezone.localdate()
    row = next((each for each in roles_not_over(officer, today) if each.pk == pk), None)
    if (
        row is None
        or officer.user_id == keeper.user.pk
        or Role(row.role) not in keeper.roles_for(row.agency)
    ):
        raise Http404
    form = EndForm(
        request.POST if request.method == "POST" else None,
        initial={"valid_to": row.valid_to or today},
    )
    if request.method == "POST" and form.is_valid():
        try:
            staffing.end_role(by=keeper, row=row, last_day=form.cleaned_data["valid_to"])
        except StaffingError as error:
            add_errors(form, error.errors)
        else:
            messages.success(request, _("Đã ghi ngày kết thúc vai trò."))
            return redirect("officer-detail", username)
    return render(
        request,
        "agencies/role_end.html",
        {"form": form, "shown": officer, "row": row, "place": "officer-list"},
        status=422 if form.errors else 200,
    )


@not_stored
@keeper_required
@require_POST
def password_link(request: HttpRequest, keeper: Keeper, username: str) -> HttpResponse:
    """Make a link by which the officer sets a password nobody else knows; shown in this answer."""
    officer = kept_officer(keeper, username)
    if not _may_link(keeper, officer, roles_not_over(officer, timezone.localdate())):
        raise Http404
    uid = urlsafe_base64_encode(force_bytes(officer.user_id))
    token = default_token_generator.make_token(officer.user)
    link = request.build_absolute_uri(reverse("set-password", args=[uid, token]))
    events.record(events.Kind.PASSWORD_LINK_MADE, officer.user, request=request, by=keeper.user)
    return _detail(request, keeper, officer, password_link=link)


@not_stored
@keeper_required
@require_POST
def factor_reset(request: HttpRequest, keeper: Keeper, username: str) -> HttpResponse:
    """Take the second factors of who lost their telephone away, and end what they opened."""
    officer = kept_officer(keeper, username)
    if not _may_administer(keeper, officer):
        raise Http404
    count = second_factor.remove_all(officer.user)
    sessions.end(officer.user, request=request, by=keeper.user)
    events.record(
        events.Kind.FACTOR_RESET, officer.user, request=request, by=keeper.user, count=count
    )
    messages.success(request, _("Đã đặt lại xác thực hai lớp; cán bộ đăng nhập lại rồi bật mới."))
    return redirect("officer-detail", username)


@not_stored
@keeper_required
@require_http_methods(["GET", "HEAD", "POST"])
def officer_edit(request: HttpRequest, keeper: Keeper, username: str) -> HttpResponse:
    """Correct a name, a title, a telephone number."""
    officer = kept_officer(keeper, username)
    if not keeper.may_let_go(officer, roles_not_over(officer, timezone.localdate())):
        raise Http404
    form = DetailsForm(officer, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            staffing.change_details(by=keeper, officer=officer, **form.cleaned_data)
        except StaffingError as error:
            add_errors(form, error.errors)
        else:
            messages.success(request, _("Đã lưu."))
            return redirect("officer-detail", username)
    return render(
        request,
        "agencies/officer_edit.html",
        {"form": form, "shown": officer, "place": "officer-list"},
        status=422 if form.errors else 200,
    )


@not_stored
@keeper_required
@require_POST
def officer_reopen(request: HttpRequest, keeper: Keeper, username: str) -> HttpResponse:
    """Open the account of somebody who came back."""
    try:
        staffing.reopen(by=keeper, officer=kept_officer(keeper, username))
    except PermissionError:
        raise Http404 from None
    except StaffingError as error:
        messages.error(request, " ".join(error.errors.values()))
    else:
        messages.success(
            request, _("Đã mở lại tài khoản: hãy giao vai trò và cấp liên kết đặt mật khẩu.")
        )
    return redirect("officer-detail", username)


@not_stored
@keeper_required
@require_POST
def officer_sessions_end(request: HttpRequest, keeper: Keeper, username: str) -> HttpResponse:
    """End every session and token of an account: a lost telephone, a computer left open."""
    officer = kept_officer(keeper, username)
    if not _may_administer(keeper, officer):
        raise Http404
    count = sessions.end(officer.user, request=request, by=keeper.user)
    count += sessions.end_tokens(officer.user, request=request, by=keeper.user)
    messages.success(request, _("Đã kết thúc %(count)d phiên và khoá API.") % {"count": count})
    return redirect("officer-detail", username)


# A file of many


@dataclass(slots=True)
class _Lines(Report):
    """A report that remembers what became of each line."""

    lines: list[tuple[int, str, Outcome, tuple[str, ...]]] = field(default_factory=list)

    def add(
        self, file: str, line: int, key: str, outcome: Outcome, reasons: tuple[str, ...] = ()
    ) -> None:
        # Not super(): a dataclass with slots is made anew, and the bare form would miss it.
        Report.add(self, file, line, key, outcome, reasons)
        self.lines.append((line, key, outcome, reasons))


@not_stored
@keeper_required
@require_http_methods(["GET", "HEAD", "POST"])
def officer_import(request: HttpRequest, keeper: Keeper) -> HttpResponse:
    """Show what a file would do, line by line; then do it. The text travels with the page."""
    text, step = request.POST.get("text", ""), request.POST.get("step", "")
    form = UploadForm(
        request.POST if request.method == "POST" and not text else None, request.FILES or None
    )
    if text and len(text.encode()) > MOST_BYTES:
        raise Http404
    if request.method == "POST" and not text and form.is_valid():
        text = form.cleaned_data["file"]
    report: _Lines | None = None
    is_done = bool(text) and step == "write"
    if text:
        report = _Lines()
        importing_officers.import_uploaded(
            text,
            keeper=keeper,
            today=timezone.localdate(),
            report=report,
            dry_run=not is_done,
        )
        unreadable = " ".join(report.unreadable.values())
        if unreadable or not report.understood:
            form = UploadForm({}, request.FILES)
            form.full_clean()
            form.errors.clear()
            form.add_error(None, unreadable or _("Không đọc được dòng nào."))
            report, text, is_done = None, "", False
    return render(
        request,
        "agencies/officer_import.html",
        {
            "place": "officer-list",
            "form": form,
            "report": report,
            "lines": _shown(report) if report else [],
            "most": MOST_LINES,
            "text": text,
            "is_done": is_done,
            "columns": ", ".join(importing_officers.REQUIRED),
            "more_columns": ", ".join(importing_officers.OPTIONAL),
            "roles": [(role.value, role.label) for role in Role if role in OFFICER_ROLES],
        },
        status=422 if form.errors else 200,
    )


def _shown(report: _Lines) -> list[dict[str, Any]]:
    words = {
        "created": _("lập mới"),
        "changed": _("bổ sung"),
        "unchanged": _("giữ nguyên"),
        "refused": _("từ chối"),
    }
    ordered = sorted(report.lines, key=lambda line: (line[2] != "refused", not line[3], line[0]))
    return [
        {
            "line": line,
            "username": key,
            "outcome": outcome,
            "words": words[outcome],
            "reasons": " ".join(reasons),
        }
        for line, key, outcome, reasons in ordered[:MOST_LINES]
    ]


# The log


@not_stored
@keeper_required
@require_safe
def account_events(request: HttpRequest, keeper: Keeper) -> HttpResponse:
    """Show what happened to accounts, newest first; for administrators."""
    if not keeper.administers and not keeper.keeps_everything:
        raise Http404
    found = AccountEvent.objects.select_related("user", "by").order_by("-pk")
    if not keeper.keeps_everything:
        administered = Q(pk__in=[])
        for path in keeper.administers:
            administered |= Q(path__startswith=path)
        found = found.filter(user__officer__agency__in=Agency.objects.filter(administered))
    typed, kind = request.GET.get("q", "")[:150].strip(), request.GET.get("viec", "")
    if typed:
        found = found.filter(user__username=typed)
    if kind in AccountEvent.Kind.values:
        found = found.filter(kind=kind)
    before = request.GET.get("truoc", "")
    if before.isascii() and before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found[: PAGE_SIZE + 1])
    query = request.GET.copy()
    next_url = ""
    if len(rows) > PAGE_SIZE:
        query["truoc"] = str(rows[PAGE_SIZE - 1].pk)
        next_url = f"?{query.urlencode()}"
    return render(
        request,
        "agencies/account_events.html",
        {
            "place": "officer-list",
            "events": rows[:PAGE_SIZE],
            "kinds": AccountEvent.Kind.choices,
            "typed": typed,
            "kind": kind,
            "next_url": next_url,
            "previous_url": "",
        },
    )
