"""The rows of a dossier, by noun; every caller imports from here."""

from dossiers.models.base import DatabaseClock, append_only, local_day
from dossiers.models.calendar_changes import (
    CalendarChange,
    CalendarChangeDay,
    CalendarMove,
    CalendarShift,
)
from dossiers.models.chain import DayRoot, HistoryCheck
from dossiers.models.clock import DueDateChange, DueOrigin, Pause, SupplementRound
from dossiers.models.consultations import Consultation
from dossiers.models.delivery import Delivery
from dossiers.models.dossier import (
    Dossier,
    DossierQuerySet,
    Entry,
    IdKind,
    OwnerKind,
    ResultChannel,
)
from dossiers.models.events import DossierEvent, OutboxMessage
from dossiers.models.hand_overs import (
    HandOver,
    HandOverItem,
    HandOverQuerySet,
    PaperFile,
    PaperMove,
)
from dossiers.models.idempotency import IdempotencyKey
from dossiers.models.mirrors import MirrorMessage
from dossiers.models.money import FeeDue, Payment, PaymentShare, RefundDue
from dossiers.models.notices import Digest, DigestChoice, Note, Notice
from dossiers.models.numbers import DayNumber, PaperNumber, VoidNumber, VoidPaperNumber
from dossiers.models.papers import DossierDocument, PaperReprint, PaperSlip
from dossiers.models.postings import Posting
from dossiers.models.proposals import ActProposal
from dossiers.models.readings import DossierReading, ReadingWay
from dossiers.models.refunds import Refund
from dossiers.models.registers import Register
from dossiers.models.results import Seal, Signature
from dossiers.models.scans import Scan
from dossiers.models.surveys import Score, SurveyAnswer, SurveyQuestion, SurveyScore

__all__ = [
    "ActProposal",
    "CalendarChange",
    "CalendarChangeDay",
    "CalendarMove",
    "CalendarShift",
    "Consultation",
    "DatabaseClock",
    "DayNumber",
    "DayRoot",
    "Delivery",
    "Digest",
    "DigestChoice",
    "Dossier",
    "DossierDocument",
    "DossierEvent",
    "DossierQuerySet",
    "DossierReading",
    "DueDateChange",
    "DueOrigin",
    "Entry",
    "FeeDue",
    "HandOver",
    "HandOverItem",
    "HandOverQuerySet",
    "HistoryCheck",
    "IdKind",
    "IdempotencyKey",
    "MirrorMessage",
    "Note",
    "Notice",
    "OutboxMessage",
    "OwnerKind",
    "PaperFile",
    "PaperMove",
    "PaperNumber",
    "PaperReprint",
    "PaperSlip",
    "Pause",
    "Payment",
    "PaymentShare",
    "Posting",
    "ReadingWay",
    "Refund",
    "RefundDue",
    "Register",
    "ResultChannel",
    "Scan",
    "Score",
    "Seal",
    "Signature",
    "SupplementRound",
    "SurveyAnswer",
    "SurveyQuestion",
    "SurveyScore",
    "VoidNumber",
    "VoidPaperNumber",
    "append_only",
    "local_day",
]
