"""Hướng dẫn: the pages of docs/guide, read in the product, opened at the right place from each page."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from markdown_it import MarkdownIt

from accounts.folding import words

if TYPE_CHECKING:
    from markdown_it.token import Token

FOLDER = settings.BASE_DIR / "docs" / "guide"
PAGES = {
    "nguoi-dan": _("Người dân, doanh nghiệp"),
    "tiep-nhan": _("Cán bộ tiếp nhận"),
    "xu-ly": _("Chuyên viên, người ký, văn thư"),
    "dieu-hanh": _("Lãnh đạo đơn vị"),
    "kiem-soat": _("Cán bộ kiểm soát thủ tục hành chính"),
    "quan-tri": _("Quản trị hệ thống"),
}
# Where the help of a page begins: by the name of its address, else by the start of that name.
PLACES = {
    "desk": "tiep-nhan#nhan-mot-ho-so",
    "desk-at-once": "tiep-nhan#tra-ngay-nhieu-nguoi",
    "desk-at-once-": "tiep-nhan#tra-ngay-nhieu-nguoi",
    "returning": "tiep-nhan#tra-ket-qua",
    "returning-": "tiep-nhan#tra-ket-qua",
    "shift-sheet": "tiep-nhan#tien-thu-o-quay-va-chot-ca",
    "desk-waiting": "tiep-nhan#tra-loi-ho-so-nop-truc-tuyen",
    "hand-over-list": "tiep-nhan#giao-ho-so-giay",
    "hand-over": "dieu-hanh#phan-cong-va-ban-giao",
    "hand-over-": "tiep-nhan#giao-ho-so-giay",
    "inbox": "xu-ly#doc-hop-viec",
    "act-together": "xu-ly#lam-nhieu-ho-so-mot-luc",
    "remind": "dieu-hanh#viec-moi-sang",
    "notice-list": "xu-ly#ghi-chu-noi-bo-va-thong-bao",
    "delegation-": "xu-ly#di-vang",
    "board": "dieu-hanh#viec-moi-sang",
    "board-units": "kiem-soat#cac-don-vi",
    "board-": "dieu-hanh#viec-moi-sang",
    "register": "kiem-soat#so-theo-doi-va-giay-to",
    "officer-": "quan-tri#tai-khoan-va-vai",
    "account-events": "quan-tri#tai-khoan-va-vai",
    "account": "quan-tri#tai-khoan-cua-toi",
    "account-": "quan-tri#tai-khoan-cua-toi",
    "calendar": "kiem-soat#lich-lam-viec",
    "process-": "kiem-soat#quy-trinh-noi-bo",
    "report-": "kiem-soat#bao-cao",
    "dossier-": "xu-ly#trang-ho-so",
}


@require_safe
@cache_control(private=True, max_age=600)
def guide(request: HttpRequest, name: str = "nguoi-dan") -> HttpResponse:
    """Show a page of the guide; it is for everybody and says nothing of anybody."""
    if name not in PAGES:
        raise Http404
    return render(
        request,
        "guide.html",
        {"pages": PAGES.items(), "name": name, "title": PAGES[name], "text": rendered(name)},
    )


@require_safe
@cache_control(public=True, max_age=600)
def guide_picture(request: HttpRequest, name: str) -> FileResponse:
    """Send a picture of the guide by its name; nothing else of the folder."""
    del request
    if name not in pictures():
        raise Http404
    return FileResponse((FOLDER / "pictures" / name).open("rb"), content_type="image/png")


@functools.cache
def pictures() -> frozenset[str]:
    return frozenset(path.name for path in (FOLDER / "pictures").glob("*.png"))


@functools.cache
def rendered(name: str) -> SafeString:
    """Return a page as HTML: our own Markdown, no HTML in it, headings with addresses."""
    markdown = MarkdownIt("commonmark", {"html": False})
    tokens = markdown.parse((FOLDER / f"{name}.md").read_text(encoding="utf-8"))
    for token, following in itertools.pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", "-".join(words(following.content)))
        for child in token.children or []:
            _place_picture(child)
    html: str = markdown.renderer.render(tokens, markdown.options, {})
    return mark_safe(html)  # noqa: S308 - our own text, and no HTML is read in it


def _place_picture(token: Token) -> None:
    source = str(token.attrGet("src") or "")
    if token.type == "image" and source.startswith("pictures/"):
        token.attrSet("src", reverse("guide-picture", args=[source.removeprefix("pictures/")]))
        token.attrSet("loading", "lazy")


def address_for(url_name: str) -> str:
    """Return where the help of a page begins: the longest start of its name that is known."""
    known = [start for start in PLACES if url_name == start or _begins(url_name, start)]
    page, _sign, place = PLACES[max(known, key=len)].partition("#") if known else ("xu-ly", "", "")
    return reverse("guide", args=[page]) + (f"#{place}" if place else "")


def _begins(url_name: str, start: str) -> bool:
    return start.endswith("-") and url_name.startswith(start)


def help_link(request: HttpRequest) -> dict[str, Any]:
    """Give every template `help_url`; resolved only by the page that shows it."""

    def found() -> str:
        match = request.resolver_match
        try:
            return address_for((match.url_name if match else "") or "")
        except NoReverseMatch:
            return ""  # a site that serves no guide

    return {"help_url": SimpleLazyObject(found)}
