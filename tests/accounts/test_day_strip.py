"""The days from receipt to promise, as the page shows them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from accounts.day_strip import LINE_DAYS, arrange


@dataclass(frozen=True)
class Note:
    date: date
    counts: bool
    why: str
    text: str
    number: int | Decimal | None = None


@dataclass(frozen=True)
class Told:
    days: tuple[Note, ...]
    due_at: datetime | None = None
    provisional: bool = False
    summary: str = ""

    @property
    def due_on(self) -> date | None:
        return self.days[-1].date if self.days else None


FRIDAY = date(2026, 11, 20)


def told(length: int) -> Told:
    """A receipt on a Friday, then days that all count."""
    return Told(
        (
            Note(FRIDAY, counts=False, why="received", text="Thứ Sáu: ngày tiếp nhận."),
            *(
                Note(
                    FRIDAY + timedelta(days=n),
                    counts=True,
                    why="counted",
                    text=f"Ngày {n}.",
                    number=n,
                )
                for n in range(1, length)
            ),
        )
    )


def test_a_day_that_has_passed_is_counted_and_one_ahead_is_to_come() -> None:
    strip = arrange(told(5), today=FRIDAY + timedelta(days=2))
    assert [day.kind for day in strip.days] == [
        "received",
        "counted",
        "counted",
        "to-come",
        "to-come",
    ]
    assert [day.is_today for day in strip.days] == [False, False, True, False, False]
    assert [day.is_due for day in strip.days] == [False, False, False, False, True]


def test_a_start_later_than_the_receipt_has_a_sign_of_its_own() -> None:
    days = tuple(
        Note(FRIDAY + timedelta(days=n), counts=why == "counted", why=why, text=why)
        for n, why in enumerate(["received", "weekend", "weekend", "received", "counted"])
    )
    strip = arrange(Told(days), today=FRIDAY)
    assert [day.kind for day in strip.days][::3] == ["received", "start"]
    assert strip.days[0].icon != strip.days[3].icon
    assert [entry.text for entry in strip.legend][:2] == ["Ngày nhận", "Bắt đầu tính"]


def test_the_strip_begins_in_the_column_of_its_weekday_and_says_the_month_once() -> None:
    strip = arrange(told(13), today=FRIDAY)
    assert strip.starts_in_column == 5
    assert [day.month for day in strip.days if day.month] == ["/11", "/12"]


def test_each_cell_says_its_sentence_and_what_is_special_about_it() -> None:
    strip = arrange(told(2), today=FRIDAY + timedelta(days=1))
    assert strip.words == (
        "Thứ Sáu: ngày tiếp nhận.",
        "Ngày 1. Đây là ngày hẹn trả. Đây là hôm nay.",
    )


def test_rest_days_pauses_and_make_up_days_look_different() -> None:
    days = tuple(
        Note(FRIDAY + timedelta(days=n), counts=why == "make_up", why=why, text=why)
        for n, why in enumerate(
            ["weekend", "holiday", "swapped_off", "paused", "rolled", "make_up"]
        )
    )
    strip = arrange(Told(days), today=FRIDAY)
    assert [day.kind for day in strip.days] == [
        "weekend",
        "holiday",
        "holiday",
        "paused",
        "rolled",
        "to-come",
    ]
    assert strip.days[-1].is_make_up
    assert [day.icon for day in strip.days] == ["", "lantern", "lantern", "pause", "arrow", "check"]


def test_the_legend_explains_only_what_is_drawn() -> None:
    strip = arrange(told(3), today=FRIDAY)
    assert [entry.sign for entry in strip.legend] == ["received", "to-come", "due", "today"]


def test_a_run_that_does_not_fit_one_line_is_laid_in_weeks() -> None:
    assert arrange(told(LINE_DAYS), today=FRIDAY).layout == "line"
    assert arrange(told(LINE_DAYS + 1), today=FRIDAY).layout == "weeks"
    assert arrange(told(5), today=FRIDAY, layout="weeks").layout == "weeks"


def test_a_very_long_run_is_told_by_the_week_and_draws_its_last_days() -> None:
    strip = arrange(told(200), today=FRIDAY + timedelta(days=10))
    assert strip.is_folded
    assert len(strip.days) == LINE_DAYS
    assert strip.days[-1].is_due
    assert (strip.counted, strip.to_count) == (10, 199)
    assert strip.progress == [("brand", 10)]
    assert strip.words == ()
    assert strip.weeks[0].sentence == "Tính 2 ngày. Thứ Sáu: ngày tiếp nhận."
    assert strip.weeks[-1].sentence.endswith("Ngày hẹn trả 07/06/2027.")
    assert sum((week.ends_on - week.starts_on).days + 1 for week in strip.weeks) == 200


def test_parts_of_a_day_are_written_with_a_comma() -> None:
    days = (Note(FRIDAY, counts=True, why="counted", text="", number=Decimal("4.50")),)
    assert arrange(Told(days), today=FRIDAY).days[0].mark == "4,5"


def test_without_days_there_is_nothing_to_draw() -> None:
    strip = arrange(Told(()), today=FRIDAY)
    assert strip.days == ()
    assert strip.weeks == ()
