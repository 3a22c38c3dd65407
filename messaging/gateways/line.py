"""One HTTP line to one gateway: pooled, bounded in time, never repeating a call; knows no gateway.

A call that fails must tell whether the request may have gone out, because an SMS that may be out is never sent again
unseen. The libraries blur this: a cut TLS handshake looks like a cut answer. So a failure to connect is marked where
it happens, and everything else counts as "may have gone out".
"""

from __future__ import annotations

from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy
from typing import Any

from requests import Request, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from messaging.errors import JekuluError

TO_CONNECT = 3.05  # seconds; a little more than the second try of TCP takes


class LostError(JekuluError):
    """The gateway did not answer."""

    def __init__(self, code: str, untouched: bool) -> None:
        """`code` is connect, time-out or cut; untouched: certainly no byte of the request went out."""
        super().__init__()
        self.code = code
        self.untouched = untouched


class Line:
    """The open connections to one gateway, for any number of threads."""

    def __init__(self, base: str, most: int, within: timedelta) -> None:
        """Reach addresses that start with `base` and nothing else, over at most `most` connections at a time.

        An answer may take as long as `within` between two of its bytes. Nothing is taken from the environment: no
        proxy, no netrc. No connection is made yet.
        """
        self._times = (min(TO_CONNECT, within.total_seconds()), within.total_seconds())
        self._session = Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # threads share nothing but the pool
        self._session.adapters.clear()
        self._session.mount(base, _Pooled(pool_connections=1, pool_maxsize=most, max_retries=0, pool_block=True))

    def call(self, request: Request) -> Response:
        """Make one call, whatever its status; redirects are not followed.

        Raises:
            LostError: there is no whole answer. It holds nothing of the request, unlike the library's own error.
        """
        try:
            return self._session.send(request.prepare(), timeout=self._times, allow_redirects=False)
        except RequestException as error:
            raise _lost(error) from None

    def close(self) -> None:
        """Let go of all connections."""
        self._session.close()


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
