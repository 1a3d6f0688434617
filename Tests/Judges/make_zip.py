"""Writes a ZIP archive, for FormatsTests.

usage: make_zip.py stored|deflated OUTPUT
"""

import sys
import zipfile

compression = {"stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED}[sys.argv[1]]
with zipfile.ZipFile(sys.argv[2], "w", compression) as archive:
    archive.writestr("empty", b"")
    archive.writestr("folder/text", "grün")
    archive.writestr("bytes", bytes(place % 251 for place in range(3_000_000)))
