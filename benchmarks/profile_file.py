"""Read what TensorFlow's profiler writes: the operations of a trace and how long each took."""

from collections import Counter
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# The part of tsl/profiler/protobuf/xplane.proto that is read, as (field, number, type); TensorFlow ships no Python
# class for it.
MESSAGES: dict[str, list[tuple[str, int, type | str]]] = {
    "Space": [("planes", 1, "Plane")],
    "Plane": [("name", 2, str), ("lines", 3, "Line"), ("event_metadata", 4, "Entry")],
    "Entry": [("key", 1, int), ("value", 2, "Metadata")],
    "Metadata": [("id", 1, int), ("name", 2, str)],
    "Line": [("events", 4, "Event")],
    "Event": [("metadata_id", 1, int), ("duration_ps", 3, int)],
}
SINGLE = {"value"}


def seconds_by_operation(folder: Path) -> Counter[str]:
    """Return the seconds that each operation of a trace took, by ``scope/name:Type``.

    Args:
        folder: that ``tf.profiler.experimental.start`` was given.
    """
    (path,) = folder.rglob("*.xplane.pb")
    spent: Counter[str] = Counter()
    for plane in _space().FromString(path.read_bytes()).planes:
        names = {entry.key: entry.value.name for entry in plane.event_metadata}
        for line in plane.lines:
            for event in line.events:
                name = names[event.metadata_id]
                # Everything else on these lines is the runtime's own, and contains the operations.
                if ":" in name and "::" not in name and ": " not in name:
                    spent[name] += event.duration_ps / 1e12
    return spent


def _space() -> type:
    field_type = descriptor_pb2.FieldDescriptorProto
    scalars = {int: field_type.TYPE_INT64, str: field_type.TYPE_STRING}
    file = descriptor_pb2.FileDescriptorProto(name="trace.proto", package="trace", syntax="proto3")
    for message, fields in MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, number, kind in fields:
            if kind in scalars:
                described.field.add(name=name, number=number, type=scalars[kind], label=field_type.LABEL_OPTIONAL)
            else:
                label = field_type.LABEL_OPTIONAL if name in SINGLE else field_type.LABEL_REPEATED
                described.field.add(
                    name=name, number=number, type=field_type.TYPE_MESSAGE, type_name=f".trace.{kind}", label=label
                )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("trace.Space"))
