"""Eight processes act on the same hundred dossiers: nothing is lost, doubled or left half.

`python -m benchmarks.together SEED SECONDS` is one of them: it waits for a line, acts as random
officers through the services with the version just seen, and prints what came of it.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Bar, Figure
from motcua.processes import LaunchError, spawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agencies.models import Agency, Officer
    from dossiers.models import Dossier
    from dossiers.workflow import Act

BASE_DIR = Path(__file__).resolve().parents[1]
DOSSIERS = 100
PLACES = {"desk": "H01.991", "one": "H01.992", "two": "H01.993", "asked": "H01.994"}
# Who works where; two of those whose work collides most.
PEOPLE = {
    "desk": [["receptionist", "returner"], ["receptionist", "returner"], ["supervisor"]],
    "one": [["head", "signer"], ["head"], ["signer"], ["specialist"], ["specialist"], ["clerk"]],
    "two": [["head", "signer"], ["specialist"], ["clerk"]],
    "asked": [["consulted_agency"], ["head"]],
}
ENDS = {"refuse", "cancel", "stop", "grant_withdrawal", "return_result"}
# How often each is chosen beside what leads a dossier on, or the hundred were soon at rest.
ASIDE_WEIGHT, END_WEIGHT = 0.25, 0.1
CROWDED = 0.3  # how often everybody wants one of the same few
UNASKED = 0.05  # how often somebody tries what is not open to them


def make_office() -> list[int]:
    """Make places, people and the dossiers they share; return the keys of the dossiers."""
    from accounts.roles import Role
    from agencies.calendars import load_default_calendar
    from agencies.models import Agency
    from dossiers.opening import version_for
    from dossiers.services import intake
    from tests.factories import AgencyFactory, OfficerFactory, ProcedureFactory, UserFactory

    load_default_calendar()
    root = Agency.objects.filter(code="H01").first() or AgencyFactory.create(code="H01")
    places = {
        name: AgencyFactory.create(code=code, name=f"Nơi thử {name}", parent=root)
        for name, code in PLACES.items()
    }
    people = [(places[name], roles) for name, each in PEOPLE.items() for roles in each]
    for number, (agency, roles) in enumerate([*people, (root, ["reform_officer"])]):
        user = UserFactory.create(username=f"cung_lam_{number}")
        OfficerFactory.create(user=user, agency=agency, roles=[Role(role) for role in roles])
    procedure = ProcedureFactory.create(offering=places["one"])
    receptionist = next(officer for officer in officers() if officer.agency == places["desk"])
    made = []
    for number in range(DOSSIERS):
        chosen = version_for(procedure.code, on=_today(), officer=receptionist)
        submission = intake.Submission(
            version=chosen.version,
            case=chosen.case,
            channel="in_person",
            competent_agency=chosen.competent_agency,
            owner=intake.Person("Nguyễn Thị Ánh Tuyết", personal_id="089187004215"),
            papers=[],
        )
        way = intake.register if number % 4 == 0 else intake.log_submission
        made.append(way(submission, by=receptionist).pk)
    return made


def officers() -> list[Officer]:
    """Return the people of the office."""
    from agencies.models import Officer

    found = Officer.objects.select_related("agency", "desk").order_by("pk")
    return list(found.filter(user__username__startswith="cung_lam_"))


def _today() -> dt.date:
    from django.utils import timezone

    return timezone.localdate()


# What one process does


@dataclass
class Deed:
    """An act somebody may try, as seen before anybody is locked out."""

    act: Act
    officer: Officer
    asks: bool = False


class Worker:
    """One process of the office: looks at a dossier, chooses an act, does it or is turned away."""

    def __init__(self, seed: int) -> None:
        from agencies.models import Agency

        self.random = random.Random(seed)
        self.people = officers()
        self.places: dict[str, Agency] = {
            name: Agency.objects.get(code=code) for name, code in PLACES.items()
        }
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.broken: list[str] = []

    def run(self, seconds: float) -> dict[str, Any]:
        """Act until the time is over; return what came of it."""
        from dossiers.models import Dossier

        pool = list(
            Dossier.objects.filter(receiving_agency=self.places["desk"]).values_list(
                "pk", flat=True
            )
        )
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            wanted = pool[:8] if self.random.random() < CROWDED else pool
            seen = Dossier.objects.for_page().get(pk=self.random.choice(wanted))
            deed = self._choose(seen)
            if deed is not None:
                time.sleep(self.random.random() * 0.01)  # somebody reads before the click
                self._do(seen, deed)
        return {"done": self.done, "refused": self.refused, "broken": self.broken}

    def _choose(self, seen: Dossier) -> Deed | None:
        from dossiers.act_forms import ACT_FORMS
        from dossiers.next_acts import ASIDE
        from dossiers.recording import acts_to_propose, open_acts

        if self.random.random() < UNASKED:
            return Deed(self.random.choice(list(ACT_FORMS)), self.random.choice(self.people))
        deeds: list[Deed] = []
        for officer in self.people:
            deeds += [Deed(act, officer) for act in open_acts(seen, officer) if act in ACT_FORMS]
            deeds += [Deed(act, officer, asks=True) for act in acts_to_propose(seen, officer)]
        weights = [
            END_WEIGHT if deed.act in ENDS else ASIDE_WEIGHT if deed.act in ASIDE else 1.0
            for deed in deeds
        ]
        return self.random.choices(deeds, weights)[0] if deeds else None

    def _do(self, seen: Dossier, deed: Deed) -> None:
        from django.db import DatabaseError

        from dossiers.act_forms import ACT_FORMS
        from dossiers.recording import ActDataError, StaleVersionError
        from dossiers.services import approval
        from dossiers.workflow import IllegalTransitionError

        version = seen.event_count
        try:
            if deed.asks:
                approval.ask(deed.act, seen, by=deed.officer, version=version, reason="Đề nghị")
                self.done["ask_approval"] += 1
            else:
                service = ACT_FORMS[deed.act].service
                service(seen, by=deed.officer, version=version, **self._given(deed.act, seen))
                self.done[deed.act.value] += 1
        except (IllegalTransitionError, StaleVersionError, ActDataError) as error:
            self.refused[type(error).__name__] += 1
        except DatabaseError as error:
            # A deadlock too: none is foreseen, for every act locks its dossier before any number.
            self.broken.append(f"{deed.act}: {type(error.__cause__).__name__} {error}"[:300])

    def _given(self, act: Act, seen: Dossier) -> dict[str, Any]:
        """Return data with which an act can be done."""
        from decimal import Decimal

        from dossiers.act_forms import ACT_FORMS
        from dossiers.workflow import Act, State, ways_to_reopen

        given: dict[str, Any] = {}
        if ACT_FORMS[act].base_fields.keys() & {"reason"} and act is not Act.RECEIVE:
            given["reason"] = "Lý do thử nghiệm"
        match act:
            case Act.REDIRECT:
                here = seen.holder_agency_id == self.places["one"].pk
                given["agency"] = self.places["two" if here else "one"]
            case Act.CONSULT:
                given["agency"] = self.places[self.random.choice(["asked", "desk"])]
                given["question"] = "Có phù hợp quy hoạch?"
            case Act.ADJUST_DUE:
                now = dt.datetime.now(dt.UTC)
                given |= {
                    "new_due": (seen.due_at or now) + dt.timedelta(days=7),
                    "origin": "correction",
                    "reference": f"{self.random.randrange(10**6)}/CV",
                }
            case Act.DECIDE_CHAIN:
                given["decision"] = "go_on"  # none of the hundred is interlinked: refused
            case Act.ANSWER_CONSULTATION:
                given["answer"] = "Phù hợp"
            case Act.REQUEST_PAYMENT:
                given |= {"amount_vnd": Decimal(250_000), "payee": "Kho bạc Nhà nước"}
            case Act.CONFIRM_PAYMENT:
                given["receipt_number"] = f"BL-{self.random.randrange(10**6)}"
                # In part, in full or too much: nothing may be lost of it.
                given["amount_vnd"] = Decimal(self.random.choice([100_000, 250_000, 300_000]))
            case Act.RECORD_PAYMENT:
                given["receipt_number"] = f"BL-{self.random.randrange(10**6)}"
                given["amount_vnd"] = Decimal(50_000)
            case Act.GRANT_WITHDRAWAL:
                given["refunds"] = True
            case Act.PUBLISH:
                given["result_number"] = "12/KQ"
            case Act.SUSPEND:
                given |= {"legal_basis": "Điều 12", "resume_expected": _today()}
            case Act.EXTEND:
                given["new_due_on"] = _today() + dt.timedelta(days=14 + self.random.randrange(14))
            case Act.RETURN_RESULT:
                given["fees_taken"] = True
                given["receipt_number"] = f"BL-{self.random.randrange(10**6)}"
            case Act.REOPEN:
                received = seen.received_at is not None
                ways = ways_to_reopen(State(seen.state), is_received=received)
                given["to"] = self.random.choice(ways).value if ways else ""
        return given


def main() -> None:
    """Be one of the processes: `SEED SECONDS`."""
    import django

    django.setup()
    from dossiers import tasks

    logging.disable(logging.WARNING)  # a line for each act would be what is measured
    # The papers' rows are made; the PDFs are the sweeper's, and another measurement.
    tasks.knock = lambda slip_id: True
    worker = Worker(int(sys.argv[1]))
    _say({"ready": True})
    sys.stdin.readline()
    _say(worker.run(float(sys.argv[2])))


def _say(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


# All of them, and what must be true afterwards


@dataclass
class Outcome:
    """What the processes did, and what is wrong afterwards."""

    done: Counter[str]
    refused: Counter[str]
    broken: list[str]
    faults: list[str]
    events: int


def act_together(*, workers: int, seconds: float, url: str) -> Outcome:
    """Let the processes loose at one moment on the database of a URL, then compare everything."""
    from dossiers.models import DossierEvent

    before = DossierEvent.objects.count()
    outcome = Outcome(Counter(), Counter(), [], [], 0)
    with ExitStack() as stack:
        processes = []
        for seed in range(workers):
            command = [sys.executable, "-m", "benchmarks.together", str(seed), str(seconds)]
            process = stack.enter_context(
                spawn(
                    command,
                    output=subprocess.PIPE,
                    source=subprocess.PIPE,
                    env={**os.environ, "DATABASE_URL": url},
                    cwd=BASE_DIR,
                )
            )
            stack.callback(process.kill)
            processes.append(process)
        for process in processes:
            _told(process)
        for process in processes:
            assert process.stdin
            process.stdin.write(b"\n")
            process.stdin.flush()
        for process in processes:
            told = _told(process)
            outcome.done.update(told["done"])
            outcome.refused.update(told["refused"])
            outcome.broken += told["broken"]
    outcome.events = DossierEvent.objects.count() - before
    outcome.faults = list(_faults(outcome))
    return outcome


def _told(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout
    said: list[str] = []
    for line in process.stdout:
        said.append(line.decode())
        if said[-1].startswith("{"):
            told: dict[str, Any] = json.loads(said[-1])
            return told
    raise LaunchError("".join(said[-20:]))


def _faults(outcome: Outcome) -> Iterator[str]:
    """Yield what is wrong: of every dossier, of every number, of the count of acts."""
    from agencies.models import Agency
    from dossiers.models import Dossier
    from tests.dossiers.truth import history_faults, number_faults

    agencies = Agency.objects.filter(code__in=[*PLACES.values(), "H01"])
    yield from number_faults(agencies)
    for dossier in Dossier.objects.filter(receiving_agency__in=agencies).order_by("pk"):
        for fault in history_faults(dossier):
            yield f"{dossier.pk}: {fault}"
    # Each act is one event; T36 is one on each of its two dossiers.
    said = outcome.done.total() + outcome.done["correct_result"]
    if said != outcome.events:
        yield f"{said} acts were done, {outcome.events} events are there"


def acts_together(*, seconds: float, url: str, workers: int = 8) -> Figure:
    """Measure how many acts eight processes do together, and that none is lost or doubled."""
    made = make_office()
    outcome = act_together(workers=workers, seconds=seconds, url=url)
    done = outcome.done.total()
    refused = ", ".join(f"{count} {name}" for name, count in sorted(outcome.refused.items()))
    return Figure(
        "acts_together",
        f"{workers} processes acting on the same {len(made)} dossiers: what is lost, doubled or half",
        len(outcome.faults) + len(outcome.broken),
        "",
        bar=Bar(0, "=="),
        note=f"{done:,} acts in {seconds:g} s, {done / seconds:.0f} a second; refused: {refused}",
        details={
            "done": dict(sorted(outcome.done.items())),
            "refused": dict(outcome.refused),
            "deadlocks": sum("Deadlock" in text for text in outcome.broken),
            "broken": outcome.broken[:5],
            "faults": outcome.faults[:5],
        },
    )


if __name__ == "__main__":
    main()
