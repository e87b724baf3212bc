"""How each Wayland compositor binds a key to a command, where no program may listen to keys itself. Pure.

The syntax is that of sway(5), of Hyprland's wiki for 0.55 and later (before that: hyprlang), of riverctl(1), of niri's
wiki and of labwc-config(5); the others bind keys in their settings. Only sway's was run here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from daemon.hotkey.keys import MODIFIERS, Chord

_KEYSYMS = {
    "ctrl_r": "Control_R",
    "alt_r": "Alt_R",
    "shift_r": "Shift_R",
    "super_r": "Super_R",
    "scroll_lock": "Scroll_Lock",
    "mic_mute": "XF86AudioMicMute",
    "backspace": "BackSpace",
    "page_up": "Page_Up",
    "page_down": "Page_Down",
}
_AS_THEY_ARE = {"minus", "equal", "comma", "period", "slash", "backslash", "semicolon", "apostrophe", "grave"} | {
    *("bracketleft", "bracketright", "space")
}


@dataclass(frozen=True, slots=True)
class Bindings:
    """What a user of a compositor called ``title`` does: the lines, and ``where`` they go.

    ``toggle`` is tap to start, tap to stop; ``hold`` is for holding the key, empty where a release cannot be bound.
    Where ``by_hand``, ``toggle`` is a command to enter in the settings, not a line of a file.
    """

    title: str
    where: str
    toggle: tuple[str, ...]
    hold: tuple[str, ...] = ()
    by_hand: bool = False


def detect(environment: Mapping[str, str]) -> str | None:
    """Which of ``NAMES`` this session's compositor is; None for another one."""
    for variable, name in _VARIABLES.items():
        if environment.get(variable):
            return name
    desktops = environment.get("XDG_CURRENT_DESKTOP", "").lower().split(":")
    return next((name for name in NAMES if name in desktops), None)


def bindings(compositor: str, chord: Chord) -> Bindings:
    """The lines that bind ``chord`` in ``compositor``, one of ``NAMES``."""
    return _WRITERS[compositor](chord)


def for_session(environment: Mapping[str, str], chord: Chord) -> tuple[Bindings, ...]:
    """What the user of this session can do: both of Hyprland's languages, as it does not tell its version."""
    name = detect(environment)
    names = ("hyprland", "hyprlang") if name == "hyprland" else () if name is None else (name,)
    return tuple(bindings(each, chord) for each in names)


def hint(environment: Mapping[str, str], chord: Chord) -> str:
    """What the user can do where no key can be bound by us, in one line."""
    if (name := detect(environment)) is None:
        return "Wayland: bind `swictation toggle` to a key in the keyboard settings of the desktop"
    found = bindings(name, chord)
    if found.by_hand:
        return f"{found.title}: bind `swictation toggle` to a key in {found.where}"
    return f"{found.title} lets no program listen to keys: add `{found.toggle[0]}` to {found.where}"


def in_words(found: Bindings) -> str:
    """All of it as lines of text."""
    if found.by_hand:
        return f"In {found.where}, bind a key to the command\n\n" + "\n".join(f"    {line}" for line in found.toggle)
    blocks = [("tap to start, tap to stop", found.toggle), ("hold, speak, let go", found.hold)]
    told = [f"Add to {found.where}, for one of the two ways:" if found.hold else f"Add to {found.where}:"]
    for what, lines in blocks:
        if lines:
            told.append("\n".join([f"  {what}:", "", *(f"    {line}" for line in lines)]))
    return "\n\n".join(told)


def _sway(chord: Chord) -> Bindings:
    key = _joined(chord, {"ctrl": "Ctrl", "alt": "Mod1", "shift": "Shift", "super": "Mod4"})
    return Bindings(
        "sway",
        "~/.config/sway/config, then `swaymsg reload`",
        (f"bindsym --no-repeat {key} exec swictation toggle",),
        (f"bindsym --no-repeat {key} exec swictation start", f"bindsym --release {key} exec swictation stop"),
    )


def _hyprland(chord: Chord) -> Bindings:
    key = _joined(chord, {name: name.upper() for name in MODIFIERS}, " + ")

    def bind(verb: str, flags: str = "") -> str:
        return f'hl.bind("{key}", hl.dsp.exec_cmd("swictation {verb}"){flags})'

    hold = (bind("start"), bind("stop", ", { release = true }"))
    return Bindings("Hyprland", "~/.config/hypr/hyprland.lua", (bind("toggle"),), hold)


def _hyprlang(chord: Chord) -> Bindings:
    held = " ".join(name.upper() for name in MODIFIERS if name in chord.modifiers)
    key = f"{held}, {keysym(chord.key)}"
    hold = (f"bind = {key}, exec, swictation start", f"bindr = {key}, exec, swictation stop")
    where = "~/.config/hypr/hyprland.conf"
    return Bindings("Hyprland before 0.55", where, (f"bind = {key}, exec, swictation toggle",), hold)


def _river(chord: Chord) -> Bindings:
    names = {"ctrl": "Control", "alt": "Alt", "shift": "Shift", "super": "Super"}
    held = "+".join(names[name] for name in MODIFIERS if name in chord.modifiers) or "None"
    key = f"normal {held} {keysym(chord.key)} spawn"
    return Bindings(
        "river",
        "~/.config/river/init (river-classic)",
        (f"riverctl map {key} 'swictation toggle'",),
        (f"riverctl map {key} 'swictation start'", f"riverctl map -release {key} 'swictation stop'"),
    )


def _niri(chord: Chord) -> Bindings:
    key = _joined(chord, {name: name.capitalize() for name in MODIFIERS})
    line = f'{key} repeat=false {{ spawn "swictation" "toggle"; }}'
    return Bindings("niri", "the section binds { } of ~/.config/niri/config.kdl", (line,))


def _labwc(chord: Chord) -> Bindings:
    key = _joined(chord, {"ctrl": "C", "alt": "A", "shift": "S", "super": "W"}, "-")
    line = f'<keybind key="{key}"><action name="Execute" command="swictation toggle"/></keybind>'
    return Bindings("labwc", "the section <keyboard> of ~/.config/labwc/rc.xml, then `labwc --reconfigure`", (line,))


def _by_hand(title: str, where: str) -> Callable[[Chord], Bindings]:
    return lambda _chord: Bindings(title, where, ("swictation toggle",), by_hand=True)


_WRITERS: dict[str, Callable[[Chord], Bindings]] = {
    "sway": _sway,
    "hyprland": _hyprland,
    "hyprlang": _hyprlang,
    "river": _river,
    "niri": _niri,
    "labwc": _labwc,
    "cosmic": _by_hand("COSMIC", "Settings > Input Devices > Keyboard > Keyboard shortcuts > Custom"),
    "gnome": _by_hand("GNOME", "Settings > Keyboard > View and Customise Shortcuts > Custom Shortcuts"),
    "kde": _by_hand("KDE", "System Settings > Keyboard > Shortcuts > Add New > Command or Script"),
}
NAMES = tuple(_WRITERS)
_VARIABLES = {
    "SWAYSOCK": "sway",
    "HYPRLAND_INSTANCE_SIGNATURE": "hyprland",
    "NIRI_SOCKET": "niri",
    "LABWC_PID": "labwc",
}


def keysym(key: str) -> str:
    """The name that xkbcommon has for a key of ours."""
    return _KEYSYMS.get(key) or (key if key in _AS_THEY_ARE or len(key) == 1 else key.capitalize())


def _joined(chord: Chord, names: Mapping[str, str], sign: str = "+") -> str:
    held = [names[name] for name in MODIFIERS if name in chord.modifiers]
    return sign.join([*held, keysym(chord.key)])
