# SPDX-FileCopyrightText: The ns3marl authors
# SPDX-License-Identifier: MIT
"""Every way to a first training, in containers where nothing is installed. Needs a Docker engine: ``make test-bare``."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DEMO = "--minutes 0.2 --set evaluation.episodes=2"
INSTALL = "apt-get install -y -qq --no-install-recommends"
BUILD_PACKAGES = (
    "g++ cmake ninja-build pkg-config protobuf-compiler libprotobuf-dev libzmq3-dev cppzmq-dev python3-venv"
)


def run(image: str, script: str, files: Iterable[Path], base: Path) -> str:
    """What a script prints in a new container, in a folder with these files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in files:
            archive.add(path, path.relative_to(base))
    prelude = f"set -e; export DEBIAN_FRONTEND=noninteractive; mkdir /work; cd /work; tar x; apt-get update -qq; {script}"
    done = subprocess.run(
        ["docker", "run", "--rm", "-i", image, "bash", "-c", prelude],
        input=packed.getvalue(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    printed = done.stdout.decode(errors="replace")
    assert done.returncode == 0, printed
    return printed


def checkout() -> list[Path]:
    """Every file of this checkout that git tracks, but results."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", ":!benchmarks/results"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


@pytest.mark.timeout(3600)
@pytest.mark.report("P23")
@pytest.mark.parametrize(
    ("image", "torch"),
    [("debian:bookworm-slim", ""), ("debian:trixie-slim", "TORCH=system"), ("ubuntu:24.04", "")],
)
def test_make_demo_does_it_all(image: str, torch: str) -> None:
    at_hand = subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False)
    if image.startswith("ubuntu") and at_hand.returncode != 0:
        pytest.skip(f"there is no image {image} here")
    printed = run(image, f"{INSTALL} make git; make demo {torch} ARGS='{DEMO}'", checkout(), ROOT)
    assert "report: " in printed


@pytest.mark.timeout(3600)
@pytest.mark.report("P22")
def test_pip_and_the_distributions_ns3_are_enough(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "-w", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    script = (
        f"{INSTALL} {BUILD_PACKAGES} libns3-dev python3-torch libopenblas0-pthread; "
        f"python3 -m venv --system-site-packages /venv; /venv/bin/pip install -q {wheel.name}; "
        f"cd /tmp; /venv/bin/ns3marl doctor; /venv/bin/ns3marl demo {DEMO}"
    )
    printed = run("debian:trixie-slim", script, [wheel], tmp_path)
    assert "3.43 (system" in printed
    assert "compiling aiot-mec" in printed
    assert "report: " in printed
