"""Lời nói với người dân: the sentences of a citizen's page, one whole sentence for each situation.

Pure: states, dates and names of agencies in, plain Vietnamese out; no jargon of the office, no
person's name, nothing an officer wrote. Kept apart from `tracking` so that they can be read, and
changed, as text.
"""

from __future__ import annotations

import datetime as dt
from functools import cache

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from dossiers.deadlines import Timeliness
from dossiers.workflow import Act, State

T = Timeliness

# One answer for every failure: which of the two facts is wrong is told to nobody.
NOT_FOUND = _(
    "Không tìm thấy hồ sơ với mã và 4 ký tự đã nhập. Hãy xem lại mã trên giấy hẹn, và số giấy tờ hoặc "
    "điện thoại đã khai khi nộp."
)


def wait_of(seconds: int) -> str:
    """Return what to do while look-ups are blocked for so long; minutes are rounded up."""
    minutes = max(1, -(-seconds // 60))
    return ngettext(
        "Đã nhập sai quá nhiều lần, hãy thử lại sau khoảng %(minutes)d phút; nếu cần xem ngay, hãy "
        "quét mã QR trên giấy hẹn hoặc hỏi tại quầy nơi bạn nộp hồ sơ.",
        "Đã nhập sai quá nhiều lần, hãy thử lại sau khoảng %(minutes)d phút; nếu cần xem ngay, hãy "
        "quét mã QR trên giấy hẹn hoặc hỏi tại quầy nơi bạn nộp hồ sơ.",
        minutes,
    ) % {"minutes": minutes}


# A running dossier: where it stands, and how it stands to its date.
_IN_TIME, _TODAY, _OVERDUE, _NO_DATE = range(4)
_RUNNING: dict[State, tuple[LazyText, LazyText, LazyText, LazyText]] = {
    State.RECEIVED: (
        _("Hồ sơ đã được tiếp nhận, còn trong hạn."),
        _("Hồ sơ đã được tiếp nhận, hôm nay là ngày hẹn trả."),
        _("Hồ sơ đã được tiếp nhận và đã quá ngày hẹn trả."),
        _("Hồ sơ đã được tiếp nhận."),
    ),
    State.AWAITING_ASSIGNMENT: (
        _("Hồ sơ đã đến cơ quan giải quyết, còn trong hạn."),
        _("Hồ sơ đã đến cơ quan giải quyết, hôm nay là ngày hẹn trả."),
        _("Hồ sơ đã đến cơ quan giải quyết và đã quá ngày hẹn trả."),
        _("Hồ sơ đã đến cơ quan giải quyết."),
    ),
    State.IN_PROGRESS: (
        _("Hồ sơ đang được giải quyết, còn trong hạn."),
        _("Hồ sơ đang được giải quyết, hôm nay là ngày hẹn trả."),
        _("Hồ sơ đang được giải quyết và đã quá ngày hẹn trả."),
        _("Hồ sơ đang được giải quyết."),
    ),
    State.CONSULTING: (
        _("Hồ sơ đang chờ ý kiến của cơ quan liên quan, còn trong hạn."),
        _("Hồ sơ đang chờ ý kiến của cơ quan liên quan, hôm nay là ngày hẹn trả."),
        _("Hồ sơ đang chờ ý kiến của cơ quan liên quan và đã quá ngày hẹn trả."),
        _("Hồ sơ đang chờ ý kiến của cơ quan liên quan."),
    ),
    State.AWAITING_SIGNATURE: (
        _("Hồ sơ đã xem xét xong, đang chờ ký, còn trong hạn."),
        _("Hồ sơ đã xem xét xong, đang chờ ký, hôm nay là ngày hẹn trả."),
        _("Hồ sơ đã xem xét xong, đang chờ ký và đã quá ngày hẹn trả."),
        _("Hồ sơ đã xem xét xong, đang chờ ký."),
    ),
    State.SIGNED: (
        _("Kết quả đã ký, đang chờ đóng dấu, còn trong hạn."),
        _("Kết quả đã ký, đang chờ đóng dấu, hôm nay là ngày hẹn trả."),
        _("Kết quả đã ký, đang chờ đóng dấu và đã quá ngày hẹn trả."),
        _("Kết quả đã ký, đang chờ đóng dấu."),
    ),
}
_COLUMN = {
    T.IN_TIME: _IN_TIME,
    T.SOON: _IN_TIME,
    T.TODAY: _TODAY,
    T.OVERDUE: _OVERDUE,
}

_SETTLED = {
    T.EARLY: _("Hồ sơ đã có kết quả, sớm hơn ngày hẹn."),
    T.ON_TIME: _("Hồ sơ đã có kết quả, đúng ngày hẹn."),
    T.LATE: _("Hồ sơ đã có kết quả, muộn hơn giờ hẹn."),
}
_RETURNED = {
    T.EARLY: _("Hồ sơ đã xong sớm hơn ngày hẹn, kết quả đã trả."),
    T.ON_TIME: _("Hồ sơ đã xong đúng ngày hẹn, kết quả đã trả."),
    T.LATE: _("Hồ sơ đã xong muộn hơn giờ hẹn, kết quả đã trả."),
}
_OTHERWISE = {
    State.SUBMITTED: _("Hồ sơ đã nộp, đang chờ tiếp nhận."),
    State.AWAITING_COMPLETION: _("Hồ sơ chưa được tiếp nhận, đang chờ bạn hoàn thiện giấy tờ."),
    State.REFUSED: _("Hồ sơ không được tiếp nhận."),
    State.AWAITING_SUPPLEMENT: _(
        "Hồ sơ đang chờ bạn bổ sung giấy tờ, thời gian chờ không tính vào hạn."
    ),
    State.AWAITING_PAYMENT: _(
        "Hồ sơ đang chờ bạn nộp khoản tiền được thông báo, thời gian chờ không tính vào hạn."
    ),
    State.SUSPENDED: _("Hồ sơ đang tạm dừng theo quy định, thời gian này không tính vào hạn."),
    State.SETTLED: _("Hồ sơ đã có kết quả."),
    State.RETURNED: _("Hồ sơ đã xong, kết quả đã trả."),
    State.WITHDRAWAL_REQUESTED: _("Bạn đã xin rút hồ sơ, cơ quan đang xem xét."),
    State.WITHDRAWN: _("Hồ sơ đã được rút theo yêu cầu của bạn."),
    State.STOPPED: _("Hồ sơ đã dừng giải quyết, không có kết quả."),
    State.DRAFT: _("Hồ sơ chưa được nộp."),
}


def sentence_of(state: State, timeliness: Timeliness) -> str:
    """Return where a dossier stands, in one sentence."""
    if state in _RUNNING:
        return str(_RUNNING[state][_COLUMN.get(timeliness, _NO_DATE)])
    by_time = {State.SETTLED: _SETTLED, State.RETURNED: _RETURNED}.get(state, {})
    return str(by_time.get(timeliness, _OTHERWISE[state]))


_TIMELINESS_TEXTS = {
    T.EARLY: _("Xong trước hẹn"),
    T.ON_TIME: _("Xong đúng hẹn"),
    T.LATE: _("Xong trễ hẹn"),
}


def timeliness_text(timeliness: Timeliness, remaining: str) -> str:
    """Return the words of the badge beside the date; `remaining` speaks of an open dossier."""
    return str(_TIMELINESS_TEXTS.get(timeliness, remaining))


def holder_sentence(state: State, holder: str, since: str) -> str:
    """Return who has the dossier now, and since when; empty before it is received.

    `since` is written out ("14:10, thứ Hai 23/11/2026") or empty when history does not say.
    """
    words = {"holder": holder, "since": since}
    if state in {State.SUBMITTED, State.AWAITING_COMPLETION, State.REFUSED, State.DRAFT}:
        return _now("Nơi nhận hồ sơ: %(holder)s.") % words
    if state is State.RETURNED:
        return _now("Nơi trả kết quả: %(holder)s.") % words
    if state is State.SETTLED:
        if not since:
            return _now("%(holder)s đang giữ kết quả.") % words
        return _now("%(holder)s giữ kết quả từ %(since)s.") % words
    if state in {State.WITHDRAWN, State.STOPPED}:
        return _now("%(holder)s đang giữ giấy tờ của hồ sơ.") % words
    if not since:
        return _now("%(holder)s đang giữ hồ sơ.") % words
    return _now("%(holder)s giữ hồ sơ từ %(since)s.") % words


def todo_of(
    state: State,
    timeliness: Timeliness,
    *,
    counter: str,
    holder: str,
    holder_phone: str,
    result_channel: str,
    is_fee_due: bool,
    unpaid: str,
    reply_by: dt.date | None,
) -> str:
    """Return the one thing the citizen has to do now, or that there is nothing to do.

    `unpaid` is the amount of fees still due, written out, or empty where it is not known.
    """
    words = {
        "unpaid": unpaid,
        "counter": counter,
        "holder": holder,
        "phone": holder_phone,
        "day": f"{reply_by:%d/%m/%Y}" if reply_by else "",
    }
    todo = str(_todo(state, timeliness, result_channel, words, is_fee_due=is_fee_due)) % words
    if state in _RUNNING and is_fee_due and unpaid:
        fee = _now("Phí, lệ phí bạn còn phải nộp là %(unpaid)s, nộp tại %(counter)s.") % words
        return f"{todo} {fee}"
    return todo


def _todo(
    state: State,
    timeliness: Timeliness,
    result_channel: str,
    known: dict[str, str],
    *,
    is_fee_due: bool,
) -> LazyText:
    if state is State.AWAITING_COMPLETION:
        if known["day"]:
            return _(
                "Hãy hoàn thiện giấy tờ theo phiếu yêu cầu và nộp lại tại %(counter)s trước hết "
                "ngày %(day)s."
            )
        return _("Hãy hoàn thiện giấy tờ theo phiếu yêu cầu và nộp lại tại %(counter)s.")
    if state is State.AWAITING_SUPPLEMENT:
        if known["day"]:
            return _(
                "Hãy bổ sung giấy tờ theo phiếu yêu cầu và nộp tại %(counter)s trước hết ngày "
                "%(day)s."
            )
        return _("Hãy bổ sung giấy tờ theo phiếu yêu cầu và nộp tại %(counter)s.")
    if state is State.AWAITING_PAYMENT:
        return _("Hãy nộp khoản tiền ghi trong thông báo, rồi báo cho %(counter)s.")
    if state in {State.SETTLED, State.RETURNED}:
        if is_fee_due and known["unpaid"] and state is State.SETTLED:
            return _FEE_TODOS.get(result_channel, _FEE_AT_COUNTER)
        return _todo_with_result(state, result_channel, is_fee_due=is_fee_due)
    if state in _RUNNING:
        return _todo_while_running(timeliness, result_channel, has_phone=bool(known["phone"]))
    return _OTHER_TODOS[state]


_OTHER_TODOS = {
    State.DRAFT: _("Hãy nộp hồ sơ để được tiếp nhận."),
    # domain.md 2.5, T02: the intake timer of 8 working hours.
    State.SUBMITTED: _(
        "Bạn chưa cần làm gì: trong 8 giờ làm việc, hồ sơ sẽ được tiếp nhận hoặc bạn được báo còn "
        "thiếu giấy tờ nào."
    ),
    State.REFUSED: _(
        "Hãy đọc lý do trong phiếu từ chối đã gửi bạn; còn thắc mắc, hãy hỏi %(counter)s."
    ),
    State.SUSPENDED: _("Bạn chưa cần làm gì: khi hồ sơ được giải quyết tiếp, bạn sẽ được báo."),
    State.WITHDRAWAL_REQUESTED: _(
        "Bạn chưa cần làm gì: %(holder)s sẽ trả lời yêu cầu rút hồ sơ của bạn."
    ),
    State.WITHDRAWN: _("Nếu chưa nhận lại giấy tờ đã nộp, hãy đến %(counter)s."),
    State.STOPPED: _(
        "Hãy đọc lý do trong thông báo dừng giải quyết; còn thắc mắc hoặc cần nhận lại giấy tờ, "
        "hãy đến %(counter)s."
    ),
}


_FEE_AT_COUNTER = _(
    "Mời bạn mang giấy hẹn và căn cước đến %(counter)s nhận kết quả và nộp %(unpaid)s phí, lệ phí "
    "còn lại."
)
_FEE_TODOS = {
    "electronic": _("Hãy nộp %(unpaid)s phí, lệ phí còn lại tại %(counter)s để nhận bản điện tử."),
    "post": _(
        "Kết quả sẽ được gửi đến bạn qua bưu chính; bạn còn phải nộp %(unpaid)s phí, lệ phí tại "
        "%(counter)s."
    ),
}


def _todo_with_result(state: State, result_channel: str, *, is_fee_due: bool) -> LazyText:
    if state is State.RETURNED:
        return _("Hồ sơ đã xong, bạn không còn việc gì phải làm.")
    if result_channel == "electronic":
        if is_fee_due:
            return _("Hãy nộp khoản phí, lệ phí còn lại tại %(counter)s để nhận bản điện tử.")
        return _("Bản điện tử sẽ được gửi cho bạn; nếu chưa nhận được, hãy hỏi %(counter)s.")
    if result_channel == "post":
        return _("Kết quả sẽ được gửi đến bạn qua bưu chính, bạn chưa cần đến quầy.")
    if is_fee_due:
        return _(
            "Mời bạn mang giấy hẹn và căn cước đến %(counter)s nhận kết quả và nộp khoản phí, lệ "
            "phí còn lại."
        )
    return _("Mời bạn mang giấy hẹn và căn cước đến %(counter)s để nhận kết quả.")


def _todo_while_running(
    timeliness: Timeliness, result_channel: str, *, has_phone: bool
) -> LazyText:
    if timeliness is T.OVERDUE:
        if has_phone:
            return _(
                "Bạn không phải làm gì thêm: %(holder)s đang chậm hẹn, bạn có thể hỏi theo số "
                "%(phone)s."
            )
        return _(
            "Bạn không phải làm gì thêm: %(holder)s đang chậm hẹn, bạn có thể hỏi tại %(counter)s."
        )
    if timeliness is T.NONE:
        return _("Bạn chưa cần làm gì: khi có kết quả, trang này sẽ báo nơi nhận.")
    if result_channel == "electronic":
        return _("Bạn chưa cần làm gì: khi có kết quả, bản điện tử sẽ được gửi cho bạn.")
    if result_channel == "post":
        return _("Bạn chưa cần làm gì: khi có kết quả, bưu chính sẽ đưa đến bạn.")
    return _(
        "Bạn chưa cần làm gì: đến ngày hẹn, hãy mang giấy hẹn và căn cước đến %(counter)s để nhận "
        "kết quả."
    )


WAITING_FOR_CITIZEN = frozenset(
    {State.AWAITING_COMPLETION, State.AWAITING_SUPPLEMENT, State.AWAITING_PAYMENT, State.SETTLED}
)

# What happened, as a citizen would say it. A denial is proposed like any result: what it will be
# is told by the result and not by this page. A draft is nobody's business but its writer's.
ACT_LABELS: dict[Act, LazyText] = {
    Act.SUBMIT: _("Đã nộp hồ sơ trực tuyến"),
    Act.REGISTER: _("Đã nộp hồ sơ"),
    Act.RECEIVE: _("Đã tiếp nhận"),
    Act.SETTLE_AT_ONCE: _("Đã giải quyết ngay"),
    Act.REQUEST_COMPLETION: _("Cần hoàn thiện giấy tờ"),
    Act.RESUBMIT: _("Đã nộp lại giấy tờ"),
    Act.LAPSE_COMPLETION: _("Quá hạn hoàn thiện giấy tờ"),
    Act.REFUSE: _("Không được tiếp nhận"),
    Act.CANCEL: _("Đã huỷ theo yêu cầu"),
    Act.TRANSFER: _("Đã chuyển tới cơ quan giải quyết"),
    Act.ASSIGN: _("Bắt đầu thẩm tra"),
    Act.REDIRECT: _("Chuyển tới đúng cơ quan giải quyết"),
    Act.CONSULT: _("Hỏi ý kiến cơ quan liên quan"),
    Act.ANSWER_CONSULTATION: _("Đã có ý kiến của cơ quan liên quan"),
    Act.REQUEST_SUPPLEMENT: _("Cần bổ sung giấy tờ"),
    Act.ACCEPT_SUPPLEMENT: _("Đã nhận giấy tờ bổ sung"),
    Act.LAPSE_SUPPLEMENT: _("Quá hạn bổ sung giấy tờ"),
    Act.REQUEST_PAYMENT: _("Cần nộp khoản tiền được thông báo"),
    Act.CONFIRM_PAYMENT: _("Đã nộp khoản tiền được thông báo"),
    Act.LAPSE_PAYMENT: _("Quá hạn nộp tiền"),
    Act.SUSPEND: _("Tạm dừng giải quyết"),
    Act.RESUME: _("Tiếp tục giải quyết"),
    Act.EXTEND: _("Xin lỗi và hẹn lại ngày trả"),
    Act.PROPOSE: _("Thẩm tra xong, trình ký"),
    Act.SEND_BACK: _("Xem lại trước khi ký"),
    Act.APPROVE: _("Đã ký kết quả"),
    Act.PUBLISH: _("Đã có kết quả"),
    Act.RETURN_RESULT: _("Đã trả kết quả"),
    Act.REMIND_COLLECTION: _("Nhắc nhận kết quả"),
    Act.REQUEST_WITHDRAWAL: _("Xin rút hồ sơ"),
    Act.GRANT_WITHDRAWAL: _("Đồng ý cho rút hồ sơ"),
    Act.REFUSE_WITHDRAWAL: _("Không đồng ý cho rút hồ sơ"),
    Act.PROPOSE_DENIAL: _("Thẩm tra xong, trình ký"),
    Act.STOP: _("Dừng giải quyết"),
    Act.CORRECT_RESULT: _("Đính chính kết quả"),
    Act.REOPEN: _("Mở lại hồ sơ"),
    Act.REMIND_APPLICANT: _("Nhắc bạn trả lời"),
    Act.ADJUST_DUE: _("Điều chỉnh ngày hẹn trả"),
    Act.MIRROR: _("Cập nhật từ hệ thống của bộ"),
    Act.OPEN_PART: _("Bắt đầu giải quyết phần việc của cơ quan"),
    Act.CLOSE_CHAIN: _("Đã có kết quả của mọi cơ quan"),
    Act.DECIDE_CHAIN: _("Quyết định về các phần việc còn lại"),
    Act.RECORD_PAYMENT: _("Đã nhận một khoản tiền nộp"),
}


@cache
def act_labels(language: str | None) -> dict[Act, str]:
    """Return what happened in the language in force; a timeline would look up each anew."""
    return {act: str(label) for act, label in ACT_LABELS.items()}


ACT_ICONS: dict[Act, str] = {
    Act.REQUEST_COMPLETION: "fileadd",
    Act.REFUSE: "refuse",
    Act.TRANSFER: "arrow",
    Act.REQUEST_SUPPLEMENT: "fileadd",
    Act.REQUEST_PAYMENT: "coin",
    Act.SUSPEND: "pause",
    Act.APPROVE: "pen",
    Act.REQUEST_WITHDRAWAL: "undo",
    Act.STOP: "stop",
}

_RECEIVE = _("Tiếp nhận")
_TRANSFER = _("Chuyển tới cơ quan giải quyết")
_EXAMINE = _("Thẩm tra hồ sơ")
_SIGN = _("Ký kết quả")
_PUBLISH = _("Đóng dấu, phát hành kết quả")
_RETURN = _("Trả kết quả")
_STEPS: dict[State, tuple[LazyText, ...]] = {
    State.SUBMITTED: (_RECEIVE, _EXAMINE, _SIGN, _RETURN),
    State.AWAITING_COMPLETION: (_RECEIVE, _EXAMINE, _SIGN, _RETURN),
    State.RECEIVED: (_TRANSFER, _EXAMINE, _SIGN, _RETURN),
    State.AWAITING_ASSIGNMENT: (_EXAMINE, _SIGN, _RETURN),
    State.IN_PROGRESS: (_SIGN, _RETURN),
    State.CONSULTING: (_SIGN, _RETURN),
    State.AWAITING_SUPPLEMENT: (_("Nhận giấy tờ bổ sung"), _SIGN, _RETURN),
    State.AWAITING_PAYMENT: (_("Nhận khoản tiền được thông báo"), _SIGN, _RETURN),
    State.SUSPENDED: (_("Tiếp tục giải quyết"), _SIGN, _RETURN),
    State.AWAITING_SIGNATURE: (_SIGN, _PUBLISH, _RETURN),
    State.SIGNED: (_PUBLISH, _RETURN),
    State.SETTLED: (_RETURN,),
    State.WITHDRAWAL_REQUESTED: (_("Trả lời yêu cầu rút hồ sơ"),),
}


# A chain is worked on in its parts: of itself there is only the end to come.
_CHAIN_STEPS = (_("Đủ kết quả của các cơ quan"), _RETURN)


def steps_to_come(state: State, *, is_elsewhere: bool, is_chain: bool = False) -> list[str]:
    """Return what is still to happen; `is_elsewhere`: another agency than the counter settles it."""
    is_worked_on = is_chain and state is State.IN_PROGRESS
    steps = _CHAIN_STEPS if is_worked_on else _STEPS.get(state, ())
    return [str(step) for step in steps if is_elsewhere or step is not _TRANSFER]
