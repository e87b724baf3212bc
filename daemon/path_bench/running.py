"""What the bench starts and has to end whatever happens."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self


class Running(ABC):
    """Runs from ``start`` to ``stop``; as a context manager it is stopped too if it does not come up."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def start(self) -> None:
        """Bring it up. Raises SwictationError."""

    @abstractmethod
    def stop(self) -> None:
        """End everything of it; what never came up is nothing to end."""


def end_all(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End the programs, the last to be started first; one that stays for 10 s is killed."""
    for process in reversed(processes):
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
