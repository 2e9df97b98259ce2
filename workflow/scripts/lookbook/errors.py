"""The errors that a user can correct. Scripts print their message without a traceback."""


class ConfigError(Exception):
    """The configuration is wrong; the message names the file, the key and the remedy."""


class DatasetError(Exception):
    """Images are missing, damaged or not what they claim to be; the message names the file or key and the remedy."""


class ResultError(Exception):
    """A result file is missing, damaged or made from something else; the message names it and the remedy."""
