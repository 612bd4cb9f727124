"""Vietnamese words for what Django REST framework and knox say in English.

The framework's own Vietnamese catalogue lacks most of them, and which language a caller asks for
must not change half of an answer. `install` runs once, before any serializer is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Words = dict[str, "_StrPromise"]

_BOUNDS: Words = {
    "max_value": _("Giá trị lớn nhất là {max_value}."),
    "min_value": _("Giá trị nhỏ nhất là {min_value}."),
    "max_string_length": _("Giá trị quá dài."),
}
_LIST: Words = {
    "not_a_list": _("Phải là một danh sách, không phải {input_type}."),
    "empty": _("Danh sách không được để trống."),
    "min_length": _("Danh sách phải có ít nhất {min_length} mục."),
    "max_length": _("Danh sách có nhiều nhất {max_length} mục."),
}

# By the class that says it; a subclass that says something of its own keeps its words.
FIELDS: dict[str, Words] = {
    "Field": {
        "required": _("Trường này là bắt buộc."),
        "null": _("Trường này không được để trống (null)."),
    },
    "BooleanField": {"invalid": _("Chỉ nhận true hoặc false.")},
    "CharField": {
        "invalid": _("Phải là một chuỗi ký tự."),
        "blank": _("Trường này không được để trống."),
        "max_length": _("Dài nhất {max_length} ký tự."),
        "min_length": _("Ngắn nhất {min_length} ký tự."),
    },
    "EmailField": {"invalid": _("Địa chỉ thư điện tử không hợp lệ.")},
    "RegexField": {"invalid": _("Giá trị không đúng mẫu quy định.")},
    "URLField": {"invalid": _("Địa chỉ web không hợp lệ.")},
    "UUIDField": {"invalid": _("Mã UUID không hợp lệ.")},
    "IPAddressField": {"invalid": _("Địa chỉ IP không hợp lệ.")},
    "IntegerField": {"invalid": _("Phải là một số nguyên."), **_BOUNDS},
    "FloatField": {"invalid": _("Phải là một số."), "overflow": _("Số quá lớn."), **_BOUNDS},
    "DecimalField": {
        "invalid": _("Phải là một số."),
        "max_digits": _("Nhiều nhất {max_digits} chữ số."),
        "max_decimal_places": _("Nhiều nhất {max_decimal_places} chữ số sau dấu thập phân."),
        "max_whole_digits": _("Nhiều nhất {max_whole_digits} chữ số trước dấu thập phân."),
        **_BOUNDS,
    },
    "DateTimeField": {
        "invalid": _("Thời điểm không đúng dạng, ví dụ đúng: 2026-01-15T08:30:00+07:00."),
        "date": _("Cần cả ngày và giờ, không chỉ ngày."),
        "make_aware": _("Thời điểm không có trong múi giờ {timezone}."),
        "overflow": _("Thời điểm nằm ngoài phạm vi cho phép."),
    },
    "DateField": {
        "invalid": _("Ngày không đúng dạng, ví dụ đúng: 2026-01-15."),
        "datetime": _("Chỉ cần ngày, không cần giờ."),
    },
    "TimeField": {"invalid": _("Giờ không đúng dạng, ví dụ đúng: 08:30.")},
    "DurationField": {"invalid": _("Khoảng thời gian không đúng dạng."), **_BOUNDS},
    "ChoiceField": {"invalid_choice": _("Không có lựa chọn “{input}”.")},
    "MultipleChoiceField": {
        "invalid_choice": _("Không có lựa chọn “{input}”."),
        "not_a_list": _LIST["not_a_list"],
        "empty": _LIST["empty"],
    },
    "ListField": _LIST,
    "DictField": {
        "not_a_dict": _("Phải là một đối tượng JSON, không phải {input_type}."),
        "empty": _("Đối tượng không được để trống."),
    },
    "JSONField": {"invalid": _("Không phải JSON hợp lệ.")},
    "Serializer": {"invalid": _("Phải là một đối tượng JSON, không phải {datatype}.")},
    "ListSerializer": _LIST,
}

# By the name of the exception: what it says when nobody gave it words, or English ones.
EXCEPTIONS: Words = {
    "APIException": _("Hệ thống gặp lỗi, xin thử lại sau."),
    "ValidationError": _("Dữ liệu gửi lên chưa đúng."),
    "ParseError": _("Nội dung gửi lên không đọc được."),
    "AuthenticationFailed": _("Khoá truy cập không đúng hoặc đã hết hạn."),
    "NotAuthenticated": _("Hãy gửi khoá truy cập trong tiêu đề Authorization."),
    "PermissionDenied": _("Bạn không có quyền làm việc này."),
    "NotFound": _("Không tìm thấy."),
    "MethodNotAllowed": _("Địa chỉ này không nhận phương thức {method}."),
    "NotAcceptable": _("Không có câu trả lời ở dạng mà tiêu đề Accept đòi hỏi."),
    "UnsupportedMediaType": _("Không đọc nội dung kiểu “{media_type}”, hãy gửi application/json."),
    "Throttled": _("Đã hỏi quá nhiều lần."),
}
WAIT = _("Thử lại sau {wait} giây.")


def install() -> None:
    """Put the words into the framework's classes; twice changes nothing."""
    # Here and not above: the framework reads its settings, which need the apps to be loaded.
    from rest_framework import exceptions, serializers

    for name, words in FIELDS.items():
        kind = getattr(serializers, name)
        kind.default_error_messages = {**kind.__dict__.get("default_error_messages", {}), **words}
    for name, text in EXCEPTIONS.items():
        getattr(exceptions, name).default_detail = text
    for name in ("extra_detail_singular", "extra_detail_plural"):
        setattr(exceptions.Throttled, name, WAIT)
