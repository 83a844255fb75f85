"""A cache of one process, which has what `dashboard.cache` adds to Django's."""

from collections.abc import Mapping

from django.core.cache.backends.locmem import LocMemCache


class Cache(LocMemCache):
    set_soon = LocMemCache.set

    def count(self, key: str, timeout: float) -> int:
        """How often it was counted within so many seconds, this time too."""
        return self._count(key, 1, timeout)

    def write(
        self, kept: Mapping[str, tuple[object, float]], counts: Mapping[str, tuple[int, float]]
    ) -> dict[str, int]:
        for key, (value, timeout) in kept.items():
            self.set(key, value, timeout)
        return {key: self._count(key, *more) for key, more in counts.items()}

    def _count(self, key: str, number: int, timeout: float) -> int:
        return number if self.add(key, number, timeout) else self.incr(key, number)
