"""Internal processes: the reform office drafts, checks and publishes them; heads read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.folding import fold
from accounts.roles import Role
from agencies.access import officer_required, scope_for, the_officer
from dossiers import processes
from dossiers.recording import ActDataError
from dossiers.step_forms import DraftForm, FeeRuleForm, PublishForm, SheetForm, StepForm
from dossiers.step_plans import REWORK, channel_words, hours_text
from dossiers.step_sheets import SheetError, read_sheet, write_sheet
from dossiers.views.processing import not_stored
from dossiers.workflow import State
from procedures.process_models import InternalProcess, SignType, Step, StepUnit

if TYPE_CHECKING:
    from dossiers.step_plans import Fault, Plan

PAGE_SIZE = 40
# Who writes them, and who reads what was published.
_WRITES = Role.REFORM_OFFICER
_reads = officer_required(Role.REFORM_OFFICER, Role.HEAD, Role.SUPERVISOR)
_writes = officer_required(_WRITES)


@not_stored
@_reads
@require_safe
def process_list(request: HttpRequest) -> HttpResponse:
    """Show the processes by procedure, drafts first. Runs three queries."""
    may_write = _WRITES in scope_for(request).roles
    found = InternalProcess.objects.for_page().order_by(
        F("published_at").desc(nulls_first=True), "version__procedure__code", "-number"
    )
    if not may_write:
        found = found.binding()
    typed = request.GET.get("q", "").strip()[:100]
    if typed:
        found = found.filter(
            Q(version__procedure__code__startswith=typed)
            | Q(version__procedure__name_fold__contains=fold(typed))
        )
    today = timezone.localdate()
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "dossiers/processes/list.html",
        {
            "page_obj": page,
            "lines": [(process, address(process), _standing(process, today)) for process in page],
            "typed": typed,
            "may_write": may_write,
            "form": DraftForm(today),
            "place": "process-list",
        },
    )


def _standing(process: InternalProcess, today: Any) -> str:
    if process.valid_from is None:
        return _("Bản nháp")
    if process.valid_to is not None and process.valid_to < today:
        return _("Đã thay")
    return _("Đang áp dụng") if process.valid_from <= today else _("Sắp áp dụng")


@not_stored
@_writes
@require_POST
def process_add(request: HttpRequest) -> HttpResponse:
    """Open the draft of a procedure, made where there is none."""
    form = DraftForm(timezone.localdate(), request.POST)
    if not form.is_valid() or form.version is None:
        for errors in form.errors.values():
            messages.error(request, " ".join(str(error) for error in errors))
        return redirect("process-list")
    draft = processes.draft_for(form.version, form.chosen_case, by=the_officer(request))
    return redirect(address(draft))


def address(process: InternalProcess, name: str = "process-detail", *more: str) -> str:
    """Return an address of a process: by procedure, version and number."""
    version = process.version
    return reverse(name, args=[version.procedure.code, version.number, process.number, *more])


def _found(request: HttpRequest, code: str, version: int, number: int) -> InternalProcess:
    """Return a process in sight; a draft is seen by those who write it. 404 out of sight."""
    process = None
    if max(version, number) < 2**15:
        process = (
            InternalProcess.objects.for_page()
            .select_related("version__procedure__offering__competent_agency")
            .filter(version__procedure__code=code, version__number=version, number=number)
            .first()
        )
    if process is None or not (process.is_published or _WRITES in scope_for(request).roles):
        raise Http404
    return process


def _draft(request: HttpRequest, code: str, version: int, number: int) -> InternalProcess:
    process = _found(request, code, version, number)
    if process.is_published:
        raise Http404
    return process


@not_stored
@_reads
@require_safe
def process_detail(request: HttpRequest, code: str, version: int, number: int) -> HttpResponse:
    """Show the steps of a process; of a draft, also what keeps it from being published."""
    return _page(request, _found(request, code, version, number))


def _page(
    request: HttpRequest,
    process: InternalProcess,
    *,
    form: PublishForm | None = None,
    sheet: SheetForm | None = None,
    sheet_faults: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    today = timezone.localdate()
    plan, rows = processes.plan_and_steps(process)
    may_write = _WRITES in scope_for(request).roles
    is_draft = may_write and not process.is_published
    faults = processes.faults_of(process, today=today) if is_draft else []
    limits = processes.limits_of(process.version, process.case)
    return render(
        request,
        "dossiers/processes/detail.html",
        {
            "process": process,
            "standing": _standing(process, today),
            "is_draft": is_draft,
            "may_write": may_write,
            "levels": [[_box(step) for step in level] for level in plan.levels()],
            "lines": [_line(process, row, plan, faults) for row in rows],
            "ways": _ways(plan, limits),
            "faults": faults,
            "form": form or PublishForm(initial={"valid_from": today}),
            "fee_form": FeeRuleForm(instance=process),
            "sheet_form": sheet or SheetForm(),
            "sheet_faults": sheet_faults or [],
            "urls": _urls(process),
            "place": "process-list",
        },
        status=status,
    )


def _urls(process: InternalProcess) -> dict[str, str]:
    names = ("publish", "copy", "sheet", "sheet-load", "fee-rule", "step-add")
    return {name.replace("-", "_"): address(process, f"process-{name}") for name in names}


def _box(step: Any) -> dict[str, Any]:
    return {
        "code": step.code,
        "name": step.name,
        "role": step.role.label,
        "hours": hours_text(step.minutes[0]),
        "is_timed": bool(step.minutes[0]),
    }


def _line(process: InternalProcess, step: Step, plan: Plan, faults: list[Fault]) -> dict[str, Any]:
    unit = step.agency.label if step.agency else StepUnit(step.unit).label
    marks = [
        _("thu phí") if step.takes_fee else "",
        str(SignType(step.sign_type).label).lower() if step.sign_type != SignType.NONE else "",
        "" if step.may_pause else _("thời gian dừng vẫn tính"),
    ]
    planned = plan.by_code[step.code]
    return {
        "step": step,
        "unit": unit,
        "state": State(step.state),
        "hours": [hours_text(minutes) for minutes in planned.minutes],
        "same_hours": len(set(planned.minutes)) == 1,
        "marks": ", ".join(mark for mark in marks if mark),
        "branches": [
            (branch.to, branch.kind, branch.condition, branch.kind == REWORK)
            for branch in planned.branches
        ],
        "faults": [fault.text for fault in faults if fault.code == step.code],
        "edit_url": address(process, "process-step", step.code),
        "delete_url": address(process, "process-step-delete", step.code),
    }


def _ways(plan: Plan, limits: dict[str, int | None]) -> list[dict[str, Any]]:
    return [
        {
            "channel": channel_words(way.channel),
            "codes": " → ".join(way.codes),
            "hours": hours_text(way.minutes),
            "limit": hours_text(way.limit) if way.limit is not None else "",
            "is_over": way.is_over,
        }
        for way in processes.ways_of(plan, limits)
    ]


@not_stored
@_writes
@require_http_methods(["GET", "HEAD", "POST"])
def process_step(
    request: HttpRequest, code: str, version: int, number: int, step: str = ""
) -> HttpResponse:
    """Write one step of a draft, a new one where the address names none."""
    process = _draft(request, code, version, number)
    row = process.steps.select_related("agency").filter(code=step).first() if step else None
    if step and row is None:
        raise Http404
    form = StepForm(process, request.POST if request.method == "POST" else None, step=row)
    if request.method == "POST" and form.is_valid():
        filled = form.filled()
        try:
            with transaction.atomic():
                draft = processes.draft_locked(process)
                processes.save_step(draft, filled, form.cleaned_data["branches"])
        except ActDataError as error:
            for name, text in error.errors.items():
                form.add_error(name, text)
        except processes.PublishedError:
            raise Http404 from None
        else:
            messages.success(request, _("Đã ghi bước %(code)s.") % {"code": filled.code})
            return redirect(address(process))
    return render(
        request,
        "dossiers/processes/step.html",
        {
            "form": form,
            "process": process,
            "step_code": step,
            "url": address(process),
            "place": "process-list",
        },
        status=422 if form.errors else 200,
    )


@not_stored
@_writes
@require_POST
def process_step_delete(
    request: HttpRequest, code: str, version: int, number: int, step: str
) -> HttpResponse:
    """Take a step out of a draft, and the branches that lead to it."""
    process = _draft(request, code, version, number)
    try:
        with transaction.atomic():
            processes.draft_locked(process).steps.filter(code=step).delete()
    except processes.PublishedError:
        raise Http404 from None
    messages.success(request, _("Đã bỏ bước %(code)s.") % {"code": step[:12]})
    return redirect(address(process))


@not_stored
@_writes
@require_POST
def process_fee_rule(request: HttpRequest, code: str, version: int, number: int) -> HttpResponse:
    """Say when the fee is collected in a draft."""
    process = _draft(request, code, version, number)
    try:
        with transaction.atomic():
            form = FeeRuleForm(request.POST, instance=processes.draft_locked(process))
            if form.is_valid():
                form.save()
    except processes.PublishedError:
        raise Http404 from None
    return redirect(address(process))


@not_stored
@_writes
@require_POST
def process_publish(request: HttpRequest, code: str, version: int, number: int) -> HttpResponse:
    """Publish a draft with the decision that approves it, or say what it lacks."""
    process = _draft(request, code, version, number)
    form = PublishForm(request.POST)
    if not form.is_valid():
        return _page(request, process, form=form, status=422)
    try:
        done = processes.publish(process, by=the_officer(request), **form.cleaned_data)
    except ActDataError as error:
        for name, text in error.errors.items():
            form.add_error(name, text)
        return _page(request, process, form=form, status=422)
    except processes.NotApprovedError:
        return _page(request, process, form=form, status=422)
    except processes.PublishedError:
        raise Http404 from None
    messages.success(
        request,
        _("Đã công bố quy trình, áp dụng cho hồ sơ tiếp nhận từ ngày %(day)s.")
        % {"day": f"{done.valid_from:%d/%m/%Y}"},
    )
    return redirect(address(process))


@not_stored
@_writes
@require_POST
def process_copy(request: HttpRequest, code: str, version: int, number: int) -> HttpResponse:
    """Make a draft of the version in force with the steps of a process, and open it."""
    process = _found(request, code, version, number)
    draft = processes.copy_to_draft(process, by=the_officer(request), today=timezone.localdate())
    messages.success(request, _("Đã chép thành bản nháp; quy trình đang áp dụng không đổi."))
    return redirect(address(draft))


@not_stored
@_reads
@require_safe
def process_sheet(request: HttpRequest, code: str, version: int, number: int) -> HttpResponse:
    """Give the steps as a CSV."""
    process = _found(request, code, version, number)
    response = HttpResponse(
        write_sheet(processes.rows_of(process)), content_type="text/csv; charset=utf-8"
    )
    name = f"quy-trinh-{process.version.procedure.code}-{process.number}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@not_stored
@_writes
@require_POST
def process_sheet_load(request: HttpRequest, code: str, version: int, number: int) -> HttpResponse:
    """Replace the steps of a draft by those of a CSV; one with faults changes nothing."""
    process = _draft(request, code, version, number)
    form = SheetForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, process, sheet=form, status=422)
    try:
        rows = read_sheet(form.cleaned_data["sheet"])
        with transaction.atomic():
            processes.replace_steps(processes.draft_locked(process), rows)
    except SheetError as error:
        return _page(request, process, sheet=form, sheet_faults=error.faults, status=422)
    except processes.PublishedError:
        raise Http404 from None
    messages.success(request, _("Đã nhập %(count)d bước từ bảng.") % {"count": len(rows)})
    return redirect(address(process))
