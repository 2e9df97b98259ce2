"""The errors that a user can correct: shown without a traceback, always with a remedy."""


class ConfigError(Exception):
    """Something in the configuration is wrong; the message names the file, the key and the remedy."""


class DatasetError(Exception):
    """Images that are missing, damaged or not what they claim to be.

    The message names the file, folder or config key and says what to do; scripts print it without traceback.
    """
