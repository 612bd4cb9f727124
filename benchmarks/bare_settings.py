"""The limit of the look-up: the same database and pool, no middleware, one address."""

from benchmarks.settings import *  # noqa: F403

MIDDLEWARE = []
ROOT_URLCONF = "benchmarks.bare"
