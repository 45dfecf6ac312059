"""Remove from an ad what may not be kept: pure and deterministic.

With `contacts = drop` that is every contact, and the e-mail addresses and phone numbers in its
texts; and always the people erased on request. Content is redacted before it is compared with the
store, so that an ad that NAV left unchanged is unchanged here too.

Text is HTML or plain. Both are found as people write them in Norway; what merely
looks like a phone number stays: dates, years, hours, prices, organisation numbers, postal codes,
references, links.
In doubt, a possible phone number is removed: a lost reference is a nuisance, a person's number
that stays is a breach.

Every pattern takes time linear in the text: runs are possessive, and gaps have a greatest length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from navfeed.model import Contact, Contacts, Content, PrivacyPolicy
from navfeed.privacy.matcher import REMOVED, Matcher, hashed_matcher
from navfeed.wire.rewrite import iter_texts, rewrite_texts

_TAG = r"</?(?:a|b|em|font|i|small|span|strong|u|wbr)\b[^<>]*+>"
_BLANK = rf"(?:[\s\u00ad\u200b]|&nbsp;|&thinsp;|&\#160;|&\#xa0;|{_TAG})"
_HYPHEN = r"[-\u2010-\u2013]"

_AT = (
    rf"(?:{_TAG})*+(?:@|&\#0*+64;|&\#x0*+40;|&commat;|%40|\s@\s"
    r"|\s?[(\[{]\s?(?:at|a|alfa|alfakrøll|krøllalfa)\s?[)\]}]\s?)" + rf"(?:{_TAG})*+"
)
_DOT = r"(?:\.|&\#46;|&period;|\s?[(\[{]\s?(?:dot|punktum)\s?[)\]}]\s?)"
_EMAIL = re.compile(
    rf"(?<![\w.+-])[\w.+-]++{_AT}[\w-]++(?:{_DOT}[\w-]++)++", re.IGNORECASE | re.UNICODE
)
_LINK = re.compile(
    r"""(?:https?://|www\.)(?:(?!&(?:nbsp|lt|gt|quot|\#))[^\s"'<>])++""", re.IGNORECASE
)

# Eight digits in any grouping: only after a prefix or a label of a phone number.
_EIGHT = rf"\d(?:(?:{_BLANK}|[.()/]|{_HYPHEN}){{0,3}}+\d){{7}}(?!\d)"
_NO_DATE = r"(?!\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d|(?:19|20)\d\d-\d\d-\d\d)"
_NORWAY = (
    r"(?:\((?:\+|00)?\s?47\)|(?:\+|(?<!\d)00)\s?47|(?<![\w.,])47"
    rf"(?={_BLANK})){_BLANK}{{0,3}}+"
)
_ABROAD = (
    rf"(?:\+|(?<![\w.,:])00)[1-9]\d{{0,2}}(?:(?:{_BLANK}|[.()/]|{_HYPHEN}){{0,3}}+\d){{7,12}}(?!\d)"
)
_PREFIXED = re.compile(rf"{_NORWAY}{_EIGHT}|{_ABROAD}", re.IGNORECASE)
_LABELLED = re.compile(
    r"((?:tlf|telefon|telephone|phone|mobil|sms|vipps|whatsapp|fax|faks|tel:"
    r"|\b(?:tel|mob|ring|call|cell))[a-zæøå]{0,8}+"
    rf"(?:{_BLANK}|[.:,;(/+]|{_HYPHEN}|\b(?:nr|no|nummer|number|på|til|oss|on|us|er)\b){{0,8}}+)"
    rf"{_NO_DATE}(?:(?:47{_BLANK}?)?{_EIGHT}|0\d{{4}}(?!\d))",
    re.IGNORECASE,
)

# Groupings of eight digits that only phone numbers have. Landline numbers begin with 2, 3 and 5
# to 7, mobile numbers with 4 and 9; none with 20 or 30.
_PAIR = r"(?:[23][1-9]|[4-9]\d)"
_GAP = rf"{_BLANK}{{1,4}}+"
_PLAIN = re.compile(
    r"(?<![\w=\#%+])(?<!\d[.:])(?<!\D\d,)(?<![^\d\s]/)(?<!kr)(?<!kr\s)(?<!kr\.\s)(?<!nok\s)(?:"
    rf"{_PAIR}(?:(?:{_GAP}\d\d){{3}}|(?:\.\d\d){{3}}|(?:{_HYPHEN}\d\d){{3}})"
    rf"|[489]\d\d(?:{_GAP}\d\d{_GAP}\d{{3}}|\.\d\d\.\d{{3}}|{_HYPHEN}\d\d{_HYPHEN}\d{{3}})"
    rf"|(?P<close>[489]\d\d{_GAP}\d{{5}}|{_PAIR}{_GAP}\d{{6}}|{_PAIR}\d{{6}})"
    rf")(?!\w*\d)(?!{_BLANK}?(?:%|kr\b|nok\b|mill|,-|€))"
    rf"(?!,\d{{1,2}}(?!\d))(?!\.\d)(?!{_HYPHEN}\d{{1,4}}(?!\d))",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d")
_REFERENCE = re.compile(
    r"(?:\b(?:org|ref|referanse|saks?|stillings?|annonse|utlysnings?|prosjekt|kunde|konto|journal"
    r"|arkiv|bestillings?|avdelings?|ansatt|finn|jobbnorge|webcruiter|easycruit|reknr|hpr)"
    r"[.\s-]{0,2}(?:nr|nummer|no|id|kode|number)\b"
    r"|\b(?:id|kid|ref|hpr|jobbnorge|webcruiter)\b)"
    r"[.:\#=\s-]{0,4}(?:<[^<>]*+>|&nbsp;|\s){0,4}$",
    re.IGNORECASE,
)
_MARKUP = re.compile(_TAG, re.IGNORECASE)


class Redactor:
    """Applies one `PrivacyPolicy` to many ads. Costs nothing if everything is kept."""

    def __init__(self, policy: PrivacyPolicy) -> None:
        self._idle = policy.keeps_all
        self._drop = policy.contacts is Contacts.DROP
        self._matcher = hashed_matcher(policy.key, policy.marks) if policy.marks else None

    def __call__(self, content: Content) -> Content:
        if self._idle:
            return content
        return rewrite_texts(content, self._text, self._drops, recode=self._without_erased)

    def _text(self, text: str) -> str:
        text = self._without_erased(text)
        return without_contacts(text) if self._drop else text

    def _without_erased(self, text: str) -> str:
        return text if self._matcher is None else self._matcher.without(text)

    def _drops(self, contact: Contact) -> bool:
        return self._drop or (self._matcher is not None and is_about(contact, self._matcher))


def is_about(contact: Contact, matcher: Matcher) -> bool:
    """Whether a contact is the person searched for, to be removed entirely."""
    return any(matcher.find(text) for text in (contact.name, contact.email, contact.phone) if text)


def without_person(content: Content, matcher: Matcher) -> Content:
    """The content without anything that the matcher finds; matching contacts go entirely."""
    return rewrite_texts(
        content,
        matcher.without,
        lambda contact: is_about(contact, matcher),
        recode=matcher.without,
    )


def places_of(raw: str, matcher: Matcher) -> Iterator[tuple[str, str]]:
    """Each match in stored content: the field, and the matching text."""
    for field, text in iter_texts(raw, names=True):
        yield from ((field, text[start:end]) for start, end in matcher.find(text))


def without_contacts(text: str) -> str:
    """The text without e-mail addresses and phone numbers; the rest is unchanged.

    A link keeps the digits in its path: it may be the way to apply, and must still work.
    """
    pieces = []
    at = 0
    for link in _LINK.finditer(text):
        pieces += [_without_both(text[at : link.start()]), _without_addresses(link[0])]
        at = link.end()
    return "".join([*pieces, _without_both(text[at:])])


def _without_both(text: str) -> str:
    """The order matters: one form can contain another."""
    text = _without_addresses(text)
    text = _PREFIXED.sub(_removed, text)
    text = _LABELLED.sub(lambda match: match[1] + _replacement(match[0][len(match[1]) :]), text)
    return _PLAIN.sub(_removed_if_phone, text)


def _without_addresses(text: str) -> str:
    return _EMAIL.sub(_removed, text)


def _removed(match: re.Match[str]) -> str:
    return _replacement(match[0])


def _replacement(text: str) -> str:
    """The replacement of `text`: its tags stay, or the page around it would break."""
    return REMOVED + "".join(_MARKUP.findall(text)) if "<" in text else REMOVED


def _removed_if_phone(match: re.Match[str]) -> str:
    """Digits without grouping may be a date or a reference; grouped ones are neither."""
    before = match.string[max(match.start() - 60, 0) : match.start()]
    if match["close"] and (_DATE.fullmatch(match[0]) or _REFERENCE.search(before)):
        return match[0]
    return _removed(match)
