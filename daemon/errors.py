"""The errors of the daemon, its workers and its command line. Each message is one line and says what to do next.

::

    SwictationError                (models.errors)
    +-- ConfigError                the configuration file, every fault named at once
    +-- MicrophoneError            no such device, or it cannot be opened
    |   +-- MicrophoneLost         it ended or stalled while it was recording
    +-- WorkerError                a worker process cannot do what it was asked
    |   +-- WorkerDied             it ended while a request was open
    |   +-- DeadlinePassed         it did not answer in time and was killed
    |   +-- DeviceLost             it lost its GPU, or the memory of it
    +-- HotkeyError                the key cannot be had
    |   +-- KeyTaken               another program holds it
    +-- AutostartError             starting on login cannot be switched
    +-- PortalError                the desktop's portal did not do what it was asked
    |   +-- PortalRefused          the user said no
    +-- NoDaemon                   nobody listens on the socket
    +-- RequestRefused             the daemon answered with an error
    +-- UnsafeDirectory            a private directory that others could reach
"""

from models.errors import AudioFileError, BundleError, SwictationError

__all__ = [
    "AudioFileError",
    "AutostartError",
    "BundleError",
    "ConfigError",
    "DeadlinePassed",
    "DeviceLost",
    "HotkeyError",
    "KeyTaken",
    "MicrophoneError",
    "MicrophoneLost",
    "NoDaemon",
    "PortalError",
    "PortalRefused",
    "RequestRefused",
    "SwictationError",
    "UnsafeDirectory",
    "WorkerDied",
    "WorkerError",
]


class ConfigError(SwictationError):
    """The configuration file has faults; the message names every one with its dotted key."""


class MicrophoneError(SwictationError):
    """A microphone does not exist or cannot be opened; the message lists those that can."""


class MicrophoneLost(MicrophoneError):
    """The microphone ended or stalled in mid-recording; what was captured before it is good."""


class WorkerError(SwictationError):
    """A worker process reported that it cannot do what it was asked."""


class WorkerDied(WorkerError):
    """A worker process ended while a request to it was open."""


class DeadlinePassed(WorkerError):
    """A worker process did not answer within its deadline and was killed."""


class DeviceLost(WorkerError):
    """A worker process lost its GPU, or found no memory on it; the CPU can do what it was asked."""


class HotkeyError(SwictationError):
    """The hotkey cannot be bound; the message names the key and the reason."""


class KeyTaken(HotkeyError):
    """Another program already holds the key."""


class AutostartError(SwictationError):
    """Starting on login cannot be switched on or off, or how it stands cannot be read."""


class PortalError(SwictationError):
    """The desktop's portal did not do what it was asked, or is not there."""


class PortalRefused(PortalError):
    """The user said no to what the portal asked for us."""


class NoDaemon(SwictationError):
    """No daemon answers on the socket."""


class RequestRefused(SwictationError):
    """The daemon answered a request with an error; the message is the daemon's."""


class UnsafeDirectory(SwictationError):
    """A private directory is a link, belongs to someone else, or is open to others."""
