"""One contender at one case, in a process of its own: reads ``{"steps": 8}`` lines, answers ``{"seconds": 0.5}`` lines.

The first line that it writes tells what it computes with. throughput.py starts it.
"""

import json
import os
import sys
import time
from importlib import import_module

from cases import CASES
from contenders import Settings


def main(contender: str, case: str, settings: str) -> None:
    """Train as many steps as each line asks for, until there are no more lines."""
    # What libraries print must not come between the answers.
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
