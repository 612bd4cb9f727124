"""What holds of the clock whatever is asked: order, and that nothing is lost or won by asking twice."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.calendar_data import default_calendar
from agencies.working_time import LOCAL_ZONE, Calendar, Season, Window
from dossiers.deadlines import (
    Limit,
    Pause,
    PauseKind,
    SupplementPolicy,
    TimeOfDay,
    Unit,
    answer_by,
    committed_limit,
    decided_with_pauses,
    due_at,
    due_with_pauses,
    explain,
    remaining,
    transfer_by,
)
from tests.dossiers import compare_clock, deadline_oracle

PLAIN = default_calendar()
SUMMER = (Window(time(7), time(11)), Window(time(13), time(17)))
WINTER = (Window(time(7, 30), time(11, 30)), Window(time(13), time(17)))
# Without Saturdays on duty, which alone may overtake the evening before (test_deadlines).
NO_DUTY = Calendar(
    PLAIN.special_days,
    loaded_from=PLAIN.loaded_from,
    loaded_until=PLAIN.loaded_until,
    counter_weekdays=frozenset(),
)
DECIDED = Calendar(
    PLAIN.special_days,
    seasons=(
        Season((1, 1), SUMMER),
        Season((4, 16), SUMMER, date(2023, 4, 16)),
        Season((10, 16), WINTER, date(2023, 4, 16)),
    ),
    loaded_from=PLAIN.loaded_from,
    loaded_until=PLAIN.loaded_until,
    counter_weekdays=frozenset(),
)

instants = st.datetimes(
    datetime(2019, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2027, 12, 31),  # noqa: DTZ001
    timezones=st.just(LOCAL_ZONE),
)
seconds = st.integers(0, 20 * 24 * 60 * 60).map(lambda n: timedelta(seconds=n))
counted = st.sampled_from([Unit.WORKING_HOUR, Unit.WORKING_DAY, Unit.DAY, Unit.MONTH])
numbers = st.decimals(Decimal("0.01"), 40, places=2)
calendars = st.sampled_from([NO_DUTY, DECIDED])
limits = st.one_of(
    st.builds(Limit, numbers, counted, time_of_day=st.sampled_from(TimeOfDay)),
    st.builds(Limit, st.none(), st.just(Unit.SAME_DAY), st.sampled_from([time(11, 30), time(15)])),
)


def due(limit: Limit, received: datetime, calendar: Calendar) -> datetime:
    answer = due_at(limit, received, calendar)
    assert answer is not None
    return answer


@given(limits, instants, seconds, calendars)
def test_a_later_receipt_is_never_due_earlier(
    limit: Limit, received: datetime, later: timedelta, calendar: Calendar
) -> None:
    assert due(limit, received, calendar) <= due(limit, received + later, calendar)


@given(numbers, numbers, counted, instants, calendars)
def test_a_longer_limit_is_never_due_earlier(
    one: Decimal, other: Decimal, unit: Unit, received: datetime, calendar: Calendar
) -> None:
    short, long = sorted((one, other))
    assert due(Limit(short, unit), received, calendar) <= due(Limit(long, unit), received, calendar)


@given(instants, seconds, calendars)
def test_a_later_submission_is_never_to_be_answered_or_handed_over_earlier(
    submitted: datetime, later: timedelta, calendar: Calendar
) -> None:
    assert submitted < answer_by(submitted, calendar) <= answer_by(submitted + later, calendar)
    assert submitted <= transfer_by(submitted, calendar) <= transfer_by(submitted + later, calendar)


@st.composite
def paused(draw: st.DrawFn) -> tuple[datetime, list[Pause]]:
    received = draw(instants)
    pauses = []
    for _ in range(draw(st.integers(0, 3))):
        start = received + draw(seconds)
        pauses.append(Pause(start, start + draw(seconds), draw(st.sampled_from(PauseKind))))
    return received, pauses


@given(numbers, counted, paused())
def test_the_same_pauses_keep_the_committed_date_before_the_laws(
    value: Decimal, unit: Unit, story: tuple[datetime, list[Pause]]
) -> None:
    received, pauses = story
    by_law = Limit(value, unit)
    shorter = committed_limit(by_law)
    if shorter is None:
        return
    promised = due_with_pauses(shorter, received, PLAIN, pauses)
    statutory = due_with_pauses(by_law, received, PLAIN, pauses)
    assert promised is not None
    assert statutory is not None
    assert promised <= statutory


@given(instants, paused())
def test_a_date_from_outside_is_never_moved_back(
    decided: datetime, story: tuple[datetime, list[Pause]]
) -> None:
    since, pauses = story
    moved = decided_with_pauses(decided, since, PLAIN, pauses)
    assert moved >= decided
    assert decided_with_pauses(decided, since, PLAIN, []) == decided
    # What was paused before it was decided is in it already.
    before = [Pause(since - timedelta(days=9), since, PauseKind.SUPPLEMENT)]
    assert decided_with_pauses(decided, since, PLAIN, before) == decided


@given(limits, paused(), st.booleans())
def test_what_a_pause_says_of_itself_wins_over_the_policy(
    limit: Limit, story: tuple[datetime, list[Pause]], restarts: bool
) -> None:
    received, pauses = story
    said = [Pause(p.started_at, p.ended_at, p.kind, restarts) for p in pauses]
    policy = SupplementPolicy.RESTART if restarts else SupplementPolicy.RESUME
    expected = due_with_pauses(limit, received, PLAIN, pauses, policy)
    for other in SupplementPolicy:
        assert due_with_pauses(limit, received, PLAIN, said, other) == expected


@given(limits, instants, seconds)
def test_what_is_left_and_what_is_over_are_the_same_time(
    limit: Limit, received: datetime, later: timedelta
) -> None:
    promised, now = due(limit, received, PLAIN), received + later
    left = remaining(promised, now, PLAIN)
    assert left.working_minutes == PLAIN.working_minutes_between(now, promised)
    assert remaining(now, promised, PLAIN).working_minutes == -left.working_minutes


@given(limits, paused())
def test_explaining_twice_tells_the_same(limit: Limit, story: tuple[datetime, list[Pause]]) -> None:
    received, pauses = story
    assert explain(limit, received, PLAIN, pauses) == explain(limit, received, PLAIN, pauses)


# The comparison with the oracle, by its command.


def test_the_command_compares_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare_clock.main(["--cases", "400", "--seed", "7", "--processes", "1"]) == 0
    assert "400 cases from seed 7: 0 differ" in capsys.readouterr().out


def test_a_disagreement_is_found_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    late = timedelta(minutes=1)

    def wrong(case: deadline_oracle.Case) -> datetime | None:
        answer = deadline_oracle.oracle_answer(case)
        return answer + late if answer and answer.weekday() == 4 else answer

    monkeypatch.setattr(deadline_oracle, "engine_answer", wrong)
    told = compare_clock.compare(60, 7)
    assert told
    assert all(line.startswith("seed 7: Case(") for line in told)


def test_the_cases_are_divided_into_chunks_of_their_own_seeds() -> None:
    assert compare_clock.chunks(12_000, 5) == [(5_000, 5), (5_000, 6), (2_000, 7)]
    assert compare_clock.chunks(5_000, 5) == [(5_000, 5)]
