"""Which microphone a name means."""

from __future__ import annotations

import pytest

from daemon.errors import MicrophoneError
from daemon.microphone.devices import Source, choose, on_server, sources

DESK = Source("alsa_input.usb-Desk_Mic-00.mono", "Desk Microphone")
HEADSET = Source("bluez_input.AA_BB", "Headset")
HEADSET_2 = Source("bluez_input.CC_DD", "Headset Pro")
MONITOR = Source("alsa_output.pci.monitor", "Monitor of Loudspeaker", monitor=True)
ALL = [DESK, HEADSET, HEADSET_2, MONITOR]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("alsa_input.usb-Desk_Mic-00.mono", DESK),
        ("Desk Microphone", DESK),
        ("desk", DESK),
        ("BLUEZ_INPUT.AA", HEADSET),
        ("Headset", HEADSET),  # exact comes before a part
        ("pro", HEADSET_2),
        ("loudspeaker", MONITOR),
    ],
)
def test_a_name_is_exact_or_the_only_one_with_that_part(wanted, found):
    assert choose(ALL, wanted) is found


def test_several_with_that_part_are_listed():
    with pytest.raises(MicrophoneError) as refused:
        choose(ALL, "bluez")
    assert str(refused.value) == (
        '"bluez" means more than one microphone: set microphone.device to one of '
        '"bluez_input.AA_BB" (Headset), "bluez_input.CC_DD" (Headset Pro)'
    )


def test_an_unknown_name_lists_all():
    with pytest.raises(MicrophoneError) as refused:
        choose([DESK, HEADSET], "lapel")
    assert str(refused.value) == (
        'there is no microphone "lapel": set microphone.device to one of '
        '"alsa_input.usb-Desk_Mic-00.mono" (Desk Microphone), "bluez_input.AA_BB" (Headset)'
    )


def test_where_there_is_none_the_message_says_so():
    with pytest.raises(MicrophoneError, match="no microphone was found"):
        choose([], "lapel")


def test_without_a_sound_server_the_inputs_of_portaudio_are_listed():
    devices = [
        {"name": "HDA Analog (hw:0,0)", "max_input_channels": 2},
        {"name": "HDMI (hw:0,3)", "max_input_channels": 0},
        {"name": "USB Mic (hw:1,0)", "max_input_channels": 1},
    ]
    assert not on_server(devices)
    listed = sources(devices, default_device=2)
    assert [(one.name, one.device, one.default) for one in listed] == [
        ("HDA Analog (hw:0,0)", 0, False),
        ("USB Mic (hw:1,0)", 2, True),
    ]
