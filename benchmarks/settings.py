"""A province's own settings, as benchmarks.__main__ fills the environment; tasks under our prefix."""

from typing import Any

from motcua.environment import Environment
from motcua.settings.prod import *  # noqa: F403
from motcua.settings.prod import CELERY_BROKER_TRANSPORT_OPTIONS

# No worker runs: the knocks of this run are taken away at its end, and nobody else's.
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {  # type: ignore[no-redef]
    **CELERY_BROKER_TRANSPORT_OPTIONS,
    "global_keyprefix": Environment().require("BENCH_PREFIX"),
}
