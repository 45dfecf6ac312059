"""Where a postal code lies: its county, and its municipality where a whole area is that of one.

Norway's codes are assigned by area, so ranges identify it. Border valleys get their post from the
neighbour, and stand as ranges of their own. Source: Posten's register of postal codes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache

_CODE = re.compile(r"[0-9]{4}")


def area_of(postal_code: str | None) -> str | None:
    """The number of the county or the municipality in which a postal code lies, if it is known."""
    code = (postal_code or "").strip()
    if not _CODE.fullmatch(code):
        return None
    starts, areas = _ranges()
    return areas[bisect_right(starts, code) - 1] or None


@cache
def _ranges() -> tuple[list[str], list[str]]:
    pairs = [one.split(":") for one in _AREAS.split()]
    return [start for start, _ in pairs], [area for _, area in pairs]


# From which code on it is which county (2 digits) or municipality (4 digits); nothing: none.
_AREAS = """
0000: 0001:0301 1296: 1300:32 1500:31 1540:32 1545:31 1550:32 1557:31 1601:31 1900:32
2100:34 2135:32 2200:34 2730:32 2733: 2740:32 2750:34
3001:3301 3062:33 3070:39 3300:33 3430:32 3500:33 3520:32 3522:34 3524:33 3528:34 3529:33
3600:33 3650:40 3700:40 4000: 4001:1103 4040:11
4400:42 4460:11 4467:42 5003:4601 5100:46 5500:11 5550:46 5560:11 5590:46 5600:46
6000:15 6657:50 6659:15 6680:50 6689:15 6700:46 6761:15 6765:46 7003:5001 7100:50 7980:18 7985:50
8001:18 8409:55 8410:18 9000: 9006:5501 9025:55 9170:2100 9180:55 9500:56
"""
