"""Mail over SMTP: one message per digest, as text and HTML, over an encrypted connection."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from navfeed.errors import DeliveryError
from navfeed.text.plaintext import sanitize
from navfeed.watches.channels.timeouts import SECONDS, deadline
from navfeed.watches.choices import Security
from navfeed.watches.definition import MailSettings
from navfeed.watches.digest import Digest
from navfeed.watches.formats import text
from navfeed.watches.html import html
from navfeed.watches.wording import summary


class MailSender:
    """Sends to one address. The password appears in no message."""

    most = 200

    def __init__(
        self, mail: MailSettings, to: str, password: str | None, clock: Callable[[], datetime]
    ) -> None:
        self._mail = mail
        self._to = to
        self._password = password
        self._clock = clock

    def send(self, digest: Digest) -> None:
        try:
            self._send(message_of(digest, self._mail.sender, self._to, self._clock()))
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = next(iter(error.recipients.values()))
            raise self._error(f"{code} {_text(answer)}") from error
        except smtplib.SMTPResponseException as error:
            raise self._error(f"{error.smtp_code} {_text(error.smtp_error)}") from error
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise self._error(_text(getattr(error, "strerror", None) or str(error))) from error

    def _error(self, answer: str) -> DeliveryError:
        return DeliveryError(f"mail server {self._mail.host}:{self._mail.port}: {answer}")

    def _send(self, message: EmailMessage) -> None:
        server = self._server()
        try:
            with deadline(lambda: server.sock, SECONDS):
                self._greet(server)
                server.send_message(message, self._mail.sender, [self._to])
                # It was accepted: an error from here on must not cause it to be sent again.
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
        finally:
            server.close()

    def _server(self) -> smtplib.SMTP:
        mail = self._mail
        if mail.security is Security.TLS:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(mail.host, mail.port, timeout=SECONDS, context=context)
        return smtplib.SMTP(mail.host, mail.port, timeout=SECONDS)

    def _greet(self, server: smtplib.SMTP) -> None:
        if self._mail.security is Security.STARTTLS:
            server.starttls(context=ssl.create_default_context())
        if self._mail.user is not None:
            server.login(self._mail.user, self._secret())

    def _secret(self) -> str:
        if self._password is not None:
            return self._password
        file = self._mail.password_file
        if file is None:
            raise DeliveryError(
                "the mail server needs a password. Set password_file in [mail], or "
                "NAVFEED_MAIL_PASSWORD"
            )
        try:
            return file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a text file"
            raise DeliveryError(f"cannot read the password file {file}: {reason}") from None


def message_of(digest: Digest, sender: str, to: str, now: datetime) -> EmailMessage:
    """The mail. Its Message-ID is the same for the same content all day, to recognise repeats."""
    domain = sender.rpartition("@")[2].rstrip(">")
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = summary(digest)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{digest.fingerprint()}.{now:%Y%m%d}@{domain}>"
    message["List-Id"] = f"navfeed watches <navfeed.{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text(digest))
    message.add_alternative(html(digest), subtype="html")
    return message


def _text(answer: bytes | str) -> str:
    """A server's answer, on one line."""
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return sanitize(" ".join(text.split()))[:300].rstrip(".")
