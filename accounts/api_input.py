"""Input of the API: JSON that PostgreSQL can hold.

Apart from `api_errors`: Django REST framework imports its parsers while it imports its views.
"""

import json
import math
import re
from typing import Any, NoReturn

from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.parsers import JSONParser

WHOLE = "non_field_errors"  # DRF's own name for what concerns no single field
LARGEST_NUMBER = 10**15  # beyond it a float no longer holds every whole number
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")


class CarefulJSONParser(JSONParser):
    """JSON that PostgreSQL can hold: no NaN, no Infinity (1e400 too), no NUL, no lone surrogate."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the parsed body; raise ParseError or ValidationError naming the field."""
        return read_json(stream.read())


def read_json(body: bytes) -> Any:
    """Return what a body says; raise ParseError or ValidationError naming the field."""
    try:
        data = _decoder.decode(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # bad UTF-8 and JSON errors are ValueErrors
        raise exceptions.ParseError(_("Nội dung gửi lên không phải JSON hợp lệ.")) from error
    errors: dict[str, list[str]] = {}
    _examine(data, "", errors)
    if errors:
        raise exceptions.ValidationError(errors)
    return data


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)


def _examine(value: Any, path: str, errors: dict[str, list[str]]) -> None:
    """Collect what no field can hold, by the dotted path of the field."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if _is_unreadable(key):
                errors.setdefault(path or WHOLE, []).append(_("Tên trường không đọc được."))
                continue
            _examine(inner, f"{path}.{key}" if path else key, errors)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            _examine(inner, f"{path}.{position}" if path else str(position), errors)
    elif isinstance(value, str) and _is_unreadable(value):
        errors.setdefault(path or WHOLE, []).append(_("Có ký tự không đọc được."))
    elif isinstance(value, float | int) and (
        not math.isfinite(value) if isinstance(value, float) else abs(value) > LARGEST_NUMBER
    ):
        errors.setdefault(path or WHOLE, []).append(_("Số quá lớn."))


def _is_unreadable(text: str) -> bool:
    return _UNREADABLE.search(text) is not None
