from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Who signs in and what they may be trusted with."""

    name = "accounts"
    verbose_name = _("Tài khoản")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Teach the API's framework Vietnamese."""
        from accounts import (
            api_words,  # needs the apps to be loaded
            checks,  # noqa: F401 - registers itself
        )

        api_words.install()
