"""A real mail server on loopback: aiosmtpd in a thread of its own, which can refuse."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from support.tls import AUTHORITY


class MailServer:
    """Keeps what it accepted in `accepted`. A context manager.

    `answers` are sent to the next messages, before the default "250 OK"; `at` is the command that
    they answer: RCPT or DATA. `hang_up_at_quit`: it goes away instead of saying goodbye.
    """

    def __init__(self, *, tls: str = "starttls", login: tuple[str, str] | None = None) -> None:
        self.accepted: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.answers: list[str] = []
        self.at = "DATA"
        self.hang_up_at_quit = False
        self._tls = tls
        self._login = login
        self._protocols: list[SMTP] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        making = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        self._server = making.result(20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        implicit = _context() if self._tls == "tls" else None
        return await self._loop.create_server(self._made, "127.0.0.1", 0, ssl=implicit)

    async def _close(self) -> None:
        self._server.close()
        for protocol in self._protocols:
            if protocol.transport is not None:
                protocol.transport.abort()
        for task in asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop)}:
            task.cancel()
        for _ in range(10):  # until what was aborted is closed
            await asyncio.sleep(0)

    def _made(self) -> SMTP:
        starttls, implicit = self._tls == "starttls", self._tls == "tls"
        protocol = _Server(
            self,
            hostname="mail.example",
            tls_context=_context() if starttls else None,
            require_starttls=starttls,
            auth_required=self._login is not None,
            authenticator=self._authenticate,
            loop=self._loop,
        )
        if implicit:  # it does not see that it is within TLS already
            protocol._auth_require_tls = False
        self._protocols.append(protocol)
        return protocol

    def _authenticate(
        self, _server: Any, _session: Session, _envelope: Envelope, _how: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self._login, handled=False)

    def _answer(self, at: str) -> str | None:
        return self.answers.pop(0) if self.at == at and self.answers else None

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Sequence[str]
    ) -> str:
        if (answer := self._answer("RCPT")) is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        if (answer := self._answer("DATA")) is not None:
            return answer
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.accepted.append(message)
        self.envelopes.append(envelope)
        return "250 OK"


class _Server(SMTP):
    async def smtp_QUIT(self, arg: str) -> None:
        if self.event_handler.hang_up_at_quit:
            self.transport.abort()
        else:
            await super().smtp_QUIT(arg)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(AUTHORITY)
    return context
