"""The networks of ``torch_eager``, each compiled with ``torch.compile``; the warm-up compiles them."""

from collections.abc import Callable
from typing import Any

from cases import Case
from contenders import Settings, torch_eager


def ready(case: Case, settings: Settings) -> tuple[Callable[[int], None], dict[str, Any]]:
    """Return a function that trains a number of steps, and a dictionary of facts."""
    return torch_eager.ready(case, settings, compiled=True)
