"""One HTTP line to one gateway: pooled, bounded in time, never repeating a call; knows no gateway.

A call that fails must tell whether the request may have gone out, because an SMS that may be out is never sent again
unseen. The libraries blur this: a cut TLS handshake looks like a cut answer. So a failure to connect is marked where
it happens, and everything else counts as "may have gone out".
"""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from requests import Request, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from messaging.errors import JekuluError
from messaging.gateways.exchanges import Exchange, Note, silent

TO_CONNECT = 3.05  # seconds; a little more than the second try of TCP takes
REQUEST_IDS = ("Twilio-Request-Id", "X-Request-Id")  # headers by which a gateway's support finds a call


class LostError(JekuluError):
    """The gateway did not answer."""

    def __init__(self, code: str, untouched: bool) -> None:
        """`code` is connect, time-out or cut; untouched: certainly no byte of the request went out."""
        super().__init__()
        self.code = code
        self.untouched = untouched


class Line:
    """The open connections to one gateway, for any number of threads."""

    def __init__(self, base: str, most: int, within: timedelta, gateway: str = "", note: Note = silent) -> None:
        """Reach addresses that start with `base` and nothing else, over at most `most` connections at a time.

        An answer may take as long as `within` between two of its bytes. Nothing is taken from the environment: no
        proxy, no netrc. No connection is made yet. Each call is noted, under the gateway's name.
        """
        self._gateway, self._note = gateway, note
        self._times = (min(TO_CONNECT, within.total_seconds()), within.total_seconds())
        self._session = Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # threads share nothing but the pool
        self._session.adapters.clear()
        self._session.mount(base, _Pooled(pool_connections=1, pool_maxsize=most, max_retries=0, pool_block=True))

    def call(self, request: Request, what: str = "send", key: str = "") -> Response:
        """Make one call, whatever its status; redirects are not followed.

        Args:
            request: the call.
            what: what it is for, and
            key: of which attempt; both for the log of exchanges.

        Raises:
            LostError: there is no whole answer. It holds nothing of the request, unlike the library's own error.
        """
        begun = perf_counter()
        try:
            reply = self._session.send(request.prepare(), timeout=self._times, allow_redirects=False)
        except RequestException as error:
            lost = _lost(error)
            self._note(Exchange(self._gateway, what, (perf_counter() - begun) * 1000, lost.code, key=key))
            raise lost from None
        took = (perf_counter() - begun) * 1000
        self._note(Exchange(self._gateway, what, took, str(reply.status_code), _code(reply), key, _request_id(reply)))
        return reply

    def close(self) -> None:
        """Let go of all connections."""
        self._session.close()


def is_private(address: str) -> bool:
    """True when nobody can read on the way what is sent to a base address: https, this machine, one's own network."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        return parts.scheme == "https" or ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost" or host.endswith(".local")


def _code(reply: Response) -> str:
    """The gateway's own code for why it refused, where its answer is JSON and holds one."""
    if reply.status_code < 400:
        return ""
    try:
        return str(reply.json().get("code") or "")
    except (ValueError, AttributeError):
        return ""


def _request_id(reply: Response) -> str:
    return next((value for name in REQUEST_IDS if (value := reply.headers.get(name))), "")


def _lost(error: RequestException) -> LostError:
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(reason, NewConnectionError) or isinstance(error, ConnectTimeout):
        return LostError("connect", untouched=True)
    return LostError("time-out" if isinstance(error, Timeout) else "cut", untouched=False)


class _Marked:
    """A connection whose failure to connect, TLS included, is told apart from every later one."""

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        except Exception as error:  # whatever it is, no byte of the request went out
            raise NewConnectionError(self, type(error).__name__) from error  # type: ignore[arg-type]


class _Plain(_Marked, HTTPConnection):
    pass


class _Tls(_Marked, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


class _Pooled(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
