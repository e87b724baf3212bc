"""What the bench starts and has to end whatever happens."""

from __future__ import annotations

from abc import ABC, abstractmethod
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
