"""Roles R01-R14, apart from any table so that the pure workflow can name them (domain.md 2.1, 2.4)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """Vai trò: what a person does towards a dossier; held in an agency, several at once if need be."""

    APPLICANT = "applicant", _("Người nộp hồ sơ")
    REPRESENTATIVE = "representative", _("Người được uỷ quyền")
    COURIER = "courier", _("Nhân viên bưu chính công ích")
    RECEPTIONIST = "receptionist", _("Cán bộ tiếp nhận")
    HEAD = "head", _("Lãnh đạo đơn vị")
    SPECIALIST = "specialist", _("Chuyên viên thụ lý")
    SIGNER = "signer", _("Lãnh đạo ký")
    CLERK = "clerk", _("Văn thư")
    RETURNER = "returner", _("Cán bộ trả kết quả")
    ADMINISTRATOR = "administrator", _("Quản trị hệ thống")
    REFORM_OFFICER = "reform_officer", _("Cán bộ kiểm soát thủ tục hành chính")
    SUPERVISOR = "supervisor", _("Giám sát trung tâm")
    CONSULTED_AGENCY = "consulted_agency", _("Cơ quan phối hợp")
    SYSTEM = "system", _("Hệ thống")


# Nobody in an office may be given these: they are the citizen's side and the machine's.
OFFICER_ROLES = frozenset(Role) - {Role.APPLICANT, Role.REPRESENTATIVE, Role.COURIER, Role.SYSTEM}
