"""Writing down what happens to accounts: who signs in, what changes, from which network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.client_address import client_address, network_of
from accounts.models import AccountEvent, SecondFactor
from accounts.roles import Role

if TYPE_CHECKING:
    from django.http import HttpRequest

    from accounts.models import User

Kind = AccountEvent.Kind
RECOVERY = "recovery"  # a recovery code, beside the kinds of SecondFactor

# The order matters: Edge and Chrome both say Safari, Edge says Chrome too.
_BROWSERS = (
    (re.compile(r"\bEdgA?/(\d+)"), "Edge"),
    (re.compile(r"\bOPR/(\d+)"), "Opera"),
    (re.compile(r"\bcoc_coc_browser/(\d+)"), "Cốc Cốc"),
    (re.compile(r"\b(?:Firefox|FxiOS)/(\d+)"), "Firefox"),
    (re.compile(r"\b(?:Headless)?(?:Chrome|CriOS)/(\d+)"), "Chrome"),
    (re.compile(r"\bVersion/(\d+)\S* (?:Mobile/\S+ )?Safari/"), "Safari"),
)
_SYSTEMS = (
    (re.compile(r"\bAndroid\b"), "Android"),
    (re.compile(r"\b(?:iPhone|iPad)\b"), "iOS"),
    (re.compile(r"\bWindows\b"), "Windows"),
    (re.compile(r"\bMac OS X\b"), "macOS"),
    (re.compile(r"\bLinux\b"), "Linux"),
)
_FIELDS = {
    "full_name": gettext_lazy("họ và tên"),
    "title": gettext_lazy("chức danh"),
    "phone": gettext_lazy("điện thoại"),
    "email": gettext_lazy("thư điện tử"),
    "desk": gettext_lazy("bộ phận một cửa"),
}


def browser_name(agent: str) -> str:
    """Return the make of a browser and its system, such as "Firefox 140, Windows"; "" if unknown."""
    agent = agent[:400]
    makes = ((pattern.search(agent), name) for pattern, name in _BROWSERS)
    make = next((f"{name} {found[1][:4]}" for found, name in makes if found), "")
    system = next((name for pattern, name in _SYSTEMS if pattern.search(agent)), "")
    return ", ".join(filter(None, (make, system)))


def whence(request: HttpRequest) -> tuple[str, str]:
    """Return the network a request comes from (IPv4 /24, IPv6 /56) and its make of browser."""
    agent = request.META.get("HTTP_USER_AGENT", "")
    return network_of(client_address(request)), browser_name(agent)


def record(
    kind: AccountEvent.Kind,
    user: User | None,
    *,
    request: HttpRequest | None = None,
    by: User | None = None,
    **detail: Any,
) -> AccountEvent:
    """Write a row that is never changed; `by` is told only when it is not the account's owner."""
    network, browser = whence(request) if request is not None else ("", "")
    return AccountEvent.objects.create(
        kind=kind,
        user=user,
        by=by if by is None or user is None or by.pk != user.pk else None,
        network=network,
        browser=browser,
        detail=detail,
    )


def describe(event: AccountEvent) -> str:
    """Return the details of a row in words; "" where there are none."""
    said: dict[str, Any] = event.detail
    factors = {
        **{kind.value: str(kind.label) for kind in SecondFactor.Kind},
        RECOVERY: _("mã dự phòng"),
    }
    parts: list[Any] = [factors.get(said.get("factor", ""), "")]
    parts += [_FIELDS[name] for name in said.get("fields", []) if name in _FIELDS]
    if "role" in said:
        parts.append(str(Role(said["role"]).label))
    if "agency" in said:
        parts.append(said["agency"])
    if said.get("valid_from"):
        parts.append(_("từ %(day)s") % {"day": said["valid_from"]})
    if said.get("valid_to"):
        parts.append(_("đến hết %(day)s") % {"day": said["valid_to"]})
    if "count" in said:
        parts.append(_("số lượng %(count)d") % said)
    if "left" in said:
        parts.append(_("còn %(left)d") % said)
    return ", ".join(str(part) for part in parts if part)
