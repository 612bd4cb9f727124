"""Delegations: what one gave and was given, and what a head gave for their people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from accounts.roles import Role
from agencies import delegations
from agencies.access import officer_required, the_officer
from agencies.delegation_forms import DelegationForm, RevocationForm
from agencies.delegations import DelegationError
from agencies.models import Agency, Delegation, Officer, OfficerRole

if TYPE_CHECKING:
    import datetime as dt

not_stored = cache_control(private=True, no_store=True)
MOST_PAST = 50  # of those that are over; older ones stand in the database


@not_stored
@officer_required()
@require_safe
def delegation_list(request: HttpRequest) -> HttpResponse:
    """Show the delegations one is part of or answers for, those in force first."""
    officer, today = the_officer(request), timezone.localdate()
    headed = delegations.heads_over(officer, today)
    mine = Q(giver=officer) | Q(delegate=officer)
    seen = mine
    for agency in headed:
        seen |= Q(agency__path__startswith=agency.path)
    found = (
        Delegation.objects.filter(seen)
        .select_related("giver", "delegate", "agency", "created_by", "revoked_by")
        .order_by("-valid_to", "-pk")
    )
    running = list(found.filter(revoked_at__isnull=True, valid_to__gte=today))
    over = list(found.exclude(revoked_at__isnull=True, valid_to__gte=today)[:MOST_PAST])
    return render(
        request,
        "agencies/delegations.html",
        {
            "running": [_line(each, officer, headed, today) for each in running],
            "over": [_line(each, officer, headed, today) for each in over],
            "place": "delegation-list",
            "choices": _choices(officer, headed, today),
        },
    )


def _line(
    given: Delegation, officer: Officer, headed: list[Agency], today: dt.date
) -> dict[str, Any]:
    roles = [Role(role) for role in given.roles]
    return {
        "delegation": given,
        "roles": ", ".join(str(role.label) for role in roles),
        "is_mine": given.delegate_id == officer.pk,
        "begins": given.valid_from > today,
        "may_revoke": given.revoked_at is None
        and given.valid_to >= today
        and _may(officer, given.giver, given.agency, roles, headed),
    }


def _may(
    officer: Officer, giver: Officer, agency: Agency, roles: list[Role], headed: list[Agency]
) -> bool:
    """As `delegations.may_give_for`, of what was read already; the service asks again."""
    return delegations.may_give(
        is_own=officer.pk == giver.pk, agency=agency, roles=roles, headed=headed
    )


def _choices(officer: Officer, headed: list[Agency], today: dt.date) -> list[tuple[str, str]]:
    """Return whose roles the officer may delegate: their own, and those of their people."""
    rows = (
        OfficerRole.objects.on(today)
        .filter(
            Q(officer=officer) | Q(agency__in=headed),
            role__in=delegations.DELEGABLE_ROLES,
            officer__user__is_active=True,
        )
        .select_related("officer__user", "agency")
        .order_by("officer__name_sort", "agency__name_sort")
    )
    held: dict[tuple[Officer, Agency], list[Role]] = {}
    for row in rows:
        held.setdefault((row.officer, row.agency), []).append(Role(row.role))
    found = [
        (f"{giver.user.username}@{agency.code}", f"{giver.full_name}, {agency.label}")
        for (giver, agency), roles in held.items()
        if any(_may(officer, giver, agency, [role], headed) for role in roles)
    ]
    # Oneself first.
    own = officer.user.username
    return sorted(found, key=lambda choice: choice[0].rpartition("@")[0] != own)


@not_stored
@officer_required()
@require_http_methods(["GET", "HEAD", "POST"])
def delegation_add(request: HttpRequest) -> HttpResponse:
    """Delegate the roles of the officer and agency that `?cua=username@code` names."""
    officer, today = the_officer(request), timezone.localdate()
    username, _at, code = request.GET.get("cua", "").rpartition("@")
    giver = Officer.objects.select_related("user").filter(user__username=username).first()
    agency = Agency.objects.filter(code=code).first()
    if giver is None or agency is None:
        raise Http404
    roles = [
        role
        for role in delegations.delegable_roles(giver, agency, today)
        if delegations.may_give_for(officer, giver, agency, [role], today)
    ]
    if not roles:
        raise Http404
    form = DelegationForm(
        giver, agency, today, request.POST if request.method == "POST" else None, roles=roles
    )
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            done = delegations.delegate(
                by=officer, giver=giver, to=given.pop("delegate"), agency=agency, **given
            )
        except DelegationError as error:
            for name, text in error.errors.items():
                form.add_error(name, text)
        else:
            messages.success(
                request,
                _("Đã uỷ quyền cho %(name)s từ %(first)s đến hết %(last)s.")
                % {
                    "name": done.delegate.full_name,
                    "first": f"{done.valid_from:%d/%m/%Y}",
                    "last": f"{done.valid_to:%d/%m/%Y}",
                },
            )
            return redirect("delegation-list")
    return render(
        request,
        "agencies/delegation_add.html",
        {"form": form, "giver": giver, "agency": agency, "place": "delegation-list"},
        status=422 if form.errors else 200,
    )


@not_stored
@officer_required()
@require_http_methods(["GET", "HEAD", "POST"])
def delegation_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask why, then end a delegation now."""
    officer, today = the_officer(request), timezone.localdate()
    given = (
        Delegation.objects.select_related("giver", "delegate", "agency").filter(pk=pk).first()
        if pk < 2**63
        else None
    )
    if given is None or not delegations.may_give_for(
        officer, given.giver, given.agency, [Role(role) for role in given.roles], today
    ):
        raise Http404
    form = RevocationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            delegations.revoke(given, by=officer, reason=form.cleaned_data["reason"])
        except DelegationError as error:
            messages.error(request, " ".join(error.errors.values()))
        else:
            messages.success(
                request,
                _("Đã thu hồi uỷ quyền cho %(name)s.") % {"name": given.delegate.full_name},
            )
        return redirect("delegation-list")
    return render(
        request,
        "agencies/delegation_revoke.html",
        {
            "form": form,
            "given": given,
            "place": "delegation-list",
            "url": reverse("delegation-revoke", args=[given.pk]),
        },
        status=422 if form.errors else 200,
    )
