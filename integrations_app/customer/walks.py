"""The order in which the pages of one list come: a page mark that leads in a circle ends the walk.

An address says only where it is, so the order is remembered beside the answers: the first page is
number 0, the page that `next` leads to one more, the page that `prev` leads to one less. A mark
that leads to the page itself, forward to a page with a lower number, or back to one with a higher,
has been walked before. Marks of pages that nobody came to from the first page are not judged.
"""

from dataclasses import replace
from hashlib import sha256

from integrations_app.stigg import Page
from integrations_app.upstream.visit import Memory

REMEMBERED_SECONDS = 600
START = "start"


def without_circles(memory: Memory, walk: str, here: str, page: Page) -> Page:
    """The page without the cursors that lead in a circle.

    `here` is `after:…`, `before:…` or START.
    """
    if not page.next and not page.prev:
        return page
    # It names a customer, and caches take few characters in a name.
    walk = f"walk:{sha256(walk.encode()).hexdigest()[:32]}"
    numbers: dict[str, int] = memory.get(walk) or {START: 0}
    ahead, back = f"after:{page.next}", f"before:{page.prev}"
    number = numbers.get(here)
    if page.next and (
        ahead == here or (number is not None and numbers.get(ahead, number + 1) < number)
    ):
        page = replace(page, next=None)
    if page.prev and (
        back == here or (number is not None and numbers.get(back, number - 1) > number)
    ):
        page = replace(page, prev=None)
    if number is not None:
        memory.set(walk, {ahead: number + 1, back: number - 1, **numbers}, REMEMBERED_SECONDS)
    return page
