"""Debian's packages for what tests need beside Python, where we may install them."""

import os
import subprocess
from pathlib import Path

_APT = ("apt-get", "-o", "DPkg::Lock::Timeout=300")  # seconds to wait for another installation
_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}


def install(*packages: str) -> None:
    """Install packages as root on Debian; anywhere else do nothing."""
    if os.geteuid() == 0 and Path("/etc/debian_version").exists():
        for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            subprocess.run([*_APT, *command], check=False, env=os.environ | _QUIET, capture_output=True)
