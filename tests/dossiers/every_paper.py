"""One paper of each kind in each era, issued on made-up dossiers, with the words each must hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accounts.roles import Role
from dossiers.workflow import Act, PaperKind
from tests.dossiers import papers
from tests.factories import AgencyFactory, OfficerFactory, SectorFactory, local

if TYPE_CHECKING:
    from agencies.models import Agency, Officer
    from dossiers.models import Dossier, PaperSlip

K = PaperKind
HEAD = (
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Độc lập - Tự do - Hạnh phúc",
)
FOOT = ("Tra cứu: quét mã QR", "gõ mã tra cứu")
NEW, OLD = "2026-11-25 14:00", "2025-09-10 14:00"
UNRECEIVED: dict[str, Any] = {
    "code": None,
    "received_at": None,
    "due_at": None,
    "due_original_at": None,
    "submitted_at": local("2026-11-20 08:42"),
    "state": "submitted",
}


@dataclass(frozen=True)
class Sample:
    """A kind in an era: what it is called, its page in millimetres, what must stand on it."""

    kind: PaperKind
    day: str
    title: str
    page: tuple[int, int]
    words: tuple[str, ...]
    number: str = ""  # of the form, where the circular of the day gives it one

    @property
    def source(self) -> str:
        """The line at the foot; empty for a letter that no circular lays out."""
        circular = TT03 if self.day == NEW else TT01
        return f"Mẫu số {self.number} ban hành kèm theo {circular}" if self.number else ""

    def __str__(self) -> str:
        return f"{self.kind}-{self.day[:4]}"


A5, A4 = (148, 210), (210, 297)
TT01, TT03 = "Thông tư số 01/2018/TT-VPCP", "Thông tư số 03/2025/TT-VPCP"

# The fields in the order of domain.md 4.
_RECEIPT = (
    "Mã hồ sơ: H01.151-261120-0042",
    "Tiếp nhận hồ sơ của: Nguyễn Thị Ánh Tuyết",
    "Địa chỉ: Khóm Đông Thạnh, phường Long Xuyên, tỉnh An Giang",
    "Số điện thoại: ••••452. Email: không có",
    f"Nội dung yêu cầu giải quyết: {papers.LAND}",
    "1. Thành phần hồ sơ nộp gồm:",
    "STT Tên giấy tờ Loại giấy tờ Số lượng",
    "2. Số lượng hồ sơ: 01 bộ. Thời gian giải quyết theo quy định: 05 ngày làm việc",
    "3. Thời gian nhận hồ sơ: 08 giờ 42 phút, ngày 20 tháng 11 năm 2026",
    "4. Thời gian trả kết quả: 17 giờ 00 phút, ngày 30 tháng 11 năm 2026",
    "5. Đăng ký nhận kết quả tại:",
    "6. Phí, lệ phí: Lệ phí cấp giấy chứng nhận: 100.000 đồng, đã nộp, biên lai 0007315",
    "Vào Sổ theo dõi hồ sơ, Quyển số:",
    "NGƯỜI NỘP HỒ SƠ",
    "NGƯỜI TIẾP NHẬN HỒ SƠ",
)
_SUPPLEMENT = (
    "Hồ sơ của: Nguyễn Thị Ánh Tuyết",
    f"Nội dung yêu cầu giải quyết: {papers.LAND}",
    "Địa chỉ: Khóm Đông Thạnh",
    "Số điện thoại: ••••452. Email: không có",
    "TT Thành phần hồ sơ cần bổ sung, hoàn thiện Loại giấy tờ Số lượng",
    "1 Giấy uỷ quyền Bản sao 02",
    "Lý do: Đơn chưa ghi số thửa đất.",
    "Thời hạn bổ sung: đến hết ngày 04 tháng 12 năm 2026",
    "Quy định về thành phần hồ sơ được niêm yết",
    "xin liên hệ: Lâm Mỹ Uyên, điện thoại 0296 3000 152.",
)
_REFUSAL = (
    "Tiếp nhận hồ sơ của: Nguyễn Thị Ánh Tuyết",
    "Địa chỉ: Khóm Đông Thạnh",
    "Nội dung yêu cầu giải quyết:",
    "không tiếp nhận, giải quyết hồ sơ này với lý do cụ thể như sau:",
    "Không thuộc thẩm quyền (Điều 136 Luật Đất đai 2024).",
    "xin liên hệ: Lâm Mỹ Uyên, điện thoại 0296 3000 152.",
    "NGƯỜI NỘP HỒ SƠ",
    "NGƯỜI TIẾP NHẬN HỒ SƠ",
)
_APOLOGY = (
    "SỞ NÔNG NGHIỆP VÀ MÔI TRƯỜNG",
    "Kính gửi: Nguyễn Thị Ánh Tuyết",
    "Địa chỉ: Khóm Đông Thạnh",
    "Số điện thoại: ••••452.",
    "Lúc 08 giờ 42 phút, ngày 20 tháng 11 năm 2026",
    "hồ sơ mã số H01.151-261120-0042",
    "Lĩnh vực: Đất đai.",
    "Thời gian hẹn trả kết quả: 17 giờ 00 phút, ngày 30 tháng 11 năm 2026.",
    "Cơ quan giải quyết hồ sơ: Sở Nông nghiệp và Môi trường tỉnh An Giang.",
    "Lý do: Đang chờ kết quả đo đạc lại ranh giới thửa đất.",
    "xin lỗi Ông/Bà về sự chậm trễ này",
    "Thời gian hẹn trả kết quả mới: 17 giờ 00 phút, ngày 04 tháng 12 năm 2026.",
    "Nơi nhận: - Như trên;",
    "- Lưu: VT, SNNMT.",
    "THỦ TRƯỞNG CƠ QUAN (Chữ ký, dấu) Huỳnh Quốc Thái",
)
_LETTER_OF_APOLOGY = tuple(
    "xin lỗi Ông/Bà về sự chậm trễ này và đề nghị được gia hạn thời gian giải quyết hồ sơ."
    if words.startswith("xin lỗi")
    else words
    for words in _APOLOGY
)
_STOP = (
    "Kính gửi: Nguyễn Thị Ánh Tuyết",
    "Hồ sơ mã số H01.151-261120-0042, tiếp nhận lúc 08 giờ 42 phút",
    "Căn cứ dừng giải quyết: căn cứ quy định của pháp luật.",
    "Lý do cụ thể: Thửa đất đang có tranh chấp do Toà án thụ lý.",
    "dừng giải quyết hồ sơ H01.151-261120-0042",
    "02 giấy tờ được trả lại tại",
    "Lệ phí cấp giấy chứng nhận: 100.000 đồng",
    "phản ánh, kiến nghị hoặc khiếu nại",
    "Mọi vướng mắc xin liên hệ điện thoại 0296 3000 200.",
    "THỦ TRƯỞNG CƠ QUAN (Chữ ký, dấu) Huỳnh Quốc Thái",
)
_CONTROL = (
    "Mã hồ sơ: H01.151-261120-0042",
    "Chủ hồ sơ: Nguyễn Thị Ánh Tuyết",
    f"Thủ tục hành chính: {papers.LAND}",
    "Thời gian nhận hồ sơ: 08 giờ 42 phút, ngày 20 tháng 11 năm 2026",
    "Thời gian trả kết quả: 17 giờ 00 phút, ngày 30 tháng 11 năm 2026",
    "Địa chỉ: Khóm Đông Thạnh",
    "Cơ quan (bộ phận) giải quyết: Sở Nông nghiệp và Môi trường tỉnh An Giang",
    "Cơ quan phối hợp: Sở Xây dựng tỉnh An Giang",
    "Tên cơ quan Thời gian giao, nhận hồ sơ Kết quả giải quyết Ghi chú",
    "1. Giao: 08 giờ 42 phút, ngày 20/11/2026",
    "Người giao: Nguyễn Thị Ánh Tuyết",
    "2. Nhận:",
    "Người nhận: Lâm Mỹ Uyên",
)

SAMPLES = (
    Sample(K.RECEIPT, NEW, "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ", A5, _RECEIPT, "01"),
    Sample(K.RECEIPT, OLD, "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ", A5, _RECEIPT, "01"),
    Sample(K.SUPPLEMENT_REQUEST, NEW, "PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ", A5, _SUPPLEMENT, "02"),
    Sample(K.SUPPLEMENT_REQUEST, OLD, "PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ", A5, _SUPPLEMENT, "02"),
    Sample(K.REFUSAL, NEW, "PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ", A5, _REFUSAL, "03"),
    Sample(K.REFUSAL, OLD, "PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ", A5, _REFUSAL, "03"),
    Sample(K.APOLOGY, NEW, "VĂN BẢN XIN LỖI VÀ ĐỀ NGHỊ GIA HẠN THỜI GIAN GIẢI QUYẾT", A4, _LETTER_OF_APOLOGY, "04"),
    Sample(K.APOLOGY, OLD, "PHIẾU XIN LỖI VÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ", A5, _APOLOGY, "04"),
    Sample(K.STOP_NOTICE, NEW, "THÔNG BÁO Dừng giải quyết hồ sơ thủ tục hành chính", A4, _STOP, "05"),
    Sample(K.STOP_NOTICE, OLD, "THÔNG BÁO Về việc dừng giải quyết hồ sơ thủ tục hành chính", A4, _STOP),
    Sample(K.CONTROL_SLIP, NEW, "PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ", A5, _CONTROL, "06"),
    Sample(K.CONTROL_SLIP, OLD, "PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ", A5, _CONTROL, "05"),
    Sample(
        K.CONSULTATION, NEW, "PHIẾU LẤY Ý KIẾN Về việc giải quyết hồ sơ thủ tục hành chính", A4,
        (
            "Số: 01/LYK-SNNMT",
            "Kính gửi: Sở Xây dựng tỉnh An Giang",
            "hồ sơ của Nguyễn Thị Ánh Tuyết",
            "Hồ sơ mã số H01.151-261120-0042",
            "Thửa đất có nằm trong quy hoạch mở rộng đường Trần Hưng Đạo không?",
            "trước hết ngày 27 tháng 11 năm 2026",
            "Thời gian lấy ý kiến vẫn tính vào thời hạn giải quyết hồ sơ.",
            "THỦ TRƯỞNG CƠ QUAN (Chữ ký, dấu) Huỳnh Quốc Thái",
        ),
    ),
    Sample(
        K.PAYMENT_NOTICE, NEW, "THÔNG BÁO Về việc thực hiện nghĩa vụ tài chính", A4,
        (
            "Số: 01/TBNVTC-SNNMT",
            "Kính gửi: Nguyễn Thị Ánh Tuyết",
            "1. Số tiền phải nộp: 12.345.000 đồng (bằng chữ: Mười hai triệu ba trăm bốn mươi lăm nghìn đồng).",
            "2. Nơi thu: Kho bạc Nhà nước An Giang.",
            "3. Theo thông báo số: LTB2611-0007.",
            "4. Hạn nộp: đến hết ngày 10 tháng 12 năm 2026.",
            "không tính vào thời hạn giải quyết",
        ),
    ),
    Sample(
        K.SUSPENSION_NOTICE, NEW, "THÔNG BÁO Về việc tạm dừng giải quyết hồ sơ thủ tục hành chính", A4,
        (
            "Số: 01/TBTD-SNNMT",
            "Căn cứ pháp lý: điểm b khoản 1 Điều 236 Luật Đất đai 2024.",
            "Lý do tạm dừng: Toà án yêu cầu tạm dừng.",
            "tạm dừng giải quyết hồ sơ nêu trên kể từ 14 giờ 00 phút, ngày 25 tháng 11 năm 2026",
            "Dự kiến tiếp tục giải quyết từ ngày 15 tháng 01 năm 2027.",
        ),
    ),
    Sample(
        K.WITHDRAWAL_REFUSAL, NEW, "THÔNG BÁO Về việc không đồng ý cho rút hồ sơ thủ tục hành chính", A4,
        (
            "Số: 01/TBKR-SNNMT",
            "Ông/Bà đề nghị rút hồ sơ ngày 24 tháng 11 năm 2026, với lý do: Gia đình đổi ý.",
            "không đồng ý cho rút hồ sơ nêu trên.",
            "Lý do: Kết quả đã được ký ban hành.",
            "Thời gian trả kết quả: 17 giờ 00 phút, ngày 30 tháng 11 năm 2026.",
        ),
    ),
    Sample(
        K.ACKNOWLEDGEMENT, NEW, "XÁC NHẬN ĐÃ NHẬN HỒ SƠ NỘP TRỰC TUYẾN", A5,
        (
            "Mã tra cứu: K7MQ 2XWP C",
            "Đã nhận hồ sơ nộp trực tuyến của: Nguyễn Thị Ánh Tuyết",
            "Thời gian hệ thống nhận: 14 giờ 00 phút, ngày 25 tháng 11 năm 2026",
            "STT Tên giấy tờ Loại giấy tờ Số lượng",
            # Wednesday 14:00: three hours to 17:00, five on Thursday from 07:00, with a lunch break.
            "trả lời chậm nhất: 14 giờ 00 phút, ngày 26 tháng 11 năm 2026",
            "không phải Giấy tiếp nhận hồ sơ và hẹn trả kết quả",
        ),
    ),
)  # fmt: skip


def issued(sample: Sample) -> PaperSlip:
    """Issue the paper of a sample on a dossier of its own."""
    ward = papers.ward()
    department = AgencyFactory.create(
        name="Sở Nông nghiệp và Môi trường tỉnh An Giang",
        short_name="Sở Nông nghiệp và Môi trường",
        parent=ward.parent,
        phone="0296 3000 200",
    )
    head = OfficerFactory.create(
        agency=department, full_name="Huỳnh Quốc Thái", roles=[Role.HEAD, Role.SIGNER]
    )
    before = sample.kind in {K.SUPPLEMENT_REQUEST, K.REFUSAL, K.ACKNOWLEDGEMENT}
    made = papers.dossier(
        ward,
        competent_agency=department,
        sector=SectorFactory.create(name="Đất đai"),
        paid=True,
        **(UNRECEIVED if before else {}),
    )
    return _ISSUE[sample.kind](sample, made, head)


def _at_the_counter(sample: Sample, made: Dossier, head: Officer, **more: Any) -> PaperSlip:
    return papers.slip(sample.kind, made, at=local(sample.day), **more)


def _letter(sample: Sample, made: Dossier, head: Officer, **more: Any) -> PaperSlip:
    return papers.slip(
        sample.kind,
        made,
        by=head,
        agency=made.competent_agency,
        at=local(sample.day),
        actor_role=Role.HEAD,
        **more,
    )


def _receipt(sample: Sample, made: Dossier, head: Officer) -> PaperSlip:
    return _at_the_counter(sample, made, head)


def _supplement(sample: Sample, made: Dossier, head: Officer) -> PaperSlip:
    return _at_the_counter(
        sample,
        made,
        head,
        act=Act.REQUEST_COMPLETION,
        reason="Đơn chưa ghi số thửa đất.",
        data={
            "items": [{"name": "Giấy uỷ quyền", "kind": "copy", "quantity": 2}],
            "reply_by": "2026-12-04",
        },
    )


def _refusal(sample: Sample, made: Dossier, head: Officer) -> PaperSlip:
    reason = "Không thuộc thẩm quyền (Điều 136 Luật Đất đai 2024)."
    return _at_the_counter(sample, made, head, act=Act.REFUSE, reason=reason)


def _acknowledgement(sample: Sample, made: Dossier, head: Officer) -> PaperSlip:
    return _at_the_counter(sample, made, head, act=Act.SUBMIT)


def _apology(sample: Sample, made: Dossier, head: Officer) -> PaperSlip:
    papers.event(made, Act.RECEIVE)
    return _letter(
        sample,
        made,
        head,
        act=Act.EXTEND,
        reason="Đang chờ kết quả đo đạc lại ranh giới thửa đất.",
        data={"new_due": local("2026-12-04 17:00").isoformat()},
    )


def _stop(sample: Sample, made: Dossier, head: Officer) -> PaperSlip:
    reason = "Thửa đất đang có tranh chấp do Toà án thụ lý."
    return _letter(sample, made, head, act=Act.STOP, reason=reason)


def consulted(parent: Agency | None) -> Agency:
    return AgencyFactory.create(name="Sở Xây dựng tỉnh An Giang", parent=parent)


def _consultation(sample: Sample, made: Dossier, head: Officer) -> PaperSlip:
    return _letter(
        sample,
        made,
        head,
        act=Act.CONSULT,
        data={
            "agency": consulted(made.receiving_agency.parent).pk,
            "question": "Thửa đất có nằm trong quy hoạch mở rộng đường Trần Hưng Đạo không?",
            "answer_by": "2026-11-27",
        },
    )


def _payment(sample: Sample, made: Dossier, head: Officer) -> PaperSlip:
    return _letter(
        sample,
        made,
        head,
        act=Act.REQUEST_PAYMENT,
        data={
            "amount_vnd": 12_345_000,
            "payee": "Kho bạc Nhà nước An Giang",
            "notice_number": "LTB2611-0007",
            "pay_by": "2026-12-10",
        },
    )


def _suspension(sample: Sample, made: Dossier, head: Officer) -> PaperSlip:
    return _letter(
        sample,
        made,
        head,
        act=Act.SUSPEND,
        reason="Toà án yêu cầu tạm dừng.",
        data={
            "legal_basis": "điểm b khoản 1 Điều 236 Luật Đất đai 2024",
            "resume_expected": "2027-01-15",
        },
    )


def _withdrawal(sample: Sample, made: Dossier, head: Officer) -> PaperSlip:
    papers.event(
        made, Act.REQUEST_WITHDRAWAL, at=local("2026-11-24 09:00"), reason="Gia đình đổi ý."
    )
    reason = "Kết quả đã được ký ban hành."
    return _letter(sample, made, head, act=Act.REFUSE_WITHDRAWAL, reason=reason)


def _control(sample: Sample, made: Dossier, head: Officer) -> PaperSlip:
    ward, department = made.receiving_agency, made.competent_agency
    by = papers.receptionist(ward)
    papers.event(made, Act.RECEIVE, by=by)
    papers.event(made, Act.TRANSFER, by=by, at=local("2026-11-20 10:15"), holder_agency=department)
    papers.event(
        made,
        Act.CONSULT,
        by=head,
        at=local("2026-11-23 08:00"),
        holder_agency=department,
        data={"agency": consulted(ward.parent).pk},
    )
    return papers.slip(
        sample.kind,
        made,
        by=by,
        at=local(sample.day),
        act=Act.PUBLISH,
        to_state="settled",
    )


_ISSUE = {
    K.RECEIPT: _receipt,
    K.SUPPLEMENT_REQUEST: _supplement,
    K.REFUSAL: _refusal,
    K.ACKNOWLEDGEMENT: _acknowledgement,
    K.APOLOGY: _apology,
    K.STOP_NOTICE: _stop,
    K.CONSULTATION: _consultation,
    K.PAYMENT_NOTICE: _payment,
    K.SUSPENSION_NOTICE: _suspension,
    K.WITHDRAWAL_REFUSAL: _withdrawal,
    K.CONTROL_SLIP: _control,
}
