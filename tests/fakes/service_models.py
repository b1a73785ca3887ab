"""Checks requests and answers of AWS against botocore's own model of a service.

botocore itself checks only members and types of requests; here, values of enumerations, patterns and lengths are
checked as well, and answers like requests.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

_SURROGATES = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")  # as Java writes them, and as Python does


def require_valid(shape: Shape, value: Any, where: str) -> None:
    """Fail if a value is not as the service model describes it."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(shape, StructureShape):
        assert isinstance(value, Mapping), where
        assert value.keys() <= shape.members.keys(), where
        assert set(shape.required_members) <= value.keys(), where
        for name, member in value.items():
            require_valid(shape.members[name], member, f"{where}.{name}")
    elif isinstance(shape, ListShape):
        assert isinstance(value, list), where
        assert (low or 0) <= len(value) <= (high or len(value)), where
        for item in value:
            require_valid(shape.member, item, where)
    elif isinstance(shape, MapShape):
        assert isinstance(value, Mapping), where
        for name, item in value.items():
            require_valid(shape.key, name, where)
            require_valid(shape.value, item, f"{where}.{name}")
    elif isinstance(shape, StringShape):
        assert isinstance(value, str), where
        assert (low or 0) <= len(value) <= (high or len(value)), where
        assert not shape.enum or value in shape.enum, f"{where}: {value}"
        if pattern := shape.metadata.get("pattern"):
            assert re.fullmatch(pattern.replace(*_SURROGATES), value), f"{where}: {value}"
    else:
        types = {"boolean": bool, "integer": int, "timestamp": datetime}
        assert type(value) is types[shape.type_name], where
