from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AgenciesConfig(AppConfig):
    """Who serves, where and on which days."""

    name = "agencies"
    verbose_name = _("Cơ quan và lịch làm việc")
    default_auto_field = "django.db.models.BigAutoField"
