"""The web process: the only one with a pool of connections (forked workers must not share one)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "motcua.settings.prod")
os.environ.setdefault("MOTCUA_DB_POOL", "8")

application = get_wsgi_application()
