"""A definition as YAML that reads back equal, and the JSON Schema of the format; knows no file and no database."""

from __future__ import annotations

import io
import json
from typing import Any

from ruamel.yaml import YAML

from campaigns.definitions.model import Definition

UNFOLDED = 4096  # columns: a text stays on its line, so that a difference shows one line


def dump(definition: Definition) -> str:
    """Write a definition as YAML, in the order of the format; what is at its default is left out.

    `read(dump(definition), name)` gives an equal definition. Comments and states of texts are not part of one.
    """
    data = definition.model_dump(mode="json", exclude_defaults=True)
    data["steps"] = [_step(raw, step.send_as) for raw, step in zip(data["steps"], definition.steps, strict=True)]
    out = io.StringIO()
    yaml = YAML()
    yaml.width = UNFOLDED
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.allow_unicode = True
    yaml.dump(data, out)
    return out.getvalue()


def _step(raw: dict[str, Any], send_as: str) -> dict[str, Any]:
    """One step; `send_as` is always written, because its default hangs on the kind."""
    head = {key: raw[key] for key in ("step", "kind")}
    texts = {language: _text(text) for language, text in raw.get("texts", {}).items()}
    rest = {key: value for key, value in raw.items() if key not in ("step", "kind", "texts")}
    return {**head, **rest, "send_as": send_as, "texts": texts}


def _text(raw: dict[str, Any]) -> dict[str, Any]:
    """One text; official letters that say the same as the SMS are left out, as an editor would."""
    return {key: value for key, value in raw.items() if not (key == "official" and value == raw["sms"])}


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a campaign file, for editors that check while one types.

    It knows the fields and their values; the rules between fields, and those about content, are told by `read`.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Definition.model_json_schema(mode="validation"),
        "title": "Jɛkulu campaign",
    }


def schema_text() -> str:
    """The JSON Schema as `docs/campaign.schema.json` holds it."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"
