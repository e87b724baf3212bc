"""What a daemon answers to the windows of the settings, for a scripted one."""

from daemon.config import Config, flatten, limits
from daemon.errors import RequestRefused
from tests.gui.scripted_daemon import Streamed, status

MICROPHONES = [
    {"name": "alsa_input.desk", "description": "Desk microphone", "default": True, "monitor": False},
    {"name": "alsa_input.headset", "description": "USB headset", "default": False, "monitor": False},
    {"name": "alsa_output.monitor", "description": "Loudspeakers", "default": False, "monitor": True},
]


def model(name, title=None, *, installed=False, in_use=False, **more):
    """One entry of ``swictation models list --json``."""
    made = {
        "name": name,
        "directory": f"/models/{name}" if installed else None,
        "installed": installed,
        "in_use": in_use,
        "notice": None,
        "fault": None,
        "kind": "transducer",
    }
    if title is not None:
        made |= {"title": title, "device": "cpu", "licence": "CC-BY-4.0", "languages": ["en"]}
        made |= {"attribution": "Parakeet by NVIDIA, exported to ONNX for sherpa-onnx by k2-fsa"}
        made |= {"download_bytes": 108_035_095, "address": "https://example.org/m.tar.bz2"}
    return made | more


MODELS = [
    model("practice", installed=True, in_use=True, practice=True, int8=False),
    model("parakeet-110m", "Parakeet TDT 110M, float32", device="gpu", download_bytes=None),
    model("parakeet-110m-int8", "Parakeet TDT 110M, int8", installed=True, practice=False),
    model("parakeet-110m-ctc-int8", "Parakeet 110M, its CTC head", kind="ctc"),
    model(
        "parakeet-0.6b-v3-int8",
        "Parakeet TDT 0.6B v3, int8",
        languages=["bg", "cs", "da", "de", "el"],
        download_bytes=487_170_055,
    ),
]

LEVELS = Streamed({"level_dbfs": level, "speech": level > -30} for level in (-61.0, -42.0, -18.0))
HEARD = {
    "text": "the quick brown fox",
    "timings_ms": {"endpoint_wait": 700.0, "features": 2.0, "encode": 31.0, "decode": 4.0, "felt": 741.0},
    "audio_s": 2.1,
}


class Configured:
    """A configuration that can be changed, and answers as the daemon's. ``daemon`` is told the new revision."""

    def __init__(self, **values):
        self.values = flatten(Config()) | {key.replace("__", "."): value for key, value in values.items()}
        self.refuses = {}
        self.late = []
        self.revision = 1
        self.daemon = None
        self.shown = {}

    def answers(self):
        return {
            "config": lambda _request: {
                "file": "/home/ada/.config/swictation/config.toml",
                "values": dict(self.values),
                "defaults": flatten(Config()),
                "limits": limits(),
            },
            "set_config": self._set,
            "microphones": MICROPHONES,
            "models": MODELS,
            "autostart": {"on": True, "way": "systemd", "reason": None},
            "try_microphone": LEVELS,
        }

    def change(self, key, value):
        """As from the command line."""
        self.values[key] = value
        self.revision += 1
        self.daemon.show(status(config_revision=self.revision, **self.shown))

    def _set(self, request):
        key, value = request["key"], request["value"]
        if key in self.refuses:
            return RequestRefused(self.refuses[key])
        self.values[key] = value
        self.revision += 1
        return {"values": dict(self.values), "restart_needed_for": [late for late in self.late if late == key]}
