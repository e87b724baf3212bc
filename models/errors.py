"""The errors of the ``models`` package. Each message is one line and says what to do next.

::

    SwictationError
    +-- BundleError       a model directory that an engine must not be given
    +-- AudioFileError    a file that holds no audio that can be read
    +-- NoGpu             CUDA cannot be used
    +-- Stopped           nobody wants what was being decoded (models.stopping)
    +-- StoreError        a model cannot be had, kept or found
        +-- DownloadError     an address does not give the file that was asked for
        +-- ArchiveError      an archive is damaged, hostile or of another model
"""


class SwictationError(Exception):
    """Base of every error that swictation shows to its user as one line."""


class BundleError(SwictationError):
    """A model directory is incomplete, damaged or of another format."""


class AudioFileError(SwictationError):
    """A file cannot be read as audio."""


class NoGpu(SwictationError):
    """CUDA cannot be used; the message says why, and the CPU goes on."""


class StoreError(SwictationError):
    """A model cannot be had, kept or found; the message says what to do."""


class DownloadError(StoreError):
    """An address does not give the file that was asked for; what came of it is kept only to be resumed."""


class ArchiveError(StoreError):
    """An archive is damaged, hostile or of another model; nothing of it is kept."""
