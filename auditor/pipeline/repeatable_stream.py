"""A stream of findings or gaps that is made anew each time it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RepeatableStream(Generic[T]):
    """An iterable that creates its items again for each iteration, as the streams of a report do."""

    make: Callable[[], Iterator[T]]

    def __iter__(self) -> Iterator[T]:
        return self.make()
