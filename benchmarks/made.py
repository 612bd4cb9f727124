"""The made province: 163 units, sixty procedures, three years of dossiers of invented people.

The same seed and last day give the same file, row for row (design.md 5; real shape:
national-portal-and-data.md 4.5): one procedure is a quarter of everything, about 2 % are open.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction

from accounts.roles import Role
from agencies.calendar_data import default_calendar
from agencies.calendars import load_default_calendar
from agencies.models import Agency
from agencies.working_time import LOCAL_ZONE
from dossiers.codes import format_code
from dossiers.deadlines import Limit, Unit, due_at
from dossiers.importing import OPTIONAL, REQUIRED
from tests.factories import AgencyFactory, OfficerFactory, ProcedureFactory, UserFactory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agencies.models import Officer

SEED = 20261122
YEARS = 3
DEPARTMENTS, DIVISIONS, COMMUNES = 20, 40, 102  # with the province itself: 163 units
COMMUNE_PROCEDURES, DEPARTMENT_PROCEDURES = 30, 30
COLUMNS = [*REQUIRED, *OPTIONAL]
COMMON_SHARE = 0.25  # of the one procedure everybody needs
LEFT_OPEN = 0.011  # beside those too young to be done: about 2 % in all
LIMITS = [("5", "working_day"), ("3", "working_day"), ("10", "working_day"), ("1", "working_day"),
          ("15", "working_day"), ("20", "day"), ("7.5", "working_day"), ("8", "working_hour")]  # fmt: skip
FAMILY = (
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
)
MIDDLE = ("Văn", "Thị", "Minh", "Ngọc", "Hữu", "Thanh", "Thị Ánh", "Quốc", "Kim", "Đức", "Thị Bích")
GIVEN = ("An", "Ánh", "Bảo", "Cúc", "Dung", "Đào", "Đông", "Giang", "Hạnh", "Hùng", "Khoa", "Lan",
         "Long", "Mai", "Nam", "Oanh", "Phúc", "Quân", "Sơn", "Thảo", "Tuyết", "Uyên", "Vinh", "Ý")  # fmt: skip


class Kind(NamedTuple):
    """A procedure of the made catalogue: where it is settled (None: where received), its limit."""

    code: str
    settled_by: str | None
    limit: Limit


@dataclass(frozen=True)
class Province:
    """What the measurements ask of the made province."""

    kinds: tuple[Kind, ...]
    communes: tuple[str, ...]
    receptionist: Officer  # of the first commune
    head: Officer  # of the first commune
    reformer: Officer  # sees everything


class Known(NamedTuple):
    """A dossier whose owner we know."""

    code: str
    proof: str


@transaction.atomic
def build() -> Province:
    """Write agencies, officers and procedures into the database."""
    load_default_calendar()
    root = AgencyFactory.create(code="H01", name="Uỷ ban nhân dân tỉnh An Giang")
    departments: list[Agency] = []
    for number in range(1, DEPARTMENTS + 1):
        department = AgencyFactory.create(
            code=f"H01.{number:02d}", name=f"Sở Thử nghiệm {number}", parent=root
        )
        departments.append(department)
    divisions = [
        AgencyFactory.create(
            code=f"{departments[n % DEPARTMENTS].code}.{n // DEPARTMENTS + 1:02d}",
            name=f"Chi cục Thử nghiệm {n + 1}",
            parent=departments[n % DEPARTMENTS],
        )
        for n in range(DIVISIONS)
    ]
    communes = [
        AgencyFactory.create(
            code=f"H01.{101 + n}",
            name=f"Uỷ ban nhân dân xã Thử Nghiệm {n + 1}",
            parent=root,
            level=Agency.Level.COMMUNE,
        )
        for n in range(COMMUNES)
    ]
    assert Agency.objects.count() == 163
    kinds = []
    for n in range(COMMUNE_PROCEDURES + DEPARTMENT_PROCEDURES):
        value, unit = (None, "same_day") if n == 0 else LIMITS[n % len(LIMITS)]
        by = None
        if n >= COMMUNE_PROCEDURES:
            by = (departments + divisions)[n * 7 % (DEPARTMENTS + DIVISIONS)]
        procedure = ProcedureFactory.create(
            name=f"Thủ tục thử nghiệm cấp giấy xác nhận số {n + 1}",
            cases=[(value, unit)],
            offering=by or True,
        )
        kinds.append(Kind(procedure.code, by.code if by else None, Limit.parse(value, unit)))
    return Province(
        kinds=tuple(kinds),
        communes=tuple(agency.code for agency in communes),
        receptionist=_officer("do_tiepnhan", communes[0], Role.RECEPTIONIST),
        head=_officer("do_lanhdao", communes[0], Role.HEAD),
        reformer=_officer("do_kstthc", root, Role.REFORM_OFFICER),
    )


def _officer(username: str, agency: Agency, role: Role) -> Officer:
    user = UserFactory.create(username=username, full_name="Nguyễn Thị Ánh Tuyết")
    officer: Officer = OfficerFactory.create(user=user, agency=agency, roles=[role])
    return officer


class History:
    """The rows of the file, one after the other by the day of receipt."""

    def __init__(self, province: Province, size: int, last_day: dt.date) -> None:
        self.province = province
        self.size = size
        self.random = random.Random(SEED)
        self.calendar = default_calendar()
        self.until = dt.datetime.combine(last_day, dt.time(17), LOCAL_ZONE)
        first = last_day.replace(year=last_day.year - YEARS, day=1)
        days = (first + dt.timedelta(days=n) for n in range((last_day - first).days + 1))
        self.days = [day for day in days if self.calendar.is_working_day(day)]
        others = len(province.kinds) - 1
        shares = [1 / (rank + 3) for rank in range(others)]
        rest = (1 - COMMON_SHARE) / sum(shares)
        # The rest in an order of its own, so that communes and departments share the frequent ones.
        order = list(range(1, others + 1))
        random.Random(SEED).shuffle(order)
        weights = [COMMON_SHARE] + [0.0] * others
        for share, index in zip(shares, order, strict=True):
            weights[index] = share * rest
        self.kind_weights = list(accumulate(weights))
        self.commune_weights = list(
            accumulate(1 / (rank + 8) for rank in range(len(province.communes)))
        )
        self.known: list[Known] = []
        chosen = random.Random(SEED + 1).sample(range(size), min(size, 20_000))
        self._remembered = set(chosen)
        self._rows = self._generate()

    def write(self, path: Path, count: int) -> int:
        """Write the next rows as a file to import; return how many there were."""
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            rows = list(islice(self._rows, count))
            writer.writerows(rows)
        return len(rows)

    def _generate(self) -> Iterator[list[str]]:
        random_ = self.random
        numbers: dict[str, int] = {}
        today: dt.date | None = None
        for index in range(self.size):
            day = self.days[index * len(self.days) // self.size]
            if day != today:
                today, numbers = day, {}
            (kind,) = random_.choices(self.province.kinds, cum_weights=self.kind_weights)
            if kind.settled_by is None or random_.random() < 0.15:
                (receiving,) = random_.choices(
                    self.province.communes, cum_weights=self.commune_weights
                )
            else:
                receiving = kind.settled_by
            numbers[receiving] = numbers.get(receiving, 0) + 1
            code = format_code(receiving, day, numbers[receiving])
            owner_id = f"089{random_.randrange(2)}{random_.randrange(50, 100)}{random_.randrange(10**6):06d}"
            if index in self._remembered:
                self.known.append(Known(code, owner_id[-4:]))
            yield [
                code,
                kind.code,
                kind.settled_by or receiving,
                "online"
                if random_.random() < 0.6
                else "post"
                if random_.random() < 0.05
                else "in_person",
                f"{random_.choice(FAMILY)} {random_.choice(MIDDLE)} {random_.choice(GIVEN)}",
                owner_id,
                f"09{random_.randrange(10**8):08d}",
                *self._course(kind, day),
            ]

    def _course(self, kind: Kind, day: dt.date) -> list[str]:
        """Return the columns from submitted_at on."""
        random_ = self.random
        minute = random_.choice((7 * 60, 13 * 60 + 30)) + random_.randrange(200)
        received = dt.datetime.combine(day, dt.time(minute // 60, minute % 60), LOCAL_ZONE)
        submitted = received - dt.timedelta(minutes=random_.randrange(1, 20))
        original = due_at(kind.limit, received, self.calendar)
        assert original is not None
        due = original
        if random_.random() < 0.01 and kind.limit.unit is not Unit.SAME_DAY:
            due = due_at(Limit.parse("5", "working_day"), original, self.calendar) or due
        settled: dt.datetime | None
        if random_.random() < 0.04:
            settled = due + dt.timedelta(minutes=random_.randrange(1, 20 * 24 * 60))
        else:
            stretch = max(1, int((due - received).total_seconds() // 60))
            settled = received + dt.timedelta(minutes=random_.randrange(stretch) + 1)
        if settled > self.until or random_.random() < LEFT_OPEN:
            settled = None
        returned = None
        state, status, supplements = "", "10", ""
        if settled is None:
            state, status = random_.choices(
                [("", "2"), ("awaiting_assignment", "4"), ("in_progress", "4"),
                 ("awaiting_signature", "4"), ("awaiting_supplement", "5")],
                (10, 20, 45, 15, 10),
            )[0]  # fmt: skip
            supplements = "1" if status == "5" else ""
        else:
            draw = random_.random()
            status = "7" if draw < 0.01 else "8" if draw < 0.015 else "10"
            if status == "10":
                returned = settled + dt.timedelta(minutes=random_.randrange(2 * 24 * 60))
                if returned > self.until:
                    returned, status = None, "9"
        return [
            submitted.isoformat(),
            received.isoformat(),
            due.isoformat(),
            settled.isoformat() if settled else "",
            returned.isoformat() if returned else "",
            status,
            state,
            "",
            "",
            original.isoformat() if original != due else "",
            supplements,
        ]
