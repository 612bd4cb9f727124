"""Working calendars of the state's offices 2019-2027, as announced: the seed, not the authority.

Sources: BLLĐ 2012 Điều 115 (to 2020), BLLĐ 2019 Điều 112 and 111(3), NQ 28/2026/QH16 and the
yearly announcements named with each swap; domain.md 3.9, national-portal-and-data.md 4.4. The
published rows of an agency live in the database and may differ; nobody computes a swap.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache

from agencies.working_time import Calendar, DayKind, SpecialDay, special_days

_OLD_CODE = "BLLĐ 2012, Điều 115"
_CODE = "BLLĐ 2019, Điều 112"
_IN_LIEU = "BLLĐ 2019, Điều 111 khoản 3"
_CULTURE = "NQ 28/2026/QH16"
_SWAP_2018 = "Công văn 6519/VPCP-KGVX năm 2018"
_SWAP_2024 = "Công văn 2450/VPCP-KGVX ngày 12/4/2024"
_NOTICE_2025 = "Thông báo 6150/TB-BLĐTBXH ngày 03/12/2024"
_SWAP_NEW_YEAR_2026 = "Công văn 12729/VPCP-KGVX ngày 25/12/2025"
_NOTICE_2026 = "Thông báo 9441/TB-BNV năm 2025"
_RULE_2027 = "Tính theo BLLĐ 2019, Điều 111 và 112; chờ công bố"

_NEW_YEAR = "Tết Dương lịch"
_TET = "Tết Nguyên đán"
_KINGS = "Giỗ Tổ Hùng Vương"
_VICTORY = "Ngày Chiến thắng"
_LABOUR = "Ngày Quốc tế lao động"
_NATIONAL = "Quốc khánh"
_CULTURE_DAY = "Ngày Văn hóa Việt Nam"


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """One year as published; `announced` is False while swaps may still come."""

    year: int
    announced: bool
    days: tuple[SpecialDay, ...]


def _off(year: int, dates: str, name: str, source: str) -> list[SpecialDay]:
    return [SpecialDay(on, DayKind.HOLIDAY, name, source) for on in _dates(year, dates)]


def _in_lieu(year: int, dates: str, of: str, source: str) -> list[SpecialDay]:
    return _off(year, dates, f"Nghỉ bù {of}", source)


def _swap(off: date, make_up: date, source: str) -> list[SpecialDay]:
    return [
        SpecialDay(off, DayKind.SWAPPED_OFF, f"làm bù ngày {make_up:%d/%m/%Y}", source),
        SpecialDay(make_up, DayKind.MAKE_UP, f"thay cho ngày {off:%d/%m/%Y}", source),
    ]


def _dates(year: int, text: str) -> list[date]:
    """Read "4/2-8/2" or "30/4" (day/month)."""
    first, _, last = text.partition("-")
    bounds = []
    for part in (first, last or first):
        day, month = part.split("/")
        bounds.append(date(year, int(month), int(day)).toordinal())
    return [date.fromordinal(n) for n in range(bounds[0], bounds[1] + 1)]


YEARS: tuple[CalendarYear, ...] = (
    CalendarYear(
        2019,
        True,
        (
            *_off(2019, "1/1", _NEW_YEAR, _OLD_CODE),
            *_swap(date(2018, 12, 31), date(2019, 1, 5), _SWAP_2018),
            *_off(2019, "4/2-8/2", _TET, _OLD_CODE),
            *_off(2019, "14/4", _KINGS, _OLD_CODE),
            *_in_lieu(2019, "15/4", _KINGS, _OLD_CODE),
            *_swap(date(2019, 4, 29), date(2019, 5, 4), _SWAP_2018),
            *_off(2019, "30/4", _VICTORY, _OLD_CODE),
            *_off(2019, "1/5", _LABOUR, _OLD_CODE),
            *_off(2019, "2/9", _NATIONAL, _OLD_CODE),
        ),
    ),
    CalendarYear(
        2020,
        True,
        (
            *_off(2020, "1/1", _NEW_YEAR, _OLD_CODE),
            # Five days of Tết; mùng 1 and 2 fell on Saturday and Sunday.
            *_off(2020, "23/1-27/1", _TET, _OLD_CODE),
            *_in_lieu(2020, "28/1-29/1", _TET, _OLD_CODE),
            *_off(2020, "2/4", _KINGS, _OLD_CODE),
            *_off(2020, "30/4", _VICTORY, _OLD_CODE),
            *_off(2020, "1/5", _LABOUR, _OLD_CODE),
            *_off(2020, "2/9", _NATIONAL, _OLD_CODE),
        ),
    ),
    CalendarYear(
        2021,
        True,
        (
            *_off(2021, "1/1", _NEW_YEAR, _CODE),
            *_off(2021, "10/2-14/2", _TET, _CODE),
            *_in_lieu(2021, "15/2-16/2", _TET, _IN_LIEU),
            *_off(2021, "21/4", _KINGS, _CODE),
            *_off(2021, "30/4", _VICTORY, _CODE),
            *_off(2021, "1/5", _LABOUR, _CODE),
            *_in_lieu(2021, "3/5", _LABOUR, _IN_LIEU),
            *_off(2021, "2/9-3/9", _NATIONAL, _CODE),
        ),
    ),
    CalendarYear(
        2022,
        True,
        (
            *_off(2022, "1/1", _NEW_YEAR, _CODE),
            *_in_lieu(2022, "3/1", _NEW_YEAR, _IN_LIEU),
            *_off(2022, "31/1-4/2", _TET, _CODE),
            *_off(2022, "10/4", _KINGS, _CODE),
            *_in_lieu(2022, "11/4", _KINGS, _IN_LIEU),
            *_off(2022, "30/4", _VICTORY, _CODE),
            *_off(2022, "1/5", _LABOUR, _CODE),
            *_in_lieu(2022, "2/5", _VICTORY, _IN_LIEU),
            *_in_lieu(2022, "3/5", _LABOUR, _IN_LIEU),
            *_off(2022, "1/9-2/9", _NATIONAL, _CODE),
        ),
    ),
    CalendarYear(
        2023,
        True,
        (
            *_off(2023, "1/1", _NEW_YEAR, _CODE),
            *_in_lieu(2023, "2/1", _NEW_YEAR, _IN_LIEU),
            *_off(2023, "20/1-24/1", _TET, _CODE),
            *_in_lieu(2023, "25/1-26/1", _TET, _IN_LIEU),
            *_off(2023, "29/4", _KINGS, _CODE),
            *_off(2023, "30/4", _VICTORY, _CODE),
            *_off(2023, "1/5", _LABOUR, _CODE),
            *_in_lieu(2023, "2/5", _KINGS, _IN_LIEU),
            *_in_lieu(2023, "3/5", _VICTORY, _IN_LIEU),
            *_off(2023, "1/9-2/9", _NATIONAL, _CODE),
            *_in_lieu(2023, "4/9", _NATIONAL, _IN_LIEU),
        ),
    ),
    CalendarYear(
        2024,
        True,
        (
            *_off(2024, "1/1", _NEW_YEAR, _CODE),
            *_off(2024, "8/2-12/2", _TET, _CODE),
            *_in_lieu(2024, "13/2-14/2", _TET, _IN_LIEU),
            *_off(2024, "18/4", _KINGS, _CODE),
            *_swap(date(2024, 4, 29), date(2024, 5, 4), _SWAP_2024),
            *_off(2024, "30/4", _VICTORY, _CODE),
            *_off(2024, "1/5", _LABOUR, _CODE),
            *_off(2024, "2/9-3/9", _NATIONAL, _CODE),
        ),
    ),
    CalendarYear(
        2025,
        True,
        (
            *_off(2025, "1/1", _NEW_YEAR, _CODE),
            *_off(2025, "27/1-31/1", _TET, _NOTICE_2025),
            *_off(2025, "7/4", _KINGS, _CODE),
            *_swap(date(2025, 5, 2), date(2025, 4, 26), _NOTICE_2025),
            *_off(2025, "30/4", _VICTORY, _CODE),
            *_off(2025, "1/5", _LABOUR, _CODE),
            *_off(2025, "1/9-2/9", _NATIONAL, _NOTICE_2025),
        ),
    ),
    CalendarYear(
        2026,
        True,
        (
            *_off(2026, "1/1", _NEW_YEAR, _CODE),
            *_swap(date(2026, 1, 2), date(2026, 1, 10), _SWAP_NEW_YEAR_2026),
            *_off(2026, "16/2-20/2", _TET, _NOTICE_2026),
            *_off(2026, "26/4", _KINGS, _CODE),
            *_in_lieu(2026, "27/4", _KINGS, _IN_LIEU),
            *_off(2026, "30/4", _VICTORY, _CODE),
            *_off(2026, "1/5", _LABOUR, _CODE),
            *_swap(date(2026, 8, 31), date(2026, 8, 22), _NOTICE_2026),
            *_off(2026, "1/9-2/9", _NATIONAL, _NOTICE_2026),
            *_off(2026, "24/11", _CULTURE_DAY, _CULTURE),
        ),
    ),
    CalendarYear(
        2027,
        False,  # days by rule (mùng 1 = Sat 06/02); no swap had been announced
        (
            *_off(2027, "1/1", _NEW_YEAR, _RULE_2027),
            *_off(2027, "4/2-8/2", _TET, _RULE_2027),
            *_in_lieu(2027, "9/2-10/2", _TET, _RULE_2027),
            *_off(2027, "16/4", _KINGS, _RULE_2027),
            *_off(2027, "30/4", _VICTORY, _RULE_2027),
            *_off(2027, "1/5", _LABOUR, _RULE_2027),
            *_in_lieu(2027, "3/5", _LABOUR, _RULE_2027),
            *_off(2027, "2/9-3/9", _NATIONAL, _RULE_2027),
            *_off(2027, "24/11", _CULTURE_DAY, _CULTURE),
        ),
    ),
)


@cache
def default_calendar() -> Calendar:
    """Return the province's default calendar, built from the seed; one object a process."""
    return Calendar(
        special_days=special_days(day for year in YEARS for day in year.days),
        loaded_from=date(YEARS[0].year, 1, 1),
        loaded_until=date(YEARS[-1].year, 12, 31),
        unannounced_years=frozenset(year.year for year in YEARS if not year.announced),
    )
