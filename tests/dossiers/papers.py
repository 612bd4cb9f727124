"""A ward's desk, its people and a dossier, from which the tests issue every paper."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from django.db import transaction
from pypdf import PdfReader

from accounts.personal_data import seal
from accounts.roles import Role
from agencies.models import AdministrativeUnit, Agency, Desk, Officer
from dossiers import paper_issue
from dossiers.models import Dossier, DossierDocument, DossierEvent, FeeDue, PaperSlip
from dossiers.workflow import Act, PaperKind
from tests.factories import AgencyFactory, DossierFactory, OfficerFactory, ProcedureFactory, local

if TYPE_CHECKING:
    import datetime as dt

LAND = "Cấp đổi Giấy chứng nhận quyền sử dụng đất, quyền sở hữu tài sản gắn liền với đất"
PAPERS = [
    ("Đơn đăng ký biến động đất đai, Mẫu số 24", "original", 1),
    ("Giấy chứng nhận đã cấp, số CH 048213", "original", 1),
]


def ward() -> Agency:
    """Make the ward's committee with its one-stop desk below the province."""
    unit, _ = AdministrativeUnit.objects.get_or_create(
        code="30280", defaults={"name": "Phường Long Xuyên", "kind": "commune"}
    )
    province = AgencyFactory.create(
        name="Uỷ ban nhân dân tỉnh An Giang", level="province", phone="0296 3000 100"
    )
    agency = AgencyFactory.create(
        name="Uỷ ban nhân dân phường Long Xuyên",
        short_name="UBND phường Long Xuyên",
        level="commune",
        parent=province,
        unit=unit,
        phone="0296 3000 151",
    )
    Desk.objects.create(
        agency=agency,
        kind=Desk.Kind.COMMUNE,
        name="Trung tâm Phục vụ hành chính công phường Long Xuyên",
        address="số 99 đường Nguyễn Thái Học",
    )
    return agency


def receptionist(agency: Agency) -> Officer:
    return OfficerFactory.create(
        agency=agency,
        full_name="Lâm Mỹ Uyên",
        phone="0296 3000 152",
        roles=[Role.RECEPTIONIST],
    )


def dossier(
    agency: Agency | None = None,
    *,
    papers: list[tuple[str, str, int]] | None = None,
    procedure: str = LAND,
    paid: bool = False,
    address: str = "Khóm Đông Thạnh, phường Long Xuyên, tỉnh An Giang",
    **fields: Any,
) -> Dossier:
    """Make a received dossier at the ward: 5 working days from Friday 20/11/2026."""
    agency = agency or ward()
    made = DossierFactory.create(
        **{
            "procedure": ProcedureFactory.create(name=procedure),
            "receiving_agency": agency,
            "desk": agency.desks.first(),
            "code": "H01.151-261120-0042",
            "tracking_code": "K7MQ2XWPC",
            "received_at": local("2026-11-20 08:42"),  # Friday
            "due_at": local("2026-11-30 17:00"),  # Monday; 24/11 is a holiday from 2026
            "id_number": "089187004215",
            "phone_number": "0918204452",
            "owner_address_sealed": seal(address),
            **fields,
        }
    )
    DossierDocument.objects.bulk_create(
        DossierDocument(dossier=made, position=place, name=name, kind=kind, quantity=quantity)
        for place, (name, kind, quantity) in enumerate(PAPERS if papers is None else papers)
    )
    FeeDue.objects.create(
        dossier=made,
        name="Lệ phí cấp giấy chứng nhận",
        amount_vnd=100_000,
        paid_vnd=100_000 if paid else 0,
        paid_at=made.received_at if paid else None,
        receipt_number="0007315" if paid else "",
    )
    return made


def event(
    of: Dossier,
    act: Act,
    *,
    at: dt.datetime | None = None,
    by: Officer | None = None,
    to_state: str = "received",
    **fields: Any,
) -> DossierEvent:
    """Append an event as a row alone; the services' own tests look at the chain."""
    of.event_count += 1
    return DossierEvent.objects.create(
        **{
            "dossier": of,
            "seq": of.event_count,
            "at": at or of.received_at or local("2026-11-20 08:42"),
            "act": act,
            "to_state": to_state,
            "actor": by,
            "actor_role": Role.RECEPTIONIST,
            "agency": of.receiving_agency,
            "holder_agency": of.receiving_agency,
            "due_at": of.due_at,
            "digest": b"\0" * 32,
            **fields,
        }
    )


def slip(
    kind: PaperKind = PaperKind.RECEIPT,
    of: Dossier | None = None,
    *,
    at: dt.datetime | None = None,
    by: Officer | None = None,
    agency: Agency | None = None,
    act: Act = Act.RECEIVE,
    replaces: PaperSlip | None = None,
    **fields: Any,
) -> PaperSlip:
    """Issue a paper with its event; nothing is rendered yet."""
    of = of or dossier()
    by = by or receptionist(of.receiving_agency)
    at = at or of.received_at or local("2026-11-20 08:42")
    happened = event(of, act, at=at, by=by, **fields)
    with transaction.atomic():
        return paper_issue.issue(
            kind,
            dossier=of,
            event=happened,
            agency=agency or of.receiving_agency,
            officer=by,
            at=at,
            replaces=replaces,
        )


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def text_of(pdf: bytes) -> str:
    """Return the text of every page on one line, as a reader's program takes it out."""
    return " ".join(" ".join(page.extract_text() for page in read(pdf).pages).split())


def fonts_of(pdf: bytes) -> set[str]:
    """Return the names of the fonts embedded, without their subset tags."""
    found = set()
    for page in read(pdf).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            found.add(str(font.get_object()["/BaseFont"]).lstrip("/").split("+")[-1])
    return found
