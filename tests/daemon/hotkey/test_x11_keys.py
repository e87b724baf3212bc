"""Which key codes and modifier masks a chord means on a keyboard map."""

import pytest
from Xlib import XK, X

from daemon.errors import HotkeyError
from daemon.hotkey.keys import NAMES, Chord, parse
from daemon.hotkey.x11_keys import Keyboard, bind, keysyms

SHIFT, LOCK, CONTROL, ALT, NUM, _, SUPER, _ = (1 << bit for bit in range(8))


def keyboard(num_lock_row=4, **codes):
    """A keyboard with the given ``keysym=[(code, column)]`` besides the modifiers."""
    modifiers = [[50], [66], [37], [64], [], [], [133], []]
    modifiers[num_lock_row].append(77)
    always = {"Alt_L": [(64, 0)], "Super_L": [(133, 0)], "Num_Lock": [(77, 0)]}
    return Keyboard({XK.string_to_keysym(name): places for name, places in {**always, **codes}.items()}, modifiers)


def test_every_combination_of_the_locks_is_grabbed():
    binding = bind(parse("F9"), keyboard(F9=[(75, 0)]))
    assert binding.codes == {75}
    assert binding.held == 0
    assert binding.masks == {0, LOCK, NUM, LOCK | NUM}


def test_num_lock_is_found_where_the_map_has_it():
    assert bind(parse("F9"), keyboard(num_lock_row=7, F9=[(75, 0)])).masks == {0, LOCK, 128, LOCK | 128}


def test_modifiers():
    binding = bind(parse("ctrl+alt+shift+super+d"), keyboard(d=[(40, 0)]))
    assert binding.held == CONTROL | ALT | SHIFT | SUPER
    assert all(mask & binding.held == binding.held for mask in binding.masks)


def test_alt_has_its_usual_bit_where_the_map_does_not_say():
    nothing = Keyboard({ord("d"): [(40, 0)]}, [[0]] * 8)
    assert bind(parse("alt+d"), nothing).held == X.Mod1Mask
    assert bind(parse("super+d"), nothing).held == X.Mod4Mask


def test_all_keys_that_carry_the_keysym_and_both_layouts():
    assert bind(parse("ctrl+d"), keyboard(d=[(40, 0), (99, 2), (12, 1), (13, 4)])).codes == {40, 99}


def test_a_third_layout_counts_if_no_other_has_the_key():
    assert bind(parse("ctrl+d"), keyboard(d=[(40, 4)])).codes == {40}


def test_a_key_that_needs_shift_is_not_there():
    with pytest.raises(HotkeyError, match=r"no key Ctrl\+D"):
        bind(parse("ctrl+d"), keyboard(d=[(40, 1)]))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_a_keysym(name):
    assert keysyms(Chord(name).key)
    assert 0 not in keysyms(name)
