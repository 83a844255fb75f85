"""A simulated Stigg API: a server of its own, with its data and its faults, on the standard library
alone.

It shares no line with the desk's client, or one misunderstanding of the contract would pass twice.
"""

# `documents` reads GraphQL and does not know the client's queries by heart, so that tests see what
# a query asks for, and one that asks for what the schema lacks is refused as Stigg refuses it.

from .api import KEYS, REST_ONLY_KEYS, TOKENS
from .named import EXAMPLES
from .server import Simulator, start

__all__ = ["EXAMPLES", "KEYS", "REST_ONLY_KEYS", "TOKENS", "Simulator", "start"]
