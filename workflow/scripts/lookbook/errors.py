"""The errors that a user can correct. Scripts print their message without a traceback."""

MAXIMUM_LENGTH = 2000


class _UserError(Exception):
    """An error with a message of limited length: input that it repeats may be long."""

    def __init__(self, message: str) -> None:
        half = MAXIMUM_LENGTH // 2
        # The file and key stand at the beginning, the remedy at the end.
        super().__init__(message if len(message) <= MAXIMUM_LENGTH else f"{message[:half]} ... {message[-half:]}")


class ConfigError(_UserError):
    """The configuration is wrong; the message names the file, the key and the remedy."""


class DatasetError(_UserError):
    """Images are missing, damaged or not what they claim to be; the message names the file or key and the remedy."""


class ResultError(_UserError):
    """A result file is missing, damaged or made from something else; the message names it and the remedy."""
