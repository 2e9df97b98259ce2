"""Hide known messages of TensorFlow and XLA that concern no user.

Their C++ code writes to the file descriptor of standard error before its log level can be set, so that Python cannot
filter them. A separate process does, because messages of this process must not get lost if it is killed.
"""

import atexit
import contextlib
import os
import shutil
import subprocess
import sys

# Tested with TensorFlow 2.21. Every other message is kept.
HIDDEN = (
    "All log messages before absl::InitializeLog() is called are written to STDERR",
    "oneDNN custom operations are on",
    "This TensorFlow binary is optimized to use available CPU instructions",
    "To enable the following instructions",
    # At each use of a stored compilation, although it was made on the same processor.
    "could lead to execution errors such as SIGILL",
    "Error parsing text-format tensorflow.XlaSerializedCacheEntry",
)


def hide_known_messages() -> None:
    """Pass standard error of this process through ``grep``, which leaves out lines with one of ``HIDDEN``.

    Without ``grep`` nothing is hidden. It has a session of its own, so that Ctrl-C does not end it first.
    """
    if (grep := shutil.which("grep")) is None:
        return
    sys.stderr.flush()
    patterns = [argument for text in HIDDEN for argument in ("-e", text)]
    command = [grep, "--line-buffered", "--text", "--fixed-strings", "--invert-match", *patterns]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=2, start_new_session=True)
    assert process.stdin is not None
    unfiltered = os.dup(2)
    os.dup2(process.stdin.fileno(), 2)
    process.stdin.close()
    atexit.register(_show_the_rest, process, unfiltered)


def _show_the_rest(process: subprocess.Popen[bytes], unfiltered: int) -> None:
    """Wait until the filter has written everything, so that nothing appears after the end of this process.

    A child process that has inherited standard error keeps the filter alive, so the wait is limited.
    """
    sys.stderr.flush()
    os.dup2(unfiltered, 2)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
