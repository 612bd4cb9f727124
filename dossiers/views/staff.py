"""Moving an officer and letting one go: first the work, then the roles, then the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.roles import Role
from agencies.staff_forms import AgencyForm, TransferForm
from agencies.staff_views import add_errors, keeper_required, kept_officer
from agencies.staffing import StaffingError, roles_not_over
from dossiers.services import leaving
from dossiers.views.processing import not_stored

if TYPE_CHECKING:
    from agencies.models import Officer, OfficerRole
    from agencies.staffing import Keeper


def _who_may_go(keeper: Keeper, username: str) -> tuple[Officer, list[OfficerRole]]:
    officer = kept_officer(keeper, username)
    rows = roles_not_over(officer, timezone.localdate())
    if not officer.user.is_active or not keeper.may_let_go(officer, rows):
        raise Http404
    return officer, rows


def _heads(keeper: Keeper) -> frozenset[int]:
    """Return the agencies whose dossiers the keeper can hand over: as their head, for a day too."""
    if keeper.officer is None:
        return frozenset()
    held = keeper.officer.held_roles(timezone.localdate())
    return frozenset(agency_id for role, agency_id in held if role == Role.HEAD)


@not_stored
@keeper_required
@require_http_methods(["GET", "HEAD", "POST"])
def officer_leave(request: HttpRequest, keeper: Keeper, username: str) -> HttpResponse:
    """Show what is still held and by whom it can be handed over; with empty hands, let go."""
    officer, roles = _who_may_go(keeper, username)
    if request.method == "POST":
        try:
            leaving.leave(by=keeper, officer=officer)
        except leaving.WorkLeftError as error:
            messages.error(
                request,
                _("Còn %(count)d hồ sơ chưa bàn giao; chưa khoá tài khoản.")
                % {"count": error.count},
            )
            return redirect("officer-leave", username)
        except StaffingError as error:
            messages.error(request, " ".join(error.errors.values()))
        else:
            messages.success(
                request,
                _("%(name)s đã thôi việc: vai trò hết hôm nay, tài khoản đã khoá.")
                % {"name": officer.full_name},
            )
        return redirect("officer-list")
    headed = _heads(keeper)
    work = leaving.work_left(officer, timezone.localdate())
    return render(
        request,
        "dossiers/staff/leave.html",
        {
            "place": "officer-list",
            "shown": officer,
            "work": [(each, each.agency.pk in headed) for each in work],
            "roles": roles,
        },
    )


@not_stored
@keeper_required
@require_http_methods(["GET", "HEAD", "POST"])
def officer_transfer(request: HttpRequest, keeper: Keeper, username: str) -> HttpResponse:
    """Choose the new agency, then the roles there; what is held at the old one goes first."""
    officer, _roles = _who_may_go(keeper, username)
    today = timezone.localdate()
    agencies = list(keeper.agencies().exclude(pk=officer.agency_id).order_by("name_sort"))
    code = request.GET.get("co_quan", "")
    to = next((each for each in agencies if each.code == code), None)
    if to is None:
        if code or request.method == "POST" or not agencies:
            raise Http404
        return render(
            request,
            "dossiers/staff/transfer_where.html",
            {"form": AgencyForm(agencies), "shown": officer, "place": "officer-list"},
        )
    form = TransferForm(keeper, to, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            leaving.transfer(by=keeper, officer=officer, to=to, **form.cleaned_data)
        except leaving.WorkLeftError as error:
            form.add_error(None, _("Còn %(count)d hồ sơ chưa bàn giao.") % {"count": error.count})
        except StaffingError as error:
            add_errors(form, error.errors)
        else:
            messages.success(
                request,
                _("Đã điều chuyển %(name)s tới %(agency)s.")
                % {"name": officer.full_name, "agency": to.name},
            )
            return redirect("officer-detail", username)
    headed = _heads(keeper)
    at_stake = leaving.work_at_stake(officer, today)
    return render(
        request,
        "dossiers/staff/transfer.html",
        {
            "place": "officer-list",
            "form": form,
            "shown": officer,
            "to": to,
            "work": [(each, each.agency.pk in headed) for each in leaving.work_left(officer, today)]
            if at_stake
            else [],
        },
        status=422 if form.errors else 200,
    )
