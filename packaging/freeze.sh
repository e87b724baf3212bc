#!/usr/bin/env bash
# Build the frozen application, build/frozen/swictation, and see it run: transcribe, tray, dictation into a window. Prints its
# size, start time and memory. A build that does not run fails.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=packaging/environment.sh
. packaging/environment.sh

need_packages "${PROGRAM_PACKAGES[@]}" "${SCREEN_PACKAGES[@]}" binutils chrpath imagemagick trayer xdotool
make_environment packaging/requirements-test.lock
place=build/frozen/swictation

.venv/bin/python -m PyInstaller --noconfirm --log-level ERROR --distpath build/frozen --workpath build/freeze swictation.spec
find "$place/_internal" -type f -name '*.so*' -print0 | while IFS= read -r -d '' library; do
    # where the interpreter was built is nobody's business, and no place to look for libraries on another machine
    ! chrpath -l "$library" 2>/dev/null | grep -q '=/' || chrpath -d "$library" >/dev/null
    case $library in
    *.libs/*) ;; # auditwheel has patched them: stripped, they do not load any more
    *) ! readelf --section-headers --wide "$library" | grep -q '\.symtab' || strip --strip-unneeded "$library" ;;
    esac
done
exec xvfb-run --auto-servernum --server-args="-screen 0 1280x800x24 -nolisten tcp" \
    .venv/bin/python packaging/try_frozen.py "$place" build/frozen/tray.png
