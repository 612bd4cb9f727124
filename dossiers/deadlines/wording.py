"""Words and numbers of the explanation, in the language in force."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache

from django.utils.translation import get_language, gettext

from dossiers.deadlines.limit import Unit

TWO_DIGITS = tuple(f"{n:02}" for n in range(32))  # thousands of days are printed in one explanation


@dataclass(frozen=True, slots=True)
class Words:
    """What every story says, in one language."""

    weekdays: tuple[str, ...]
    counted: dict[Unit, str]
    weekend: str
    off_counted: str
    last_off: str
    hours: str
    minutes: str
    hours_and_minutes: str

    def day(self, on: date) -> str:
        """Name a day: "Thứ Hai 23/11/2026"."""
        return (
            f"{self.weekdays[on.weekday()]} {TWO_DIGITS[on.day]}/{TWO_DIGITS[on.month]}/{on.year}"
        )

    def duration(self, minutes: int) -> str:
        """Say working minutes in hours and minutes: "7 giờ 30 phút"."""
        hours, rest = divmod(minutes, 60)
        if not rest and hours:
            text = self.hours
        elif not hours:
            text = self.minutes
        else:
            text = self.hours_and_minutes
        return text % {"hours": hours, "minutes": rest}


def words_in_force() -> Words:
    """Return the words of the language in force."""
    return _words(get_language())


@cache
def _words(language: str | None) -> Words:
    """Return the words of a language, in force; twenty look-ups a story would cost a sixth of it."""
    return Words(
        weekdays=(
            gettext("Thứ Hai"),
            gettext("Thứ Ba"),
            gettext("Thứ Tư"),
            gettext("Thứ Năm"),
            gettext("Thứ Sáu"),
            gettext("Thứ Bảy"),
            gettext("Chủ nhật"),
        ),
        counted={
            Unit.WORKING_HOUR: gettext("%(day)s: tính %(used)s làm việc, cộng dồn %(total)s."),
            Unit.WORKING_DAY: gettext("%(day)s: ngày làm việc thứ %(number)s."),
            Unit.DAY: gettext("%(day)s: ngày thứ %(number)s."),
            Unit.MONTH: gettext("%(day)s: ngày thứ %(number)s của thời hạn."),
            Unit.SAME_DAY: gettext("%(day)s: giải quyết và trả kết quả trong ngày này."),
        },
        weekend=gettext("%(day)s: ngày nghỉ hằng tuần, không tính."),
        off_counted=gettext("%(day)s: ngày thứ %(number)s, ngày nghỉ vẫn tính."),
        last_off=gettext(
            "%(day)s: ngày thứ %(number)s, là ngày nghỉ nên hạn dời sang ngày làm việc tiếp theo."
        ),
        hours=gettext("%(hours)s giờ"),
        minutes=gettext("%(minutes)s phút"),
        hours_and_minutes=gettext("%(hours)s giờ %(minutes)s phút"),
    )


def hours_number(minutes: int) -> int | Decimal:
    """Return minutes as a number of hours, for people."""
    return plain_number(Fraction(minutes, 60))


def plain_number(number: int | Fraction) -> int | Decimal:
    """Return a whole number as int, else a decimal of at most two places, for people."""
    if isinstance(number, int):
        return number
    if number.denominator == 1:
        return number.numerator
    exact = Decimal(number.numerator) / Decimal(number.denominator)
    return exact.quantize(Decimal("0.01")).normalize()


def vietnamese(number: int | Decimal) -> str:
    """Print a number with the decimal comma."""
    return str(number) if isinstance(number, int) else f"{number:f}".replace(".", ",")
