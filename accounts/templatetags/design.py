"""Specimens for the page of the design (`templates/design.html`), which needs no context and no row.

Everything here is invented; the day counting is only as true as a specimen must be. The real one is
`dossiers.deadlines`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from django import forms, template
from django.conf import settings
from django.core.paginator import Page, Paginator
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.day_strip import Explanation, weekday_name
from accounts.templatetags.motcua import STATE_ICONS, TIMELINESS_ICONS

register = template.Library()


@dataclass(frozen=True, slots=True)
class _Note:
    date: date
    counts: bool
    why: str
    text: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class _Explained:
    days: tuple[_Note, ...]
    summary: str
    provisional: bool = False

    @property
    def due_on(self) -> date:
        return self.days[-1].date

    @property
    def due_at(self) -> datetime:
        return datetime.combine(self.due_on, time(17), ZoneInfo(settings.TIME_ZONE))


@dataclass(frozen=True, slots=True)
class _Entry:
    title: str
    when: str = ""
    who: str = ""
    note: str = ""
    icon_name: str = ""
    step: str = ""
    clock: str = ""
    link_url: str = ""
    link_text: str = ""


def _name(day: date, what: str) -> str:
    return f"{weekday_name(day)}, {day:%d/%m/%Y}: {what}."


def _days(
    received: date,
    limit: int,
    *,
    off: Iterable[tuple[date, str]] = (),
    make_up: Iterable[date] = (),
    paused: Iterable[date] = (),
) -> tuple[_Note, ...]:
    holidays, worked, stands = dict(off), set(make_up), set(paused)
    notes = [
        _Note(
            received,
            counts=False,
            why="received",
            text=_name(received, "ngày tiếp nhận, chưa tính vào thời hạn"),
        )
    ]
    numbers = count(1)
    day = received
    counted = 0
    while counted < limit:
        day += timedelta(days=1)
        if day in stands:
            notes.append(
                _Note(day, counts=False, why="paused", text=_name(day, "tạm dừng, không tính"))
            )
        elif day in holidays:
            notes.append(_Note(day, counts=False, why="holiday", text=_name(day, holidays[day])))
        elif day.weekday() >= 5 and day not in worked:
            notes.append(
                _Note(
                    day,
                    counts=False,
                    why="weekend",
                    text=_name(day, "ngày nghỉ hằng tuần, không tính"),
                )
            )
        else:
            counted = next(numbers)
            why = "make_up" if day in worked else "counted"
            what = "ngày làm bù, ngày làm việc" if day in worked else "ngày làm việc"
            text = _name(day, f"{what} thứ {counted}")
            notes.append(_Note(day, counts=True, why=why, text=text, number=counted))
    return tuple(notes)


class _SpecimenForm(forms.Form):
    """One field of every kind."""

    code = forms.CharField(label=_("Mã hồ sơ"), help_text=_("Ví dụ H01.151-261120-0042"))
    proof = forms.CharField(label=_("4 số cuối số định danh"))
    phone = forms.CharField(label=_("Điện thoại nhận tin"), required=False)
    received_on = forms.DateField(
        label=_("Ngày nhận"), widget=forms.DateInput(attrs={"type": "date"})
    )
    sector = forms.ChoiceField(
        label=_("Lĩnh vực"), choices=[("land", "Đất đai"), ("civil", "Hộ tịch")]
    )
    reason = forms.CharField(
        label=_("Lý do"), widget=forms.Textarea(attrs={"rows": 2}), required=False
    )
    owner = forms.CharField(label=_("Họ và tên"), disabled=True, required=False)
    channel = forms.ChoiceField(
        label=_("Nhận kết quả"),
        choices=[("desk", "Tại quầy"), ("post", "Bưu chính công ích")],
        widget=forms.RadioSelect,
    )
    is_represented = forms.BooleanField(label=_("Nộp thay người khác (uỷ quyền)"), required=False)


@dataclass
class Specimens:
    """What the page of the design shows."""

    today: date = field(default=date(2026, 11, 25))

    @cached_property
    def form(self) -> forms.Form:
        return _SpecimenForm(
            initial={
                "owner": "Huỳnh Ngọc Quỳnh",
                "reason": "Bản vẽ thiếu kích thước cạnh.",
                "channel": "desk",
            },
            auto_id="ok_%s",
        )

    @cached_property
    def wrong_form(self) -> forms.Form:
        form = _SpecimenForm({"code": "H01", "proof": ""}, auto_id="wrong_%s")
        form.full_clean()
        return form

    @property
    def icon_names(self) -> list[str]:
        names = (
            "mark search qr card clock overdue soon check good warn info pause flag calendar lantern user "
            "users building inbox desk file files fileadd scan pen stamp coin print phone pin mail left right "
            "arrow close filter download bell swap undo refuse stop eye lock chat chart list book gear baby "
            "rings house land shop build school lotus bike care plus link refresh menu copy door"
        )
        return names.split()

    @property
    def states(self) -> list[tuple[str, str]]:
        words = (
            "Bản nháp, Chờ tiếp nhận, Chờ hoàn thiện, Từ chối tiếp nhận, Đã tiếp nhận, Chờ phân công, "
            "Đang thụ lý, Đang xin ý kiến, Chờ bổ sung, Chờ nghĩa vụ tài chính, Tạm dừng, Trình ký, "
            "Chờ phát hành, Chờ trả kết quả, Đã trả kết quả, Yêu cầu rút hồ sơ, Đã rút, Dừng xử lý"
        )
        return list(zip(STATE_ICONS, words.split(", "), strict=True))

    @property
    def timeliness(self) -> list[tuple[str, str]]:
        words = {
            "in-time": "Còn 5 ngày",
            "soon": "Còn 1 ngày",
            "today": "Hôm nay 17:00",
            "overdue": "Quá 2 ngày",
            "paused": "Tạm dừng",
            "early": "Trước hạn 2 ngày",
            "on-time": "Đúng hạn",
            "late": "Trễ 1 ngày",
            "none": "Không có hạn",
        }
        return [(value, words[value]) for value in TIMELINESS_ICONS]

    @property
    def usual(self) -> Explanation:
        return _Explained(
            _days(
                date(2026, 11, 20), 5, off=[(date(2026, 11, 24), "nghỉ lễ, Ngày Văn hoá Việt Nam")]
            ),
            "5 ngày làm việc, tính từ ngày sau ngày nhận. Thứ Ba 24/11 là ngày nghỉ lễ nên lùi một ngày.",
        )

    @property
    def paused(self) -> Explanation:
        return _Explained(
            _days(
                date(2026, 11, 9),
                10,
                off=[(date(2026, 11, 24), "nghỉ lễ, Ngày Văn hoá Việt Nam")],
                paused=[date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 18)],
            ),
            "10 ngày làm việc, dừng 3 ngày chờ bổ sung.",
        )

    @property
    def make_up(self) -> Explanation:
        return _Explained(
            _days(date(2026, 8, 20), 5, make_up=[date(2026, 8, 22)]),
            "Thứ Bảy 22/08 là ngày làm bù nên được tính.",
        )

    @property
    def make_up_today(self) -> date:
        return date(2026, 8, 24)

    @property
    def rolled(self) -> Explanation:
        day = date(2026, 11, 23)
        return _Explained(
            (
                _Note(
                    day,
                    counts=False,
                    why="received",
                    text=_name(day, "ngày tiếp nhận, chưa tính vào thời hạn"),
                ),
                *(
                    _Note(
                        day + timedelta(days=n),
                        counts=True,
                        why="counted",
                        text=_name(day + timedelta(days=n), f"ngày thứ {n}"),
                        number=n,
                    )
                    for n in range(1, 7)
                ),
                _Note(
                    day + timedelta(days=7),
                    counts=False,
                    why="rolled",
                    text=_name(day + timedelta(days=7), "ngày làm việc đầu tiên sau ngày nghỉ"),
                ),
            ),
            "6 ngày, tính cả ngày nghỉ; ngày cuối rơi vào Chủ nhật nên dời sang thứ Hai 30/11/2026.",
        )

    @property
    def long(self) -> Explanation:
        return _Explained(
            _days(
                date(2026, 10, 1), 60, off=[(date(2026, 11, 24), "nghỉ lễ, Ngày Văn hoá Việt Nam")]
            ),
            "60 ngày làm việc, tính từ ngày sau ngày nhận. "
            "Ngày hẹn là tạm tính vì chưa có lịch nghỉ của năm 2026.",
            provisional=True,
        )

    @property
    def path(self) -> list[_Entry]:
        return [
            _Entry(
                "Đã tiếp nhận",
                "08:42, 20/11/2026",
                "Trung tâm Phục vụ hành chính công phường Long Xuyên",
            ),
            _Entry(
                "Yêu cầu bổ sung, đồng hồ dừng",
                "07:40, 23/11/2026",
                icon_name="pause",
                clock="pause",
                note="Bản vẽ thiếu kích thước cạnh giáp kênh.",
                link_url="#timeline",
                link_text="Mẫu 02 số 214",
            ),
            _Entry("Đang thẩm tra", "từ 25/11/2026", "Chuyên viên Trần Văn Ỷ", step="current"),
            _Entry("Trả kết quả", "trước 17:00, 30/11/2026", step="to-come"),
        ]

    @property
    def facts(self) -> list[tuple[str, str]]:
        return [
            ("Thủ tục", "1.115661.H01"),
            ("Số định danh", "•••••••••215"),
            ("Lệ phí", "100.000 đ, chưa thu"),
            ("Trống thì không hiện", ""),
        ]

    @property
    def load(self) -> list[tuple[str, int]]:
        return [("overdue", 2), ("soon", 6), ("brand", 22), ("paused", 3)]

    @property
    def trend(self) -> list[int]:
        return [38, 41, 40, 44, 46, 49, 50]

    @property
    def page(self) -> Page[Any]:
        return Paginator(range(190), 10).page(4)


@register.simple_tag
def specimens() -> Specimens:
    """Give the page of the design what it shows."""
    return Specimens()
