"""Makes archives, honest and hostile, out of names and contents."""

import io
import tarfile
import zipfile
from pathlib import Path


def packed(path: Path, files: dict[str, bytes], mode: str = "w:bz2", extra: tuple[tarfile.TarInfo, ...] = ()) -> Path:
    """A tar archive of ``files``, then whatever ``extra`` describes without content."""
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in extra:
            tar.addfile(member)
    return path


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    """A member that is no regular file."""
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = link
    return member


def zipped(path: Path, files: dict[str, bytes], modes: dict[str, int] | None = None) -> Path:
    """A zip archive of ``files``; ``modes`` are Unix modes of some."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = (modes or {}).get(name, 0o100644) << 16
            archive.writestr(member, content)
    return path
