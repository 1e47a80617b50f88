"""JSON schemas of what goes in and out."""

from typing import Any

import msgspec

REFERENCE = "#/components/schemas/"
TEMPLATE = REFERENCE + "{name}"
Schema = dict[str, Any]


class Schemas:
    """Collects the schemas that a document refers to."""

    def __init__(self) -> None:
        """Start with none."""
        self._taken: dict[str, Schema] = {}
        self._given: dict[str, Schema] = {}

    def taken(self, shape: Any) -> Schema:
        """Return the schema of what callers send."""
        return self._collect(shape, self._taken)

    def given(self, shape: Any) -> Schema:
        """Return the schema of what they get."""
        return self._collect(shape, self._given)

    def fields(self, shape: type[msgspec.Struct]) -> dict[str, Schema]:
        """Return the schemas of a Struct's fields, where the Struct itself is not to be seen."""
        (root,), components = msgspec.json.schema_components([shape], ref_template=TEMPLATE)
        own = components.pop(root["$ref"].removeprefix(REFERENCE))
        self._taken.update(components)
        return own["properties"]

    def components(self) -> dict[str, Schema]:
        """Return every schema by name."""
        only_given = self._given.keys() - self._taken.keys()
        for name in only_given:
            _complete(self._given[name])
        return dict(sorted({**self._given, **self._taken}.items()))

    def _collect(self, shape: Any, collected: dict[str, Schema]) -> Schema:
        (root,), components = msgspec.json.schema_components([shape], ref_template=TEMPLATE)
        collected.update(components)
        return root


def _complete(schema: Schema) -> None:
    """Say of an answer what msgspec cannot know: defaults are written out, times have a form."""
    properties: dict[str, Schema] = schema.get("properties", {})
    if "required" in schema:
        always = {name for name, field in properties.items() if "default" in field}
        schema["required"] = [
            name for name in properties if name in always or name in schema["required"]
        ]
    for name, field in properties.items():
        field.pop("default", None)
        if name.endswith("_at"):
            for one in field.get("anyOf", [field]):
                if one.get("type") == "string":
                    one["format"] = "date-time"
