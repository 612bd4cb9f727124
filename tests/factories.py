"""One factory per model; situations are Traits. Invented people only."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import factory
from factory.django import DjangoModelFactory

from accounts.models import User
from accounts.personal_data import keyed_digest, normalise_number, proof_of, seal
from accounts.roles import Role
from agencies.models import Agency, AgencyCode, Officer, OfficerRole
from dossiers.models import Dossier
from procedures.models import (
    ChannelLimit,
    Offering,
    Procedure,
    ProcedureCase,
    ProcedureSector,
    ProcedureVersion,
    Sector,
)

HANOI_TIME = ZoneInfo("Asia/Ho_Chi_Minh")


def local(text: str) -> dt.datetime:
    """Read "2026-04-24 15:00" as a local instant."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=HANOI_TIME)


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"canbo{n}")
    full_name = factory.Sequence(lambda n: f"Nguyễn Thị Ánh Tuyết {n}")
    password = factory.django.Password("mat-khau-thu-nghiem")


class AgencyFactory(DjangoModelFactory[Agency]):
    class Meta:
        model = Agency
        skip_postgeneration_save = True

    code = factory.Sequence(
        lambda n: f"H01.{n + 100:03d}" if n < 900 else f"H01.{n // 900:02d}.{n % 900 + 100:03d}"
    )
    name = factory.Sequence(lambda n: f"Sở thử nghiệm {n}")
    level = Agency.Level.PROVINCE
    is_desk_host = True

    @factory.post_generation
    def place(self: Agency, create: bool, extracted: Any, **kwargs: Any) -> None:
        AgencyCode.objects.get_or_create(agency=self, code=self.code)


class OfficerFactory(DjangoModelFactory[Officer]):
    """`roles=[Role.RECEPTIONIST]` are held in the officer's own agency."""

    class Meta:
        model = Officer
        skip_postgeneration_save = True

    user = factory.SubFactory(UserFactory)
    full_name = factory.LazyAttribute(lambda o: o.user.full_name)
    agency = factory.SubFactory(AgencyFactory)

    @factory.post_generation
    def roles(self: Officer, create: bool, extracted: list[Role] | None, **kwargs: Any) -> None:
        for role in extracted or []:
            OfficerRole.objects.create(officer=self, agency=self.agency, role=role)


class SectorFactory(DjangoModelFactory[Sector]):
    class Meta:
        model = Sector

    name = factory.Sequence(lambda n: f"Lĩnh vực {n}")
    code = factory.Sequence(lambda n: f"G15-TP{n:02d}")


class ProcedureFactory(DjangoModelFactory[Procedure]):
    """A procedure with version 1; `limit=("5", "working_day")` makes case .01."""

    class Meta:
        model = Procedure
        skip_postgeneration_save = True

    class Params:
        limit: tuple[str | None, str] = ("5", "working_day")
        offered = True
        competent_agency = None

    code = factory.Sequence(lambda n: f"1.{n + 1:06d}")
    name = factory.Sequence(lambda n: f"Thủ tục thử nghiệm số {n}")

    @classmethod
    def _create(cls, model_class: type[Procedure], *args: Any, **kwargs: Any) -> Procedure:
        made: Procedure = super()._create(model_class, *args, **kwargs)
        version = ProcedureVersion.objects.create(procedure=made, number=1, name=made.name)
        ProcedureSector.objects.create(version=version, sector=SectorFactory.create(), position=0)
        return made

    @factory.post_generation
    def version_settings(
        self: Procedure, create: bool, extracted: dict[str, Any] | None, **kwargs: Any
    ) -> None:
        if extracted:
            self.versions.update(**extracted)

    @factory.post_generation
    def cases(
        self: Procedure, create: bool, extracted: list[tuple[str | None, str]] | None, **kwargs: Any
    ) -> None:
        version = self.versions.get(number=1)
        for position, (value, unit) in enumerate(
            extracted if extracted is not None else [("5", "working_day")]
        ):
            ProcedureCase.objects.create(
                version=version,
                position=position,
                code=f"{self.code}.{position + 1:02d}",
                limit_value=value,
                limit_unit=unit,
            )

    @factory.post_generation
    def channels(
        self: Procedure,
        create: bool,
        extracted: list[tuple[str, str | None, str]] | None,
        **kwargs: Any,
    ) -> None:
        version = self.versions.get(number=1)
        for position, (channel, value, unit) in enumerate(extracted or []):
            ChannelLimit.objects.create(
                version=version,
                position=position,
                channel=channel,
                limit_value=value,
                limit_unit=unit,
            )

    @factory.post_generation
    def offering(
        self: Procedure, create: bool, extracted: Agency | bool | None, **kwargs: Any
    ) -> None:
        """`offering=agency` settles there; `offering=False`: the province does not take it in."""
        if extracted is not False:
            Offering.objects.create(
                procedure=self,
                competent_agency=extracted if isinstance(extracted, Agency) else None,
            )


class DossierFactory(DjangoModelFactory[Dossier]):
    """A dossier as rows alone, without events: for lists, reports and constraints.

    What needs a true history calls the services instead (tests/dossiers/walk.py).
    """

    class Meta:
        model = Dossier

    class Params:
        id_number = "001234567890"
        phone_number = "0900123456"
        settled = factory.Trait(
            state="settled",
            settled_at=factory.LazyAttribute(lambda o: o.received_at + dt.timedelta(days=2)),
        )
        returned = factory.Trait(
            state="returned",
            settled_at=factory.LazyAttribute(lambda o: o.received_at + dt.timedelta(days=2)),
            returned_at=factory.LazyAttribute(lambda o: o.received_at + dt.timedelta(days=3)),
        )
        paused = factory.Trait(
            state="awaiting_supplement",
            supplement_count=1,
            paused_at=factory.LazyAttribute(lambda o: o.received_at + dt.timedelta(days=1)),
        )
        submitted_only = factory.Trait(
            state="submitted", code=None, received_at=None, due_at=None, due_original_at=None
        )

    procedure = factory.SubFactory(ProcedureFactory)
    version = factory.LazyAttribute(lambda o: o.procedure.versions.order_by("-number").first())
    case = factory.LazyAttribute(lambda o: o.version.cases.first())
    sector = factory.LazyAttribute(
        lambda o: o.version.sectors.order_by("proceduresector__position").first()
    )
    receiving_agency = factory.SubFactory(AgencyFactory)
    competent_agency = factory.SelfAttribute("receiving_agency")
    holder_agency = factory.SelfAttribute("competent_agency")
    channel = "in_person"
    owner_kind = "citizen"
    owner_name = "Nguyễn Thị Ánh Tuyết"
    state = "in_progress"
    code = factory.Sequence(lambda n: f"H01.001-260803-{n + 1:04d}")
    tracking_code = factory.Sequence(lambda n: f"T{n:08d}")
    submitted_at = factory.LazyAttribute(lambda o: o.received_at or local("2026-08-03 08:30"))
    received_at = local("2026-08-03 08:30")  # Monday
    received_on = factory.LazyAttribute(lambda o: _day(o.received_at))
    due_at = local("2026-08-10 17:00")
    due_original_at = factory.SelfAttribute("due_at")
    due_on = factory.LazyAttribute(lambda o: _day(o.due_at))
    settled_on = factory.LazyAttribute(lambda o: _day(o.settled_at))
    returned_on = factory.LazyAttribute(lambda o: _day(o.returned_at))
    settled_at = None
    returned_at = None
    limit_value = "5"
    limit_unit = "working_day"
    owner_id_sealed = factory.LazyAttribute(lambda o: seal(o.id_number))
    owner_id_digest = factory.LazyAttribute(
        lambda o: keyed_digest("owner_id", normalise_number(o.id_number))
    )
    owner_phone_sealed = factory.LazyAttribute(lambda o: seal(o.phone_number))
    id_proof = factory.LazyAttribute(lambda o: _proof(o.tracking_code, o.id_number))
    phone_proof = factory.LazyAttribute(lambda o: _proof(o.tracking_code, o.phone_number))


def _day(instant: dt.datetime | None) -> dt.date | None:
    return instant.astimezone(HANOI_TIME).date() if instant else None


def _proof(tracking_code: str, number: str) -> bytes:
    return keyed_digest("proof", f"{tracking_code}:{proof_of(number)}") if number else b""
