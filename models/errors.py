"""The errors of the ``models`` package. Each message is one line and says what to do next.

::

    SwictationError
    +-- BundleError       a model directory that an engine must not be given
    +-- AudioFileError    a file that holds no audio that can be read
"""


class SwictationError(Exception):
    """Base of every error that swictation shows to its user as one line."""


class BundleError(SwictationError):
    """A model directory is incomplete, damaged or of another format."""


class AudioFileError(SwictationError):
    """A file cannot be read as audio."""
