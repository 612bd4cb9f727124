"""Importing the package changes nothing for whoever is started next."""

from __future__ import annotations

import os
import subprocess
import sys


def test_the_launcher_hands_no_settings_module_down() -> None:
    clean = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-c", "import os, motcua.embedded; print(sorted(os.environ))"],
        env=clean,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "DJANGO_SETTINGS_MODULE" not in done.stdout
