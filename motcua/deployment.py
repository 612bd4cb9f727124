"""The deployment check: production settings with a made-up environment, static files collected."""

import base64
import os
import sys
import tempfile


def main() -> int:
    """Return 0 when Django's deployment checks pass and every static file is found."""
    made_up = {
        "SECRET_KEY": "made-up-for-the-check-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
        "MOTCUA_DATA_KEYS": "k1:" + base64.b64encode(b"d" * 32).decode(),
        "MOTCUA_CHAIN_KEY": base64.b64encode(b"c" * 32).decode(),
        "MOTCUA_LOOKUP_KEY": base64.b64encode(b"l" * 32).decode(),
        "ALLOWED_HOSTS": "motcua.example.vn",
        "MOTCUA_PUBLIC_URL": "https://motcua.example.vn",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "DJANGO_SETTINGS_MODULE": "motcua.settings.prod",
    }
    with tempfile.TemporaryDirectory() as folder:
        made_up["MOTCUA_STATIC"] = os.environ.get("MOTCUA_STATIC") or folder
        os.environ.update(made_up)
        import django
        from django.core.management import call_command

        django.setup()
        call_command("check", deploy=True, fail_level="WARNING")
        call_command("collectstatic", interactive=False, verbosity=0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
