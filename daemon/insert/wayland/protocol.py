"""The Wayland interfaces that insertion uses: their requests and events in the order of their opcodes.

Each stands as ``name:signature``, and a signature has a letter for each argument: ``i`` int, ``u`` uint, ``f`` fixed,
``s`` string, ``o`` object, ``n`` new object, ``a`` array, ``h`` file descriptor. Requests stand here up to the last
that is used.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interface:
    """Signatures by name, in the order of the opcodes; ``makes`` has the interface of the object an event brings."""

    name: str
    requests: Mapping[str, str]
    events: Mapping[str, str]
    makes: Mapping[str, Interface]


def _interface(name: str, requests: str = "", events: str = "", **makes: Interface) -> Interface:
    return Interface(name, _signatures(requests), _signatures(events), makes)


def _signatures(table: str) -> dict[str, str]:
    return {name: signature for name, _, signature in (entry.partition(":") for entry in table.split())}


DISPLAY = _interface("wl_display", "sync:n get_registry:n", "error:ous delete_id:u")
CALLBACK = _interface("wl_callback", "", "done:u")
REGISTRY = _interface("wl_registry", "bind:usun", "global:usu global_remove:u")
SEAT = _interface("wl_seat", "", "capabilities:u name:s")

KEYBOARD = _interface("zwp_virtual_keyboard_v1", "keymap:uhu key:uuu modifiers:uuuu")
KEYBOARD_MANAGER = _interface("zwp_virtual_keyboard_manager_v1", "create_virtual_keyboard:on")

# ext_data_control has the same opcodes as version 2 of zwlr_data_control.
OFFER = _interface("data_control_offer", "receive:sh destroy", "offer:s")
SOURCE = _interface("data_control_source", "offer:s destroy", "send:sh cancelled")
DEVICE = _interface(
    "data_control_device",
    "set_selection:o destroy set_primary_selection:o",
    "data_offer:n selection:o finished primary_selection:o",
    data_offer=OFFER,
)
_DATA_CONTROL = "create_data_source:n get_data_device:no"
DATA_CONTROL = _interface("ext_data_control_manager_v1", _DATA_CONTROL)
WLR_DATA_CONTROL = _interface("zwlr_data_control_manager_v1", _DATA_CONTROL)

TOPLEVEL = _interface(
    "zwlr_foreign_toplevel_handle_v1",
    "set_maximized unset_maximized set_minimized unset_minimized activate:o close set_rectangle:oiiii destroy",
    "title:s app_id:s output_enter:o output_leave:o state:a done closed parent:o",
)
TOPLEVELS = _interface("zwlr_foreign_toplevel_manager_v1", "stop", "toplevel:n finished", toplevel=TOPLEVEL)
ACTIVATED = 2  # of the states of a toplevel


def missing(offered: Container[str]) -> list[str]:
    """What insertion needs of a compositor and this one does not offer, as its users know it; empty if all is there."""
    needs = {
        "data-control": (DATA_CONTROL, WLR_DATA_CONTROL),
        "virtual-keyboard": (KEYBOARD_MANAGER,),
        "foreign-toplevel": (TOPLEVELS,),
    }
    return [name for name, any_of in needs.items() if not any(one.name in offered for one in any_of)]
