from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExchangeConfig(AppConfig):
    """Other systems: the outbox's readers and their adapters."""

    name = "exchange"
    verbose_name = _("Trao đổi dữ liệu")
    default_auto_field = "django.db.models.BigAutoField"
