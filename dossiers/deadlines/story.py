"""The days between receipt and due date, told in order: which count, and why the others do not."""

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction

from django.utils.translation import gettext

from agencies.working_time import Calendar, Rest, SpecialDay, ceil_minute
from dossiers.deadlines.due import day_zero, last_day, same_day
from dossiers.deadlines.limit import DATELESS_UNITS, Limit, Unit
from dossiers.deadlines.notes import DayNote, Why
from dossiers.deadlines.pauses import DAY_US, MINUTE_US, Pause, paused_spans, to_us
from dossiers.deadlines.wording import hours_number, plain_number, vietnamese, words_in_force

_CALENDAR_UNITS = frozenset({Unit.DAY, Unit.MONTH})


class Story:
    """One dossier's days; after `days`, the sums that the summary speaks of."""

    def __init__(
        self,
        limit: Limit,
        received: datetime,
        calendar: Calendar,
        pauses: Sequence[Pause],
        due: datetime,
        restart: datetime | None,
        is_decided: bool,
    ) -> None:
        self.limit = limit
        self.calendar = calendar
        self.due = due
        self.is_decided = is_decided  # the date is somebody's, not the limit's
        self.received = received
        self.restarted = restart is not None
        self.origin = restart or received
        self.spans = paused_spans(pauses, received)
        # An officer's date without a limit is told in working days.
        self.unit = Unit.WORKING_DAY if limit.unit in DATELESS_UNITS else limit.unit
        self.zero = day_zero(self.unit, self.origin, calendar)
        self.first = received.toordinal()
        self.last = due.toordinal()
        self.words = words_in_force()
        self.counted_text = self.words.counted[self.unit]
        self.off_days = 0  # days off for a holiday or a swap
        self.rolled = False
        # What the limit holds and what the days so far have used of it.
        self.used: int | Fraction = 0
        self.target = self._target()

    def _target(self) -> int | Fraction | None:
        """Return the limit in the unit its days use up; None where nobody set a limit."""
        if self.limit.unit in DATELESS_UNITS or self.limit.value is None:
            return None
        if self.unit is Unit.WORKING_HOUR:
            return self.limit.rest
        if self.unit in _CALENDAR_UNITS:
            return last_day(self.limit, self.origin, self.calendar) - self.zero
        exact = Fraction(self.limit.value)
        # Whole numbers stay ints: a limit of ten years is told in thousands of additions.
        return exact.numerator if exact.denominator == 1 else exact

    def used_up(self) -> bool:
        """Whether the days told so far hold the whole limit."""
        return self.target is not None and self.used >= self.target

    def days(self) -> tuple[DayNote, ...]:
        """Return a note for each day; the day of receipt is there even where the date is past."""
        settled_on = None
        if self.unit is Unit.SAME_DAY:
            settled_on = same_day(self.limit, self.origin, self.calendar)
        last = max(self.first, self.last)
        return tuple(self._told(ordinal, settled_on) for ordinal in range(self.first, last + 1))

    def _told(self, ordinal: int, settled_on: int | None) -> DayNote:
        on = date.fromordinal(ordinal)
        origin = self.origin.toordinal()
        if ordinal < origin:
            return self._before_restart(on, ordinal)
        if ordinal in {origin, self.zero}:
            return self._start(on, ordinal, settled_on)
        if ordinal < self.zero:
            return self._off(on)
        if self.unit is Unit.SAME_DAY:
            return self._on_same_day(on, ordinal, settled_on)
        if self.unit in _CALENDAR_UNITS:
            return self._calendar_day(on, ordinal)
        return self._working_day(on, ordinal)

    # Where the clock starts.

    def _before_restart(self, on: date, ordinal: int) -> DayNote:
        """Tell a day that the restart wiped out."""
        day = {"day": self.words.day(on)}
        if ordinal == self.first:
            text = gettext("%(day)s: ngày tiếp nhận; thời hạn được tính lại khi bổ sung đủ hồ sơ.")
            return _uncounted(on, Why.RECEIVED, text % day)
        text = gettext("%(day)s: trước khi bổ sung đủ hồ sơ, thời hạn tính lại từ đầu, không tính.")
        return _uncounted(on, Why.PAUSED, text % day)

    def _start(self, on: date, ordinal: int, settled_on: int | None) -> DayNote:
        """Tell the day of receipt, and day 0 where the receipt counts from a later opening."""
        if ordinal == settled_on:
            text = self.counted_text % {"day": self.words.day(on)}
            return DayNote(on, True, Why.RECEIVED, text, 1)
        if ordinal < self.zero:
            return self._received_out_of_hours(on)
        minutes = self._unpaused(ordinal) if self.unit is Unit.WORKING_HOUR else 0
        if minutes:
            return self._start_in_hours(on, minutes)
        return _uncounted(
            on, Why.RECEIVED, self._uncounted_start(on, ordinal) % {"day": self.words.day(on)}
        )

    def _received_out_of_hours(self, on: date) -> DayNote:
        worked = self.calendar.is_working_day(on)
        if self.restarted and worked:
            text = gettext("%(day)s: bổ sung sau giờ làm việc, được tính từ đầu %(next)s.")
        elif self.restarted:
            text = gettext("%(day)s: bổ sung vào ngày nghỉ, được tính từ đầu %(next)s.")
        elif worked:
            text = gettext("%(day)s: tiếp nhận sau giờ làm việc, được tính từ đầu %(next)s.")
        else:
            text = gettext("%(day)s: tiếp nhận vào ngày nghỉ, được tính từ đầu %(next)s.")
        words = {"day": self.words.day(on), "next": self.words.day(date.fromordinal(self.zero))}
        return _uncounted(on, Why.RECEIVED, text % words)

    def _start_in_hours(self, on: date, minutes: int) -> DayNote:
        """Tell the hours that a limit in hours uses on its first day."""
        self._use(minutes)
        text = gettext("%(day)s: ngày tiếp nhận, tính %(used)s làm việc, cộng dồn %(total)s.")
        if self.restarted:
            text = gettext("%(day)s: bổ sung đủ hồ sơ, tính %(used)s làm việc, cộng dồn %(total)s.")
        words = {
            "day": self.words.day(on),
            "used": self.words.duration(minutes),
            "total": self.words.duration(int(self.used)),
        }
        return DayNote(on, True, Why.RECEIVED, text % words, hours_number(int(self.used)))

    def _uncounted_start(self, on: date, ordinal: int) -> str:
        if ordinal != self.origin.toordinal():
            if self.restarted:
                return gettext(
                    "%(day)s: hồ sơ được tính là bổ sung từ đầu giờ, chưa tính ngày này."
                )
            return gettext("%(day)s: hồ sơ được tính là tiếp nhận từ đầu giờ, chưa tính ngày này.")
        if self.restarted:
            return gettext("%(day)s: bổ sung đủ hồ sơ, thời hạn tính lại từ sau ngày này.")
        if self.calendar.is_working_day(on):
            return gettext("%(day)s: ngày tiếp nhận, chưa tính vào thời hạn.")
        return gettext("%(day)s: tiếp nhận vào ngày trực, chưa tính vào thời hạn.")

    # The days after it, by unit.

    def _on_same_day(self, on: date, ordinal: int, settled_on: int | None) -> DayNote:
        if ordinal == settled_on:
            text = self.counted_text % {"day": self.words.day(on)}
            return DayNote(on, True, self._why_counted(on), text, 1)
        if self.calendar.is_working_day(on):
            return self._after_the_limit(on, ordinal)
        return self._off(on)

    def _calendar_day(self, on: date, ordinal: int) -> DayNote:
        """Tell a day of a limit in days or months: every day counts, days off too (rule 4)."""
        is_off = not self.calendar.is_working_day(on)
        if self.used_up():
            return self._off(on) if is_off else self._after_the_limit(on, ordinal)
        if self._midnight_paused(ordinal):
            return self._paused(on)
        self.used += 1
        number = int(self.used)
        text = self._day_off_counted(ordinal) if is_off else self.counted_text
        words = {"day": self.words.day(on), "number": number}
        return DayNote(on, True, Why.COUNTED, text % words, number)

    def _day_off_counted(self, ordinal: int) -> str:
        """Choose the words for a day off inside the limit: on the last of its days it rolls."""
        if self.used_up() and ordinal < self.last:
            self.rolled = True
            return self.words.last_off
        return self.words.off_counted

    def _working_day(self, on: date, ordinal: int) -> DayNote:
        """Tell a day of a limit in working days or hours; days off are skipped."""
        hours = self.calendar.hours_or_none(ordinal)
        if hours is None:
            return self._off(on)
        if self.used_up():
            return self._after_the_limit(on, ordinal)
        minutes = self._unpaused(ordinal)
        if self.unit is Unit.WORKING_HOUR:
            if not minutes:
                return self._paused(on)
            return self._day_in_hours(on, minutes)
        # Under SAME_CLOCK_TIME the due moment may be the opening itself: still the n-th day.
        if not minutes and ordinal < self.last:
            return self._paused(on)
        return self._day_in_days(on, ordinal, minutes, hours.minutes)

    def _day_in_hours(self, on: date, minutes: int) -> DayNote:
        self._use(minutes)
        total = int(self.used)
        why = self._why_counted(on)
        words = {
            "day": self.words.day(on),
            "used": self.words.duration(minutes),
            "total": self.words.duration(total),
        }
        text = self.counted_text
        if why is Why.MAKE_UP:
            words["name"] = self._name_of(on)
            text = gettext(
                "%(day)s: ngày làm bù %(name)s, tính %(used)s làm việc, cộng dồn %(total)s."
            )
        return DayNote(on, True, why, text % words, hours_number(total))

    def _day_in_days(self, on: date, ordinal: int, minutes: int, full: int) -> DayNote:
        self._use(Fraction(minutes, full) if minutes < full else 1)
        if ordinal == self.last and not self.is_decided and self.target is not None:
            self.used = self.target  # the date is the limit's: seasons never leave a remainder
        number = plain_number(self.used)
        why = self._why_counted(on)
        words = {"day": self.words.day(on), "number": vietnamese(number)}
        text = self.counted_text
        if why is Why.MAKE_UP:
            words["name"] = self._name_of(on)
            text = gettext("%(day)s: ngày làm bù %(name)s, ngày làm việc thứ %(number)s.")
        elif not isinstance(number, int):
            words["used"] = self.words.duration(minutes)
            text = gettext("%(day)s: tính %(used)s làm việc, cộng dồn %(number)s ngày làm việc.")
        return DayNote(on, True, why, text % words, number)

    def _use(self, amount: int | Fraction) -> None:
        self.used += amount
        if self.target is not None and self.used > self.target:
            self.used = self.target

    def _why_counted(self, on: date) -> Why:
        return Why.MAKE_UP if self.calendar.is_make_up_day(on) else Why.COUNTED

    # Days that do not count.

    def _paused(self, on: date) -> DayNote:
        text = gettext("%(day)s: tạm dừng tính thời hạn, không tính.")
        return _uncounted(on, Why.PAUSED, text % {"day": self.words.day(on)})

    def _after_the_limit(self, on: date, ordinal: int) -> DayNote:
        """Tell a working day after the limit is used up: rolled, paused or decided by somebody."""
        if ordinal < self.last and self._midnight_paused(ordinal):
            return self._paused(on)
        if self.is_decided:
            text = gettext("%(day)s: ngoài thời hạn, theo ngày hẹn trả đã ấn định, không tính.")
        elif self.spans:
            text = gettext("%(day)s: hạn trả kết quả dời theo thời gian tạm dừng, không tính.")
        else:
            self.rolled = True
            text = gettext("%(day)s: ngày làm việc đầu tiên sau ngày nghỉ, hạn dời sang ngày này.")
        return _uncounted(on, Why.ROLLED, text % {"day": self.words.day(on)})

    def _off(self, on: date) -> DayNote:
        rest = self.calendar.why_not(on)
        words = {"day": self.words.day(on)}
        if rest is None or rest is Rest.WEEKEND:
            return _uncounted(on, Why.WEEKEND, self.words.weekend % words)
        self.off_days += 1
        words["name"] = name = self._name_of(on)
        if rest is Rest.SWAPPED_OFF:
            text = gettext("%(day)s: nghỉ hoán đổi, %(name)s, không tính.")
        elif name.startswith("Nghỉ "):
            words["name"] = name[0].lower() + name[1:]
            text = gettext("%(day)s: %(name)s, không tính.")
        elif name.startswith("Tết "):
            text = gettext("%(day)s: nghỉ %(name)s, không tính.")
        else:
            text = gettext("%(day)s: nghỉ lễ %(name)s, không tính.")
        return _uncounted(on, Why(rest.value), text % words)

    def _name_of(self, on: date) -> str:
        return _named(self.calendar.special(on))

    def _midnight_paused(self, ordinal: int) -> bool:
        midnight = ordinal * DAY_US
        return any(start < midnight <= end for start, end in self.spans)

    def _unpaused(self, ordinal: int) -> int:
        """Count the working minutes of a day the clock ran, within the limit's own hours."""
        hours = self.calendar.hours_of(ordinal)
        if not self.spans and self.zero < ordinal < self.last:
            return hours.minutes
        midnight = ordinal * DAY_US
        low, high = midnight, min(midnight + DAY_US, to_us(self.due))
        if self.unit is Unit.WORKING_HOUR:
            low = max(low, to_us(ceil_minute(self.origin)))
        running = 0
        for opens, closes in hours.spans:
            start = max(low, midnight + opens * MINUTE_US)
            end = min(high, midnight + closes * MINUTE_US)
            running += max(0, end - start) - self._paused_within(start, end)
        return running // MINUTE_US

    def _paused_within(self, start: int, end: int) -> int:
        return sum(max(0, min(end, b) - max(start, a)) for a, b in self.spans)


def _uncounted(on: date, why: Why, text: str) -> DayNote:
    return DayNote(on, False, why, text, None)


def _named(special: SpecialDay | None) -> str:
    return gettext(special.name) if special and special.name else ""
