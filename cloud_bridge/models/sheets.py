"""A sheet from a TOML file, and the newest sheet of a pack's model.

Order No. 73 (2025), Art. 11; Regulation (EU) 2023/1542, Annex XIII 2 (c).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from cloud_bridge.exports.gathering import model_of, statements_of
from cloud_bridge.fold import PackState
from cloud_bridge.store import Store
from packtrail.errors import SettingsError
from packtrail.event import Body, ModelRef, ModelSheetPublished, PassportFacts, PassportStated
from packtrail.language import Text
from packtrail.shapes import convert
from packtrail.toml_file import read_toml


def sheet_of(store: Store, state: PackState) -> ModelSheetPublished | None:
    """The newest sheet that the maker published of the pack's model."""
    model = model_of(state)
    if model is None:
        return None
    bodies = [told.event.body for told in statements_of(store, model)]
    sheets = [body for body in bodies if isinstance(body, ModelSheetPublished)]
    return sheets[-1] if sheets else None


def read_sheet(path: Path, maker: str) -> list[Body]:
    """The sheet of a TOML file and, where it has a table `passport`, the statement beside it.

    Args:
        path: fields of `ModelSheetPublished`, with `model` as the model's name.
        maker: who publishes it.

    Raises:
        SettingsError: a field is missing or not of its form, or the masses do not add up.
    """
    table: dict[str, Any] = read_toml(path)
    stated = table.pop("passport", None)
    table["model"] = {"maker": maker, "name": str(table.get("model", ""))}
    try:
        sheet = convert(table, ModelSheetPublished)
        facts = convert(stated, PassportFacts) if stated else None
    except msgspec.ValidationError as error:
        raise SettingsError(str(path), [str(error)]) from error
    total = sum(part.kg for part in sheet.parts)
    if sheet.parts and abs(total - sheet.mass_kg) > sheet.mass_tolerance_kg + 1e-9:
        told = Text(
            "parts weigh {total:g} kg, the pack {kg:g} ± {tolerance:g} kg",
            "各部件共 {total:g} kg，整包 {kg:g} ± {tolerance:g} kg",
        )
        fault = told.say(total=total, kg=sheet.mass_kg, tolerance=sheet.mass_tolerance_kg)
        raise SettingsError(str(path), [fault])
    if not sheet.model.name:
        raise SettingsError(str(path), [Text("model: no name", "model：缺少型号名称").say()])
    model = ModelRef(maker, sheet.model.name)
    return [sheet, PassportStated(facts, model)] if facts else [sheet]
