"""Values: dataclasses that nobody changes, as the type checker sees to.

What Python does to keep a frozen dataclass from being changed makes its constructor four times as
slow, and a query that has to be asked for goes through fifteen of them: it was an eighth of all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, dataclass_transform

T = TypeVar("T")


if TYPE_CHECKING:

    @dataclass_transform(frozen_default=True, field_specifiers=(field,))
    def value(kind: type[T]) -> type[T]:
        """A dataclass with slots that can be compared and hashed."""

else:
    value: Callable[[type], type] = dataclass(slots=True, unsafe_hash=True)
