"""In place of PyInstaller's own, which looks for the metadata of `webrtcvad`: ours is `webrtcvad-wheels`."""

from PyInstaller.utils.hooks import copy_metadata

datas = copy_metadata("webrtcvad-wheels")
