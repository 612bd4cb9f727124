"""Numbers that say why they are missing, copies that are counted, papers that replace others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pgtrigger
import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from accounts.roles import Role
from agencies.delegations import delegate
from dossiers import paper_issue
from dossiers.models import PaperReprint, PaperSlip, VoidPaperNumber
from dossiers.paper_numbers import gaps, next_number, void_next_number
from dossiers.paperwork import render
from dossiers.paperwork.contents import contents_of, for_paper
from dossiers.services import processing
from dossiers.workflow import Act, PaperKind
from tests.budgets import count_queries
from tests.dossiers import every_paper, papers
from tests.dossiers.every_paper import SAMPLES, Sample
from tests.factories import AgencyFactory, OfficerFactory, local

if TYPE_CHECKING:
    from dossiers.models import Dossier
    from tests.province import Province

LETTERS = [sample for sample in SAMPLES if sample.day == every_paper.NEW]


# Numbers


@pytest.mark.django_db
def test_a_void_number_is_taken_and_says_who_when_and_why() -> None:
    ward = papers.ward()
    by = papers.receptionist(ward)
    first = papers.slip(of=papers.dossier(ward), by=by)
    void = void_next_number(ward, 2026, PaperKind.RECEIPT, by=by, reason="Giấy in hỏng")
    second = papers.slip(
        of=papers.dossier(ward, code="H01.151-261120-0043", tracking_code="B"), by=by
    )
    assert (first.number, void.number, second.number) == (1, 2, 3)
    row = VoidPaperNumber.objects.get()
    assert (row.voided_by, row.reason) == (by, "Giấy in hỏng")
    assert row.voided_at is not None
    assert gaps(ward, 2026, PaperKind.RECEIPT) == []


@pytest.mark.django_db
def test_a_number_that_is_nothing_shows_as_a_gap() -> None:
    agency = AgencyFactory.create()
    assert gaps(agency, 2026, PaperKind.APOLOGY) == []
    next_number(agency, 2026, PaperKind.APOLOGY)
    assert gaps(agency, 2026, PaperKind.APOLOGY) == [1]


@pytest.mark.django_db
def test_a_void_number_needs_a_reason_and_is_never_changed() -> None:
    agency, by = AgencyFactory.create(), OfficerFactory.create()
    with pytest.raises(IntegrityError), transaction.atomic():
        void_next_number(agency, 2026, PaperKind.RECEIPT, by=by, reason="")
    void = void_next_number(agency, 2026, PaperKind.RECEIPT, by=by, reason="In hỏng")
    assert void.number == 1  # the refused one was given back
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        VoidPaperNumber.objects.update(reason="khác")
    with pytest.raises(ProgrammingError, match="Cannot delete"), transaction.atomic():
        void.delete()


@pytest.mark.django_db
@pytest.mark.parametrize("sample", LETTERS, ids=str)
def test_every_kind_is_numbered_apart_from_one_and_without_gaps(sample: Sample) -> None:
    slip = every_paper.issued(sample)
    assert slip.number == 1
    assert gaps(slip.agency, slip.year, sample.kind) == []


# What changed makes a new paper


@pytest.mark.django_db
@pytest.mark.parametrize("sample", LETTERS, ids=str)
def test_a_changed_paper_of_any_kind_is_a_new_one_that_names_the_old(sample: Sample) -> None:
    old = every_paper.issued(sample)
    made = old.dossier
    with transaction.atomic():
        new = paper_issue.issue_again(
            old,
            event=papers.event(
                made,
                Act(old.event.act),
                at=local("2026-11-26 09:00"),
                by=old.issued_by,
                reason=old.event.reason,
                data=old.event.data,
            ),
            officer=old.issued_by,
        )
    assert (new.number, new.replaces) == (2, old)
    assert bytes(new.qr_digest) != bytes(old.qr_digest)
    text = papers.text_of(render(new))
    number = contents_of(for_paper(new.pk)).layout.number_words(1)
    assert f"số {number}, ngày 25 tháng 11 năm 2026)" in text
    assert "(Thay " in text
    # The old one is printed as it was.
    assert "(Thay " not in papers.text_of(render(old))


@pytest.mark.django_db
def test_a_paper_names_what_it_replaces_as_the_old_circular_called_it() -> None:
    sample = next(s for s in SAMPLES if s.kind == PaperKind.APOLOGY and s.day == every_paper.OLD)
    old = every_paper.issued(sample)
    with transaction.atomic():
        new = paper_issue.issue_again(
            old,
            event=papers.event(old.dossier, Act.EXTEND, at=local("2025-09-16 09:00")),
            officer=None,
        )
    assert new.form.startswith("TT 03/2025")
    assert "(Thay phiếu xin lỗi và hẹn lại ngày trả kết quả số 0001," in papers.text_of(render(new))


# Copies


@pytest.mark.django_db
@pytest.mark.parametrize("sample", LETTERS, ids=str)
def test_a_copy_keeps_the_number_and_is_counted_on_its_face(sample: Sample) -> None:
    slip = every_paper.issued(sample)
    officer = slip.issued_by
    assert officer is not None
    with time_machine.travel("2026-11-26T09:00+07:00", tick=False):
        first, second = (paper_issue.reprint(slip, officer=officer) for _ in range(2))
    assert [first.number, second.number] == [1, 2]
    number = contents_of(for_paper(slip.pk)).head.number
    text = papers.text_of(render(slip, reprint=second))
    assert "BẢN SAO – in lại lần 2, ngày 26/11/2026" in text
    assert f"Số: {number}" in text
    assert PaperSlip.objects.count() == 1
    assert render(slip, reprint=first) == render(slip, reprint=first)


@pytest.mark.django_db
def test_the_count_of_copies_is_never_changed() -> None:
    slip = papers.slip()
    assert slip.issued_by is not None
    copy = paper_issue.reprint(slip, officer=slip.issued_by)
    with pytest.raises(ProgrammingError, match="Cannot delete"), transaction.atomic():
        copy.delete()
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        PaperReprint.objects.update(number=9)


@pytest.mark.django_db(transaction=True)
def test_copies_printed_at_once_have_different_numbers() -> None:
    slip = papers.slip()
    officer = slip.issued_by
    assert officer is not None

    def one(_: int) -> int:
        try:
            return paper_issue.reprint(slip, officer=officer).number
        finally:
            connection.close()

    try:
        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(one, range(6))) == [1, 2, 3, 4, 5, 6]
    finally:
        with pgtrigger.ignore():
            PaperReprint.objects.all().delete()


# The control slip


def received() -> tuple[Dossier, Any]:
    ward = papers.ward()
    by = papers.receptionist(ward)
    made = papers.dossier(ward)
    papers.event(made, Act.RECEIVE, by=by)
    return made, by


@pytest.mark.django_db
def test_the_control_slip_is_new_only_after_a_new_event() -> None:
    made, by = received()
    first = paper_issue.control_slip(made, officer=by)
    assert paper_issue.control_slip(made, officer=by) == first
    papers.event(made, Act.TRANSFER, by=by, at=local("2026-11-20 10:15"))
    second = paper_issue.control_slip(made, officer=by)
    assert (second.number, second.replaces) == (2, first)
    assert gaps(made.receiving_agency, second.year, PaperKind.CONTROL_SLIP) == []


@pytest.mark.django_db
def test_a_dossier_that_was_not_received_has_no_control_slip() -> None:
    ward = papers.ward()
    by = papers.receptionist(ward)
    waiting = papers.dossier(ward, **every_paper.UNRECEIVED)
    papers.event(waiting, Act.SUBMIT, at=local("2026-11-20 08:42"))
    old = papers.dossier(ward, code="H01.151-261120-0043", tracking_code="B")
    for without in (waiting, old):
        with pytest.raises(paper_issue.NothingToShowError):
            paper_issue.control_slip(without, officer=by)
    assert not PaperSlip.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("handed_on", "step_due", "to_state", "words"),
    [
        ("2026-11-24 09:00", None, "in_progress", "Trong hạn"),
        ("2026-12-01 09:00", None, "in_progress", "Quá hạn"),
        ("2026-11-24 09:00", "2026-11-25 17:00", "in_progress", "Trước hạn"),
        ("2026-11-25 16:00", "2026-11-25 17:00", "in_progress", "Đúng hạn"),
        ("2026-11-25 17:01", "2026-11-25 17:00", "in_progress", "Quá hạn"),
        ("2026-11-27 09:00", None, "settled", "Trước hạn"),
        ("2026-11-30 16:00", None, "settled", "Đúng hạn"),
        ("2026-12-01 09:00", None, "settled", "Quá hạn"),
    ],
)
def test_each_hop_says_how_its_holder_kept_its_time(
    handed_on: str, step_due: str | None, to_state: str, words: str
) -> None:
    made, by = received()
    department = AgencyFactory.create(name="Sở Y tế")
    papers.event(
        made,
        Act.TRANSFER,
        by=by,
        at=local("2026-11-20 10:00"),
        holder_agency=department,
        data={"step_due_at": local(step_due).isoformat()} if step_due else {},
    )
    papers.event(made, Act.PUBLISH, by=by, at=local(handed_on), to_state=to_state)
    paper: Any = contents_of(for_paper(paper_issue.control_slip(made, officer=by).pk))
    assert [hop.place for hop in paper.hops] == [
        "Uỷ ban nhân dân phường Long Xuyên",
        "Sở Y tế",
        "Uỷ ban nhân dân phường Long Xuyên",
    ]
    assert [hop.outcome for hop in paper.hops] == ["Trong hạn", words, ""]


@pytest.mark.django_db
def test_a_letter_with_nothing_in_its_event_is_still_a_letter() -> None:
    made, by = received()
    for kind, act in (
        (PaperKind.APOLOGY, Act.EXTEND),
        (PaperKind.CONSULTATION, Act.CONSULT),
        (PaperKind.PAYMENT_NOTICE, Act.REQUEST_PAYMENT),
        (PaperKind.SUSPENSION_NOTICE, Act.SUSPEND),
        (PaperKind.WITHDRAWAL_REFUSAL, Act.REFUSE_WITHDRAWAL),
    ):
        slip = papers.slip(kind, made, by=by, act=act, at=local("2026-11-25 09:00"))
        text = papers.text_of(render(slip))
        assert "None" not in text
        # A receptionist's name never stands where the head signs.
        assert "Lâm Mỹ Uyên" not in text, kind


@pytest.mark.django_db
def test_the_control_slip_says_for_whom_an_act_was_done(province: Province) -> None:
    """An act by delegation is the delegate's own, in another's name (domain.md 2.1)."""
    colleague = OfficerFactory.create(agency=province.department, full_name="Bùi Thị Đào")
    today = timezone.localdate()
    delegate(
        by=province.head,
        giver=province.head,
        to=colleague,
        agency=province.department,
        roles=[Role.HEAD],
        valid_from=today,
        valid_to=today,
        document_number="1",
        reason="Nghỉ",
    )
    dossier = processing.transfer(province.log(), by=province.receptionist)
    dossier = processing.assign(dossier, by=colleague, assignee=province.specialist)
    slip = paper_issue.control_slip(dossier, officer=province.receptionist)
    assert slip is not None
    paper: Any = contents_of(for_paper(slip.pk))
    in_words = f"Bùi Thị Đào, thay mặt {province.head.full_name}"
    received, taken, given = paper.hops
    assert taken.taker == in_words  # took the dossier from the counter
    assert given.giver == in_words  # and gave it to the specialist
    assert given.taker == province.specialist.full_name
    assert (received.taker, taken.giver) == (province.receptionist.full_name,) * 2
    text = papers.text_of(render(for_paper(slip.pk)))
    assert f"thay mặt {province.head.full_name}" in " ".join(text.split())


@pytest.mark.django_db
def test_a_slip_without_delegation_asks_for_no_principal(province: Province) -> None:
    dossier = processing.transfer(province.log(), by=province.receptionist)
    slip = paper_issue.control_slip(dossier, officer=province.receptionist)
    assert slip is not None
    made = for_paper(slip.pk)
    with count_queries() as counted:
        contents_of(made)
    assert not [sql for sql in counted if 'FROM "agencies_officer" WHERE' in sql], str(counted)
