"""Stop the clocks of a training job, so that two runs of it write the same durations and dates."""

import datetime
import sys
import time

if any(argument.endswith("train_trial.py") for argument in sys.orig_argv):

    class FrozenDatetime(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 1, 1, tzinfo=tz)

    datetime.datetime = FrozenDatetime
    time.perf_counter = time.process_time = lambda: 0.0
