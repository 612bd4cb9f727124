from __future__ import annotations

import logging
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from motcua.demo_province import DemoProvince


class Command(BaseCommand):
    """Make the demo's province, idempotently; a second run sets the password and little else."""

    help = "Tạo tỉnh trình diễn (An Giang, người hư cấu). Chạy lại không tạo thêm."

    def handle(self, *args: Any, **options: Any) -> None:
        password = os.environ.get("DEMO_PASSWORD")
        if not password:
            raise CommandError("Hãy đặt DEMO_PASSWORD cho các tài khoản trình diễn.")
        # A line for each of two thousand acts tells the terminal nothing.
        logging.getLogger("dossiers").setLevel(logging.WARNING)
        DemoProvince(password=password, say=lambda text: self.stderr.write(f"  {text}")).build()
