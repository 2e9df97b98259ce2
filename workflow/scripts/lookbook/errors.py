"""The error that a person can mend: shown without a traceback, always with a remedy."""


class ConfigError(Exception):
    """Something in the configuration is wrong; the message names the file, the key and the remedy."""
