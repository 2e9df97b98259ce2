"""Import a large package without its optional dependencies and without garbage collection."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lean_imports(*unused: str) -> Iterator[None]:
    """Make packages that are not imported yet appear as not installed to the imports of a block.

    Imported objects live as long as the process. There are hundreds of thousands of them, and searching them for
    garbage, now and at every later collection, costs more than it frees, so the collector is told to skip them.

    Args:
        unused: packages that an import of the block tries, and that this process does not use through it.
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
