"""Figures as an operator reads them."""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from integrations_app.operators.figures import Figures

LONGEST_MS = 10_000  # beyond Prometheus' last bound nothing is estimated
NOTHING = "–"
LOOKED_UP = {
    "one": "one customer",
    "several": "several customers",
    "none": "nobody",
    "list": "a list",
    "bad-input": "not readable",
}


def told(figures: Figures) -> Mapping[str, str]:
    """One column of an environment's table, from top to bottom."""
    return {
        "Calls to Stigg": f"{figures.calls:,}",
        "Half of its answers came within": milliseconds(figures.stigg_ms(0.5)),
        "95 in 100 answers came within": milliseconds(figures.stigg_ms(0.95)),
        "Failed calls": tally(figures.errors),
        "Cool-downs begun": tally(figures.of("cool-down")),
        "Calls not made (cooling down, or busy)": tally(figures.of("not-asked")),
        "Answered from copies": tally(figures.of("copies")),
        "Look-ups": tally(figures.lookups, LOOKED_UP),
        "From look-up to opened link": _to_link(figures),
        "Wrong links reported": tally(figures.wrong_links),
    }


def tally(counted: Counter[str], words: Mapping[str, str] = MappingProxyType({})) -> str:
    """The sum and its parts: "12: timeout 8, unavailable 4"."""
    parts = [f"{words.get(name, name)} {count:,}" for name, count in counted.most_common()]
    return f"{counted.total():,}: {', '.join(parts)}" if parts else "none"


def milliseconds(found: float | None) -> str:
    if found is None:
        return NOTHING
    if found > LONGEST_MS:
        return "over 10 s"
    return f"{found:.0f} ms" if found < 1000 else f"{found / 1000:.2g} s"


def _to_link(figures: Figures) -> str:
    half, most = figures.to_link_seconds(0.5), figures.to_link_seconds(0.9)
    if half is None or most is None:
        return "no link opened"
    count = len(figures.to_link)
    return f"half within {_spoken(half)}, 9 in 10 within {_spoken(most)}, of {count:,}"


def _spoken(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
