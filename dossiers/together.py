"""Nhiều hồ sơ một lúc: one act with one set of data on many dossiers, each answered for itself.

Each dossier is its own transaction and its own event; what fails for one leaves the others done,
and the same request again finds done what was done.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from dossiers.act_forms import ACT_FORMS
from dossiers.models import DossierEvent
from dossiers.recording import ActDataError, StaleVersionError, acts_to_propose, open_acts
from dossiers.workflow import Act, IllegalTransitionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agencies.models import Officer
    from dossiers.act_forms import ActForm
    from dossiers.models import Dossier, DossierQuerySet

MOST_AT_ONCE = 100

# What is said alike of many dossiers. A number, an amount, papers taken in or a person before the
# counter belong to one dossier, and reopening is weighed one by one.
TOGETHER = frozenset(
    {
        Act.RECEIVE,
        Act.REQUEST_COMPLETION,
        Act.REFUSE,
        Act.TRANSFER,
        Act.ASSIGN,
        Act.REDIRECT,
        Act.CONSULT,
        Act.REQUEST_SUPPLEMENT,
        Act.RESUME,
        Act.EXTEND,
        Act.PROPOSE,
        Act.PROPOSE_DENIAL,
        Act.SEND_BACK,
        Act.APPROVE,
        Act.REMIND_APPLICANT,
        Act.REMIND_COLLECTION,
        Act.LAPSE_COMPLETION,
        Act.LAPSE_SUPPLEMENT,
        Act.LAPSE_PAYMENT,
        Act.GRANT_WITHDRAWAL,
        Act.DECLINE,
    }
)


class Outcome(StrEnum):
    """What became of one dossier."""

    DONE = "done"
    ASKED = "asked"  # put before those who decide it
    ALREADY = "already"  # the same officer did it just now: the request came twice
    STALE = "stale"  # somebody acted on it since the page was shown
    CLOSED = "closed"  # its state or its place does not let the officer do it
    WRONG = "wrong"  # what was typed does not fit this dossier


DONE = frozenset({Outcome.DONE, Outcome.ASKED, Outcome.ALREADY})


@dataclass(frozen=True, slots=True)
class Answer:
    """A dossier by its public code, what became of it, in words where it was not done."""

    code: str
    outcome: Outcome
    why: str = ""

    @property
    def is_done(self) -> bool:
        return self.outcome in DONE


def read_versions(typed: Iterable[str], most: int = MOST_AT_ONCE) -> dict[str, int]:
    """Read "code@version" of each box that was ticked; what is not so written names nothing."""
    found = {}
    for text in typed:
        code, _at, version = text.rpartition("@")
        if code and version.isascii() and version.isdecimal() and len(version) < 10:
            found[code] = int(version)
            if len(found) == most:
                break
    return found


def among_chosen(dossiers: DossierQuerySet, codes: Iterable[str]) -> list[Dossier]:
    """Return those of `dossiers` that bear one of the public codes, soonest due first. One query."""
    names = list(codes)
    return list(
        dossiers.filter(Q(code__in=names) | Q(code__isnull=True, tracking_code__in=names)).order_by(
            "due_at", "pk"
        )
    )


def acts_for(dossier: Dossier, officer: Officer) -> list[Act]:
    """Return what the officer may do or ask for on the dossier among others; as `open_acts`."""
    acts = [*open_acts(dossier, officer), *acts_to_propose(dossier, officer)]
    return [act for act in acts if act in TOGETHER and act in ACT_FORMS]


def perform(
    act: Act,
    versions: Mapping[str, int],
    *,
    among: DossierQuerySet,
    by: Officer,
    data: Mapping[str, Any],
) -> list[Answer]:
    """Do the act on each dossier named, in the order of their dates, and answer for each.

    `versions` names each by its public code with the version of the page it was chosen on; `among`
    is what the officer may see, and what is not in it is refused like what is not there. Raises
    nothing of its own: what fails is told in its row.
    """
    found = among_chosen(among, versions)
    answers = [_one(act, dossier, versions[dossier.public_code], by, data) for dossier in found]
    there = {dossier.public_code for dossier in found}
    answers += [Answer(code, Outcome.CLOSED, _closed()) for code in versions if code not in there]
    return answers


def _one(act: Act, dossier: Dossier, version: int, by: Officer, data: Mapping[str, Any]) -> Answer:
    code = dossier.public_code
    if dossier.event_count != version:
        return _moved_on(act, dossier, version, by)
    asks = act in acts_to_propose(dossier, by)
    if act not in TOGETHER or not (asks or act in open_acts(dossier, by)):
        return Answer(code, Outcome.CLOSED, _closed())
    form = ACT_FORMS[act](dossier, data)
    if not form.is_valid():
        return Answer(code, Outcome.WRONG, _faults(form))
    try:
        form.perform(by=by, version=version)
    except StaleVersionError:
        return _moved_on(act, dossier, version, by)
    except IllegalTransitionError:
        return Answer(code, Outcome.CLOSED, _closed())
    except ActDataError as error:
        return Answer(code, Outcome.WRONG, " ".join(str(text) for text in error.errors.values()))
    return Answer(code, Outcome.ASKED if asks else Outcome.DONE)


def _moved_on(act: Act, dossier: Dossier, version: int, by: Officer) -> Answer:
    """Tell a request that came twice from a colleague who was faster. Runs one query."""
    after = DossierEvent.objects.filter(dossier=dossier, seq=version + 1, actor=by).first()
    same = after is not None and (after.act == act or after.data.get("asked") == act)
    if same:
        return Answer(dossier.public_code, Outcome.ALREADY)
    return Answer(
        dossier.public_code,
        Outcome.STALE,
        _("vừa được người khác xử lý; hãy xem lại rồi làm tiếp"),
    )


def _closed() -> str:
    return _("trạng thái hiện tại không cho làm việc này, hoặc việc này không thuộc bạn")


def _faults(form: ActForm) -> str:
    return " ".join(
        f"{form.fields[name].label}: {text}" if name in form.fields else str(text)
        for name, texts in form.errors.items()
        for text in texts
    )
