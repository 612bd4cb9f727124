"""Addresses of the officers' pages: the desk, the inbox, dossiers and their acts, the board."""

from django.urls import path

from dossiers.act_forms import ACT_FORMS
from dossiers.next_acts import SEGMENTS
from dossiers.views import (
    at_once,
    calendars,
    desk,
    hand_overs,
    handing_over,
    notices,
    outlook,
    papers,
    processes,
    processing,
    registers,
    returning,
    scans,
    shift_sheets,
    staff,
    supervision,
    surveys,
    together,
)
from dossiers.views.rows import act_url_name

_PROCESS = "quy-trinh/<str:code>/<int:version>/<int:number>/"

urlpatterns = [
    path("bat-dau/", processing.start, name="start"),
    path("tiep-nhan/", desk.desk, name="desk"),
    path("tiep-nhan/thu-tuc/", desk.desk_procedures, name="desk-procedures"),
    path("tiep-nhan/xem-truoc/", desk.desk_preview, name="desk-preview"),
    path("tiep-nhan/tra-ngay/", at_once.desk_at_once, name="desk-at-once"),
    path(
        "tiep-nhan/tra-ngay/xem-truoc/", at_once.desk_at_once_preview, name="desk-at-once-preview"
    ),
    path(
        "tiep-nhan/tra-ngay/xong/<str:batch>/", at_once.desk_at_once_done, name="desk-at-once-done"
    ),
    path("tiep-nhan/cho/", desk.desk_waiting, name="desk-waiting"),
    path("tiep-nhan/da-nhan/<str:code>/", desk.desk_done, name="desk-done"),
    path("so-thu/", shift_sheets.shift_sheet, name="shift-sheet"),
    path("so-thu.csv", shift_sheets.shift_sheet_csv, name="shift-sheet-csv"),
    path("tra-ket-qua/", returning.returning, name="returning"),
    path("tra-ket-qua/tra/", returning.returning_do, name="returning-do"),
    path("tra-ket-qua/xong/", returning.returning_done, name="returning-done"),
    path("tra-ket-qua/buu-chinh/<str:code>/", returning.returning_post, name="returning-post"),
    path("hop-viec/", processing.inbox, name="inbox"),
    path("hop-viec/nhieu-ho-so/", together.act_together, name="act-together"),
    path("hop-viec/nhac/", notices.remind, name="remind"),
    path("thong-bao/", notices.notice_list, name="notice-list"),
    path("thong-bao/so-moi/", notices.notice_count, name="notice-count"),
    path("thong-bao/nhan-thu/", notices.digest_choice, name="digest-choice"),
    *(
        path(f"ho-so/<str:code>/giay-to-nop/<int:pk>/{segment}", view, name=name)
        for segment, view, name in (
            ("", scans.document, "document"),
            ("them/", scans.scan_add, "scan-add"),
            ("dung-lai/<int:scan>/", scans.scan_reuse, "scan-reuse"),
            ("tep/<int:scan>/", scans.scan_file, "scan-file"),
            ("tep/<int:scan>/len/", scans.scan_up, "scan-up"),
            ("tep/<int:scan>/xuong/", scans.scan_down, "scan-down"),
            ("tep/<int:scan>/bo/", scans.scan_remove, "scan-remove"),
        )
    ),
    path("ho-so/<str:code>/ghi-chu/", notices.note_add, name="note-add"),
    path("bang-dieu-hanh/", supervision.board, name="board"),
    path("bang-dieu-hanh/khoi-luong/", outlook.board_loads, name="board-loads"),
    path("bang-dieu-hanh/nguyen-nhan/", outlook.board_causes, name="board-causes"),
    path("bang-dieu-hanh/muoi-ngay/", outlook.board_ahead, name="board-ahead"),
    path("bang-dieu-hanh/don-vi/", outlook.board_units, name="board-units"),
    path("bang-dieu-hanh/danh-sach.csv", outlook.board_csv, name="board-csv"),
    path("ban-giao-viec/", handing_over.hand_over, name="hand-over"),
    path("can-bo/nguoi/<str:username>/thoi-viec/", staff.officer_leave, name="officer-leave"),
    path(
        "can-bo/nguoi/<str:username>/dieu-chuyen/", staff.officer_transfer, name="officer-transfer"
    ),
    path("quy-trinh/", processes.process_list, name="process-list"),
    path("quy-trinh/them/", processes.process_add, name="process-add"),
    path(_PROCESS, processes.process_detail, name="process-detail"),
    path(f"{_PROCESS}buoc/", processes.process_step, name="process-step-add"),
    path(f"{_PROCESS}buoc/<str:step>/", processes.process_step, name="process-step"),
    path(
        f"{_PROCESS}buoc/<str:step>/bo/", processes.process_step_delete, name="process-step-delete"
    ),
    path(f"{_PROCESS}thu-phi/", processes.process_fee_rule, name="process-fee-rule"),
    path(f"{_PROCESS}cong-bo/", processes.process_publish, name="process-publish"),
    path(f"{_PROCESS}sao-chep/", processes.process_copy, name="process-copy"),
    path(f"{_PROCESS}bang.csv", processes.process_sheet, name="process-sheet"),
    path(f"{_PROCESS}nhap-bang/", processes.process_sheet_load, name="process-sheet-load"),
    path("lich-lam-viec/", calendars.calendar, name="calendar"),
    path("lich-lam-viec/thu/", calendars.calendar_rehearse, name="calendar-rehearse"),
    path("lich-lam-viec/thu/<int:pk>/", calendars.calendar_change, name="calendar-change"),
    path(
        "lich-lam-viec/thu/<int:pk>/thu-lai/",
        calendars.calendar_rehearse_again,
        name="calendar-rehearse-again",
    ),
    path("lich-lam-viec/thu/<int:pk>/ap-dung/", calendars.calendar_apply, name="calendar-apply"),
    path("ho-so/", processing.dossier_list, name="dossier-list"),
    path("ho-so/<str:code>/", processing.dossier_detail, name="dossier-detail"),
    path("ho-so/<str:code>/so-giay-to/", processing.dossier_reveal, name="dossier-reveal"),
    path("ho-so/<str:code>/giay-to/<int:pk>.pdf", papers.dossier_paper, name="dossier-paper"),
    path(
        "ho-so/<str:code>/giay-to/<int:pk>/", papers.dossier_paper_page, name="dossier-paper-page"
    ),
    path(
        "ho-so/<str:code>/giay-to/<int:pk>/in-lai/",
        papers.dossier_paper_reprint,
        name="dossier-paper-reprint",
    ),
    path(
        "ho-so/<str:code>/giay-to/<int:pk>/ban-sao-<int:number>.pdf",
        papers.dossier_paper_copy,
        name="dossier-paper-copy",
    ),
    path(
        "ho-so/<str:code>/phieu-kiem-soat/",
        papers.dossier_control_slip,
        name="dossier-control-slip",
    ),
    path("khao-sat/nhap-phieu/", surveys.survey_enter, name="survey-enter"),
    path("so-theo-doi/", registers.register, name="register"),
    path("so-theo-doi/<int:pk>.pdf", registers.register_pdf, name="register-pdf"),
    path("so-theo-doi/<int:pk>.xlsx", registers.register_xlsx, name="register-xlsx"),
    path(
        "ho-so/<str:code>/giay-to/<int:pk>/khao-sat.pdf",
        surveys.dossier_survey,
        name="dossier-survey",
    ),
    path("ho-so/<str:code>/ho-so-giay/", hand_overs.dossier_place, name="dossier-place"),
    path("ban-giao/", hand_overs.hand_over_list, name="hand-over-list"),
    path("ban-giao/lap-phieu/", hand_overs.hand_over_new, name="hand-over-new"),
    *(
        path(f"ban-giao/<str:agency>/<int:year>/<int:number>/{segment}", view, name=name)
        for segment, view, name in (
            ("", hand_overs.hand_over_detail, "hand-over-detail"),
            ("phieu.pdf", hand_overs.hand_over_pdf, "hand-over-pdf"),
            ("nhan/", hand_overs.hand_over_receive, "hand-over-receive"),
            ("giu-lai/", hand_overs.hand_over_take_back, "hand-over-take-back"),
            ("huy/", hand_overs.hand_over_cancel, "hand-over-cancel"),
        )
    ),
    # One address per act: dossier-receive, dossier-request-supplement …
    *(
        path(
            f"ho-so/<str:code>/{segment}/", processing.dossier_act, {"act": act}, act_url_name(act)
        )
        for act, segment in SEGMENTS.items()
        if act in ACT_FORMS
    ),
]
