"""The demo's province as code: An Giang with its departments, some communes, invented people.

Names and codes of agencies, procedures and communes are facts; each person is made up. Dossiers
are made by calling the services, with dates relative to today and the same at every run.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import tempfile
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import Role
from agencies.calendars import calendar_of, load_default_calendar
from agencies.delegations import delegate
from agencies.import_report import Report
from agencies.models import Agency, AgencyCode, Delegation, Desk, Officer, OfficerRole
from dossiers import hand_overs, surveys
from dossiers.hand_overs import POST, Place
from dossiers.models import Dossier, Entry, HandOver, PaperSlip, ResultChannel, SurveyAnswer
from dossiers.opening import OpeningError, version_for
from dossiers.recording import ActDataError
from dossiers.services import closing, consulting, intake, mirroring, pausing, payment, processing
from dossiers.services.intake import FeeItem, Paper, Person, Submission
from dossiers.workflow import INTAKE_STATES, Act, State
from motcua import demo_steps
from procedures.importing import import_procedures
from procedures.models import (
    Authority,
    Fee,
    Offering,
    Procedure,
    ProcedureLink,
    ProcedureSector,
    ProcedureVersion,
    Sector,
)
from procedures.process_models import InternalProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from agencies.working_time import Calendar

# Liên thông, phi địa giới and what a ministry settles (domain.md 6.4): births, a child's residence,
# and both as one; the end of a temporary residence.
BIRTH, RESIDENCE, CHAIN, TRACKED = "1.001193", "1.004222", "2.001023", "1.010028"
PROCEDURES = Path(__file__).parent / "demo_data" / "procedures.jsonl"
SEED = 20261122
DOSSIERS = 320
# Era B: the province of two levels, domain.md section 0.
FOUNDED = dt.date(2025, 7, 1)

# Codes below H01 are the demo's own but for those of domain.md 5.1; the old form leaf to root.
DEPARTMENTS = [
    ("H01.01", "Văn phòng Uỷ ban nhân dân tỉnh", "VP UBND tỉnh"),
    ("H01.02", "Sở Tư pháp", ""),
    ("H01.03", "Sở Nội vụ", ""),
    ("H01.04", "Sở Công Thương", ""),
    ("H01.05", "Sở Tài chính", ""),
    ("H01.06", "Sở Khoa học và Công nghệ", ""),
    ("H01.07", "Sở Nông nghiệp và Môi trường", "Sở NN và MT"),
    ("H01.08", "Sở Giáo dục và Đào tạo", "Sở GD và ĐT"),
    ("H01.09", "Sở Xây dựng", ""),
    ("H01.10", "Sở Y tế", ""),
    ("H01.11", "Sở Văn hoá, Thể thao và Du lịch", "Sở VH, TT và DL"),
    ("H01.12", "Sở Dân tộc và Tôn giáo", ""),
    ("H01.13", "Ban Quản lý Khu kinh tế", "BQL Khu kinh tế"),
    ("H01.20", "Công an tỉnh", ""),
]
CENTRE = ("H01.01.01", "Trung tâm Phục vụ hành chính công tỉnh", "TTPVHCC tỉnh")
COMMUNES = [
    ("H01.151", "xã Cù Lao Giêng"), ("H01.101", "phường Long Xuyên"), ("H01.102", "phường Bình Đức"),
    ("H01.103", "phường Mỹ Thới"), ("H01.104", "xã Mỹ Hoà Hưng"), ("H01.105", "phường Châu Đốc"),
    ("H01.106", "phường Vĩnh Tế"), ("H01.107", "xã An Phú"), ("H01.108", "xã Khánh Bình"),
    ("H01.109", "phường Tân Châu"), ("H01.110", "xã Phú Tân"), ("H01.111", "xã Chợ Vàm"),
    ("H01.112", "xã Châu Phú"), ("H01.113", "phường Tịnh Biên"), ("H01.114", "xã Tri Tôn"),
    ("H01.115", "xã Óc Eo"), ("H01.116", "xã Thoại Sơn"), ("H01.117", "xã Chợ Mới"),
    ("H01.118", "phường Rạch Giá"), ("H01.119", "đặc khu Phú Quốc"),
]  # fmt: skip
# Communes with their own counter staff; the others stand in the tables with zeros.
STAFFED_COMMUNES = ["H01.101", "H01.151", "H01.118", "H01.119"]
STAFFED_DEPARTMENTS = ["H01.03", "H01.05", "H01.07", "H01.20"]

# The named accounts: a dossier goes all the way between the centre and the Sở Xây dựng. The three
# of the department are also deputed to the centre, for what the centre settles itself.
ACCOUNTS: list[tuple[str, str, str, str, list[tuple[str, list[Role]]]]] = [
    ("tiepnhan", "Lâm Mỹ Uyên", "cán bộ tiếp nhận, quầy 3", "H01.01.01",
     [("H01.01.01", [Role.RECEPTIONIST, Role.RETURNER])]),
    ("thuly", "Trần Văn Ỷ", "chuyên viên", "H01.09",
     [("H01.09", [Role.SPECIALIST]), ("H01.01.01", [Role.SPECIALIST])]),
    ("lanhdao", "Võ Minh Trí", "Giám đốc", "H01.09",
     [("H01.09", [Role.HEAD, Role.SIGNER]), ("H01.01.01", [Role.HEAD, Role.SIGNER])]),
    ("vanthu", "Huỳnh Thị Ngọc Ánh", "văn thư", "H01.09",
     [("H01.09", [Role.CLERK]), ("H01.01.01", [Role.CLERK])]),
    ("kstthc", "Đặng Quốc Khởi", "chuyên viên kiểm soát thủ tục hành chính", "H01.01",
     [("H01", [Role.REFORM_OFFICER])]),
    ("quantri", "Phan Hữu Lộc", "quản trị hệ thống", "H01.01",
     [("H01", [Role.ADMINISTRATOR])]),
]  # fmt: skip

_FAMILY = [
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Huỳnh",
    "Phan",
    "Võ",
    "Đặng",
    "Bùi",
    "Lâm",
    "Chau",
    "Néang",
]
_MIDDLE = [
    "Văn",
    "Thị",
    "Minh",
    "Ngọc",
    "Hữu",
    "Thanh",
    "Thị Ánh",
    "Quốc",
    "Kim",
    "Đức",
    "Thị Bích",
]
_GIVEN = [
    "An", "Ánh", "Bảo", "Cúc", "Dung", "Đào", "Đông", "Giang", "Hạnh", "Hùng", "Khoa", "Lan", "Long",
    "Mai", "Nam", "Oanh", "Phúc", "Quân", "Sơn", "Thảo", "Tuyết", "Uyên", "Vinh", "Xuân", "Ý", "Yến",
]  # fmt: skip
_FIRMS = ["Thốt Nốt Xanh", "Bảy Núi", "Cửu Long Phát", "Sen Vàng", "Phù Sa", "Hoa Dừa"]


@dataclass
class Staff:
    """Who works on a dossier of one settling agency."""

    specialists: list[Officer] = field(default_factory=list)
    head: Officer | None = None
    clerk: Officer | None = None


class DemoProvince:
    """Builds the province once; a second call finds it there and does nothing."""

    def __init__(self, *, password: str, say: Callable[[str], None]) -> None:
        self.password = password
        self.say = say
        self.random = random.Random(SEED)  # noqa: S311 - the same at every run is the point
        self.agencies: dict[str, Agency] = {}
        self.staff: dict[str, Staff] = {}
        self.counters: dict[str, Officer] = {}

    def build(self) -> None:
        """Make what is not there yet and set the password of the named accounts."""
        with transaction.atomic():
            load_default_calendar()
            self._agencies()
            self._officers()
        if not Offering.objects.exists():
            self.say("thủ tục")
            self._procedures()
        if not InternalProcess.objects.exists():
            demo_steps.publish_all(by=Officer.objects.get(user__username="kstthc"), on=FOUNDED)
        if not Dossier.objects.exists():
            self._dossiers()
        if not HandOver.objects.exists():
            self._paper_files()
        if not SurveyAnswer.objects.exists():
            self._survey_answers()
        if not Delegation.objects.exists():
            self._delegation()

    def _agency(
        self, code: str, name: str, short: str, parent: Agency | None, level: str
    ) -> Agency:
        agency, is_new = Agency.objects.get_or_create(
            code=code,
            defaults={
                "name": name,
                "short_name": short,
                "parent": parent,
                "level": level,
                "valid_from": FOUNDED,
                "phone": "0296 3000 000",
            },
        )
        if is_new:
            AgencyCode.objects.create(agency=agency, code=code, valid_from=FOUNDED)
            parts = code.split(".")
            if len(parts) == 2 and len(parts[1]) == 2:
                AgencyCode.objects.create(
                    agency=agency, code=f"000.00.{parts[1]}.{parts[0]}", valid_to=FOUNDED
                )
        self.agencies[code] = agency
        return agency

    def _agencies(self) -> None:
        level = Agency.Level
        root = self._agency(
            "H01", "Uỷ ban nhân dân tỉnh An Giang", "UBND tỉnh", None, level.PROVINCE
        )
        for code, name, short in DEPARTMENTS:
            kind = level.VERTICAL if code == "H01.20" else level.PROVINCE
            self._agency(code, name, short, root, kind)
        centre = self._agency(*CENTRE, self.agencies["H01.01"], level.PROVINCE)
        Desk.objects.get_or_create(agency=centre, name=CENTRE[1], defaults={"kind": "province"})
        for code, name in COMMUNES:
            commune = self._agency(
                code, f"Uỷ ban nhân dân {name}", f"UBND {name}", root, level.COMMUNE
            )
            Desk.objects.get_or_create(
                agency=commune,
                name=f"Trung tâm Phục vụ hành chính công {name}",
                defaults={"kind": "commune"},
            )
        Agency.objects.filter(desks__isnull=False).update(is_desk_host=True)

    def _officer(
        self, username: str, name: str, title: str, agency: str, roles: list[tuple[str, list[Role]]]
    ) -> Officer:
        user, is_new = User.objects.get_or_create(username=username, defaults={"full_name": name})
        if is_new:
            user.set_unusable_password()
            user.save()
        home = self.agencies[agency]
        officer, _made = Officer.objects.get_or_create(
            user=user,
            defaults={
                "full_name": name,
                "title": title,
                "agency": home,
                "desk": home.desks.first(),
            },
        )
        for code, held in roles:
            for role in held:
                OfficerRole.objects.get_or_create(
                    officer=officer, agency=self.agencies[code], role=role
                )
        return officer

    def _officers(self) -> None:
        named = {}
        for username, name, title, agency, roles in ACCOUNTS:
            officer = self._officer(username, name, title, agency, roles)
            named[username] = officer
            if not officer.user.check_password(self.password):
                officer.user.set_password(self.password)
                officer.user.save(update_fields=["password"])
        # The administrator keeps accounts, catalogues and calendars; dossiers stay closed (R10).
        User.objects.filter(username="quantri").update(is_staff=True, is_superuser=True)
        self.counters["H01.01.01"] = named["tiepnhan"]
        deputy = self._officer(
            "xaydung2", "Châu Thị Diễm", "chuyên viên", "H01.09", [("H01.09", [Role.SPECIALIST])]
        )
        self.staff["H01.09"] = Staff([named["thuly"], deputy], named["lanhdao"], named["vanthu"])
        self.staff["H01.01.01"] = Staff([named["thuly"]], named["lanhdao"], named["vanthu"])
        people = random.Random(SEED + 1)  # noqa: S311
        for code in [*STAFFED_DEPARTMENTS, *STAFFED_COMMUNES]:
            self._staff(code, people)

    def _staff(self, code: str, people: random.Random) -> None:
        tail = code.replace(".", "").lower()

        def someone(title: str, kind: str, *roles: Role) -> Officer:
            return self._officer(
                f"{kind}.{tail}", person_name(people), title, code, [(code, list(roles))]
            )

        self.staff[code] = Staff(
            [someone("chuyên viên", f"cv{n}", Role.SPECIALIST) for n in (1, 2)],
            someone("lãnh đạo", "ld", Role.HEAD, Role.SIGNER),
            someone("văn thư", "vt", Role.CLERK),
        )
        if code in STAFFED_COMMUNES:
            self.counters[code] = someone(
                "cán bộ tiếp nhận", "tn", Role.RECEPTIONIST, Role.RETURNER
            )

    def _procedures(self) -> None:
        rows = [json.loads(line) for line in PROCEDURES.read_text(encoding="utf-8").splitlines()]
        with tempfile.TemporaryDirectory() as folder:
            # Through the importer itself, so that the demo's catalogue is what an import gives.
            path = Path(folder) / "thu-tuc.jsonl"
            path.write_text(
                "".join(
                    json.dumps({k: v for k, v in row.items() if k != "place"}) + "\n"
                    for row in rows
                ),
                encoding="utf-8",
            )
            import_procedures([path], today=timezone.localdate(), report=Report())
        for row in rows:
            place = row["place"]
            Offering.objects.get_or_create(
                procedure=Procedure.objects.get(code=row["code"]),
                defaults={
                    "competent_agency": None if place == "commune" else self.agencies[place],
                    "valid_from": FOUNDED,
                },
            )
        ProcedureVersion.objects.filter(procedure__code__in=["2.000815", "2.000884"]).update(
            settles_at_once=True
        )
        ProcedureVersion.objects.filter(procedure__code=TRACKED).update(
            system_of_record="Cơ sở dữ liệu quốc gia về dân cư"
        )
        # A birth is registered where its family lives, wherever it is handed in (domain.md 6.4).
        Offering.objects.filter(procedure__code=BIRTH).update(follows_object=True)
        self._chain_procedure()

    def _chain_procedure(self) -> None:
        """Make the interlinked procedure: the birth, then the residence of the child."""
        name = "Liên thông đăng ký khai sinh, đăng ký thường trú cho trẻ em dưới 6 tuổi"
        chain = Procedure.objects.create(code=CHAIN, name=name)
        version = ProcedureVersion.objects.create(
            procedure=chain, number=1, name=name, valid_from=FOUNDED, is_interlinked=True
        )
        ProcedureSector.objects.create(
            version=version,
            sector=Sector.objects.get(versions__procedure__code=BIRTH),
            position=0,
        )
        Offering.objects.create(procedure=chain, valid_from=FOUNDED)
        for position, (code, starts, authority, agency) in enumerate(
            [
                (BIRTH, ProcedureLink.Starts.AT_ONCE, Authority.OBJECT, None),
                (RESIDENCE, ProcedureLink.Starts.AFTER, Authority.FIXED, self.agencies["H01.20"]),
            ]
        ):
            ProcedureLink.objects.create(
                version=version,
                position=position,
                procedure=Procedure.objects.get(code=code),
                starts=starts,
                authority=authority,
                agency=agency,
            )

    def _paper_files(self) -> None:
        """Put paper files on shelves and on sheets: under way, received, one file short, by post."""
        today = timezone.localdate()
        centre, building = self.agencies["H01.01.01"], self.agencies["H01.09"]
        counter, staff = self.counters["H01.01.01"], self.staff["H01.09"]
        here, there = Place(centre), Place(building)
        assert staff.clerk is not None  # noqa: S101 - the named accounts of the department
        with transaction.atomic():
            waiting = Dossier.objects.filter(
                receiving_agency=centre, state__in=[State.RECEIVED, State.AWAITING_SUPPLEMENT]
            ).exclude(channel="online")
            for number, dossier in enumerate(waiting.order_by("pk")[:6]):
                hand_overs.put(dossier, centre, f"Kệ {number // 2 + 1}, ngăn {number % 2 + 1}",
                               by=counter)  # fmt: skip
            outgoing = list(hand_overs.proposed(here, centre, there, today)[:14])
            for number, dossier in enumerate(outgoing):
                hand_overs.put(dossier, centre, f"Kệ chuyển {number % 3 + 1}", by=counter)
            for part, closes in ((outgoing[:6], True), (outgoing[6:10], False)):
                if not part:
                    continue
                sheet = hand_overs.write(here, there, [d.pk for d in part], by=counter,
                                         is_sealed=closes)  # fmt: skip
                if closes:
                    rows = list(sheet.items.values_list("pk", flat=True))
                    hand_overs.receive(
                        sheet, rows[:-1], by=staff.clerk, shelf="Tủ 2", closes=True,
                        notes={rows[-1]: "Không có trong túi."},
                    )  # fmt: skip
            back = list(hand_overs.proposed(there, building, here, today)[:5])
            if back:
                hand_overs.write(there, here, [d.pk for d in back], by=staff.clerk,
                                 note="Kết quả trả tại quầy")  # fmt: skip
            # A result asked for by post, else what goes to the department with a courier.
            by_post = list(hand_overs.proposed(here, centre, POST, today)[:3]) or outgoing[10:12]
            if by_post:
                hand_overs.write(here, POST, [d.pk for d in by_post], by=counter, is_sealed=True,
                                 courier="Lê Thị Bưu")  # fmt: skip

    def _survey_answers(self) -> None:
        """Let some of those whose result was returned lately say how it went, most of them content."""
        people = random.Random(SEED + 2)  # noqa: S311
        slips = PaperSlip.objects.filter(kind="receipt", dossier__state=State.RETURNED)
        with transaction.atomic():
            for slip in slips.select_related("dossier").order_by("pk")[::3]:
                if not surveys.is_open(slip, timezone.now()):
                    continue
                base = people.choices([5, 4, 3, 2], weights=[5, 6, 2, 1])[0]
                surveys.answer(
                    slip,
                    {
                        question: max(1, min(5, base + people.choice([-1, 0, 0, 0, 1])))
                        for question in surveys.questions_of(slip)
                    },
                    comment=people.choice(["", "", "", "Cán bộ hướng dẫn rõ.", "Chờ hơi lâu."]),
                )

    def _delegation(self) -> None:
        """Let the clerk of the Sở Xây dựng be on leave for a week."""
        today = timezone.localdate()
        clerk, deputy = (
            Officer.objects.get(user__username=name) for name in ("vanthu", "xaydung2")
        )
        delegate(
            by=clerk,
            giver=clerk,
            to=deputy,
            agency=self.agencies["H01.09"],
            roles=[Role.CLERK],
            valid_from=today,
            valid_to=today + dt.timedelta(days=6),
            document_number="15/UQ-SXD",
            reason="Nghỉ phép năm",
        )

    def _dossiers(self) -> None:
        places = {row["code"]: row["place"] for row in _rows()}
        # One procedure a quarter of everything: the real shape (national-portal-and-data.md 4.5).
        communal = [code for code, place in places.items() if place == "commune"]
        provincial = {
            place: [code for code, at in places.items() if at == place]
            for place in set(places.values()) - {"commune"}
        }
        # Nobody here works on what a ministry's system settles: it has a story of its own.
        provincial["H01.20"].remove(TRACKED)
        now = timezone.now()
        calendar = calendar_of()
        # All or none: an interrupted start must not leave half a province behind.
        with transaction.atomic():
            self._tell_stories(communal, provincial, calendar, now)

    def _tell_stories(
        self,
        communal: list[str],
        provincial: dict[str, list[str]],
        calendar: Calendar,
        now: dt.datetime,
    ) -> None:
        for number in range(DOSSIERS):
            if number % 40 == 0:
                self.say(f"hồ sơ {number}/{DOSSIERS}")
            if number % 100 < 45:
                settling = self.random.choices(
                    sorted(provincial),
                    weights=[4 if p == "H01.09" else 1 for p in sorted(provincial)],
                )[0]
                code, counter = self.random.choice(provincial[settling]), self.counters["H01.01.01"]
            else:
                settling = self.random.choice(STAFFED_COMMUNES)
                counter = self.counters[settling]
                code = "2.000815" if self.random.random() < 0.4 else self.random.choice(communal)
            _Story(self, calendar, now, counter, self.staff[settling], code).tell()
        self._tableau(calendar, now)
        self._beyond_one_agency(calendar, now)

    def _tableau(self, calendar: Calendar, now: dt.datetime) -> None:
        """Leave some dossiers in every state that the acts reach, and some late in each unit."""
        centre, commune = self.counters["H01.01.01"], self.counters["H01.101"]
        building, ward = self.staff["H01.09"], self.staff["H01.101"]
        for target in _PATHS:
            for counter, staff, code in (
                (centre, building, "1.013236"),
                (centre, building, "1.013238"),
                (commune, ward, "1.013225"),
            ):
                _Story(self, calendar, now, counter, staff, code).tell_until(target, days=3)
        # A limit of five working days, begun nine to thirteen ago: the board has names to show.
        for days, target in (
            (9, State.IN_PROGRESS),
            (10, State.AWAITING_SIGNATURE),
            (11, State.IN_PROGRESS),
            (13, State.SIGNED),
        ):
            _Story(self, calendar, now, centre, building, "1.013235").tell_until(target, days=days)
        for code in ("1.013227", "1.013228"):
            _Story(self, calendar, now, commune, ward, code).tell_until(State.IN_PROGRESS, days=8)
        # Due today or tomorrow.
        for days in (5, 5, 4):
            _Story(self, calendar, now, centre, building, "1.013233").tell_until(
                State.IN_PROGRESS, days=days
            )

    def _beyond_one_agency(self, calendar: Calendar, now: dt.datetime) -> None:
        """Leave two chains, a birth for another place, and what a ministry settles (6.4)."""
        centre, ward = self.counters["H01.01.01"], self.staff["H01.101"]
        for days, work in ((2, []), (4, [*_TO_WORK, Act.PROPOSE, Act.APPROVE, Act.PUBLISH])):
            story = _Story(self, calendar, now, centre, ward, CHAIN)
            chain = story.receive(days=days, object_agency=self.agencies["H01.101"])
            story.go_on(chain.parts.get(link__position=0), work[1:])
        _Story(self, calendar, now, centre, self.staff["H01.151"], BIRTH).receive(
            days=1,
            competent_agency=self.agencies["H01.151"],
            object_agency=self.agencies["H01.151"],
            supporting_agency=self.agencies["H01.118"],
            collecting_agency=self.agencies["H01.118"],
        )
        story = _Story(self, calendar, now, centre, self.staff["H01.20"], TRACKED)
        tracked = story.receive(days=2, channel="online", national_code="G22.99-261120-000417")
        story.go_on(tracked, [Act.TRANSFER])
        mirroring.mirror(
            tracked,
            state=4,
            at=now - dt.timedelta(minutes=30),
            reference="demo-1",
            reason="Hệ thống đã nhận và đang giải quyết.",
        )


_TO_WORK = [Act.TRANSFER, Act.ASSIGN]
# How a dossier comes to each state that the built acts reach.
_PATHS: dict[State, list[Act]] = {
    State.DRAFT: [],
    State.SUBMITTED: [],
    State.AWAITING_COMPLETION: [Act.REQUEST_COMPLETION],
    State.REFUSED: [Act.REFUSE],
    State.RECEIVED: [],
    State.AWAITING_ASSIGNMENT: [Act.TRANSFER],
    State.IN_PROGRESS: _TO_WORK,
    State.AWAITING_SUPPLEMENT: [*_TO_WORK, Act.REQUEST_SUPPLEMENT],
    State.CONSULTING: [*_TO_WORK, Act.CONSULT],
    State.AWAITING_PAYMENT: [*_TO_WORK, Act.REQUEST_PAYMENT],
    State.SUSPENDED: [*_TO_WORK, Act.SUSPEND],
    State.AWAITING_SIGNATURE: [*_TO_WORK, Act.PROPOSE],
    State.SIGNED: [*_TO_WORK, Act.PROPOSE, Act.APPROVE],
    State.SETTLED: [*_TO_WORK, Act.PROPOSE, Act.APPROVE, Act.PUBLISH],
    State.RETURNED: [*_TO_WORK, Act.PROPOSE, Act.APPROVE, Act.PUBLISH, Act.RETURN_RESULT],
    State.WITHDRAWAL_REQUESTED: [*_TO_WORK, Act.REQUEST_WITHDRAWAL],
    State.WITHDRAWN: [*_TO_WORK, Act.REQUEST_WITHDRAWAL, Act.GRANT_WITHDRAWAL],
    State.STOPPED: [*_TO_WORK, Act.STOP],
}


def _rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in PROCEDURES.read_text(encoding="utf-8").splitlines()]


def person_name(source: random.Random) -> str:
    """Return an invented name."""
    return " ".join(source.choice(part) for part in (_FAMILY, _MIDDLE, _GIVEN))


class _Story:
    """One dossier from its submission as far as it would have come by now."""

    def __init__(
        self,
        province: DemoProvince,
        calendar: Calendar,
        now: dt.datetime,
        counter: Officer,
        staff: Staff,
        code: str,
    ) -> None:
        self.random = province.random
        self.calendar = calendar
        self.now = now
        self.counter = counter
        self.staff = staff
        self.code = code

    def tell(self) -> None:
        """Submit, and go on act by act until the story reaches now or its end."""
        at = self._submitted_at()
        if at > self.now:
            return
        submission = self._submission(at)
        if submission is None:
            return
        fate = self.random.random()
        if submission.version.settles_at_once and fate < 0.9:
            dossier = intake.register(submission, by=self.counter, at=at)
            signer = intake.signers_of(dossier.competent_agency)[0]
            intake.settle_at_once(dossier, by=self.counter, signer=signer, at=at)
            if self._later(at, 0.2) <= self.now:
                closing.return_result(dossier, by=self.counter, at=self._later(at, 0.2))
            return
        if fate < 0.03:
            intake.register(submission, by=self.counter, at=at)
            return
        if fate < 0.07:
            self._turn_away(submission, at, refuse=fate < 0.05)
            return
        try:
            dossier = intake.log_submission(submission, by=self.counter, entry=Entry.SEEDED)
        except ActDataError:
            return
        self._process(dossier, at, fate)

    def tell_until(self, target: State, *, days: int) -> None:
        """Tell a story that began some working days ago and stands in a state."""
        day = timezone.localdate(self.now)
        for _n in range(days):
            day = self._working_day_before(day)
        at = self.calendar.normalise(
            timezone.make_aware(dt.datetime.combine(day, dt.time(7, self.random.randrange(5, 55))))
        )
        submission = self._submission(at)
        if submission is None or at > self.now:
            return
        if target is State.DRAFT:
            intake.save_draft(submission, by=self.counter, at=at)
            return
        if target in INTAKE_STATES:
            dossier = intake.register(submission, by=self.counter, at=at)
        else:
            dossier = intake.log_submission(submission, by=self.counter, entry=Entry.SEEDED)
        for act in _PATHS[target]:
            at = self.calendar.add_working_minutes(at, self.random.randrange(30, 90))
            if at > self.now:
                return
            self._act(act, dossier, at)

    def receive(self, *, days: int, **changes: Any) -> Dossier:
        """Receive a dossier some working days ago, with parts of its submission replaced."""
        day = timezone.localdate(self.now)
        for _n in range(days):
            day = self._working_day_before(day)
        at = self.calendar.normalise(
            timezone.make_aware(dt.datetime.combine(day, dt.time(7, self.random.randrange(5, 55))))
        )
        submission = self._submission(at)
        if submission is None:
            raise LookupError(self.code)
        return intake.log_submission(
            replace(submission, **changes), by=self.counter, entry=Entry.SEEDED
        )

    def go_on(self, dossier: Dossier, acts: list[Act]) -> None:
        """Do acts one after the other, some working hours apart, as far as now."""
        at = dossier.received_at
        assert at is not None  # noqa: S101 - received dossiers only
        for act in acts:
            at = self.calendar.add_working_minutes(at, self.random.randrange(30, 90))
            if at > self.now:
                return
            self._act(act, dossier, at)

    def _working_day_before(self, day: dt.date) -> dt.date:
        day -= dt.timedelta(days=1)
        while not self.calendar.is_working_day(day):
            day -= dt.timedelta(days=1)
        return day

    def _act(self, act: Act, dossier: Dossier, at: dt.datetime) -> None:
        counter, staff = self.counter, self.staff
        head, clerk = staff.head, staff.clerk
        assert head is not None and clerk is not None  # noqa: S101, PT018 - staffed agencies only
        specialist = staff.specialists[0]
        acts: dict[Act, Callable[[], object]] = {
            Act.REQUEST_COMPLETION: lambda: intake.request_completion(
                dossier, by=counter, at=at, reason="Tờ khai thiếu chữ ký của người nộp."
            ),
            Act.REFUSE: lambda: intake.refuse(
                dossier, by=counter, at=at, reason="Công trình thuộc diện miễn giấy phép."
            ),
            Act.TRANSFER: lambda: processing.transfer(dossier, by=counter, at=at),
            Act.ASSIGN: lambda: processing.assign(dossier, by=head, assignee=specialist, at=at),
            Act.REQUEST_SUPPLEMENT: lambda: processing.request_supplement(
                dossier,
                by=specialist,
                at=at,
                reason="Bản vẽ mặt bằng thiếu mốc giới.",
                items=["Bản vẽ mặt bằng có đủ mốc giới"],
            ),
            Act.CONSULT: lambda: consulting.consult(
                dossier,
                by=specialist,
                at=at,
                agency=Agency.objects.get(code="H01.20"),
                question="Công trình có nằm trong hành lang bảo vệ bờ sông không?",
                answer_by=timezone.localdate(self.now) + dt.timedelta(days=5),
            ),
            Act.REQUEST_PAYMENT: lambda: payment.request_payment(
                dossier,
                by=specialist,
                at=at,
                amount_vnd=Decimal(3_450_000),
                name="Lệ phí trước bạ",
                payee="Chi cục Thuế khu vực",
                notice_number="125/TB-CCT",
            ),
            Act.SUSPEND: lambda: pausing.suspend(
                dossier,
                by=head,
                at=at,
                reason="Thửa đất đang có tranh chấp, chờ bản án của Toà án.",
                legal_basis="Quyết định áp dụng biện pháp khẩn cấp tạm thời của Toà án",
                resume_expected=timezone.localdate(self.now) + dt.timedelta(days=30),
            ),
            Act.PROPOSE: lambda: processing.propose(dossier, by=specialist, at=at),
            Act.APPROVE: lambda: processing.approve(dossier, by=head, at=at),
            Act.PUBLISH: lambda: closing.publish(
                dossier, by=clerk, at=at, result_number=f"{self.random.randrange(20, 900)}/GPXD"
            ),
            Act.RETURN_RESULT: lambda: closing.return_result(
                dossier,
                by=counter,
                at=at,
                fees_taken=True,
                receipt_number=f"BL-{self.random.randrange(10**6):06}",
            ),
            Act.REQUEST_WITHDRAWAL: lambda: closing.request_withdrawal(
                dossier, by=counter, at=at, reason="Chủ đầu tư thay đổi thiết kế."
            ),
            Act.GRANT_WITHDRAWAL: lambda: closing.grant_withdrawal(
                dossier, by=head, at=at, refunds=True
            ),
            Act.STOP: lambda: closing.stop(
                dossier, by=head, at=at, reason="Hồ sơ trùng với hồ sơ đã nộp trước."
            ),
        }
        acts[act]()

    def _submitted_at(self) -> dt.datetime:
        # Denser towards today, so that boards have something running.
        days = int(self.random.triangular(0, 75, 6))
        day = timezone.localtime(self.now) - dt.timedelta(days=days)
        minutes = self.random.choice([15, 45, 80, 130, 170, 210, 260, 400, 430, 480, 520])
        opening = day.replace(hour=7, minute=0, second=0, microsecond=0)
        at = self.calendar.normalise(opening + dt.timedelta(minutes=minutes))
        return at + dt.timedelta(seconds=self.random.randrange(60))

    def _submission(self, at: dt.datetime) -> Submission | None:
        try:
            chosen = version_for(self.code, on=timezone.localdate(at), officer=self.counter)
        except OpeningError:
            return None
        wanted = list(chosen.version.required_documents.all()[:4])
        fees = Fee.objects.filter(
            channel_limit__version=chosen.version, amount_vnd__gte=1000
        ).first()
        organisation = self.code.startswith("1.0132") and self.random.random() < 0.5
        return Submission(
            version=chosen.version,
            case=chosen.case,
            channel=self.random.choices(["online", "in_person", "post"], weights=[45, 47, 8])[0],
            competent_agency=chosen.competent_agency,
            owner=self._owner(organisation=organisation),
            papers=[Paper(p.name, "original" if p.originals else "copy", 1, p.pk) for p in wanted],
            fees=[FeeItem("Lệ phí giải quyết hồ sơ", fees.amount_vnd, is_paid=True)]
            if fees and fees.amount_vnd
            else (),
            received_at=at,
            result_channel=self.random.choices(
                [ResultChannel.COUNTER, ResultChannel.ELECTRONIC, ResultChannel.POST],
                weights=[6, 3, 1],
            )[0],
        )

    def _owner(self, *, organisation: bool) -> Person:
        pick = self.random
        phone = f"0900{pick.randrange(10**6):06d}"
        address = f"Ấp {pick.randrange(1, 9)}, {pick.choice(COMMUNES)[1]}, tỉnh An Giang"
        if organisation:
            return Person(
                f"Công ty TNHH {pick.choice(_FIRMS)}",
                kind="organisation",
                personal_id=_tax_code(pick),
                id_kind="tax_code",
                phone=phone,
                address=address,
            )
        number = f"089{pick.choice('0123')}{pick.randrange(60, 99):02d}{pick.randrange(10**6):06d}"
        return Person(person_name(pick), personal_id=number, phone=phone, address=address)

    def _turn_away(self, submission: Submission, at: dt.datetime, *, refuse: bool) -> None:
        dossier = intake.register(submission, by=self.counter, at=at)
        later = self._later(at, 1.5)
        if later > self.now:
            return
        if refuse:
            intake.refuse(
                dossier,
                by=self.counter,
                at=later,
                reason="Thủ tục không thuộc thẩm quyền giải quyết của tỉnh.",
            )
            return
        intake.request_completion(
            dossier,
            by=self.counter,
            at=later,
            reason="Tờ khai chưa ghi đủ các mục bắt buộc.",
            items=["Tờ khai theo mẫu, ghi đủ mục 4 đến 7"],
        )

    def _process(self, dossier: Dossier, at: dt.datetime, fate: float) -> None:
        """Walk on; `pace` of 1 uses the whole limit, above it the dossier is late."""
        pace = self.random.choices(
            [0.35, 0.6, 0.85, 0.97, 1.25, 2.2], weights=[18, 26, 24, 14, 9, 9]
        )[0]
        hours = self._hours_of(dossier, at) * pace
        staff = self.staff
        assert staff.head is not None and staff.clerk is not None  # noqa: S101, PT018
        specialist = self.random.choice(staff.specialists)
        steps: list[tuple[float, Callable[[dt.datetime], object]]] = [
            (0.04, lambda t: processing.transfer(dossier, by=self.counter, at=t)),
            (0.08, lambda t: processing.assign(dossier, by=staff.head, assignee=specialist, at=t)),  # type: ignore[arg-type]
        ]
        if fate > 0.9:
            steps += [
                (0.3, lambda t: processing.request_supplement(
                    dossier, by=specialist, at=t,
                    reason="Bản vẽ thiếu kích thước cạnh giáp đường.",
                    items=["Bản vẽ có đủ kích thước các cạnh"])),
                (0.5, lambda t: processing.accept_supplement(dossier, by=self.counter, at=t)),
            ]  # fmt: skip
        if 0.07 < fate < 0.1:
            steps += [
                (0.5, lambda t: closing.request_withdrawal(
                    dossier, by=self.counter, at=t, reason="Người nộp chuyển nơi ở.")),
                (0.7, lambda t: closing.grant_withdrawal(
                    dossier, by=staff.head, at=t, refunds=True)),  # type: ignore[arg-type]
            ]  # fmt: skip
        else:
            steps += [
                (0.75, lambda t: processing.propose(dossier, by=specialist, at=t)),
                (0.88, lambda t: processing.approve(dossier, by=staff.head, at=t)),  # type: ignore[arg-type]
                (1.0, lambda t: closing.publish(
                    dossier, by=staff.clerk, at=t, result_number=f"{dossier.pk}/KQ")),  # type: ignore[arg-type]
                (1.0, lambda t: closing.return_result(
                    dossier, by=self.counter, at=self._later(t, 3), fees_taken=True,
                    receipt_number=f"BL-{dossier.pk:06}")),
            ]  # fmt: skip
        for share, act in steps:
            when = self.calendar.add_working_minutes(at, max(5, int(hours * 60 * share)))
            if when > self.now or (share == 1.0 and self._later(when, 3) > self.now):
                return
            act(when)

    def _hours_of(self, dossier: Dossier, at: dt.datetime) -> float:
        if dossier.due_at is None:
            return 40.0
        return max(2.0, self.calendar.working_minutes_between(at, dossier.due_at) / 60)

    def _later(self, at: dt.datetime, hours: float) -> dt.datetime:
        return self.calendar.add_working_minutes(at, max(1, int(hours * 60)))


def _tax_code(source: random.Random) -> str:
    """Return an invented tax code with a right check digit (domain.md 5.5)."""
    weights = [31, 29, 23, 19, 17, 13, 7, 5, 3]
    while True:
        digits = [1, 6, *(source.randrange(10) for _n in range(7))]
        check = 10 - sum(d * w for d, w in zip(digits, weights, strict=True)) % 11
        if 0 <= check <= 9:
            return "".join(map(str, [*digits, check]))
