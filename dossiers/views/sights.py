"""What the board and the pages beside it look at: the agencies in sight, the one chosen, its dossiers."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from agencies.access import scope_for
from agencies.models import Agency
from dossiers.models import Dossier

if TYPE_CHECKING:
    from django.http import HttpRequest

    from dossiers.models import DossierQuerySet

_TABS = (
    ("board", "board", _("Hồ sơ")),
    ("loads", "board-loads", _("Ai đang giữ")),
    ("causes", "board-causes", _("Vì sao quá hạn")),
    ("ahead", "board-ahead", _("Mười ngày tới")),
    ("units", "board-units", _("Các đơn vị")),
)
_SELECTED = mark_safe(" selected")


@dataclass(frozen=True, slots=True)
class Sight:
    """Tầm nhìn: the agencies a supervisor sees, the one chosen by `?co-quan=`, the dossiers of both."""

    agencies: tuple[Any, ...]
    chosen: Any
    dossiers: DossierQuerySet

    @classmethod
    def of(cls, request: HttpRequest) -> Sight:
        """Return what the request looks at. Runs one query; `dossiers` is asked later."""
        scope = scope_for(request)
        in_sight = Agency.objects.all() if scope.sees_everything else scope.agencies()
        agencies: list[Any] = list(
            in_sight.order_by("name_sort").values_list(
                "pk", "code", "name", "short_name", "path", named=True
            )
        )
        chosen = next((a for a in agencies if a.code == request.GET.get("co-quan")), None)
        # A chain has no desk of its own: it is on the board by its parts, each where it lies.
        dossiers = Dossier.objects.visible_to(scope).filter(is_chain=False)
        if chosen is not None or not scope.sees_everything:
            # By id, so that the partial index by settling agency and due date answers.
            within = [a.pk for a in agencies if chosen is None or a.path.startswith(chosen.path)]
            dossiers = dossiers.filter(competent_agency__in=within)
        return cls(tuple(agencies), chosen, dossiers)

    @property
    def open(self) -> DossierQuerySet:
        return self.dossiers.open()

    @property
    def query(self) -> str:
        """Return the choice as a query, `?` with it; empty where nothing is chosen."""
        return f"?{urlencode({'co-quan': self.chosen.code})}" if self.chosen else ""

    @property
    def tabs(self) -> list[tuple[str, str, str]]:
        """Return the pages of the board: name, address with the choice kept, label."""
        return [
            (name, f"{reverse(url_name)}{self.query}", str(label))
            for name, url_name, label in _TABS
        ]

    @property
    def options(self) -> SafeString | str:
        """Return the choices of the picker; empty where there is nothing to pick."""
        return _options(self.agencies, self.chosen) if len(self.agencies) > 1 else ""


@functools.lru_cache(maxsize=64)  # a province has hundreds of agencies, and they seldom change
def _options(agencies: tuple[Any, ...], chosen: Any) -> SafeString:
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((a.code, _SELECTED if a == chosen else "", a.short_name or a.name) for a in agencies),
    )
