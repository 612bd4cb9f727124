"""Internal processes from draft to decision: what they must agree with, their steps, publishing.

Sources: domain.md 3.11, 6.3. What is published never changes; triggers of the rows hold that.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.roles import Role
from agencies.models import Agency, Desk, OfficerRole
from dossiers.clockwork import stated_limit
from dossiers.deadlines import Limit, LimitError, Unit
from dossiers.recording import ActDataError
from dossiers.step_plans import CHANNELS, Branch, Fault, Plan, Rules, faults_in
from dossiers.steps import plan_from, rows_in
from procedures.models import Fee, ProcedureVersion
from procedures.process_models import InternalProcess, Step, StepBranch, StepUnit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agencies.models import Officer
    from procedures.models import ProcedureCase

DAY_MINUTES = 8 * 60  # domain.md 3.4: the default windows, 8.0 hours


class NotApprovedError(Exception):
    """The process has faults; nothing was published."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(fault.text for fault in faults))
        self.faults = faults


class PublishedError(Exception):
    """The process is published and may only be copied."""


# What a draft must agree with


def faults_of(process: InternalProcess, *, today: dt.date) -> list[Fault]:
    """Return what keeps a draft from being published. Runs at most nine queries."""
    steps = rows_in(process.pk)
    return faults_in(plan_from(steps), rules_for(process, steps, today=today))


def rules_for(process: InternalProcess, steps: Sequence[Step], *, today: dt.date) -> Rules:
    """Return what the version, the agencies and the officers of the day ask of a process."""
    version = process.version
    return Rules(
        limits=limits_of(version, process.case),
        empty_units=_empty_units(process, steps, today),
        fee_rule=process.fee_rule,
        has_fee=Fee.objects.filter(channel_limit__version=version, amount_vnd__gt=0).exists(),
        signs_after_payment=version.signs_after_payment,
    )


def limits_of(version: ProcedureVersion, case: ProcedureCase | None) -> dict[str, int | None]:
    """Return the most working minutes by channel: of the case, else the shortest of all cases.

    None where no time is promised. Runs two queries.
    """
    channel_limits = list(version.channel_limits.all())
    cases: list[ProcedureCase | None] = [case] if case is not None else [*version.cases.all()]
    found: dict[str, int | None] = {}
    for channel in CHANNELS:
        stated = [_stated(each, channel_limits, channel) for each in cases or [None]]
        known = [minutes for minutes in stated if minutes is not None]
        found[channel] = min(known) if known else None
    return found


def _stated(case: ProcedureCase | None, channel_limits: Any, channel: str) -> int | None:
    try:
        return limit_minutes(stated_limit(case, channel_limits, channel))
    except LimitError:
        return None


def limit_minutes(limit: Limit) -> int | None:
    """Return a limit in working minutes, None without one.

    Calendar days and months hold at least five working days in each seven days (decision): steps
    that fit these fit any dates but those around a long holiday.
    """
    value = limit.value or Decimal(0)
    match limit.unit:
        case Unit.WORKING_HOUR:
            return int(value * 60)
        case Unit.WORKING_DAY:
            return int(value * DAY_MINUTES)
        case Unit.DAY:
            return _least_working_days(int(value)) * DAY_MINUTES
        case Unit.MONTH:
            return _least_working_days(int(value * 30)) * DAY_MINUTES
        case Unit.SAME_DAY:
            return DAY_MINUTES
        case _:
            return None


def _least_working_days(days: int) -> int:
    # The last day rolls on to a working day, so there is always one.
    return max(1, days // 7 * 5 + max(0, days % 7 - 2))


def _empty_units(
    process: InternalProcess, steps: Sequence[Step], today: dt.date
) -> dict[str, list[str]]:
    """Return the agencies of each step in which nobody holds its role today."""
    holders: dict[str, set[int]] = defaultdict(set)
    rows = OfficerRole.objects.filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=today),
        Q(valid_to__isnull=True) | Q(valid_to__gte=today),
        officer__user__is_active=True,
    )
    for role, agency_id in rows.values_list("role", "agency_id"):
        holders[role].add(agency_id)
    offering = getattr(process.version.procedure, "offering", None)
    competent = offering.competent_agency_id if offering else None
    counters = _counters(holders[Role.RECEPTIONIST], at_centre=competent is not None)
    settling = {competent} if competent else counters
    units: dict[str, set[int]] = {StepUnit.COUNTER: counters, StepUnit.SETTLING: settling}
    missing = {
        step.code: (units.get(step.unit) or {step.agency_id or 0}) - holders[step.role]
        for step in steps
        if step.role != Role.SYSTEM
    }
    wanted = {agency_id for ids in missing.values() for agency_id in ids}
    names = {
        agency.pk: agency.label
        for agency in Agency.objects.filter(pk__in=wanted).only("name", "short_name")
    }
    return {
        code: sorted(names.get(agency_id, _("đơn vị chưa xác định")) for agency_id in ids)
        for code, ids in missing.items()
        if ids
    }


def _counters(receiving: set[int], *, at_centre: bool) -> set[int]:
    """Return the agencies whose counters take the procedure in.

    What one agency settles comes in at the centre; what each commune settles, at each commune.
    """
    kind = Desk.Kind.PROVINCE if at_centre else Desk.Kind.COMMUNE
    desks = set(
        Desk.objects.filter(kind=kind, agency__in=receiving).values_list("agency_id", flat=True)
    )
    return desks or receiving


# Drafts


def draft_for(
    version: ProcedureVersion, case: ProcedureCase | None, *, by: Officer
) -> InternalProcess:
    """Return the draft of a version and case, made if there is none."""
    with transaction.atomic():
        # The version is the lock: two people may ask for a draft at once.
        ProcedureVersion.objects.select_for_update(no_key=True).only("pk").get(pk=version.pk)
        found = InternalProcess.objects.filter(
            version=version, case=case, published_at__isnull=True
        ).first()
        return found or InternalProcess.objects.create(
            version=version,
            case=case,
            number=_next_number(version),
            created_by=by,
        )


def _next_number(version: ProcedureVersion) -> int:
    last = InternalProcess.objects.filter(version=version).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def draft_locked(process: InternalProcess) -> InternalProcess:
    """Lock a draft and return it as it is now; raise PublishedError for one that is published.

    Call inside a transaction.
    """
    locked = InternalProcess.objects.select_for_update(of=("self",)).get(pk=process.pk)
    if locked.is_published:
        raise PublishedError
    return locked


def copy_to_draft(process: InternalProcess, *, by: Officer, today: dt.date) -> InternalProcess:
    """Return a draft with the steps of a process, for the version in force today.

    A draft that is there already has its steps replaced. The case is the one of the same code and
    place in that version; where it has none, the draft is for all cases.
    """
    with transaction.atomic():
        version = (
            ProcedureVersion.objects.filter(procedure=process.version.procedure_id)
            .valid_on(today)
            .first()
        ) or process.version
        case = process.case
        if case is not None and version.pk != process.version_id:
            case = version.cases.filter(code=case.code, position=case.position).first()
        draft = draft_locked(draft_for(version, case, by=by))
        draft.fee_rule = process.fee_rule
        draft.save(update_fields=["fee_rule"])
        replace_steps(draft, rows_of(process))
        return draft


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step with the branches it leads on by, apart from any table."""

    step: Step
    branches: tuple[Branch, ...]


def rows_of(process: InternalProcess) -> list[StepRow]:
    """Return the steps of a process as new ones of no process yet, with their branches."""
    rows = []
    for step in rows_in(process.pk):
        branches = tuple(Branch(b.to.code, b.kind, b.condition) for b in step.branches.all())
        step.pk = None
        step._state.adding = True
        rows.append(StepRow(step, branches))
    return rows


def replace_steps(draft: InternalProcess, rows: Sequence[StepRow]) -> None:
    """Give a locked draft these steps in this order instead of its own.

    Raises ActDataError naming the step whose branch leads nowhere.
    """
    known = {row.step.code for row in rows}
    for row in rows:
        for branch in row.branches:
            if branch.to not in known or branch.to == row.step.code:
                raise ActDataError(
                    {
                        "branches": _("Bước %(code)s dẫn tới bước %(to)s không có.")
                        % {"code": row.step.code, "to": branch.to}
                    }
                )
    draft.steps.all().delete()
    made: dict[str, Step] = {}
    for position, row in enumerate(rows):
        row.step.process = draft
        row.step.position = position
        row.step.save(force_insert=True)
        made[row.step.code] = row.step
    StepBranch.objects.bulk_create(
        StepBranch(
            step=made[row.step.code],
            to=made[branch.to],
            kind=branch.kind,
            condition=branch.condition,
        )
        for row in rows
        for branch in row.branches
    )


def save_step(draft: InternalProcess, step: Step, branches: Sequence[Branch]) -> None:
    """Save one step of a locked draft with its branches; a new one comes last.

    Raises ActDataError naming `branches` when one leads nowhere.
    """
    others = {other.code: other for other in draft.steps.exclude(pk=step.pk)}
    for branch in branches:
        if branch.to not in others:
            raise ActDataError(
                {"branches": _("Không có bước nào khác mang mã %(code)s.") % {"code": branch.to}}
            )
    if step._state.adding:
        last = draft.steps.aggregate(last=Max("position"))["last"]
        step.position = 0 if last is None else last + 1
    step.process = draft
    step.save()
    step.branches.all().delete()
    StepBranch.objects.bulk_create(
        StepBranch(step=step, to=others[b.to], kind=b.kind, condition=b.condition) for b in branches
    )


def publish(
    process: InternalProcess,
    *,
    by: Officer,
    decision_number: str,
    decision_on: dt.date,
    valid_from: dt.date,
    today: dt.date | None = None,
) -> InternalProcess:
    """Công bố quy trình nội bộ: what was approved binds the dossiers received from a day on.

    The one before ends the day before. Raises PermissionError for who is not of the reform office
    (R11), PublishedError when it was published meanwhile, NotApprovedError with its faults,
    ActDataError naming a field of the decision.
    """
    today = today or timezone.localdate()
    if Role.REFORM_OFFICER not in {role for role, _agency in by.held_roles(today)}:
        raise PermissionError("only the reform office publishes a process")
    with transaction.atomic():
        locked = draft_locked(process)
        faults = faults_of(locked, today=today)
        if faults:
            raise NotApprovedError(faults)
        errors: dict[str, str] = {}
        before = (
            InternalProcess.objects.select_for_update(of=("self",))
            .binding()
            .filter(version=locked.version_id, case=locked.case_id, valid_to__isnull=True)
            .first()
        )
        if not decision_number.strip():
            errors["decision_number"] = _("Hãy ghi số quyết định phê duyệt.")
        if decision_on > today:
            errors["decision_on"] = _("Ngày quyết định không được sau hôm nay.")
        if valid_from < today:
            errors["valid_from"] = _(
                "Không áp dụng lùi ngày: hồ sơ giữ quy trình của ngày tiếp nhận."
            )
        elif before is not None and before.valid_from is not None:
            first = max(today, before.valid_from) + dt.timedelta(days=1)
            if valid_from < first:
                errors["valid_from"] = _(
                    "Thay quy trình đang áp dụng thì sớm nhất từ ngày %(day)s."
                ) % {"day": f"{first:%d/%m/%Y}"}
        if errors:
            raise ActDataError(errors)
        if before is not None:
            before.valid_to = valid_from - dt.timedelta(days=1)
            before.save(update_fields=["valid_to"])
        locked.decision_number = decision_number.strip()
        locked.decision_on = decision_on
        locked.approved_by = by
        locked.published_at = timezone.now()
        locked.valid_from = valid_from
        locked.save()
        return locked


@dataclass(frozen=True, slots=True)
class Way:
    """The longest way through a process on one channel, beside what the procedure promises."""

    channel: str
    codes: tuple[str, ...]
    minutes: int
    limit: int | None

    @property
    def is_over(self) -> bool:
        return self.limit is not None and self.minutes > self.limit


def ways_of(plan: Plan, limits: dict[str, int | None]) -> list[Way]:
    """Return the longest way of each channel; none while the steps form no whole."""
    if len(plan.starts) != 1 or plan.has_circle:
        return []
    found = []
    for place, channel in enumerate(CHANNELS):
        minutes, codes = plan.longest(plan.starts[0].code, place)
        found.append(Way(channel, tuple(codes), minutes, limits.get(channel)))
    return found


def plan_and_steps(process: InternalProcess) -> tuple[Plan, list[Step]]:
    """Return the plan of a draft or a published process with its rows. Runs three queries."""
    rows = rows_in(process.pk)
    return plan_from(rows), rows
