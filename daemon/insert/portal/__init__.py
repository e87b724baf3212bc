"""Insertion on GNOME and KDE, by the desktop's portal."""
