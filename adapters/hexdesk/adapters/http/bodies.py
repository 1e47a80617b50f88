"""Request bodies: JSON, decoded once and strictly."""

from collections.abc import Generator
from typing import Any, ClassVar, cast

from litestar.dto import AbstractDTO, DTOFieldDefinition
from litestar.typing import FieldDefinition

from hexdesk.adapters.http.values import decoded


class StrictJSON(AbstractDTO[Any]):
    """Decodes a body straight into the Struct that the handler names.

    Litestar's own way decodes it into dicts first and then converts leniently: a text that holds
    a number would pass for a number.
    """

    _shapes: ClassVar[dict[str, Any]] = {}

    @classmethod
    def create_for_field_definition(
        cls,
        field_definition: FieldDefinition,
        handler_id: str,
        backend_cls: Any = None,  # noqa: ARG003  Litestar's signature
    ) -> None:
        """Remember what the handler takes."""
        cls._shapes[handler_id] = field_definition.annotation

    def decode_bytes(self, value: bytes) -> Any:
        """Read the body."""
        handler_id: str = cast("Any", self).asgi_connection.route_handler.handler_id
        return decoded(value, self._shapes[handler_id])

    @classmethod
    def generate_field_definitions(
        cls,
        model_type: type[Any],  # noqa: ARG003  Litestar's signature
    ) -> Generator[DTOFieldDefinition, None, None]:
        """Generate none: nothing is renamed or left out."""
        yield from ()

    @classmethod
    def detect_nested_field(
        cls,
        field_definition: FieldDefinition,  # noqa: ARG003  Litestar's signature
    ) -> bool:
        """Tell that there are none, as nothing is taken apart."""
        return False
