"""What stands for Stigg beside the honest peer: it costs next to nothing, and answers when it is
told to. A process of its own.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

SAMPLE = "meridian-group"  # 137 integrations, 20 on the page
HEAD_END = b"\r\n\r\n"


class Answers(NamedTuple):
    """Stigg's, of SAMPLE."""

    listed: bytes
    customer: bytes
    states: bytes


class StandIn(asyncio.Protocol):
    """Answers each question about any customer as Stigg does for SAMPLE, after `delay` seconds."""

    def __init__(self, answers: Answers, delay: float) -> None:
        self.answers, self.delay, self.received = answers, delay, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end, body = self.received.partition(HEAD_END)
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if end and len(body) >= int(length[1] if length else 0):
            self.received = b""
            asyncio.get_running_loop().call_later(self.delay, self._answer, head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        path = head.split(b" ", 2)[1]
        if path.startswith(b"/graphql"):
            customer = next(iter(json.loads(body)["variables"].values()))
            name = customer["customerId"] if isinstance(customer, dict) else customer
            found = self.answers.states.replace(SAMPLE.encode(), name.encode())
        else:
            name = path.split(b"/")[4].split(b"?")[0]
            answer = self.answers.listed if b"/integrations" in path else self.answers.customer
            found = answer.replace(SAMPLE.encode(), name)
        fields = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self.transport.write(fields % len(found) + found)


async def stand_in() -> None:
    """A process of its own; it reads what it is to say, and says its address."""
    told = json.loads(sys.stdin.readline())
    answers = Answers(*(answer.encode() for answer in told["answers"]))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: StandIn(answers, told["delay"]), "127.0.0.1", 0, backlog=500
    )
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


@contextmanager
def stigg(answers: Answers, delay: int) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    told = {"answers": [answer.decode() for answer in answers], "delay": delay / 1000}
    print(json.dumps(told), file=process.stdin, flush=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    asyncio.run(stand_in())
