"""The tray's entry: ``python -m gui tray``, which is also what the frozen program ``swictation-tray`` runs."""

from __future__ import annotations

import sys

_USAGE = "usage: swictation tray"


def main() -> int:
    """Run the tray; the exit status is 0 for an end that was asked for, 1 for an error, 2 for wrong usage."""
    if sys.argv[1:] == ["_probe"]:
        from gui import probe_window

        return probe_window.main()
    if sys.argv[1:] not in ([], ["tray"]):
        print(_USAGE, file=sys.stderr)
        return 2
    from gui import app

    return app.main()


if __name__ == "__main__":
    sys.exit(main())
