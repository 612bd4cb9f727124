"""The design keeps its own rules: no inline code, every sign exists, every sheet is listed."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.template import engines
from django.template.loader import get_template
from django.test import RequestFactory
from django.urls import path, resolve

from accounts.templatetags.design import Specimens
from accounts.templatetags.motcua import STATE_ICONS, TIMELINESS_ICONS
from dossiers.workflow import State

ROOT = Path(__file__).resolve().parents[1]
STATIC = ROOT / "static"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# The printed forms have sheets of their own (paper.css, paper-report.css), in plain CSS.
SHEETS = sorted(p for p in (STATIC / "css").rglob("*.css") if not p.name.startswith("paper"))
SPRITE = set(re.findall(r'id="i-([a-z]+)"', (STATIC / "icons.svg").read_text()))


def page_templates() -> list[Path]:
    """Templates for the screen; the printed forms have a style of their own."""
    return [path for path in TEMPLATES if not {"paper", "paperwork"} & set(path.parts)]


@pytest.mark.parametrize("path", page_templates(), ids=lambda path: path.name)
def test_a_template_has_no_inline_code_or_style(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle=", text), "inline style"
    assert not re.search(r"\son[a-z]+=", text), "inline handler"
    assert not re.search(r"<script(?![^>]*\ssrc=)", text), "inline script"
    assert "hx-on" not in text, "inline handler of htmx"


@pytest.mark.parametrize("path", page_templates(), ids=lambda path: path.name)
def test_every_icon_a_template_names_is_in_the_sprite(path: Path) -> None:
    assert set(re.findall(r'{% icon "([a-z]+)"', path.read_text())) <= SPRITE


def test_every_state_and_every_timeliness_has_a_sign() -> None:
    assert {state.value.replace("_", "-") for state in State} == set(STATE_ICONS)
    assert {*STATE_ICONS.values(), *TIMELINESS_ICONS.values()} <= SPRITE


def test_the_page_of_the_design_shows_every_icon() -> None:
    assert set(Specimens().icon_names) == SPRITE


def test_every_sheet_is_in_the_table_of_contents() -> None:
    listed = set(re.findall(r'@import url\("([^"]+)"\)', (STATIC / "css" / "app.css").read_text()))
    present = {path.relative_to(STATIC / "css").as_posix() for path in SHEETS}
    assert listed == present - {"app.css"}


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_a_sheet_uses_meanings_only_and_shouts_nothing(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    assert "!important" not in text
    assert not re.search(r"(^|[\s,>+~])#[a-z]", text, re.MULTILINE), "an id in a selector"
    if path.name != "tokens.css":
        assert "--lch-" not in text, "a raw value outside tokens.css"
        assert not re.search(r"#[0-9a-f]{3,8}\b|rgb\(|hsl\(", text), "a colour that has no name"


def test_every_variable_a_sheet_reads_is_set_somewhere() -> None:
    text = "\n".join(path.read_text() for path in SHEETS)
    read = set(re.findall(r"var\((--[a-z0-9-]+)\)", text))
    assert read <= set(re.findall(r"(--[a-z0-9-]+):", text))


@pytest.mark.parametrize("code", [400, 403, 404, 500, 503])
def test_an_error_page_needs_no_context(code: int) -> None:
    html = get_template(f"{code}.html").render()
    assert "<h1>" in html
    assert str(code) in html


@pytest.mark.parametrize("code", [400, 403, 404, 500, 503])
def test_an_error_page_needs_no_script(code: int) -> None:
    assert "<script" not in get_template(f"{code}.html").render()


def test_the_page_of_the_design_needs_no_context() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    html = get_template("design.html").render({"site": {}, "officer": None}, request)
    assert html.count('class="deadline"') == 5


def _nothing(request: Any) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path(f"{name}/", _nothing, name=name)
    for name in (
        "desk",
        "inbox",
        "dossier-list",
        "board",
        "report-settlement",
        "procedure-list",
        "home",
    )
]


def _page(base: str, address: str, **context: Any) -> str:
    request = RequestFactory().get(address)
    request.user = AnonymousUser()
    request.resolver_match = resolve(address)
    source = f'{{% extends "{base}" %}}{{% block content %}}<h1>Trang</h1>{{% endblock %}}'
    return str(engines["django"].from_string(source).render({"site": {}, **context}, request))


def _officer(**may: bool) -> SimpleNamespace:
    powers = dict.fromkeys(
        (
            "may_receive",
            "may_process",
            "may_supervise",
            "may_report",
            "may_administer",
            "may_keep_officers",
        ),
        False,
    )
    return SimpleNamespace(
        full_name="Trần Văn Ỷ", title="", agency_name="", inbox_count=18, **{**powers, **may}
    )


@pytest.mark.urls(__name__)
def test_the_rail_shows_only_the_doors_an_officer_may_open() -> None:
    html = _page("base_office.html", "/inbox/", officer=_officer(may_process=True))
    assert re.findall(r'<li><a href="/([a-z-]+)/"', html) == [
        "inbox",
        "dossier-list",
        "procedure-list",
    ]
    assert 'href="/inbox/" aria-current="page"' in html
    assert "Trần Văn Ỷ" in html


@pytest.mark.urls(__name__)
def test_a_page_inside_a_place_marks_that_place() -> None:
    officer = _officer(may_process=True)
    html = _page("base_office.html", "/dossier-list/", officer=officer, place="inbox")
    assert 'href="/inbox/" aria-current="true"' in html
    assert 'href="/dossier-list/" aria-current="page"' in html


@pytest.mark.urls(__name__)
def test_a_citizen_sees_no_door_of_the_office_and_gets_no_token() -> None:
    html = _page("base_citizen.html", "/home/", officer=None)
    assert "inbox" not in html
    assert "csrf" not in html.lower()
    assert 'href="/home/" aria-current="page"' in html


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("base", ["base_office.html", "base_citizen.html", "base_plain.html"])
def test_a_base_has_one_main_and_a_way_to_skip_to_it(base: str) -> None:
    html = _page(base, "/home/", officer=None)
    assert html.count("<main ") == 1
    assert html.index('href="#main"') < html.index('id="main"')
    assert html.count('id="messages"') == 1
