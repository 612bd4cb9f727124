"""Khảo sát mức độ hài lòng: what the holders of survey slips answered, by agency.

The portal's own rate, never to be called SIPAS, which is an independent survey (domain.md 8). An
answer counts on the local day it was given, a slip on the day it was handed out; satisfied are the
two best of five levels. Rates stand beside what they are counted from and are not clamped.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from agencies.models import Agency
from dossiers.models import PaperSlip, Score, SurveyAnswer, SurveyScore
from dossiers.surveys import OVERALL, WITH_SURVEY
from reports.periods import Period
from reports.settlement import Counted, percent

# Below so many answers a rate says more of who answered than of the work, and might name them.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: how many scored it and how many of them are satisfied."""

    text: str
    scored: int
    satisfied: int

    @property
    def rate(self) -> Decimal | None:
        """Return satisfied of scored in percent; None below FEWEST."""
        return percent(self.satisfied, self.scored) if self.scored >= FEWEST else None


@dataclass(frozen=True, slots=True)
class Line:
    """One agency, or all: slips handed out, answers, and what they say of the whole."""

    code: str
    name: str
    handed_out: int = 0
    answered: int = 0
    on_paper: int = 0
    scored: int = 0
    satisfied: int = 0
    disliked: int = 0

    @property
    def response_rate(self) -> Decimal | None:
        """Return answers of slips in percent; None where nothing was handed out."""
        return percent(self.answered, self.handed_out)

    @property
    def rate(self) -> Decimal | None:
        """Return satisfied of those who scored the whole, in percent; None below FEWEST."""
        return percent(self.satisfied, self.scored) if self.scored >= FEWEST else None

    @property
    def is_too_few(self) -> bool:
        """Tell whether there are answers and too few of them to show what they say."""
        return 0 < self.scored < FEWEST


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """The table for a period and some agencies."""

    period: Period
    counted: Counted
    lines: tuple[Line, ...]
    totals: Line
    questions: tuple[Asked, ...]
    counted_at: dt.datetime


def count(
    period: Period, agencies: Sequence[Agency], *, counted: Counted = Counted.SETTLING
) -> Satisfaction:
    """Return the table of the agencies of which something was handed out or answered.

    `counted` says whether an answer stands with who settled the dossier or with who received it.
    Runs three queries.
    """
    ids = [agency.pk for agency in agencies]
    place = "competent_agency" if counted is Counted.SETTLING else "receiving_agency"
    handed = dict(
        PaperSlip.objects.filter(
            kind__in=sorted(kind.value for kind in WITH_SURVEY),
            issued_at__gte=timezone.make_aware(dt.datetime.combine(period.start, dt.time())),
            issued_at__lt=timezone.make_aware(
                dt.datetime.combine(period.end + dt.timedelta(days=1), dt.time())
            ),
            **{f"dossier__{place}__in": ids},
        )
        .order_by()
        .values_list(f"dossier__{place}")
        .annotate(Count("pk"))
    )
    answers = {
        row[place]: row
        for row in SurveyAnswer.objects.filter(
            answered_on__range=(period.start, period.end), **{f"{place}__in": ids}
        )
        .values(place)
        .annotate(
            answered=Count("pk"),
            on_paper=Count("pk", filter=Q(entered_by__isnull=False)),
            disliked=Count("pk", filter=Q(liked=False)),
        )
    }
    scores: list[Any] = list(
        SurveyScore.objects.filter(
            answer__answered_on__range=(period.start, period.end),
            **{f"answer__{place}__in": ids},
        )
        .values(f"answer__{place}", "question__code", "question__text")
        .annotate(scored=Count("pk"), satisfied=Count("pk", filter=Q(score__gte=Score.SATISFIED)))
        .order_by("question__position", "question")
    )
    overall: dict[int, list[int]] = {}
    asked: dict[str, list[int]] = {}
    for row in scores:
        sums = [asked.setdefault(row["question__text"], [0, 0])]
        if row["question__code"] == OVERALL:
            sums.append(overall.setdefault(row[f"answer__{place}"], [0, 0]))
        for each in sums:
            each[0] += row["scored"]
            each[1] += row["satisfied"]
    lines = tuple(
        _line(agency, handed.get(agency.pk, 0), answers.get(agency.pk), overall.get(agency.pk))
        for agency in agencies
        if agency.pk in handed or agency.pk in answers
    )
    names = ("handed_out", "answered", "on_paper", "scored", "satisfied", "disliked")
    totals = Line("", "", **{name: sum(getattr(line, name) for line in lines) for name in names})
    return Satisfaction(
        period=period,
        counted=counted,
        lines=lines,
        totals=totals,
        questions=tuple(Asked(text, *counted) for text, counted in asked.items()),
        counted_at=timezone.now(),
    )


def _line(
    agency: Agency, handed_out: int, answers: Mapping[str, Any] | None, overall: list[int] | None
) -> Line:
    said = answers or {"answered": 0, "on_paper": 0, "disliked": 0}
    scored, satisfied = overall or (0, 0)
    return Line(
        agency.code,
        agency.name,
        handed_out,
        said["answered"],
        said["on_paper"],
        scored,
        satisfied,
        said["disliked"],
    )
