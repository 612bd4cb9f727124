"""Files of papers: what is taken and what is not, once, in order, used again, never lost."""

from __future__ import annotations

import io
import socketserver
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from dossiers import scans, virus_scanning
from dossiers.models import DossierDocument, DossierReading, ReadingWay, Scan
from dossiers.recording import ActDataError
from tests.budgets import count_queries
from tests.dossiers.pages import browser_of, page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.province import Province


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def pdf(pages: int = 1, **keys: Any) -> bytes:
    made = pikepdf.new()
    for number in range(pages):
        made.add_blank_page(page_size=(200 + number, 200))
    for key, value in keys.items():
        made.Root[f"/{key}"] = value
    out = io.BytesIO()
    made.save(out, deterministic_id=True)
    return out.getvalue()


def picture(kind: str = "PNG", side: int = 8, colour: int = 0) -> bytes:
    out = io.BytesIO()
    Image.new("L", (side, side), colour).save(out, kind)
    return out.getvalue()


@pytest.fixture
def paper(province: Province) -> DossierDocument:
    dossier = province.log()
    return DossierDocument.objects.create(dossier=dossier, name="Căn cước công dân", position=1)


def protected() -> bytes:
    out = io.BytesIO()
    made = pikepdf.new()
    made.add_blank_page()
    made.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
    return out.getvalue()


def active(key: str) -> bytes:
    script = pikepdf.Dictionary(S=pikepdf.Name("/JavaScript"), JS="app.alert(1)")
    if key == "OpenAction":
        return pdf(OpenAction=script)
    if key == "AA":
        return pdf(AA=pikepdf.Dictionary(WC=script))
    return pdf(Names=pikepdf.Dictionary({f"/{key}": pikepdf.Dictionary(Names=[])}))


@pytest.mark.parametrize(
    ("content", "kind", "pages"),
    [
        (pdf(3), "application/pdf", 3),
        (picture("PNG"), "image/png", 1),
        (picture("JPEG"), "image/jpeg", 1),
    ],
    ids=["pdf", "png", "jpeg"],
)
def test_a_file_is_what_its_bytes_say(content: bytes, kind: str, pages: int) -> None:
    found = scans.check(content)
    assert (found.content_type, found.pages) == (kind, pages)
    assert not found.is_clean  # no daemon looked at it, and nothing says it did


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "rỗng"),
        (b"MZ\x90\x00", "Chỉ nhận"),
        (b"<html><script>alert(1)</script>", "Chỉ nhận"),
        (b"%PDF-1.7 nothing more", "bị hỏng"),
        (picture("PNG")[:40], "bị hỏng"),
        (picture("JPEG")[:3] + b"xxxx", "bị hỏng"),
        (protected(), "mật khẩu"),
        (active("OpenAction"), "mã chạy"),
        (active("AA"), "mã chạy"),
        (active("JavaScript"), "mã chạy"),
        (active("EmbeddedFiles"), "mã chạy"),
        (b"%PDF-" + b"x" * scans.MOST_BYTES, "lớn hơn"),
    ],
    ids=["empty", "program", "html", "no pdf", "half a png", "half a jpeg", "locked",
         "opens a script", "acts", "scripts", "carries files", "too large"],
)  # fmt: skip
def test_what_is_no_scan_is_refused_with_its_reason(content: bytes, said: str) -> None:
    with pytest.raises(scans.ScanError, match=said):
        scans.check(content)


def test_where_to_begin_reading_is_no_script() -> None:
    made = pikepdf.new()
    first = made.add_blank_page()
    made.Root["/OpenAction"] = pikepdf.Array([first.obj, pikepdf.Name("/Fit")])
    out = io.BytesIO()
    made.save(out)
    assert scans.check(out.getvalue()).pages == 1


def test_a_picture_of_endless_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scans, "MOST_PIXELS", 63)
    with pytest.raises(scans.ScanError, match="quá lớn"):
        scans.check(picture(side=8))


def test_good_files_are_kept_though_another_is_refused(
    province: Province, paper: DossierDocument
) -> None:
    kept, refused = scans.attach(
        paper,
        [("../../a.pdf", pdf(2)), ("virus.exe", b"MZ"), ("b.png", picture())],
        by=province.receptionist,
    )
    assert [(scan.position, scan.name, scan.pages) for scan in kept] == [
        (1, "a.pdf", 2), (2, "b.png", 1),
    ]  # fmt: skip
    assert [name for name, _why in refused] == ["virus.exe"]
    for scan in kept:
        assert scans.read(scan)
        assert scan.file.startswith("scans/")
        assert "a.pdf" not in scan.file
        assert scan.virus == Scan.Virus.UNCHECKED


def test_the_same_file_twice_is_one_scan(province: Province, paper: DossierDocument) -> None:
    for _each in "ab":
        scans.attach(paper, [("a.pdf", pdf())], by=province.receptionist)
    assert Scan.objects.count() == 1


def test_a_paper_holds_so_many_and_no_more(
    province: Province, paper: DossierDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scans, "MOST_FILES", 2)
    files = [(f"{n}.png", picture(colour=n)) for n in range(3)]
    kept, refused = scans.attach(paper, files, by=province.receptionist)
    assert (len(kept), len(refused)) == (2, 1)


def test_the_order_is_the_officers(province: Province, paper: DossierDocument) -> None:
    kept, _refused = scans.attach(
        paper, [(f"{n}.png", picture(colour=n)) for n in range(3)], by=province.receptionist
    )
    first, second, third = kept
    scans.move(third, up=True)
    assert list(scans.on_paper(paper)) == [first, third, second]
    scans.move(first, up=True)  # is the first already
    scans.move(first, up=False)
    assert list(scans.on_paper(paper)) == [third, first, second]


def test_what_is_taken_off_stays_with_its_reason(
    province: Province, paper: DossierDocument
) -> None:
    [scan], _refused = scans.attach(paper, [("a.pdf", pdf())], by=province.receptionist)
    with pytest.raises(ActDataError):
        scans.remove(scan, by=province.receptionist, why=" ")
    scans.remove(scan, by=province.receptionist, why="Quét mờ")
    scans.remove(scan, by=province.head, why="Lần nữa")  # a second click changes nothing
    scan.refresh_from_db()
    assert (scan.removed_by, scan.removed_why) == (province.receptionist, "Quét mờ")
    assert list(scans.on_paper(paper)) == []
    assert scans.read(scan)
    # The better scan of the same paper, or the same file again, finds its place.
    kept, _refused = scans.attach(paper, [("a.pdf", pdf())], by=province.receptionist)
    assert kept[0].pk != scan.pk


def test_a_file_that_was_altered_is_told(province: Province, paper: DossierDocument) -> None:
    from django.conf import settings

    [scan], _refused = scans.attach(paper, [("a.pdf", pdf())], by=province.receptionist)
    path = Path(settings.MEDIA_ROOT) / scan.file
    path.write_bytes(pdf(2))
    with pytest.raises(scans.ScanError, match="bị sửa"):
        scans.read(scan)
    path.unlink()
    client = browser_of(province.receptionist)
    address = f"/ho-so/{paper.dossier.code}/giay-to-nop/{paper.pk}/"
    answer = client.get(f"{address}tep/{scan.pk}/", follow=True)
    assert "Không tìm thấy tệp" in page(answer)


def test_what_was_given_before_is_offered_and_used_again(
    province: Province, paper: DossierDocument
) -> None:
    [given], _refused = scans.attach(paper, [("cccd.png", picture())], by=province.receptionist)
    later = DossierDocument.objects.create(
        dossier=province.log(), name="căn cước CÔNG DÂN", position=1
    )
    other = DossierDocument.objects.create(dossier=later.dossier, name="Bản vẽ", position=2)
    client = browser_of(province.receptionist)
    address = f"/ho-so/{later.dossier.code}/giay-to-nop/{later.pk}/"
    assert "Đã nộp ở hồ sơ trước" in page(client.get(address))
    elsewhere = f"/ho-so/{later.dossier.code}/giay-to-nop/{other.pk}/"
    assert "Đã nộp ở hồ sơ trước" not in page(client.get(elsewhere))
    for _each in "ab":
        client.post(f"{address}dung-lai/{given.pk}/")
    [again] = scans.on_paper(later)
    assert (again.source, again.reused_from, again.digest) == (
        Scan.Source.REUSED, given, given.digest,
    )  # fmt: skip
    assert scans.read(again) == scans.read(given)


def test_a_stranger_sees_and_adds_nothing(province: Province, paper: DossierDocument) -> None:
    [scan], _refused = scans.attach(paper, [("a.pdf", pdf())], by=province.receptionist)
    address = f"/ho-so/{paper.dossier.code}/giay-to-nop/{paper.pk}/"
    foreign = browser_of(province.stranger)
    assert foreign.get(address).status_code == 404
    assert foreign.get(f"{address}tep/{scan.pk}/").status_code == 404
    assert foreign.post(f"{address}tep/{scan.pk}/bo/", {"why": "x"}).status_code == 404
    sent = SimpleUploadedFile("a.png", picture(colour=9))
    assert foreign.post(f"{address}them/", {"files": sent}).status_code == 404
    # A file of another paper is not reached through a paper in sight.
    other = DossierDocument.objects.create(dossier=paper.dossier, name="Khác", position=2)
    client = browser_of(province.receptionist)
    wrong = f"/ho-so/{paper.dossier.code}/giay-to-nop/{other.pk}/tep/{scan.pk}/"
    assert client.get(wrong).status_code == 404


def test_the_page_adds_shows_and_writes_down_who_looked(
    province: Province, paper: DossierDocument
) -> None:
    client = browser_of(province.receptionist)
    address = f"/ho-so/{paper.dossier.code}/giay-to-nop/{paper.pk}/"
    answer = client.post(
        f"{address}them/",
        {"files": [SimpleUploadedFile("cccd.png", picture()), SimpleUploadedFile("x.exe", b"MZ")]},
        follow=True,
    )
    text = page(answer)
    assert "Đã thêm 1 tệp" in text
    assert "x.exe: Chỉ nhận" in text
    assert "Chưa quét mã độc" in text
    [scan] = scans.on_paper(paper)
    shown = client.get(f"{address}tep/{scan.pk}/")
    assert shown.content == picture()
    assert shown["Content-Type"] == "image/png"
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert shown["Content-Disposition"].startswith("inline")
    assert DossierReading.objects.filter(way=ReadingWay.SCAN).count() == 2
    assert "Hãy chọn ít nhất một tệp" in page(client.post(f"{address}them/", follow=True))
    assert "1 bản quét" in page(client.get(f"/ho-so/{paper.dossier.code}/"))


def test_the_page_costs_the_same_for_one_file_and_for_ten(
    province: Province, paper: DossierDocument
) -> None:
    client = browser_of(province.receptionist)
    address = f"/ho-so/{paper.dossier.code}/giay-to-nop/{paper.pk}/"
    counts = []
    for colours in (range(1), range(1, 10)):
        files = [(f"{n}.png", picture(colour=n)) for n in colours]
        scans.attach(paper, files, by=province.receptionist)
        with count_queries() as queries:
            page(client.get(address))
        counts.append(len(queries))
    assert counts[0] == counts[1], str(queries)


# The virus scanner


class Daemon(socketserver.BaseRequestHandler):
    answer = b"stream: OK\0"
    seen = b""

    def handle(self) -> None:
        stream = self.request.makefile("rb")
        assert stream.read(10) == b"zINSTREAM\0"
        content = b""
        while size := int.from_bytes(stream.read(4), "big"):
            content += stream.read(size)
        type(self).seen = content
        self.request.sendall(self.answer)


@pytest.fixture
def daemon(settings: Any) -> Iterator[type[Daemon]]:
    class Mine(Daemon):
        pass

    with socketserver.TCPServer(("127.0.0.1", 0), Mine) as server:
        settings.CLAMAV_ADDRESS = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Mine
        server.shutdown()
        thread.join()


def test_the_daemon_sees_every_byte(daemon: type[Daemon]) -> None:
    content = pdf(40) + b"\n" * 200_000
    assert virus_scanning.is_clean(content)
    assert daemon.seen == content
    assert scans.check(picture()).is_clean


def test_what_the_daemon_knows_is_not_kept(
    daemon: type[Daemon], province: Province, paper: DossierDocument, tmp_path: Path
) -> None:
    daemon.answer = b"stream: Eicar-Signature FOUND\0"
    kept, refused = scans.attach(paper, [("a.pdf", pdf())], by=province.receptionist)
    assert kept == []
    assert "Eicar-Signature" in refused[0][1]
    assert not list(tmp_path.rglob("*.pdf"))


@pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR\0", b""])
def test_a_daemon_that_cannot_tell_stops_no_counter(daemon: type[Daemon], answer: bytes) -> None:
    daemon.answer = answer
    assert virus_scanning.is_clean(pdf()) is False


def test_a_daemon_that_is_away_stops_no_counter(settings: Any) -> None:
    settings.CLAMAV_ADDRESS = "127.0.0.1:1"
    assert virus_scanning.is_clean(pdf()) is False
