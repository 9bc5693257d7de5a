"""Values that several tables of the settings share."""

from __future__ import annotations

from typing import Annotated

import can
from pydantic import AfterValidator, Field

from packtrail.language import Text


def _interface(name: str) -> str:
    if name not in can.VALID_INTERFACES:
        told = Text("{name!r} is none of {known}", "{name!r} 不在可用接口之列：{known}")
        raise ValueError(told.say(name=name, known=", ".join(sorted(can.VALID_INTERFACES))))
    return name


Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^/\x00-\x1f]+$")]
Interface = Annotated[str, AfterValidator(_interface)]
