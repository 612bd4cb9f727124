"""The tags and filters every page uses."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, engines
from django.test import RequestFactory

from accounts.templatetags import motcua
from accounts.templatetags.design import Specimens


def render(source: str, **context: Any) -> str:
    template = engines["django"].from_string("{% load motcua %}" + source)
    return str(template.render(context, RequestFactory().get("/")))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (45981, "45.981"),
        (1.5, "1,5"),
        ("1234567.25", "1.234.567,25"),
        (Decimal("10.00"), "10"),
        (0, "0"),
        (None, "–"),
        (float("nan"), "–"),
        ("abc", "–"),
    ],
)
def test_a_number_is_written_the_vietnamese_way(value: Any, written: str) -> None:
    assert motcua.vn_number(value) == written


def test_a_number_beyond_all_measure_does_not_break_the_page() -> None:
    assert motcua.vn_number("1e400", 2).startswith("1")
    assert motcua.vn_percent("1e30").endswith("%")


def test_a_percentage_keeps_two_decimals_and_a_space_that_does_not_break() -> None:
    assert motcua.vn_percent(Decimal("99.4")) == "99,40\u00a0%"
    assert motcua.vn_percent(97.44, 1) == "97,4\u00a0%"
    assert motcua.vn_percent(None) == "–"


def test_an_instant_is_written_in_the_local_zone() -> None:
    late = datetime(2026, 11, 20, 18, 10, tzinfo=UTC)  # 01:10 of the next day at the counter
    assert motcua.vn_date(late) == "21/11/2026"
    assert motcua.vn_datetime(late) == "01:10, 21/11/2026"
    assert motcua.vn_time(late) == "01:10"
    assert motcua.vn_weekday_date(late) == "thứ Bảy 21/11/2026"
    assert motcua.vn_weekday_date(date(2026, 11, 22)) == "Chủ nhật 22/11/2026"
    assert motcua.vn_date(None) == motcua.vn_datetime(None) == motcua.vn_weekday_date(None) == ""


def test_a_masked_value_never_shows_its_beginning() -> None:
    assert motcua.mask_id("089187004215").endswith("215")
    assert "089" not in motcua.mask_id("089187004215")
    assert "Nguyễn" not in motcua.initials_name("Nguyễn Thị Ánh Tuyết")
    assert motcua.mask_id(None) == motcua.mask_phone(None) == motcua.initials_name(None) == ""


def test_a_state_badge_says_the_word_and_the_sign() -> None:
    html = render('{% state_badge "in_progress" "Đang thụ lý" %}')
    assert 'data-state="in-progress"' in html
    assert "#i-user" in html
    assert "Đang thụ lý" in html


def test_a_state_badge_reads_a_dossier() -> None:
    dossier = SimpleNamespace(state="settled", get_state_display=lambda: "Chờ trả kết quả")
    assert "Chờ trả kết quả" in render("{% state_badge dossier %}", dossier=dossier)


@pytest.mark.parametrize(("value", "label"), [("in_progress", ""), ("nowhere", "Đâu đó")])
def test_a_badge_without_a_word_or_a_sign_is_refused(value: str, label: str) -> None:
    with pytest.raises(ValueError, match="no badge"):
        motcua.state_badge(value, label)


def test_a_badge_escapes_its_words() -> None:
    assert "<b>" not in render('{% timeliness_badge "soon" text %}', text="<b>")


def test_an_unknown_timeliness_or_light_is_refused() -> None:
    with pytest.raises(ValueError, match="no badge"):
        motcua.timeliness_badge("someday", "")
    with pytest.raises(ValueError, match="no light"):
        motcua.light("red", "")


def test_the_parts_of_a_bar_fill_it_without_overlap() -> None:
    segments = motcua.bar([("overdue", 2), ("soon", 0), ("brand", 6)], "words")["segments"]
    assert [segment.tone for segment in segments] == ["overdue", "brand"]
    assert segments[0].start == "0.00"
    assert segments[1].start == "25.00"
    assert motcua.bar([], "words")["segments"] == []


def test_a_trend_of_one_or_no_value_is_still_drawn() -> None:
    assert motcua.spark([], "")["points"] == ""
    assert motcua.spark([5], "")["points"] == "4.0,24.0"


def test_pages_far_away_are_left_out() -> None:
    assert motcua.pages_around(Paginator(range(190), 10), 4) == [1, 2, 3, 4, 5, 0, 19]


def test_a_door_whose_page_is_not_wired_is_left_out() -> None:
    context = Context({})
    assert motcua.place(context, "no-such-page", "file", "Trang")["address"] == ""


class OneField(forms.Form):
    name = forms.CharField(
        label="Họ và tên", help_text="Như trên căn cước", widget=forms.TextInput({"class": "wide"})
    )
    channel = forms.ChoiceField(label="Nhận", choices=[("a", "Tại quầy")], widget=forms.RadioSelect)
    agreed = forms.BooleanField(label="Đồng ý")
    token = forms.CharField(widget=forms.HiddenInput, required=False)


def test_a_wrong_field_is_tied_to_its_hint_and_its_error() -> None:
    form = OneField({})
    html = render('{% include "_field.html" with field=form.name %}', form=form)
    assert 'class="input wide"' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html


def test_choices_stand_in_a_fieldset_and_a_tick_beside_its_word() -> None:
    form = OneField({})
    assert "<legend>Nhận" in render(
        '{% include "_field.html" with field=form.channel %}', form=form
    )
    ticked = render('{% include "_field.html" with field=form.agreed %}', form=form)
    assert 'class="input"' not in ticked
    assert "<span>Đồng ý</span>" in ticked


def test_the_list_of_errors_links_to_each_field() -> None:
    html = render('{% include "_errors.html" with form=form %}', form=OneField({}))
    assert "Có 3 chỗ cần sửa" in html
    for anchor in ("#id_name", "#id_channel", "#id_agreed"):
        assert f'href="{anchor}"' in html


def test_a_form_without_errors_shows_no_list() -> None:
    assert render('{% include "_errors.html" with form=form %}', form=OneField()).strip() == ""


@pytest.mark.parametrize("name", ["usual", "paused", "make_up", "rolled", "long"])
def test_every_kind_of_deadline_is_drawn_without_inline_style(name: str) -> None:
    sample = Specimens()
    html = render("{% deadline told today %}", told=getattr(sample, name), today=sample.today)
    assert "data-due" in html
    assert "style=" not in html


def test_a_deadline_without_days_says_only_its_summary() -> None:
    told = SimpleNamespace(
        days=(), due_on=None, due_at=None, provisional=False, summary="Không hẹn ngày trả."
    )
    html = render("{% deadline told today %}", told=told, today=date(2026, 11, 25))
    assert "Không hẹn ngày trả." in html
    assert "<ol" not in html
