"""The guide: every office page opens it at a place that exists, and it shows nothing but itself."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from motcua import guide
from tests.dossiers.pages import browser_of, page
from tests.province import make_province


def names() -> list[str]:
    found = get_resolver().reverse_dict
    return sorted(name for name in found if isinstance(name, str) and not name.startswith("api-"))


@pytest.mark.parametrize("name", list(guide.PAGES))
def test_each_page_is_read_in_the_product(client: Client, db: None, name: str) -> None:
    text = page(client.get(f"/huong-dan/{name}/"))
    assert "<h1" in text
    assert 'aria-current="page"' in text
    for source in re.findall(r'<img src="([^"]+)"', text):
        answer: Any = client.get(source)
        assert answer.status_code == 200
        assert b"".join(answer.streaming_content).startswith(b"\x89PNG")
        answer.close()


def test_the_help_of_every_page_leads_to_a_place_that_exists() -> None:
    for place in guide.PLACES.values():
        name, _sign, anchor = place.partition("#")
        assert name in guide.PAGES
        assert f'id="{anchor}"' in guide.rendered(name), place
    assert {guide.address_for(name).split("#")[0] for name in names()} <= {
        f"/huong-dan/{name}/" for name in guide.PAGES
    }


@pytest.mark.parametrize(
    ("url_name", "address"),
    [
        ("desk", "/huong-dan/tiep-nhan/#nhan-mot-ho-so"),
        ("board-units", "/huong-dan/kiem-soat/#cac-don-vi"),
        ("board-causes", "/huong-dan/dieu-hanh/#viec-moi-sang"),
        ("hand-over", "/huong-dan/dieu-hanh/#phan-cong-va-ban-giao"),
        ("hand-over-detail", "/huong-dan/tiep-nhan/#giao-ho-so-giay"),
        ("what-nobody-knows", "/huong-dan/xu-ly/"),
    ],
)
def test_help_begins_where_the_page_is(url_name: str, address: str) -> None:
    assert guide.address_for(url_name) == address


@pytest.mark.django_db
def test_an_office_page_links_to_its_help() -> None:
    text = page(browser_of(make_province().head).get("/bang-dieu-hanh/don-vi/"))
    assert 'href="/huong-dan/kiem-soat/#cac-don-vi"' in text


@pytest.mark.parametrize(
    "address",
    ["/huong-dan/khong-co/", "/huong-dan/hinh/khong-co.png", "/huong-dan/hinh/..%2Fxu-ly.md"],
)
def test_nothing_else_of_the_folder_is_shown(client: Client, db: None, address: str) -> None:
    assert client.get(address).status_code == 404


def test_no_html_of_a_page_becomes_markup() -> None:
    for name in guide.PAGES:
        assert "<script" not in guide.rendered(name)


def test_every_picture_is_used_and_there() -> None:
    used = {
        name
        for page_name in guide.PAGES
        for name in re.findall(r"/hinh/([^\"]+)", guide.rendered(page_name))
    }
    assert used == guide.pictures()
