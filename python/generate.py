"""Writes src/ipmi_bmc/_models.py, the answers of the control API as types, from ../openapi.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE / "src" / "ipmi_bmc" / "_models.py"
# What this package asks for; other answers are for those who speak to the control API themselves.
USED = ("Clock", "ExpectedEntry", "Faults", "Power", "Problem", "Requests", "Sensor")
HEAD = '''"""The answers of the control API, from openapi.json: `python generate.py` makes it anew."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, TypedDict, Union  # noqa: UP035

__all__ = {names}
'''

Schema = dict[str, Any]


class Models:
    """Classes by name, those before others that the others need."""

    def __init__(self, schemas: dict[str, Schema]) -> None:
        self.schemas = schemas
        self.classes: dict[str, str] = {}

    def type_of(self, schema: Schema, name: str) -> str:
        """The type of a value; objects become classes of the name."""
        if "$ref" in schema:
            reference = str(schema["$ref"]).rpartition("/")[2]
            self.add(reference, self.schemas[reference])
            return reference
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema:
                kinds = [self.type_of(one, f"{name}{i or ''}") for i, one in enumerate(schema[key])]
                return f"Union[{', '.join(dict.fromkeys(kinds))}]"
        if "enum" in schema:
            return f"Literal[{', '.join(json.dumps(one) for one in schema['enum'])}]"
        if "const" in schema:
            return f"Literal[{schema['const']!r}]"
        kind = schema.get("type")
        if isinstance(kind, list):
            return f"Union[{', '.join(self.simple(one) for one in kind)}]"
        if kind == "array":
            return f"List[{self.type_of(schema.get('items', {}), name + 'Item')}]"
        if kind == "object" and "properties" in schema:
            self.add(name, schema)
            return name
        return self.simple(str(kind))

    @staticmethod
    def simple(kind: str) -> str:
        """A type that needs no class."""
        known = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
        return known.get(kind, "Dict[str, Any]" if kind == "object" else "Any")

    def add(self, name: str, schema: Schema) -> None:
        """The class of an object."""
        if name in self.classes:
            return
        self.classes[name] = ""
        if schema.get("type") != "object" or "properties" not in schema:
            self.classes[name] = f"{name} = {self.type_of(schema, name + 'Value')}"
            return
        required = set(schema.get("required", []))
        fields = {
            key: self.type_of(value, name + key[0].upper() + key[1:])
            for key, value in schema["properties"].items()
        }
        always = {key: kind for key, kind in fields.items() if key in required}
        maybe = {key: kind for key, kind in fields.items() if key not in required}
        # The form of a call takes keys that are no names: `from`, `not`.
        parts = []
        base = ""
        if maybe and always:
            parts.append(self.typed(f"_{name}", maybe, "TypedDict, total=False"))
            base = f"_{name}, TypedDict"
        elif maybe:
            base = "TypedDict, total=False"
        else:
            base = "TypedDict"
        parts.append(self.typed(name, always or maybe, base))
        # Behind those that it needs.
        del self.classes[name]
        self.classes[name] = "\n\n\n".join(parts)

    @staticmethod
    def typed(name: str, fields: dict[str, str], base: str) -> str:
        """One class."""
        lines = [f"    {key}: {kind}" for key, kind in fields.items()] or ["    pass"]
        return "\n".join([f"class {name}({base}):", *lines])


def text() -> str:
    """The whole module."""
    schemas = json.loads((HERE.parent / "openapi.json").read_text())["components"]["schemas"]
    models = Models(schemas)
    for name in USED:
        models.add(name, schemas[name])
    names = [name for name in schemas if models.classes.get(name)]
    listed = "[\n" + "".join(f'    "{name}",\n' for name in sorted(names)) + "]"
    body = "\n\n\n".join(one for one in models.classes.values() if one)
    return f"{HEAD.replace('{names}', listed)}\n\n{body}\n"


if __name__ == "__main__":
    TARGET.write_text(text())
