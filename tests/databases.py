"""Which tests need the database."""

import pytest

FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server"}


def needs_database(item: pytest.Item) -> bool:
    """Whether a test asks for the database, by its mark or by a fixture."""
    return item.get_closest_marker("django_db") is not None or not FIXTURES.isdisjoint(
        getattr(item, "fixturenames", ())
    )
