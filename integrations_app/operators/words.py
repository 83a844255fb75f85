"""Figures as an operator reads them."""

import math
from collections import Counter
from collections.abc import Mapping

from integrations_app.operators.figures import Figures

LONGEST_MS = 10_000  # beyond Prometheus' last bound nothing is estimated
NOTHING = "–"
IN_WORDS = {  # what came of look-ups; the other outcomes speak for themselves
    "one": "one customer",
    "several": "several customers",
    "none": "nobody",
    "list": "a list",
    "elsewhere": "from another environment",
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
        "Calls not made": tally(figures.of("not-asked")),
        "Answered from copies": tally(figures.of("copies")),
        "Look-ups": tally(figures.lookups),
        "From look-up to opened link": _to_link(figures),
        "Wrong links reported": tally(figures.wrong_links),
    }


def tally(counted: Counter[str]) -> str:
    """The sum and its parts: "12: timeout 8, unavailable 4"."""
    parts = [f"{IN_WORDS.get(name, name)} {count:,}" for name, count in counted.most_common()]
    return f"{counted.total():,}: {', '.join(parts)}" if parts else "none"


def milliseconds(found: float | None) -> str:
    if found is None:
        return NOTHING
    if found > LONGEST_MS:
        return "over 10 s"
    return f"{found:.0f} ms" if found < 1000 else f"{found / 1000:.2g} s"


def _to_link(figures: Figures) -> str:
    """The nearest ranks."""
    ranked = sorted(figures.to_link)
    if not ranked:
        return "no link opened"
    half, most = (_spoken(ranked[math.ceil(share * len(ranked)) - 1]) for share in (0.5, 0.9))
    return f"half within {half}, 9 in 10 within {most}, of {len(ranked):,}"


def _spoken(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
