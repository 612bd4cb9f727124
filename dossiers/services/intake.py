"""From the counter to acceptance: T01-T07, T09, T10 of domain.md 2.5 (T08 in `waiting`)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.search import SearchVector
from django.db import transaction
from django.db.models import Value
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.folding import fold, tidy
from accounts.personal_data import keyed_digest, normalise_number, seal, unseal
from accounts.roles import Role
from agencies.calendars import calendar_for_promise
from agencies.models import Officer
from dossiers import paper_issue, tracking_codes
from dossiers.clockwork import START_FIELDS, start_clock, stated_limit
from dossiers.deadlines import LimitError, Unit
from dossiers.fees import Ledger
from dossiers.models import (
    Dossier,
    DossierDocument,
    Entry,
    FeeDue,
    IdKind,
    OwnerKind,
    ResultChannel,
    Signature,
    SupplementRound,
    local_day,
)
from dossiers.opening import needs_object
from dossiers.receipts import (
    give_code,
    is_national_code,
    promise,
    second_fact,
)
from dossiers.recording import (
    ActDataError,
    Record,
    StaleVersionError,
    begin,
    check_answer_by,
    database_now,
)
from dossiers.services import chains
from dossiers.workflow import Act, Facts, PaperKind, Standing, State, check
from procedures.models import Channel, LimitUnit, ProcedureCase, ProcedureVersion, Sector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agencies.models import Agency
    from dossiers.workflow import Opening

# A clock on a desk may run ahead of ours by so much before its "now" is called the future.
CLOCK_SKEW = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Person:
    """Chủ hồ sơ: who the dossier is about; numbers are sealed before they are stored."""

    name: str
    kind: str = OwnerKind.CITIZEN
    personal_id: str = ""
    id_kind: str = IdKind.PERSONAL_ID
    phone: str = ""
    address: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """Giấy tờ: one paper handed in."""

    name: str
    kind: str = DossierDocument.Kind.COPY
    quantity: int = 1
    required_id: int | None = None


@dataclass(frozen=True, slots=True)
class FeeItem:
    """Khoản thu: what is due for it, and whether the counter took it already (whole đồng)."""

    name: str
    amount_vnd: Decimal
    is_paid: bool = False
    receipt_number: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """What a reception officer logs: who asks for what, by which door, with which papers.

    `papers` of None: the officer vouches that the set is complete and the event says so.
    `received_at` earlier than now is a late entry and needs a `reason`; `due_on` is a date the
    officer sets where the procedure states none, likewise with a `reason`.
    """

    version: ProcedureVersion
    case: ProcedureCase | None
    channel: str
    competent_agency: Agency
    owner: Person
    representative: Person | None = None
    papers: Sequence[Paper] | None = None
    fees: Sequence[FeeItem] = field(default_factory=tuple)
    received_at: dt.datetime | None = None
    due_on: dt.date | None = None
    reason: str = ""
    summary: str = ""
    result_channel: str = ResultChannel.COUNTER
    # Phi địa giới (domain.md 6.4): who helped to hand it in, the commune of the object, the counter
    # that hands the result over. Left out: nobody, none, the receiving one.
    supporting_agency: Agency | None = None
    object_agency: Agency | None = None
    collecting_agency: Agency | None = None
    # Of a dossier created on the national portal: its code there, which stays (domain.md 5.2).
    national_code: str = ""


def log_submission(submission: Submission, *, by: Officer, entry: Entry | None = None) -> Dossier:
    """Ghi nhận và tiếp nhận: T03 (or T02 when taken over from another portal) and T04 at once.

    Raises ActDataError naming the field, IllegalTransitionError when the officer is no
    receptionist in their agency.
    """
    with transaction.atomic():
        now = timezone.now()
        at = _instant_of_receipt(submission, now, seeded=entry is Entry.SEEDED)
        if entry is None:
            entry = Entry.LATE if at < now - CLOCK_SKEW else Entry.LIVE
        dossier = _new_dossier(submission, by=by, at=at, entry=entry)
        record = Record(dossier, by, at)
        _append_registration(record, submission, by=by, at=at)
        return _accept(record, submission, by=by, at=at)


def register(submission: Submission, *, by: Officer, at: dt.datetime | None = None) -> Dossier:
    """Ghi nhận hồ sơ nộp: the papers are at the counter, nobody has accepted them yet (T03, T02)."""
    with transaction.atomic():
        at = at or timezone.now()
        entry = Entry.LIVE if at >= timezone.now() - CLOCK_SKEW else Entry.SEEDED
        dossier = _new_dossier(submission, by=by, at=at, entry=entry)
        record = Record(dossier, by, database_now())
        _append_registration(record, submission, by=by, at=at)
        record.write()
        _add_papers(dossier, submission.papers or ())
        _add_fees(dossier, submission.fees, at)
        return dossier


def save_draft(submission: Submission, *, by: Officer, at: dt.datetime | None = None) -> Dossier:
    """Lưu nháp: what was typed so far, for the officer to go on with; not synced (T01)."""
    with transaction.atomic():
        at = at or timezone.now()
        dossier = _new_dossier(submission, by=by, at=at, entry=Entry.LIVE)
        dossier.submitted_at = None
        record = Record(dossier, by, database_now())
        record.append(_opening_of_new(Act.SAVE_DRAFT, by), at=at, agency=by.agency)
        record.write()
        _add_papers(dossier, submission.papers or ())
        _add_fees(dossier, submission.fees, at)
        return dossier


def update_draft(
    dossier: Dossier, submission: Submission, *, by: Officer, version: int | None = None
) -> Dossier:
    """Sửa bản nháp: what was typed replaces what the draft said (T01).

    The event names what changed and no value of it: what is typed may be personal. Where nothing
    changed nothing is written, whoever looks at which version. Raises as `begin` does.
    """
    with transaction.atomic():
        step = begin(Act.SAVE_DRAFT, dossier, by=by)
        locked = step.dossier
        columns = _typed_columns(submission, locked.tracking_code, locked.receiving_agency)
        _check_national_code(submission, unless=locked)
        changed = _changed(locked, columns, submission)
        if not changed:
            return locked
        if version is not None and version != locked.event_count:
            raise StaleVersionError
        for name, value in columns.items():
            setattr(locked, name, value)
        step.append(data={"changed": changed}, holder_officer=locked.holder_officer)
        step.record.write(fields=columns)
        locked.documents.all().delete()
        _add_papers(locked, submission.papers or ())
        # What was taken already was taken then, whoever edits the rest.
        taken = {
            (fee.name, fee.amount_vnd): fee.paid_at for fee in locked.fees_due.all() if fee.paid_at
        }
        locked.fees_due.all().delete()
        _add_fees(locked, submission.fees, step.at, taken)
        return locked


# They follow from other columns, or change with every sealing.
_DERIVED = frozenset({"owner_search", "owner_id_digest", "id_proof", "phone_proof"})


def _changed(draft: Dossier, columns: Mapping[str, Any], submission: Submission) -> list[str]:
    """Return the names of what a submission says other than the draft. Runs two queries."""
    changed = [
        name
        for name, value in columns.items()
        if name not in _DERIVED and _plain(name, getattr(draft, name)) != _plain(name, value)
    ]
    papers = [
        (paper.name, paper.kind, paper.quantity, paper.required_id)
        for paper in draft.documents.order_by("position", "id")
    ]
    said = submission.papers or ()
    if papers != [(p.name, p.kind, p.quantity, p.required_id) for p in said]:
        changed.append("papers")
    fees = [
        (fee.name, fee.amount_vnd, fee.paid_at is not None, fee.receipt_number)
        for fee in draft.fees_due.order_by("pk")
    ]
    if fees != [(f.name, f.amount_vnd, f.is_paid, f.receipt_number) for f in submission.fees]:
        changed.append("fees")
    return sorted(changed)


def _plain(name: str, value: Any) -> Any:
    return unseal(value) if name.endswith("_sealed") else value


def submit_draft(dossier: Dossier, *, by: Officer, version: int | None = None) -> Dossier:
    """Nộp hồ sơ: a draft becomes a submission (T02, T03); the 8-hour intake timer starts."""
    act = Act.SUBMIT if dossier.channel == Channel.ONLINE else Act.REGISTER
    with transaction.atomic():
        step = begin(act, dossier, by=by, version=version)
        step.dossier.submitted_at = step.at
        step.append()
        step.record.write(fields=["submitted_at"])
        return step.dossier


def receive(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    due_on: dt.date | None = None,
    reason: str = "",
    at: dt.datetime | None = None,
) -> Dossier:
    """Tiếp nhận: the clock starts, the code is issued, the applicant gets a receipt (T04)."""
    with transaction.atomic():
        step = begin(Act.RECEIVE, dossier, by=by, version=version, at=at, reason=reason)
        if needs_object(step.dossier):
            raise ActDataError({"object_agency": _("Hãy chọn xã, phường nơi có đối tượng.")})
        submission = _submission_of(step.dossier, due_on=due_on, reason=reason)
        return _accept(step.record, submission, by=by, at=step.at, opening=step.opening)


def settle_at_once(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    result_number: str = "",
    signer: Officer | None = None,
    signature: str = Signature.HAND,
    at: dt.datetime | None = None,
) -> Dossier:
    """Trả kết quả ngay: received and settled in one act, no appointment needed (T05).

    Two roles do it (domain.md 2.5): the receptionist, and who signs for the settling agency; its
    only signer need not be named. Raises ActDataError naming `signer`.
    """
    with transaction.atomic():
        step = begin(Act.SETTLE_AT_ONCE, dossier, by=by, version=version, at=at)
        locked = step.dossier
        who = _signer(locked.competent_agency, signer)
        give_code(locked, step.record, at=step.at, paper=None)
        locked.limit_unit = LimitUnit.SAME_DAY
        calendar, locked.calendar_version = calendar_for_promise(locked.receiving_agency)
        start_clock(locked, calendar, at=step.at)
        locked.settled_at, locked.settled_on = step.at, local_day(step.at)
        locked.result_kind, locked.result_number = "granted", result_number
        locked.delivery_state = "due"
        data: dict[str, Any] = {"signer": who.pk, "signature": Signature(signature).value}
        if result_number:
            data["result_number"] = result_number
        if locked.papers_vouched:
            data["papers_vouched"] = True
        step.append(data=data)
        step.record.write(
            fields=[
                *_RECEIPT_FIELDS,
                "settled_at",
                "settled_on",
                "result_kind",
                "result_number",
                "delivery_state",
            ]
        )
        return locked


def signers_of(agency: Agency) -> list[Officer]:
    """Return who may sign for an agency today, by name. Runs one query."""
    signers = Officer.objects.working_in(agency, timezone.localdate(), Role.SIGNER)
    return list(signers.select_related("user").order_by("name_sort", "pk"))


def _signer(agency: Agency, chosen: Officer | None) -> Officer:
    signers = signers_of(agency)
    if not signers:
        raise ActDataError({"signer": _("Cơ quan giải quyết chưa có lãnh đạo ký.")})
    if chosen is None:
        if len(signers) > 1:
            raise ActDataError({"signer": _("Hãy chọn người ký kết quả.")})
        return signers[0]
    if chosen not in signers:
        raise ActDataError({"signer": _("Người ký phải là lãnh đạo ký của cơ quan giải quyết.")})
    return chosen


def request_completion(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    reason: str,
    items: Sequence[str] = (),
    reply_by: dt.date | None = None,
    at: dt.datetime | None = None,
) -> Dossier:
    """Yêu cầu hoàn thiện: all gaps in one document; the intake timer stops (T06, Mẫu 02)."""
    with transaction.atomic():
        step = begin(Act.REQUEST_COMPLETION, dossier, by=by, version=version, at=at, reason=reason)
        locked = step.dossier
        today = local_day(step.at)
        if reply_by is None:
            reply_by = today + dt.timedelta(days=locked.version.completion_days)
        else:
            check_answer_by(locked, "reply_by", _("Hạn hoàn thiện"), reply_by, today=today)
        asked = list(items) or [reason]
        event = step.append(reason=reason, data={"items": asked, "reply_by": reply_by.isoformat()})
        locked.reply_by = reply_by
        step.record.write()
        SupplementRound.objects.create(
            dossier=locked,
            number=locked.supplement_rounds.filter(before_acceptance=True).count() + 1,
            before_acceptance=True,
            requested_at=step.at,
            requested_by=by,
            reason=reason,
            items=asked,
            reply_by=reply_by,
        )
        paper_issue.issue(
            PaperKind.SUPPLEMENT_REQUEST,
            dossier=locked,
            event=event,
            agency=locked.receiving_agency,
            officer=by,
            at=step.at,
        )
        return locked


def resubmit(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    papers: Sequence[Paper] = (),
    at: dt.datetime | None = None,
) -> Dossier:
    """Nhận hồ sơ đã hoàn thiện: a new 8-hour intake timer starts (T07)."""
    with transaction.atomic():
        step = begin(Act.RESUBMIT, dossier, by=by, version=version, at=at)
        locked = step.dossier
        rounds = locked.supplement_rounds.filter(before_acceptance=True)
        last = rounds.count()  # the one waited for: an earlier one may have lapsed (T08, T37)
        rounds.filter(number=last).update(answered_at=step.at)
        step.append()
        step.record.write()
        _add_papers(locked, papers, supplement_round=last)
        return locked


def refuse(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    reason: str,
    at: dt.datetime | None = None,
) -> Dossier:
    """Từ chối tiếp nhận: with its legal reason, before any acceptance (T09, Mẫu 03)."""
    with transaction.atomic():
        step = begin(Act.REFUSE, dossier, by=by, version=version, at=at, reason=reason)
        ledger = Ledger.ended(step.dossier, at=step.at)
        event = step.append(reason=reason)
        step.record.write(fields=["payment_state"])
        ledger.save(event)
        paper_issue.issue(
            PaperKind.REFUSAL,
            dossier=step.dossier,
            event=event,
            agency=step.dossier.receiving_agency,
            officer=by,
            at=step.at,
        )
        return step.dossier


def cancel(
    dossier: Dossier,
    *,
    by: Officer,
    version: int | None = None,
    reason: str,
    at: dt.datetime | None = None,
) -> Dossier:
    """Huỷ hồ sơ chưa tiếp nhận: the applicant's wish, no approval, no end for the figures (T10)."""
    with transaction.atomic():
        step = begin(Act.CANCEL, dossier, by=by, version=version, at=at, reason=reason)
        ledger = Ledger.ended(step.dossier, at=step.at)
        event = step.append(reason=reason)
        step.record.write(fields=["payment_state"])
        ledger.save(event)
        return step.dossier


_RECEIPT_FIELDS = [
    "code",
    "received_at",
    "received_on",
    *START_FIELDS,
    "due_reason",
    "limit_value",
    "limit_unit",
    "calendar_version",
    "papers_vouched",
]


def _instant_of_receipt(
    submission: Submission, now: dt.datetime, *, seeded: bool = False
) -> dt.datetime:
    at = submission.received_at
    if at is None:
        return now
    if at > now + CLOCK_SKEW:
        raise ActDataError({"received_at": _("Thời điểm tiếp nhận không được ở tương lai.")})
    if at < now - CLOCK_SKEW and not submission.reason.strip() and not seeded:
        raise ActDataError({"reason": _("Nhập muộn phải ghi lý do.")})
    return min(at, now)


def _opening_of_new(act: Act, by: Officer) -> Opening:
    roles = by.roles_in([by.agency_id], timezone.localdate())
    return check(act, state=None, standing=Standing(at_holder=roles, at_counter=roles))


def _new_dossier(submission: Submission, *, by: Officer, at: dt.datetime, entry: Entry) -> Dossier:
    """Build the row of a submission; nothing is saved."""
    tracking_code = tracking_codes.make()
    _check_national_code(submission)
    return Dossier(
        tracking_code=tracking_code,
        receiving_agency=by.agency,
        holder_agency=by.agency,
        desk=by.desk,
        created_by=by,
        submitted_at=at,
        entry=entry,
        late_reason=submission.reason if entry is Entry.LATE else "",
        last_digest=b"",
        **_typed_columns(submission, tracking_code, by.agency),
    )


def _check_national_code(submission: Submission, *, unless: Dossier | None = None) -> None:
    """Raise ActDataError for a code that is none of the national portal's, or is here already.

    Runs one query, and none without such a code.
    """
    if not (code := _national_code(submission)):
        return
    if not is_national_code(code):
        raise ActDataError(
            {"national_code": _("Mã trên cổng quốc gia có dạng G22.99-260825-0012.")}
        )
    known = Dossier.objects.filter(code=code)
    if (known.exclude(pk=unless.pk) if unless else known).exists():
        raise ActDataError({"national_code": _("Đã có hồ sơ mang mã này.")})


def _national_code(submission: Submission) -> str:
    return submission.national_code.strip().upper()


def _typed_columns(submission: Submission, tracking_code: str, receiving: Agency) -> dict[str, Any]:
    """Return what a submission says as columns of its dossier, numbers sealed."""
    is_chain = submission.version.is_interlinked
    national_code = _national_code(submission)
    owner, other = submission.owner, submission.representative
    number, phone = normalise_number(owner.personal_id), normalise_number(owner.phone)
    name = tidy(owner.name)
    return {
        "procedure": submission.version.procedure,
        "version": submission.version,
        "case": submission.case,
        "sector_id": first_sector_id(submission.version),
        # A chain is followed where it was received; its parts have their own agencies.
        "competent_agency": receiving if is_chain else submission.competent_agency,
        "is_chain": is_chain,
        "supporting_agency": submission.supporting_agency,
        "object_agency": submission.object_agency,
        "collecting_agency": None
        if submission.collecting_agency == receiving
        else submission.collecting_agency,
        # The one code that is known before the acceptance, and the only one it will ever have.
        "national_code": national_code,
        "code": national_code or None,
        "channel": submission.channel,
        "result_channel": submission.result_channel,
        "owner_kind": owner.kind,
        "owner_name": name,
        "owner_search": SearchVector(Value(fold(name)), config="simple"),
        "owner_id_kind": owner.id_kind,
        "owner_id_sealed": seal(owner.personal_id.strip()),
        "owner_id_digest": keyed_digest("owner_id", number) if number else b"",
        "owner_phone_sealed": seal(owner.phone.strip()),
        "owner_address_sealed": seal(owner.address.strip()),
        "owner_email_sealed": seal(owner.email.strip()),
        "representative_name": tidy(other.name) if other else "",
        "representative_id_sealed": seal(other.personal_id.strip()) if other else b"",
        "representative_phone_sealed": seal(other.phone.strip()) if other else b"",
        "id_proof": second_fact(tracking_code, number),
        "phone_proof": second_fact(tracking_code, phone),
        "summary": submission.summary,
        "papers_vouched": submission.papers is None,
        "payment_state": _payment_state(submission.fees),
    }


def _payment_state(fees: Sequence[FeeItem]) -> str:
    if not fees:
        return "none"
    return "paid" if all(fee.is_paid for fee in fees) else "due"


def first_sector_id(version: ProcedureVersion) -> int | None:
    """Return the sector that statistics count a version under; runs a query unless annotated."""
    known = getattr(version, "first_sector_id", False)
    if known is not False:
        return known
    return (
        Sector.objects.filter(proceduresector__version=version)
        .order_by("proceduresector__position")
        .values_list("pk", flat=True)
        .first()
    )


def _append_registration(
    record: Record, submission: Submission, *, by: Officer, at: dt.datetime
) -> None:
    # "online": a submission taken over from another portal (T02).
    act = Act.SUBMIT if submission.channel == Channel.ONLINE else Act.REGISTER
    # T03 asks for the list of papers; without one the officer's word stands in the event.
    word = (
        _("Cán bộ tiếp nhận xác nhận hồ sơ đủ giấy tờ theo quy định.")
        if submission.papers is None
        else ""
    )
    record.append(_opening_of_new(act, by), at=at, agency=by.agency, reason=word)


def _accept(
    record: Record,
    submission: Submission,
    *,
    by: Officer,
    at: dt.datetime,
    opening: Opening | None = None,
) -> Dossier:
    """Start the clock, give the code, promise the date, print the receipt (T04)."""
    dossier = record.dossier
    is_new = dossier._state.adding
    if opening is None:
        roles = by.roles_in([by.agency_id], timezone.localdate())
        opening = check(
            Act.RECEIVE,
            state=State(dossier.state),
            standing=Standing(at_holder=roles, at_counter=roles),
            facts=Facts(),
        )
    calendar, dossier.calendar_version = calendar_for_promise(dossier.receiving_agency)
    _set_limit(dossier, submission, at=at)
    # What is entered late is printed today: the layout is that of the day of issue (domain.md 0).
    issued_at = timezone.now() if dossier.entry == Entry.LATE else at
    paper_number = give_code(dossier, record, at=at, paper=PaperKind.RECEIPT, issued_at=issued_at)
    try:
        if dossier.is_chain:
            promise(dossier, chains.promise_of(dossier, at=at))
        else:
            start_clock(dossier, calendar, at=at, due_on=submission.due_on)
    except LimitError as error:
        raise ActDataError({_FIELD_OF.get(error.field, error.field): error.message}) from error
    if submission.due_on is not None and not calendar.is_working_day(submission.due_on):
        raise ActDataError({"due_on": _("Ngày hẹn trả phải là ngày làm việc.")})
    data: dict[str, Any] = {
        "limit": [
            str(dossier.limit_value) if dossier.limit_value is not None else None,
            dossier.limit_unit,
        ],
        "calendar_version": dossier.calendar_version,
        "code": dossier.code,
    }
    if dossier.committed_unit:
        data["committed"] = [
            str(dossier.committed_value),
            dossier.committed_unit,
            dossier.committed_decision,
        ]
    if dossier.papers_vouched:
        data["papers_vouched"] = True
    if dossier.entry == Entry.LATE:
        data["late_entry"] = True
    # A due date set by hand or a late entry is the only reason an acceptance has.
    event = record.append(
        opening, at=at, agency=dossier.receiving_agency, reason=submission.reason, data=data
    )
    record.write(fields=_RECEIPT_FIELDS)
    if is_new:
        _add_papers(dossier, submission.papers or ())
        _add_fees(dossier, submission.fees, at)
    paper_issue.issue(
        PaperKind.RECEIPT,
        dossier=dossier,
        event=event,
        agency=dossier.receiving_agency,
        officer=by,
        at=issued_at,
        number=paper_number,
    )
    if dossier.is_chain:
        chains.open_parts(dossier, at=at)
    return dossier


_FIELD_OF = {"value": "procedure", "unit": "procedure"}


def _set_limit(dossier: Dossier, submission: Submission, *, at: dt.datetime) -> None:
    if dossier.is_chain:
        if submission.due_on is not None:
            raise ActDataError(
                {"due_on": _("Ngày hẹn của hồ sơ liên thông tính từ các hồ sơ thành phần.")}
            )
        dossier.limit_value, dossier.limit_unit = None, LimitUnit.NONE
        return
    try:
        limit = stated_limit(submission.case, _channel_limits(submission), submission.channel)
    except LimitError as error:
        raise ActDataError({"procedure": error.message}) from error
    dossier.limit_value, dossier.limit_unit = limit.value, limit.unit.value
    if submission.due_on is None:
        return
    if limit.unit is not Unit.NONE:
        raise ActDataError(
            {"due_on": _("Thủ tục đã quy định thời hạn, không ấn định ngày hẹn trả.")}
        )
    if submission.due_on < local_day(at):
        raise ActDataError({"due_on": _("Ngày hẹn trả không được trước ngày tiếp nhận.")})
    if not submission.reason.strip():
        raise ActDataError({"reason": _("Ấn định ngày hẹn trả phải ghi lý do.")})
    dossier.due_reason = submission.reason


def _channel_limits(submission: Submission) -> Any:
    case = submission.case
    if case is not None and case.limit_value is not None and case.limit_unit != LimitUnit.OTHER:
        return ()  # the case binds: no query for what would not be read
    return submission.version.channel_limits.all()


def _submission_of(dossier: Dossier, *, due_on: dt.date | None, reason: str) -> Submission:
    """Return what acceptance needs of a dossier that was registered before."""
    return Submission(
        version=dossier.version,
        case=dossier.case,
        channel=dossier.channel,
        competent_agency=dossier.competent_agency,
        owner=Person(name=dossier.owner_name),
        papers=(),
        due_on=due_on,
        reason=reason,
    )


def _add_papers(dossier: Dossier, papers: Sequence[Paper], *, supplement_round: int = 0) -> None:
    if papers:
        DossierDocument.objects.bulk_create(
            DossierDocument(
                dossier=dossier,
                required_id=paper.required_id,
                position=position,
                name=paper.name,
                kind=paper.kind,
                quantity=paper.quantity,
                supplement_round=supplement_round,
            )
            for position, paper in enumerate(papers)
        )


def _add_fees(
    dossier: Dossier,
    fees: Sequence[FeeItem],
    at: dt.datetime,
    taken: Mapping[tuple[str, Decimal], dt.datetime] | None = None,
) -> None:
    before = taken or {}
    if fees:
        FeeDue.objects.bulk_create(
            FeeDue(
                dossier=dossier,
                name=fee.name,
                amount_vnd=fee.amount_vnd,
                paid_vnd=fee.amount_vnd if fee.is_paid else 0,
                paid_at=before.get((fee.name, fee.amount_vnd), at) if fee.is_paid else None,
                receipt_number=fee.receipt_number,
            )
            for fee in fees
        )
