"""The explanation of a date, word for word as the applicant reads it (domain.md 3.4, 3.5, 3.9).

The stories were read against the calendar by hand; what a change of words or rules does to them is
to be read again.
"""

from datetime import date, datetime, time
from decimal import Decimal

import pytest
from django.utils.translation import get_language, override

from agencies.calendar_data import default_calendar
from agencies.working_time import LOCAL_ZONE, Calendar, Season, Window
from dossiers.deadlines import (
    Explanation,
    Limit,
    Pause,
    SupplementPolicy,
    TimeOfDay,
    Unit,
    explain,
    wording,
)

CALENDAR = default_calendar()

# A limit, the receipt, pauses with their two ends, "restart" where a supplement gives the full
# limit again, a date somebody decided. Then each day behind the number it counts to, and why.
STORIES = """
3 working_day 2026-11-12T09:00
  - Thứ Năm 12/11/2026: ngày tiếp nhận, chưa tính vào thời hạn.
  1 Thứ Sáu 13/11/2026: ngày làm việc thứ 1.
  - Thứ Bảy 14/11/2026: ngày nghỉ hằng tuần, không tính.
  - Chủ nhật 15/11/2026: ngày nghỉ hằng tuần, không tính.
  2 Thứ Hai 16/11/2026: ngày làm việc thứ 2.
  3 Thứ Ba 17/11/2026: ngày làm việc thứ 3.
  = Thời hạn 3 ngày làm việc, không kể ngày tiếp nhận Thứ Năm 12/11/2026, hẹn trả 17:00 Thứ Ba 17/11/2026.

5 working_day 2026-08-20T09:00
  - Thứ Năm 20/08/2026: ngày tiếp nhận, chưa tính vào thời hạn.
  1 Thứ Sáu 21/08/2026: ngày làm việc thứ 1.
  2 Thứ Bảy 22/08/2026: ngày làm bù thay cho ngày 31/08/2026, ngày làm việc thứ 2.
  - Chủ nhật 23/08/2026: ngày nghỉ hằng tuần, không tính.
  3 Thứ Hai 24/08/2026: ngày làm việc thứ 3.
  4 Thứ Ba 25/08/2026: ngày làm việc thứ 4.
  5 Thứ Tư 26/08/2026: ngày làm việc thứ 5.
  = Thời hạn 5 ngày làm việc, không kể ngày tiếp nhận Thứ Năm 20/08/2026, hẹn trả 17:00 Thứ Tư 26/08/2026.

3 working_day 2026-08-28T09:00
  - Thứ Sáu 28/08/2026: ngày tiếp nhận, chưa tính vào thời hạn.
  - Thứ Bảy 29/08/2026: ngày nghỉ hằng tuần, không tính.
  - Chủ nhật 30/08/2026: ngày nghỉ hằng tuần, không tính.
  - Thứ Hai 31/08/2026: nghỉ hoán đổi, làm bù ngày 22/08/2026, không tính.
  - Thứ Ba 01/09/2026: nghỉ lễ Quốc khánh, không tính.
  - Thứ Tư 02/09/2026: nghỉ lễ Quốc khánh, không tính.
  1 Thứ Năm 03/09/2026: ngày làm việc thứ 1.
  2 Thứ Sáu 04/09/2026: ngày làm việc thứ 2.
  - Thứ Bảy 05/09/2026: ngày nghỉ hằng tuần, không tính.
  - Chủ nhật 06/09/2026: ngày nghỉ hằng tuần, không tính.
  3 Thứ Hai 07/09/2026: ngày làm việc thứ 3.
  = Thời hạn 3 ngày làm việc, không kể ngày tiếp nhận Thứ Sáu 28/08/2026, hẹn trả 17:00 Thứ Hai 07/09/2026.
    Trong đó có 3 ngày nghỉ lễ, nghỉ hoán đổi không tính.

2 working_day 2026-04-24T09:00
  - Thứ Sáu 24/04/2026: ngày tiếp nhận, chưa tính vào thời hạn.
  - Thứ Bảy 25/04/2026: ngày nghỉ hằng tuần, không tính.
  - Chủ nhật 26/04/2026: nghỉ lễ Giỗ Tổ Hùng Vương, không tính.
  - Thứ Hai 27/04/2026: nghỉ bù Giỗ Tổ Hùng Vương, không tính.
  1 Thứ Ba 28/04/2026: ngày làm việc thứ 1.
  2 Thứ Tư 29/04/2026: ngày làm việc thứ 2.
  = Thời hạn 2 ngày làm việc, không kể ngày tiếp nhận Thứ Sáu 24/04/2026, hẹn trả 17:00 Thứ Tư 29/04/2026.
    Trong đó có 2 ngày nghỉ lễ, nghỉ hoán đổi không tính.

1 working_day 2026-02-13T17:30
  - Thứ Sáu 13/02/2026: tiếp nhận sau giờ làm việc, được tính từ đầu Thứ Hai 23/02/2026.
  - Thứ Bảy 14/02/2026: ngày nghỉ hằng tuần, không tính.
  - Chủ nhật 15/02/2026: ngày nghỉ hằng tuần, không tính.
  - Thứ Hai 16/02/2026: nghỉ Tết Nguyên đán, không tính.
  - Thứ Ba 17/02/2026: nghỉ Tết Nguyên đán, không tính.
  - Thứ Tư 18/02/2026: nghỉ Tết Nguyên đán, không tính.
  - Thứ Năm 19/02/2026: nghỉ Tết Nguyên đán, không tính.
  - Thứ Sáu 20/02/2026: nghỉ Tết Nguyên đán, không tính.
  - Thứ Bảy 21/02/2026: ngày nghỉ hằng tuần, không tính.
  - Chủ nhật 22/02/2026: ngày nghỉ hằng tuần, không tính.
  - Thứ Hai 23/02/2026: hồ sơ được tính là tiếp nhận từ đầu giờ, chưa tính ngày này.
  1 Thứ Ba 24/02/2026: ngày làm việc thứ 1.
  = Tiếp nhận sau giờ làm việc Thứ Sáu 13/02/2026 nên tính từ Thứ Hai 23/02/2026.
    Thời hạn 1 ngày làm việc, không kể ngày bắt đầu tính, hẹn trả 17:00 Thứ Ba 24/02/2026.
    Trong đó có 5 ngày nghỉ lễ, nghỉ hoán đổi không tính.

1 working_day 2026-11-14T09:00
  - Thứ Bảy 14/11/2026: tiếp nhận vào ngày trực, chưa tính vào thời hạn.
  - Chủ nhật 15/11/2026: ngày nghỉ hằng tuần, không tính.
  1 Thứ Hai 16/11/2026: ngày làm việc thứ 1.
  = Thời hạn 1 ngày làm việc, không kể ngày tiếp nhận Thứ Bảy 14/11/2026, hẹn trả 17:00 Thứ Hai 16/11/2026.

1 working_day 2026-11-22T09:00
  - Chủ nhật 22/11/2026: tiếp nhận vào ngày nghỉ, được tính từ đầu Thứ Hai 23/11/2026.
  - Thứ Hai 23/11/2026: hồ sơ được tính là tiếp nhận từ đầu giờ, chưa tính ngày này.
  - Thứ Ba 24/11/2026: nghỉ lễ Ngày Văn hóa Việt Nam, không tính.
  1 Thứ Tư 25/11/2026: ngày làm việc thứ 1.
  = Tiếp nhận vào ngày nghỉ Chủ nhật 22/11/2026 nên tính từ Thứ Hai 23/11/2026.
    Thời hạn 1 ngày làm việc, không kể ngày bắt đầu tính, hẹn trả 17:00 Thứ Tư 25/11/2026.
    Trong đó có 1 ngày nghỉ lễ, nghỉ hoán đổi không tính.

1,5 working_day 2026-11-16T09:00
  - Thứ Hai 16/11/2026: ngày tiếp nhận, chưa tính vào thời hạn.
  1 Thứ Ba 17/11/2026: ngày làm việc thứ 1.
  1.5 Thứ Tư 18/11/2026: tính 4 giờ làm việc, cộng dồn 1,5 ngày làm việc.
  = Thời hạn 1,5 ngày làm việc, không kể ngày tiếp nhận Thứ Hai 16/11/2026, hẹn trả 11:00 Thứ Tư 18/11/2026.

7.5 working_hour 2026-11-23T15:00
  2 Thứ Hai 23/11/2026: ngày tiếp nhận, tính 2 giờ làm việc, cộng dồn 2 giờ.
  - Thứ Ba 24/11/2026: nghỉ lễ Ngày Văn hóa Việt Nam, không tính.
  7.5 Thứ Tư 25/11/2026: tính 5 giờ 30 phút làm việc, cộng dồn 7 giờ 30 phút.
  = Thời hạn 7,5 giờ làm việc kể từ khi tiếp nhận Thứ Hai 23/11/2026, hẹn trả 14:30 Thứ Tư 25/11/2026.
    Trong đó có 1 ngày nghỉ lễ, nghỉ hoán đổi không tính.

0.25 working_hour 2026-11-16T16:30
  0.25 Thứ Hai 16/11/2026: ngày tiếp nhận, tính 15 phút làm việc, cộng dồn 15 phút.
  = Thời hạn 0,25 giờ làm việc kể từ khi tiếp nhận Thứ Hai 16/11/2026, hẹn trả 16:45 Thứ Hai 16/11/2026.

9 working_hour 2026-08-21T16:00
  1 Thứ Sáu 21/08/2026: ngày tiếp nhận, tính 1 giờ làm việc, cộng dồn 1 giờ.
  9 Thứ Bảy 22/08/2026: ngày làm bù thay cho ngày 31/08/2026, tính 8 giờ làm việc, cộng dồn 9 giờ.
  = Thời hạn 9 giờ làm việc kể từ khi tiếp nhận Thứ Sáu 21/08/2026, hẹn trả 17:00 Thứ Bảy 22/08/2026.

1 working_hour 2026-11-22T09:00
  - Chủ nhật 22/11/2026: tiếp nhận vào ngày nghỉ, được tính từ đầu Thứ Hai 23/11/2026.
  1 Thứ Hai 23/11/2026: ngày tiếp nhận, tính 1 giờ làm việc, cộng dồn 1 giờ.
  = Tiếp nhận vào ngày nghỉ Chủ nhật 22/11/2026 nên tính từ Thứ Hai 23/11/2026.
    Thời hạn 1 giờ làm việc kể từ đầu giờ, hẹn trả 08:00 Thứ Hai 23/11/2026.

9 working_hour 2026-11-16T16:00 2026-11-16T17:00/2026-11-18T07:00
  1 Thứ Hai 16/11/2026: ngày tiếp nhận, tính 1 giờ làm việc, cộng dồn 1 giờ.
  - Thứ Ba 17/11/2026: tạm dừng tính thời hạn, không tính.
  9 Thứ Tư 18/11/2026: tính 8 giờ làm việc, cộng dồn 9 giờ.
  = Thời hạn 9 giờ làm việc kể từ khi tiếp nhận Thứ Hai 16/11/2026, hẹn trả 17:00 Thứ Tư 18/11/2026.
    Thời gian tạm dừng không tính vào thời hạn.

9 day 2026-08-22T09:00
  - Thứ Bảy 22/08/2026: ngày tiếp nhận, chưa tính vào thời hạn.
  1 Chủ nhật 23/08/2026: ngày thứ 1, ngày nghỉ vẫn tính.
  2 Thứ Hai 24/08/2026: ngày thứ 2.
  3 Thứ Ba 25/08/2026: ngày thứ 3.
  4 Thứ Tư 26/08/2026: ngày thứ 4.
  5 Thứ Năm 27/08/2026: ngày thứ 5.
  6 Thứ Sáu 28/08/2026: ngày thứ 6.
  7 Thứ Bảy 29/08/2026: ngày thứ 7, ngày nghỉ vẫn tính.
  8 Chủ nhật 30/08/2026: ngày thứ 8, ngày nghỉ vẫn tính.
  9 Thứ Hai 31/08/2026: ngày thứ 9, là ngày nghỉ nên hạn dời sang ngày làm việc tiếp theo.
  - Thứ Ba 01/09/2026: nghỉ lễ Quốc khánh, không tính.
  - Thứ Tư 02/09/2026: nghỉ lễ Quốc khánh, không tính.
  - Thứ Năm 03/09/2026: ngày làm việc đầu tiên sau ngày nghỉ, hạn dời sang ngày này.
  = Thời hạn 9 ngày kể cả ngày nghỉ, không kể ngày tiếp nhận Thứ Bảy 22/08/2026, hẹn trả 17:00 Thứ Năm
    03/09/2026.
    Ngày cuối là ngày nghỉ nên hạn dời sang ngày làm việc tiếp theo.

2 day 2026-11-20T17:30
  - Thứ Sáu 20/11/2026: tiếp nhận sau giờ làm việc, được tính từ đầu Thứ Hai 23/11/2026.
  - Thứ Bảy 21/11/2026: ngày nghỉ hằng tuần, không tính.
  - Chủ nhật 22/11/2026: ngày nghỉ hằng tuần, không tính.
  - Thứ Hai 23/11/2026: hồ sơ được tính là tiếp nhận từ đầu giờ, chưa tính ngày này.
  1 Thứ Ba 24/11/2026: ngày thứ 1, ngày nghỉ vẫn tính.
  2 Thứ Tư 25/11/2026: ngày thứ 2.
  = Tiếp nhận sau giờ làm việc Thứ Sáu 20/11/2026 nên tính từ Thứ Hai 23/11/2026.
    Thời hạn 2 ngày kể cả ngày nghỉ, không kể ngày bắt đầu tính, hẹn trả 17:00 Thứ Tư 25/11/2026.

3 day 2026-11-09T09:00 2026-11-10T09:00/2026-11-11T08:00
  - Thứ Hai 09/11/2026: ngày tiếp nhận, chưa tính vào thời hạn.
  1 Thứ Ba 10/11/2026: ngày thứ 1.
  - Thứ Tư 11/11/2026: tạm dừng tính thời hạn, không tính.
  2 Thứ Năm 12/11/2026: ngày thứ 2.
  3 Thứ Sáu 13/11/2026: ngày thứ 3.
  = Thời hạn 3 ngày kể cả ngày nghỉ, không kể ngày tiếp nhận Thứ Hai 09/11/2026, hẹn trả 17:00 Thứ Sáu
    13/11/2026.
    Thời gian tạm dừng không tính vào thời hạn.

2 day 2026-11-12T09:00 2026-11-12T10:00/2026-11-13T08:00
  - Thứ Năm 12/11/2026: ngày tiếp nhận, chưa tính vào thời hạn.
  - Thứ Sáu 13/11/2026: tạm dừng tính thời hạn, không tính.
  1 Thứ Bảy 14/11/2026: ngày thứ 1, ngày nghỉ vẫn tính.
  2 Chủ nhật 15/11/2026: ngày thứ 2, là ngày nghỉ nên hạn dời sang ngày làm việc tiếp theo.
  - Thứ Hai 16/11/2026: hạn trả kết quả dời theo thời gian tạm dừng, không tính.
  = Thời hạn 2 ngày kể cả ngày nghỉ, không kể ngày tiếp nhận Thứ Năm 12/11/2026,
    hẹn trả 17:00 Thứ Hai 16/11/2026.
    Ngày cuối là ngày nghỉ nên hạn dời sang ngày làm việc tiếp theo.
    Thời gian tạm dừng không tính vào thời hạn.

1 other 2026-11-19T09:00 decided:2026-11-23T17:00
  - Thứ Năm 19/11/2026: ngày tiếp nhận, chưa tính vào thời hạn.
  1 Thứ Sáu 20/11/2026: ngày làm việc thứ 1.
  - Thứ Bảy 21/11/2026: ngày nghỉ hằng tuần, không tính.
  - Chủ nhật 22/11/2026: ngày nghỉ hằng tuần, không tính.
  2 Thứ Hai 23/11/2026: ngày làm việc thứ 2.
  = Tiếp nhận Thứ Năm 19/11/2026, ngày hẹn trả được ấn định là 17:00 Thứ Hai 23/11/2026.

0.1 month 2026-11-16T09:00
  - Thứ Hai 16/11/2026: ngày tiếp nhận, chưa tính vào thời hạn.
  1 Thứ Ba 17/11/2026: ngày thứ 1 của thời hạn.
  2 Thứ Tư 18/11/2026: ngày thứ 2 của thời hạn.
  3 Thứ Năm 19/11/2026: ngày thứ 3 của thời hạn.
  = Thời hạn 0,1 tháng kể từ ngày tiếp nhận Thứ Hai 16/11/2026, hẹn trả 17:00 Thứ Năm 19/11/2026.

0.1 month 2026-11-22T09:00
  - Chủ nhật 22/11/2026: tiếp nhận vào ngày nghỉ, được tính từ đầu Thứ Hai 23/11/2026.
  - Thứ Hai 23/11/2026: hồ sơ được tính là tiếp nhận từ đầu giờ, chưa tính ngày này.
  1 Thứ Ba 24/11/2026: ngày thứ 1, ngày nghỉ vẫn tính.
  2 Thứ Tư 25/11/2026: ngày thứ 2 của thời hạn.
  3 Thứ Năm 26/11/2026: ngày thứ 3 của thời hạn.
  = Tiếp nhận vào ngày nghỉ Chủ nhật 22/11/2026 nên tính từ Thứ Hai 23/11/2026.
    Thời hạn 0,1 tháng kể từ ngày bắt đầu tính, hẹn trả 17:00 Thứ Năm 26/11/2026.

- same_day 2026-11-16T09:00
  1 Thứ Hai 16/11/2026: giải quyết và trả kết quả trong ngày này.
  = Giải quyết trong ngày, tiếp nhận sau 15:00 thì trả trong ngày làm việc tiếp theo: tiếp nhận Thứ Hai
    16/11/2026, hẹn trả 17:00 Thứ Hai 16/11/2026.

- same_day 2026-11-20T16:00
  - Thứ Sáu 20/11/2026: ngày tiếp nhận, chưa tính vào thời hạn.
  - Thứ Bảy 21/11/2026: ngày nghỉ hằng tuần, không tính.
  - Chủ nhật 22/11/2026: ngày nghỉ hằng tuần, không tính.
  1 Thứ Hai 23/11/2026: giải quyết và trả kết quả trong ngày này.
  = Giải quyết trong ngày, tiếp nhận sau 15:00 thì trả trong ngày làm việc tiếp theo: tiếp nhận Thứ Sáu
    20/11/2026, hẹn trả 17:00 Thứ Hai 23/11/2026.

- same_day 2026-11-22T09:00
  - Chủ nhật 22/11/2026: tiếp nhận vào ngày nghỉ, được tính từ đầu Thứ Hai 23/11/2026.
  1 Thứ Hai 23/11/2026: giải quyết và trả kết quả trong ngày này.
  = Tiếp nhận vào ngày nghỉ Chủ nhật 22/11/2026 nên tính từ Thứ Hai 23/11/2026.
    Giải quyết trong ngày bắt đầu tính, hẹn trả 17:00 Thứ Hai 23/11/2026.

- same_day 2026-11-20T09:00 2026-11-20T10:00/2026-11-25T10:00
  1 Thứ Sáu 20/11/2026: giải quyết và trả kết quả trong ngày này.
  - Thứ Bảy 21/11/2026: ngày nghỉ hằng tuần, không tính.
  - Chủ nhật 22/11/2026: ngày nghỉ hằng tuần, không tính.
  - Thứ Hai 23/11/2026: tạm dừng tính thời hạn, không tính.
  - Thứ Ba 24/11/2026: nghỉ lễ Ngày Văn hóa Việt Nam, không tính.
  - Thứ Tư 25/11/2026: hạn trả kết quả dời theo thời gian tạm dừng, không tính.
  = Giải quyết trong ngày, tiếp nhận sau 15:00 thì trả trong ngày làm việc tiếp theo: tiếp nhận Thứ Sáu
    20/11/2026, hẹn trả 17:00 Thứ Tư 25/11/2026.
    Thời gian tạm dừng không tính vào thời hạn.

1 working_day 2026-11-09T09:00 2026-11-10T09:00/2026-11-12T09:00 restart
  - Thứ Hai 09/11/2026: ngày tiếp nhận; thời hạn được tính lại khi bổ sung đủ hồ sơ.
  - Thứ Ba 10/11/2026: trước khi bổ sung đủ hồ sơ, thời hạn tính lại từ đầu, không tính.
  - Thứ Tư 11/11/2026: trước khi bổ sung đủ hồ sơ, thời hạn tính lại từ đầu, không tính.
  - Thứ Năm 12/11/2026: bổ sung đủ hồ sơ, thời hạn tính lại từ sau ngày này.
  1 Thứ Sáu 13/11/2026: ngày làm việc thứ 1.
  = Thời hạn tính lại từ đầu vì bổ sung đủ hồ sơ Thứ Năm 12/11/2026.
    Thời hạn 1 ngày làm việc, không kể ngày bắt đầu tính, hẹn trả 17:00 Thứ Sáu 13/11/2026.
    Thời gian tạm dừng không tính vào thời hạn.

1 working_day 2026-11-09T09:00 2026-11-10T09:00/2026-11-12T17:30 restart
  - Thứ Hai 09/11/2026: ngày tiếp nhận; thời hạn được tính lại khi bổ sung đủ hồ sơ.
  - Thứ Ba 10/11/2026: trước khi bổ sung đủ hồ sơ, thời hạn tính lại từ đầu, không tính.
  - Thứ Tư 11/11/2026: trước khi bổ sung đủ hồ sơ, thời hạn tính lại từ đầu, không tính.
  - Thứ Năm 12/11/2026: bổ sung sau giờ làm việc, được tính từ đầu Thứ Sáu 13/11/2026.
  - Thứ Sáu 13/11/2026: hồ sơ được tính là bổ sung từ đầu giờ, chưa tính ngày này.
  - Thứ Bảy 14/11/2026: ngày nghỉ hằng tuần, không tính.
  - Chủ nhật 15/11/2026: ngày nghỉ hằng tuần, không tính.
  1 Thứ Hai 16/11/2026: ngày làm việc thứ 1.
  = Bổ sung sau giờ làm việc Thứ Năm 12/11/2026 nên tính từ Thứ Sáu 13/11/2026.
    Thời hạn 1 ngày làm việc, không kể ngày bắt đầu tính, hẹn trả 17:00 Thứ Hai 16/11/2026.
    Thời gian tạm dừng không tính vào thời hạn.

1 working_day 2026-11-09T09:00 2026-11-10T09:00/2026-11-15T08:00 restart
  - Thứ Hai 09/11/2026: ngày tiếp nhận; thời hạn được tính lại khi bổ sung đủ hồ sơ.
  - Thứ Ba 10/11/2026: trước khi bổ sung đủ hồ sơ, thời hạn tính lại từ đầu, không tính.
  - Thứ Tư 11/11/2026: trước khi bổ sung đủ hồ sơ, thời hạn tính lại từ đầu, không tính.
  - Thứ Năm 12/11/2026: trước khi bổ sung đủ hồ sơ, thời hạn tính lại từ đầu, không tính.
  - Thứ Sáu 13/11/2026: trước khi bổ sung đủ hồ sơ, thời hạn tính lại từ đầu, không tính.
  - Thứ Bảy 14/11/2026: trước khi bổ sung đủ hồ sơ, thời hạn tính lại từ đầu, không tính.
  - Chủ nhật 15/11/2026: bổ sung vào ngày nghỉ, được tính từ đầu Thứ Hai 16/11/2026.
  - Thứ Hai 16/11/2026: hồ sơ được tính là bổ sung từ đầu giờ, chưa tính ngày này.
  1 Thứ Ba 17/11/2026: ngày làm việc thứ 1.
  = Bổ sung vào ngày nghỉ Chủ nhật 15/11/2026 nên tính từ Thứ Hai 16/11/2026.
    Thời hạn 1 ngày làm việc, không kể ngày bắt đầu tính, hẹn trả 17:00 Thứ Ba 17/11/2026.
    Thời gian tạm dừng không tính vào thời hạn.

- other 2026-11-19T09:00 decided:2026-11-23T17:00
  - Thứ Năm 19/11/2026: ngày tiếp nhận, chưa tính vào thời hạn.
  1 Thứ Sáu 20/11/2026: ngày làm việc thứ 1.
  - Thứ Bảy 21/11/2026: ngày nghỉ hằng tuần, không tính.
  - Chủ nhật 22/11/2026: ngày nghỉ hằng tuần, không tính.
  2 Thứ Hai 23/11/2026: ngày làm việc thứ 2.
  = Tiếp nhận Thứ Năm 19/11/2026, ngày hẹn trả được ấn định là 17:00 Thứ Hai 23/11/2026.

1 working_day 2026-11-19T09:00 decided:2026-11-23T17:00
  - Thứ Năm 19/11/2026: ngày tiếp nhận, chưa tính vào thời hạn.
  1 Thứ Sáu 20/11/2026: ngày làm việc thứ 1.
  - Thứ Bảy 21/11/2026: ngày nghỉ hằng tuần, không tính.
  - Chủ nhật 22/11/2026: ngày nghỉ hằng tuần, không tính.
  - Thứ Hai 23/11/2026: ngoài thời hạn, theo ngày hẹn trả đã ấn định, không tính.
  = Tiếp nhận Thứ Năm 19/11/2026, ngày hẹn trả được ấn định là 17:00 Thứ Hai 23/11/2026.

1 working_day 2026-12-31T17:30
  - Thứ Năm 31/12/2026: tiếp nhận sau giờ làm việc, được tính từ đầu Thứ Hai 04/01/2027.
  - Thứ Sáu 01/01/2027: nghỉ Tết Dương lịch, không tính.
  - Thứ Bảy 02/01/2027: ngày nghỉ hằng tuần, không tính.
  - Chủ nhật 03/01/2027: ngày nghỉ hằng tuần, không tính.
  - Thứ Hai 04/01/2027: hồ sơ được tính là tiếp nhận từ đầu giờ, chưa tính ngày này.
  1 Thứ Ba 05/01/2027: ngày làm việc thứ 1.
  = Tiếp nhận sau giờ làm việc Thứ Năm 31/12/2026 nên tính từ Thứ Hai 04/01/2027.
    Thời hạn 1 ngày làm việc, không kể ngày bắt đầu tính, hẹn trả 17:00 Thứ Ba 05/01/2027.
    Trong đó có 1 ngày nghỉ lễ, nghỉ hoán đổi không tính.
    Lịch nghỉ năm 2027 là lịch dự kiến, chưa công bố đầy đủ.

2 working_hour 2026-11-09T09:00 2026-11-10T09:00/2026-11-12T16:00 restart
  - Thứ Hai 09/11/2026: ngày tiếp nhận; thời hạn được tính lại khi bổ sung đủ hồ sơ.
  - Thứ Ba 10/11/2026: trước khi bổ sung đủ hồ sơ, thời hạn tính lại từ đầu, không tính.
  - Thứ Tư 11/11/2026: trước khi bổ sung đủ hồ sơ, thời hạn tính lại từ đầu, không tính.
  1 Thứ Năm 12/11/2026: bổ sung đủ hồ sơ, tính 1 giờ làm việc, cộng dồn 1 giờ.
  2 Thứ Sáu 13/11/2026: tính 1 giờ làm việc, cộng dồn 2 giờ.
  = Thời hạn tính lại từ đầu vì bổ sung đủ hồ sơ Thứ Năm 12/11/2026.
    Thời hạn 2 giờ làm việc kể từ khi bổ sung, hẹn trả 08:00 Thứ Sáu 13/11/2026.
    Thời gian tạm dừng không tính vào thời hạn.

- same_day 2026-11-09T09:00 2026-11-09T10:00/2026-11-10T16:00 restart
  - Thứ Hai 09/11/2026: ngày tiếp nhận; thời hạn được tính lại khi bổ sung đủ hồ sơ.
  - Thứ Ba 10/11/2026: bổ sung đủ hồ sơ, thời hạn tính lại từ sau ngày này.
  1 Thứ Tư 11/11/2026: giải quyết và trả kết quả trong ngày này.
  = Thời hạn tính lại từ đầu vì bổ sung đủ hồ sơ Thứ Ba 10/11/2026.
    Giải quyết trong ngày, bổ sung sau 15:00 thì trả trong ngày làm việc tiếp theo: hẹn trả 17:00 Thứ Tư
    11/11/2026.
    Thời gian tạm dừng không tính vào thời hạn.

2 day 2026-11-09T09:00 2026-11-10T09:00/2026-11-11T16:00 restart
  - Thứ Hai 09/11/2026: ngày tiếp nhận; thời hạn được tính lại khi bổ sung đủ hồ sơ.
  - Thứ Ba 10/11/2026: trước khi bổ sung đủ hồ sơ, thời hạn tính lại từ đầu, không tính.
  - Thứ Tư 11/11/2026: bổ sung đủ hồ sơ, thời hạn tính lại từ sau ngày này.
  1 Thứ Năm 12/11/2026: ngày thứ 1.
  2 Thứ Sáu 13/11/2026: ngày thứ 2.
  = Thời hạn tính lại từ đầu vì bổ sung đủ hồ sơ Thứ Tư 11/11/2026.
    Thời hạn 2 ngày kể cả ngày nghỉ, không kể ngày bắt đầu tính, hẹn trả 17:00 Thứ Sáu 13/11/2026.
    Thời gian tạm dừng không tính vào thời hạn.

1 working_day 2028-01-03T09:00
  - Thứ Hai 03/01/2028: ngày tiếp nhận, chưa tính vào thời hạn.
  1 Thứ Ba 04/01/2028: ngày làm việc thứ 1.
  = Thời hạn 1 ngày làm việc, không kể ngày tiếp nhận Thứ Hai 03/01/2028, hẹn trả 17:00 Thứ Ba 04/01/2028.
    Ngày hẹn là tạm tính vì chưa có lịch nghỉ của năm 2028.

- none 2026-11-19T09:00
  = Thủ tục này không hẹn ngày trả.
"""


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


def told(asked: str) -> list[str]:
    """Return the days and the sentences of an explanation, as STORIES writes them."""
    value, unit, received, *rest = asked.split()
    pauses = [text.split("/") for text in rest if "/" in text]
    decided = [text.removeprefix("decided:") for text in rest if text.startswith("decided:")]
    story = explain(
        Limit.parse("" if value == "-" else value, unit),
        local(received),
        CALENDAR,
        [Pause(local(start), local(end)) for start, end in pauses],
        local(decided[0]) if decided else None,
        policy=SupplementPolicy.RESTART if "restart" in rest else SupplementPolicy.RESUME,
    )
    days = [f"{'-' if day.number is None else day.number} {day.text}" for day in story.days]
    assert all(isinstance(day.number, (int, Decimal)) is day.counts for day in story.days)
    return [*days, "= " + story.summary]


@pytest.mark.parametrize(
    "story", STORIES.strip().split("\n\n"), ids=lambda text: text.partition("\n")[0]
)
def test_the_story_is_told_in_these_words(story: str) -> None:
    asked, *lines = story.replace("\n    ", " ").splitlines()
    assert told(asked) == [line.strip() for line in lines]


def test_a_procedure_that_promises_no_date_says_so() -> None:
    for unit in (Unit.NONE, Unit.OTHER):
        assert explain(Limit(None, unit), local("2026-11-19T09:00"), CALENDAR) == Explanation(
            None, None, False, (), "Thủ tục này không hẹn ngày trả."
        )


def test_a_fraction_of_a_long_day_ends_the_limit() -> None:
    """Four of ten hours are half a day of eight: seasons leave no remainder."""
    long_days = Calendar(seasons=(Season((1, 1), (Window(time(7), time(17)),)),))
    half = Limit(Decimal("1.5"), Unit.WORKING_DAY)
    story = explain(half, local("2026-11-16T09:00"), long_days)
    assert [day.number for day in story.days] == [None, 1, Decimal("1.5")]


def test_a_date_decided_earlier_than_the_limit_leaves_its_days_as_they_are() -> None:
    five = Limit(Decimal(5), Unit.WORKING_DAY)
    story = explain(five, local("2026-11-16T09:00"), CALENDAR, (), local("2026-11-18T17:00"))
    assert [day.number for day in story.days] == [None, 1, 2]


def test_a_fraction_ends_before_a_date_decided_later() -> None:
    limit = Limit(Decimal("1.5"), Unit.WORKING_DAY)
    story = explain(limit, local("2026-11-16T09:00"), CALENDAR, (), local("2026-11-19T17:00"))
    assert [day.number for day in story.days] == [None, 1, Decimal("1.5"), None]


def test_a_date_at_the_opening_is_the_last_day_of_the_limit() -> None:
    limit = Limit(Decimal(2), Unit.WORKING_DAY, time_of_day=TimeOfDay.SAME_CLOCK_TIME)
    story = explain(limit, local("2026-11-16T07:00"), CALENDAR)
    assert story.due_at == local("2026-11-18T07:00")
    assert [day.number for day in story.days] == [None, 1, 2]


def test_a_broken_minute_is_not_told_as_a_whole_one() -> None:
    instant = Pause(local("2026-11-16T09:10"), local("2026-11-16T09:10:00.000001"))
    limit = Limit(Decimal(1), Unit.WORKING_HOUR)
    story = explain(limit, local("2026-11-16T09:00"), CALENDAR, [instant])
    assert "tính 59 phút làm việc" in story.days[0].text


def test_a_year_without_a_published_calendar_is_spoken_of_only_where_it_matters() -> None:
    for year, sentence in ((2025, False), (2026, True), (2027, False)):
        calendar = Calendar(
            loaded_from=date(2025, 1, 1),
            loaded_until=date(2027, 12, 31),
            unannounced_years=frozenset({year}),
        )
        limit = Limit(Decimal(1), Unit.WORKING_DAY)
        story = explain(limit, local("2026-11-16T09:00"), calendar)
        assert ("là lịch dự kiến, chưa công bố đầy đủ." in story.summary) is sentence


def test_the_words_are_those_of_the_language_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "gettext", lambda text: f"{get_language()}: {text}")
    wording._words.cache_clear()
    try:
        for language in ("vi", "en"):
            with override(language):
                assert wording.words_in_force().weekdays[0] == f"{language}: Thứ Hai"
    finally:
        wording._words.cache_clear()
