"""What was worked out of Stigg's answers, for those who want the same while these are fresh."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

Made = TypeVar("Made")


@dataclass(slots=True)
class Kept(Generic[Made]):
    """The last few values of this process, each under all that it was made of."""

    most: int
    _values: OrderedDict[Hashable, Made] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def get_or_make(self, of: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` raises is not kept. Two at once may both make it."""
        with self._lock:
            if of in self._values:
                self._values.move_to_end(of)
                return self._values[of]
        made = make()
        with self._lock:
            self._values[of] = made
            while len(self._values) > self.most:
                self._values.popitem(last=False)
        return made
