"""Mail over SMTP: one message a digest, as text and as HTML, over an encrypted connection."""

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
from navfeed.watches.channels.deadline import SECONDS, deadline
from navfeed.watches.definition import Mail
from navfeed.watches.digest import Digest, summary
from navfeed.watches.formats import text
from navfeed.watches.page import html
from navfeed.watches.words import Security


class Mailer:
    """Sends to one address. The password never shows in a message."""

    most = 200

    def __init__(
        self, mail: Mail, to: str, password: str | None, clock: Callable[[], datetime]
    ) -> None:
        self._mail = mail
        self._to = to
        self._password = password
        self._clock = clock

    def send(self, digest: Digest) -> None:
        try:
            self._send(message_of(digest, self._mail.sender, self._to, self._clock()))
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise self._refused(f"{code} {_text(said)}") from error
        except smtplib.SMTPResponseException as error:
            raise self._refused(f"{error.smtp_code} {_text(error.smtp_error)}") from error
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise self._refused(_text(getattr(error, "strerror", None) or str(error))) from error

    def _refused(self, why: str) -> DeliveryError:
        return DeliveryError(f"the mail server {self._mail.host}:{self._mail.port} says: {why}")

    def _send(self, message: EmailMessage) -> None:
        server = self._server()
        try:
            with deadline(lambda: server.sock, SECONDS):
                self._greet(server)
                server.send_message(message, self._mail.sender, [self._to])
                # It is accepted: what happens from here on must not make it be sent again.
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
                "there is no password for the mail server. Name a password_file in [mail], or set "
                "NAVFEED_MAIL_PASSWORD"
            )
        try:
            return file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise DeliveryError(f"cannot read the password file {file}: {reason}") from None


def message_of(digest: Digest, sender: str, to: str, now: datetime) -> EmailMessage:
    """The mail. The same news has the same Message-ID all day, so that a repetition can be told."""
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


def _text(said: bytes | str) -> str:
    """What a server said, on one line."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return sanitize(" ".join(text.split()))[:300].rstrip(".")
