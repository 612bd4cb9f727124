"""A sentence or two why this date."""

from datetime import date
from fractions import Fraction

from django.utils.translation import gettext

from dossiers.deadlines.due import is_provisional
from dossiers.deadlines.limit import Unit
from dossiers.deadlines.story import Story
from dossiers.deadlines.wording import plain_number, vietnamese


def summary(story: Story) -> str:
    """Return in a sentence or two why this date; the days have been told before."""
    words = {
        "value": vietnamese(plain_number(Fraction(story.limit.value or 0))),
        "received": story.words.day(story.origin.date()),
        "start": story.words.day(date.fromordinal(story.zero)),
        "cutoff": f"{story.limit.cutoff:%H:%M}",
        "due": f"{story.due:%H:%M} {story.words.day(story.due.date())}",
    }
    sentences = [text % words for text in _how_counted(story)]
    if story.off_days and story.unit in {Unit.WORKING_DAY, Unit.WORKING_HOUR}:
        text = gettext("Trong đó có %(days)s ngày nghỉ lễ, nghỉ hoán đổi không tính.")
        sentences.append(text % {"days": story.off_days})
    if story.rolled:
        sentences.append(
            gettext("Ngày cuối là ngày nghỉ nên hạn dời sang ngày làm việc tiếp theo.")
        )
    if story.spans:
        sentences.append(gettext("Thời gian tạm dừng không tính vào thời hạn."))
    return " ".join(sentences + _how_certain(story))


def _how_counted(story: Story) -> list[str]:
    if story.zero > story.origin.toordinal() and not story.is_decided:
        return [_later_start(story), _later_sentence(story.unit)]
    if story.is_decided:
        return [gettext("Tiếp nhận %(received)s, ngày hẹn trả được ấn định là %(due)s.")]
    if story.restarted:
        return [
            gettext("Thời hạn tính lại từ đầu vì bổ sung đủ hồ sơ %(start)s."),
            _sentence_after_restart(story.unit),
        ]
    return [_first_sentence(story.unit)]


def _how_certain(story: Story) -> list[str]:
    """Say when the date rests on a calendar that nobody has announced yet."""
    year = {"year": story.due.year}
    if is_provisional(story.received, story.due, story.calendar):
        text = gettext("Ngày hẹn là tạm tính vì chưa có lịch nghỉ của năm %(year)s.")
        return [text % year]
    years = range(story.received.year, story.due.year + 1)
    if story.calendar.unannounced_years.intersection(years):
        text = gettext("Lịch nghỉ năm %(year)s là lịch dự kiến, chưa công bố đầy đủ.")
        return [text % year]
    return []


def _later_start(story: Story) -> str:
    """Say why the limit starts later than the receipt or supplement (domain.md 3.4)."""
    after_hours = story.calendar.is_working_day(story.origin.date())
    if story.restarted:
        if after_hours:
            return gettext("Bổ sung sau giờ làm việc %(received)s nên tính từ %(start)s.")
        return gettext("Bổ sung vào ngày nghỉ %(received)s nên tính từ %(start)s.")
    if after_hours:
        return gettext("Tiếp nhận sau giờ làm việc %(received)s nên tính từ %(start)s.")
    return gettext("Tiếp nhận vào ngày nghỉ %(received)s nên tính từ %(start)s.")


def _later_sentence(unit: Unit) -> str:
    """Return the sentence that follows `_later_start` and does not name its day again."""
    if unit is Unit.WORKING_HOUR:
        return gettext("Thời hạn %(value)s giờ làm việc kể từ đầu giờ, hẹn trả %(due)s.")
    if unit is Unit.WORKING_DAY:
        return gettext(
            "Thời hạn %(value)s ngày làm việc, không kể ngày bắt đầu tính, hẹn trả %(due)s."
        )
    if unit is Unit.DAY:
        return gettext(
            "Thời hạn %(value)s ngày kể cả ngày nghỉ, không kể ngày bắt đầu tính, hẹn trả %(due)s."
        )
    if unit is Unit.MONTH:
        return gettext("Thời hạn %(value)s tháng kể từ ngày bắt đầu tính, hẹn trả %(due)s.")
    return gettext("Giải quyết trong ngày bắt đầu tính, hẹn trả %(due)s.")


def _sentence_after_restart(unit: Unit) -> str:
    """Return the sentence that follows a restart within hours and does not name its day again."""
    if unit is Unit.WORKING_HOUR:
        return gettext("Thời hạn %(value)s giờ làm việc kể từ khi bổ sung, hẹn trả %(due)s.")
    if unit is Unit.SAME_DAY:
        return gettext(
            "Giải quyết trong ngày, bổ sung sau %(cutoff)s thì trả trong ngày làm việc tiếp theo: "
            "hẹn trả %(due)s."
        )
    return _later_sentence(unit)


def _first_sentence(unit: Unit) -> str:
    if unit is Unit.WORKING_HOUR:
        return gettext(
            "Thời hạn %(value)s giờ làm việc kể từ khi tiếp nhận %(received)s, hẹn trả %(due)s."
        )
    if unit is Unit.WORKING_DAY:
        return gettext(
            "Thời hạn %(value)s ngày làm việc, không kể ngày tiếp nhận %(received)s, "
            "hẹn trả %(due)s."
        )
    if unit is Unit.DAY:
        return gettext(
            "Thời hạn %(value)s ngày kể cả ngày nghỉ, không kể ngày tiếp nhận %(received)s, "
            "hẹn trả %(due)s."
        )
    if unit is Unit.MONTH:
        return gettext(
            "Thời hạn %(value)s tháng kể từ ngày tiếp nhận %(received)s, hẹn trả %(due)s."
        )
    return gettext(
        "Giải quyết trong ngày, tiếp nhận sau %(cutoff)s thì trả trong ngày làm việc tiếp "
        "theo: tiếp nhận %(received)s, hẹn trả %(due)s."
    )
