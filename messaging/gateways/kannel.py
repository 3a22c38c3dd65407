"""How we call Kannel, the open gateway to an operator's short code; knows no table of ours and no webhook.

Kannel takes the same request twice for two SMS, gives no id, and says of each SMS only what its reports tell. So an
attempt whose answer was lost is settled by a report with our key, or it stays unknown: see `Kannel.resolve`.

Source: Kannel 1.4.5, User's Guide (sendsms by POST, delivery reports, HTTP administration).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from requests import Request
from requests import Response as Reply

from messaging.clock import utc_now
from messaging.errors import SettingError
from messaging.gateways import kannel_status, kannel_words
from messaging.gateways.exchanges import Note, silent
from messaging.gateways.line import Line, LostError, is_private
from messaging.gateways.protocol import (
    Arrival,
    Capabilities,
    Error,
    Fault,
    Found,
    Outbound,
    Outcome,
    Report,
    Resolution,
    Submitted,
)
from messaging.models.post import Kind
from messaging.rules import PRIORITY
from messaging.settings import Settings

SENDSMS, STATUS = "/cgi-bin/sendsms", "/status.xml"
ESCAPES = "?d=%d&f=%F&a=%A&t=%T"  # what Kannel fills in when it reports: event, id, answer, time
ABOVE = (Kind.SERVICE, Kind.ALERT, Kind.REPLY)  # Kannel knows four priorities, 0 to 3
MINUTE = timedelta(minutes=1)
MOST_SEGMENTS = 10  # `max-messages` of sendsms-user: what is beyond it, Kannel drops without a word


class Kannel:
    """The adapter of one Kannel and one sender: a short code, a number or a name."""

    capabilities = Capabilities(
        can_receive=True,
        delivery_reports="handset",
        can_resolve="by_report",
        chooses_encoding=False,
        max_segments=MOST_SEGMENTS,
    )

    def __init__(
        self,
        settings: Settings,
        sender: str = "",
        clock: Callable[[], datetime] = utc_now,
        name: str = "kannel",
        note: Note = silent,
    ) -> None:
        """Nothing is called yet.

        Args:
            settings: user and password of sendsms and a public address are needed.
            sender: what SMS are sent from; empty: Kannel's own `global-sender`.
            clock: for tests.
            name: of the gateway, and
            note: for the log of exchanges.

        Raises:
            SettingError: a setting is missing, or would send passwords and texts in the clear over the internet.
        """
        _check(settings, sender)
        self._settings = settings
        self._sender = sender
        self._clock = clock
        self._opened_at = clock()
        within = settings.answer_within
        self._sendsms = Line(settings.kannel_api, settings.workers, within, name, note)
        self._admin = Line(settings.kannel_admin, 1, within, name, note)
        self._door = Line(settings.public_url, 1, within, name, note)

    def submit(self, outbound: Outbound) -> Submitted:
        """Hand one SMS over. The coding is always said: without it Kannel turns ɔ into ? and accepts."""
        if outbound.segments > self.capabilities.max_segments:
            text = f"longer than the {self.capabilities.max_segments} segments that Kannel sends"
            return Submitted(Outcome.REJECTED, error=Error("too-long", text, Fault.CONTENT))
        request = Request(
            "POST",
            self._settings.kannel_api + SENDSMS,
            data=outbound.text.encode(),
            headers=self._headers(outbound),
        )
        try:
            return _answered(self._sendsms.call(request, "send", outbound.idempotency_key))
        except LostError as lost:
            return _lost(lost)

    def resolve(
        self, outbound: Outbound, attempted_at: datetime, now: datetime, taken: Collection[str] = ()
    ) -> Resolution:
        """Whether it is certain that an attempt never reached Kannel; a report with our key is quicker than any look.

        NOT_SENT needs all of this: this process was there before the attempt, its door answers at the public
        address now, and since before the attempt neither box was restarted, nothing waits in Kannel, and each link
        is up for a quarter of an hour. An SMS that Kannel had taken would then have been reported. After any restart,
        ours too, a report may have been lost: still unknown.
        """
        if self._opened_at > attempted_at or not self._is_door_open():
            return Resolution(Found.STILL_UNKNOWN)
        status = self._status("look", outbound.idempotency_key)
        if isinstance(status, kannel_status.Status) and kannel_status.is_quiet_since(status, attempted_at, now):
            return Resolution(Found.NOT_SENT)
        return Resolution(Found.STILL_UNKNOWN)

    def list_inbound(self, since: datetime, until: datetime) -> Sequence[Arrival]:
        """Kannel keeps no list."""
        return ()

    def track(self, key: str, provider_id: str | None) -> Report | None:
        """Kannel cannot be asked for one SMS."""
        return None

    def health(self) -> Error | None:
        """What the status page says is wrong; None when all is well, or no password of that page is set."""
        if not self._settings.kannel_admin_password:
            return None
        status = self._status("health")
        return status if isinstance(status, Error) else kannel_status.trouble(status)

    def close(self) -> None:
        """Let go of connections."""
        for line in (self._sendsms, self._admin, self._door):
            line.close()

    def _headers(self, outbound: Outbound) -> dict[str, str]:
        left = outbound.useful_until - self._clock()
        sender = outbound.sender or self._sender
        return {
            "X-Kannel-Username": self._settings.kannel_user,
            "X-Kannel-Password": self._settings.kannel_password,
            "X-Kannel-To": outbound.to,
            **({"X-Kannel-From": sender} if sender else {}),
            "X-Kannel-Coding": "0" if outbound.encoding == "GSM-7" else "2",
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Validity": str(max(1, left // MINUTE)),
            "X-Kannel-DLR-Mask": str(kannel_words.MASK),
            "X-Kannel-DLR-Url": outbound.report_url + ESCAPES,
            "X-Kannel-Priority": str(sum(outbound.priority >= PRIORITY[kind] for kind in ABOVE)),
        }

    def _status(self, what: str, key: str = "") -> kannel_status.Status | Error:
        password = {"password": self._settings.kannel_admin_password}
        try:
            reply = self._admin.call(Request("GET", self._settings.kannel_admin + STATUS, params=password), what, key)
        except LostError as lost:
            return Error(lost.code, "the status page of bearerbox does not answer: is it running?", Fault.NETWORK)
        status = kannel_status.parse(reply.text) if reply.status_code == 200 else None
        return status or Error("status", "the status page cannot be read: is its password right?", Fault.CHANNEL)

    def _is_door_open(self) -> bool:
        """Whether the address that Kannel calls leads to us."""
        try:
            reply = self._door.call(Request("GET", self._settings.public_url + "/health"), "look")
        except LostError:
            return False
        return reply.status_code == 200


def _check(settings: Settings, sender: str) -> None:
    needed = {
        "JEKULU_KANNEL_USER": settings.kannel_user,
        "JEKULU_KANNEL_PASSWORD": settings.kannel_password,
        "JEKULU_PUBLIC_URL": settings.public_url,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise SettingError(f"A Kannel gateway needs {' and '.join(missing)}. Set it, or use the simulator.")
    for name, address in (
        ("JEKULU_KANNEL_API", settings.kannel_api),
        ("JEKULU_KANNEL_ADMIN", settings.kannel_admin),
    ):
        if not is_private(address):
            raise SettingError(
                f"{name}: over the internet passwords, numbers and texts must not travel in the clear. "
                "Use https, or a tunnel to http://127.0.0.1."
            )
    if not (settings.kannel_user + settings.kannel_password).isascii():
        raise SettingError("JEKULU_KANNEL_USER and JEKULU_KANNEL_PASSWORD: write them without accents.")
    if not (sender.isascii() and sender.isprintable()):
        raise SettingError(
            f"The sender « {sender} » has letters that no operator takes. Write digits or plain letters."
        )


def _answered(reply: Reply) -> Submitted:
    status, said = reply.status_code, reply.text[:200]
    if status == 202 and said[:2] in ("0:", "3:"):  # 3: kept until the link to the operator is up again
        return Submitted(Outcome.ACCEPTED)
    if status == 503:
        error = Error("http-503", "Kannel cannot take more now", Fault.NETWORK, None, status, too_many=True)
        return Submitted(Outcome.TEMPORARY, error=error)
    if status < 400 or status >= 500:
        return _unknown(f"http-{status}", "the answer is none of Kannel's", status)
    fault, text = _refused(status, said)
    return Submitted(Outcome.REJECTED, error=Error(f"http-{status}", text, fault, None, status))


def _refused(status: int, said: str) -> tuple[Fault, str]:
    """Whose fault a refusal is, by its words: Kannel has one status for all. None of its words is kept."""
    if status == 403 and "Authorization" in said:
        return Fault.CHANNEL, "user or password of sendsms is wrong, or our address is not allowed"
    if status == 403:
        return Fault.CHANNEL, "no link to an operator takes this number"
    if status == 400 and ("umber(s)" in said or "'to'" in said):
        return Fault.RECIPIENT, "Kannel does not take this number"
    if status == 400 and ("Charset" in said or "text" in said):
        return Fault.CONTENT, "Kannel cannot read this text"
    return Fault.CHANNEL, "Kannel refused the request"


def _lost(lost: LostError) -> Submitted:
    if lost.untouched:
        error = Error(lost.code, "smsbox cannot be reached: is it running?", Fault.LINE)
        return Submitted(Outcome.TEMPORARY, error=error)
    return _unknown(lost.code, "the answer was lost")


def _unknown(code: str, text: str, status: int | None = None) -> Submitted:
    return Submitted(Outcome.UNKNOWN, error=Error(code, text, Fault.NETWORK, http_status=status))
