"""How a shape is written: a pydantic model whose fields say where in a record they come from.

`start: int = of("span.start")` is the whole of one field: its name and type in JSON, its place in the record, what the
documentation says of it and its limits. `Shape.from_record` reads the record, `model_dump` gives the values of the
JSON, and FastAPI makes OpenAPI of the same model.

pydantic is slow to import, so `rag.render` itself does not import the shapes: commands do when JSON is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from pydantic import AliasPath, BaseModel, ConfigDict, Field, model_validator

from rag.render.json_text import Body, has_half_character


class Shape(BaseModel):
    """A response. It has nothing that is not described, and every field is always there."""

    model_config = ConfigDict(
        extra="forbid",
        from_attributes=True,
        validate_by_name=True,
        validate_by_alias=True,
        json_schema_serialization_defaults_required=True,
    )

    @classmethod
    def from_record(cls, record: object) -> Self:
        """The shape of a record. Raises pydantic's ValidationError for one that does not fit: a mistake of ours."""
        return cls.model_validate(record)


class GivenShape(BaseModel):
    """What somebody gives. No unknown fields: a misspelt option is an error. No half characters, which UTF-8 lacks."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="after")
    def _refuse_half_characters(self) -> Self:
        for name, value in self:
            texts = value if isinstance(value, list) else [value]
            if any(isinstance(text, str) and has_half_character(text) for text in texts):
                raise ValueError(f"{name} holds a code point from U+D800 to U+DFFF, which is no character.")
        return self


def of(path: str, **more: Any) -> Any:
    """A field that is read from another place of the record than its own name: "place.span.start".

    `more` is what pydantic's `Field` takes.
    """
    return Field(validation_alias=AliasPath(*path.split(".")), **more)


def made_of(make: Callable[[dict[str, Any]], object]) -> Any:
    """A field that `make` makes of the values of the fields before it."""
    return Field(default_factory=make)


def body_of(shape: type[Shape], record: object) -> Body:
    """A record in a shape, ready for JSON."""
    return shape.from_record(record).model_dump()
