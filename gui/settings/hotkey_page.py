"""The page of the hotkey and of what it begins."""

from __future__ import annotations

from gui.settings.controls import Number, Switch
from gui.settings.key_field import KeyField
from gui.settings.page import Page
from gui.settings.values import Values


class HotkeyPage(Page):
    """Which key, how long a press is a hold, how long the microphone may stay open, and hands-free from the start."""

    def __init__(self, values: Values) -> None:
        super().__init__("Hotkey")
        key = KeyField(values.link)
        field = self.field(
            values, "hotkey.key", "&Key", key, "Hold it and speak; or tap it to start, and tap it again to stop."
        )
        explained = field.words.text()
        key.said.connect(lambda line, fault: field.words.tell(line or explained, fault=fault))
        self.field(
            values, "hotkey.hold_ms", "&Hold", Number("ms", step=50), "Pressed at least so long it is push to talk."
        )
        self.field(
            values,
            "hotkey.max_recording_s",
            "&Longest dictation",
            Number("s", step=5),
            "Then the microphone closes by itself; what was said until then is inserted.",
        )
        self.field(
            values,
            "dictation.hands_free",
            "",
            Switch("Start hands-&free with swictation"),
            "The microphone is open from the start; every sentence is inserted when it ends.",
        )
        self.end()
