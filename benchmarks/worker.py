"""Run one contender on one case in its own process: reads ``{"steps": 8}`` lines, writes ``{"seconds": 0.5}`` lines.

The first line that it writes is the contender's facts. throughput.py starts it.
"""

import json
import os
import sys
import time
from importlib import import_module

from cases import CASES
from contenders import Settings


def main(contender: str, case: str, settings: str) -> None:
    """Train the number of steps that each line requests, until the input ends."""
    # Output of libraries goes to standard error, so that it is not mixed with the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(message: dict[str, object]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    train, facts = import_module(f"contenders.{contender}").ready(CASES[case], Settings(**json.loads(settings)))
    answer(facts)
    for line in sys.stdin:
        started = time.perf_counter()
        train(json.loads(line)["steps"])
        answer({"seconds": time.perf_counter() - started})


if __name__ == "__main__":
    main(*sys.argv[1:])
