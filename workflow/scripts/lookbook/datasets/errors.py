"""The error that a user can act on."""


class DatasetError(Exception):
    """Images that are missing, damaged or not what they claim to be.

    The message names the file, folder or config key and says what to do; scripts print it without traceback.
    """
