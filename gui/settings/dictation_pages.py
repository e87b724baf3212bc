"""The pages of what decides when an utterance ends, how its text is inserted, and what is kept of it."""

from __future__ import annotations

from gui.settings.controls import Choice, Number, Switch
from gui.settings.page import Page
from gui.settings.values import Values
from gui.settings.words import Words

_METHODS = {
    "auto": "Automatic",
    "x11": "X11: paste, with a receipt",
    "wayland": "Wayland: paste, with a receipt",
    "portal": "The desktop's portal",
    "pynput": "Paste by the system's keys",
    "none": "None: keep the text only",
}
# Key, label, unit, step and note.
_NUMBERS = (
    (
        "hangover_ms",
        "&Silence that ends it",
        "ms",
        50,
        "Hands-free: shorter inserts sooner, and may cut a pause for thought.",
    ),
    (
        "short_hangover_ms",
        "&After a full sentence",
        "ms",
        50,
        "Hands-free: a sentence that sounds finished needs no longer silence than this.",
    ),
    ("max_utterance_s", "&Longest utterance", "s", 1, "Longer speech without a pause is recognised in such pieces."),
    ("aggressiveness", "Noise &filter", "", 1, "0 to 3: raise it where noise begins utterances."),
    ("onset_ms", "Speech &begins after", "ms", 20, "Sounds shorter than this do not begin an utterance."),
    ("min_speech_ms", "Shortest &utterance", "ms", 20, "What has less speech than this is dropped as a noise."),
    ("pre_roll_ms", "&Kept from before", "ms", 50, "Audio from before speech was noticed: no first sound is lost."),
)


class SpeechPage(Page):
    """When speech begins and ends."""

    def __init__(self, values: Values) -> None:
        super().__init__("Speech")
        for key, label, unit, step, note in _NUMBERS:
            self.field(values, f"endpoint.{key}", label, Number(unit, step=step), note)
        self.field(
            values,
            "endpoint.speculate",
            "",
            Switch("&Decode at every pause"),
            "The text is there sooner, for some more work of the processor.",
        )
        self.end()


class TextPage(Page):
    """How a text gets to the cursor, and what is done to it before."""

    def __init__(self, values: Values) -> None:
        super().__init__("Text")
        self.field(
            values,
            "insert.method",
            "&Insertion",
            Choice(_METHODS),
            "Automatic takes the best way that works in this session.",
        )
        self.field(
            values,
            "insert.append_space",
            "",
            Switch("A &space after each text"),
            "Keeps two dictations that follow each other apart.",
        )
        self.field(
            values,
            "insert.newlines",
            "",
            Switch("Allow line &breaks"),
            "Off, a line break becomes a space: in a terminal or a chat it would send what stands there.",
        )
        self.field(
            values,
            "insert.refuse_passwords",
            "",
            Switch("Insert nothing into &password fields"),
            "As far as programs tell screen readers that it is one. The words are not written down either.",
        )
        self.end()


class PrivacyPage(Page):
    """What is kept."""

    def __init__(self, values: Values) -> None:
        super().__init__("Privacy")
        self.field(
            values,
            "history.keep_text",
            "",
            Switch("Keep the &texts of dictations"),
            "Off, only times and outcomes are kept, and a text is gone once it is inserted.",
        )
        self.field(
            values,
            "history.limit",
            "&Entries kept",
            Number("", step=1000),
            "The oldest go first. The history window deletes single ones, or all.",
        )
        self.row("", _note())
        self.end()


def _note() -> Words:
    return Words("Everything stays on this computer: nothing that you say, and nothing that was made of it, is sent.")
