"""Read the traces of TensorFlow's profiler: how long each operation took."""

from collections import Counter
from pathlib import Path


def seconds_by_operation(folder: Path) -> Counter[str]:
    """Return the seconds that each operation of a trace took, by ``scope/name:Type``.

    Args:
        folder: the folder that was passed to ``tf.profiler.experimental.start``.
    """
    # Imported here because TensorFlow reads its environment variables when it is imported.
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    (path,) = folder.rglob("*.xplane.pb")
    spent: Counter[str] = Counter()
    for plane in xplane_pb2.XSpace.FromString(path.read_bytes()).planes:
        for line in plane.lines:
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name
                # Other events of these lines belong to the runtime and contain the operations.
                if ":" in name and "::" not in name and ": " not in name:
                    spent[name] += event.duration_ps / 1e12
    return spent
