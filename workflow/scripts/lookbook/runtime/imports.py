"""Import a large package cheaply: without what it would only look for, and without a search for garbage."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lean_imports(*unused: str) -> Iterator[None]:
    """Hide packages that are not imported yet from the imports of a block, as if they were not installed.

    What is imported lives as long as the process; looking for garbage among its hundreds of thousands of objects, now
    and at every later collection, would cost more than any garbage does. So the collector leaves it alone.

    Args:
        unused: packages that an import of the block tries, and of which this process uses nothing through it.
    """
    hidden = [name for name in unused if name not in sys.modules]
    # None makes an import fail as if the package were not installed.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    gc.disable()
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
        gc.freeze()
        gc.enable()
