"""What decodes a response is given to it from above."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from ovhcore.protocol.messages import Request, Response
from ovhcore.protocol.responses.requests_names import RequestsNames


class Plain(RequestsNames):
    def __init__(self) -> None:
        self.status, self.body = 200, b"{}"


def test_what_is_given_no_decoder_says_so() -> None:
    with pytest.raises(RuntimeError, match="import ovhcore"):
        Plain().value()


@pytest.mark.parametrize(
    "code",
    [
        "from ovhcore import Response; print(Response(200, {}, b'[1]').value())",
        "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read()).value())",
    ],
)
def test_a_new_process_can_decode_responses(code: str) -> None:
    sent = pickle.dumps(Response(200, {}, b"[1]").answering(Request("GET", "https://x/y")))
    done = subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True, check=True)
    assert done.stdout.split() == [b"[1]"]
