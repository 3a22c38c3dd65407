"""The two boxes and what stands between them: gateways, messages, attempts, receipts, inbounds, pending states."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from messaging.database import Base, BigId, words


class Kind(enum.StrEnum):
    """What a message is; the table of `rules` says what each kind must pass."""

    REPLY = "reply"
    SERVICE = "service"
    CAMPAIGN = "campaign"
    ALERT = "alert"


class State(enum.StrEnum):
    """Where a message is on its way; delivery is told apart."""

    WAITING = "waiting"
    HELD = "held"
    SUBMITTING = "submitting"
    HANDED_OVER = "handed_over"
    CLOSED = "closed"


class AttemptState(enum.StrEnum):
    """What is known of one try to hand a message to a gateway."""

    SUBMITTING = "submitting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    TEMPORARY = "temporary"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"


class Delivery(enum.StrEnum):
    """How far a message got, by its receipts; the fold is in `receipts`."""

    QUEUED = "queued"
    SENT = "sent"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELIVERED = "delivered"
    READ = "read"


class InboundState(enum.StrEnum):
    """Where an inbound is on its way to being read."""

    NEW = "new"
    HANDLED = "handled"
    FAILED = "failed"
    HELD = "held"  # its phone is in quarantine


class Gateway(Base):
    """One configured way out and in; its secrets come from the environment alone."""

    __tablename__ = "gateway"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(40), unique=True)
    adapter: Mapped[str] = mapped_column(sa.String(20))
    sender: Mapped[str] = mapped_column(sa.String(40), default="")
    country: Mapped[str] = mapped_column(sa.String(2), default="ML")  # of the processor: named in the consent text
    price_micros: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # of one segment, in millionths of XOF
    rate: Mapped[float] = mapped_column(default=1.0)  # segments a second
    tokens: Mapped[float] = mapped_column(default=0.0)  # of the bucket, at `tokens_at`
    tokens_at: Mapped[datetime | None]
    prefixes: Mapped[list[str]] = mapped_column(default=list)  # of numbers it serves; empty: all
    kinds: Mapped[list[str]] = mapped_column(default=list)  # of messages it carries; empty: all
    position: Mapped[int] = mapped_column(default=0)  # the lower is asked first
    answer_cost: Mapped[str] = mapped_column(sa.String(12), default="unknown")  # free, a price in XOF, unknown
    paused_at: Mapped[datetime | None]
    paused_reason: Mapped[str | None] = mapped_column(sa.String(200))
    paused_itself: Mapped[bool] = mapped_column(default=False)  # after a channel fault; others may stand in for it
    receives: Mapped[bool | None]  # whether SMS come in by it; none: as its adapter and sender let expect
    ease: Mapped[float] = mapped_column(default=1.0)  # share of the rate that is used since it said "too many"
    eased_at: Mapped[datetime | None]
    polled_to: Mapped[datetime | None]  # its list of received SMS was read up to here
    checked_at: Mapped[datetime | None]  # when its health was last asked
    trouble: Mapped[str | None] = mapped_column(sa.String(200))  # what it said then; none: well
    sent_at: Mapped[datetime | None]  # when it last took an SMS
    device: Mapped[str | None] = mapped_column(sa.String(40))  # of a gateway that is a telephone
    sims: Mapped[list[int] | None]  # its cards by slot, 1 and 2; none: the telephone's own choice
    seen_at: Mapped[datetime | None]  # its last sign of life
    clock_off: Mapped[int | None]  # seconds by which its clock is ahead

    tariffs: Mapped[list[Tariff]] = relationship(lazy="selectin", order_by="Tariff.prefix", viewonly=True)


class Tariff(Base):
    """The price of one segment to the numbers of one operator, where it differs from the gateway's usual one."""

    __tablename__ = "tariff"

    gateway_id: Mapped[int] = mapped_column(sa.ForeignKey("gateway.id"), primary_key=True)
    prefix: Mapped[str] = mapped_column(sa.String(8), primary_key=True)  # of numbers: +2236, +22376
    price_micros: Mapped[int] = mapped_column(sa.BigInteger)


class Message(Base):
    """One outgoing SMS to one phone; unique on step, phone and occurrence, so that planning twice changes nothing.

    A bulk row holds step, text, version and slot values; its wire text is rendered at the hand-over. A reply has
    step 0, occurrence `reply:<inbound>` and holds its text.
    """

    __tablename__ = "message"
    __table_args__ = (
        sa.UniqueConstraint("step_id", "phone_id", "occurrence"),
        sa.Index(
            "ix_message_due",
            "priority",
            "next_at",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        ),
        sa.Index(
            "ix_message_open",
            "useful_until",
            sqlite_where=sa.text("state <> 'closed'"),
            postgresql_where=sa.text("state <> 'closed'"),
        ),
        sa.Index("ix_message_phone", "phone_id", "state"),
        sa.Index("ix_message_programme_due", "programme_id", "due_at"),
        sa.Index("ix_message_text", "text_id", "state"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    programme_id: Mapped[int] = mapped_column(sa.ForeignKey("programme.id"))
    kind: Mapped[Kind] = words(Kind)
    step_id: Mapped[int] = mapped_column(default=0)  # a plain number: steps live a layer above
    text_id: Mapped[int | None]
    text_version: Mapped[int | None]
    occurrence: Mapped[str] = mapped_column(sa.String(64))
    phone_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("phone.id"))
    member_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("member.id"))
    club_id: Mapped[int | None] = mapped_column(sa.ForeignKey("club.id"))
    village_id: Mapped[int | None] = mapped_column(sa.ForeignKey("place.id"))
    inbound_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("inbound.id"))
    slots: Mapped[dict[str, Any] | None]
    body: Mapped[str | None] = mapped_column(sa.Text)
    body_hash: Mapped[str | None] = mapped_column(sa.String(64))  # keyed; what is left of a body after its time
    use_club: Mapped[bool] = mapped_column(default=False)  # carries the text's wording for the family
    personal: Mapped[bool] = mapped_column(default=False)  # on pregnancy or a child's age: a phone of her own only
    tags: Mapped[list[str] | None]  # risk tags
    language_wanted: Mapped[str] = mapped_column(sa.String(12))
    language: Mapped[str] = mapped_column(sa.String(12))
    encoding: Mapped[str] = mapped_column(sa.String(6))
    segments: Mapped[int]
    price_micros: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # of the whole message
    priority: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    draft: Mapped[bool] = mapped_column(default=False)  # its text was not approved: the simulator only
    asks: Mapped[bool] = mapped_column(default=False)  # a question: only by a gateway that receives
    trial_of: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    state: Mapped[State] = words(State, default=State.WAITING)
    reason: Mapped[str | None] = mapped_column(sa.String(24))
    delivery: Mapped[Delivery | None] = words(Delivery)
    error_code: Mapped[str | None] = mapped_column(sa.String(40))
    gateway_id: Mapped[int | None] = mapped_column(sa.ForeignKey("gateway.id"))
    tries: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    due_at: Mapped[datetime]
    next_at: Mapped[datetime]  # when the sender looks at it again
    useful_until: Mapped[datetime]
    created_at: Mapped[datetime]
    handed_over_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class Attempt(Base):
    """One try to hand a message to a gateway; committed before the gateway is called, its id is the key."""

    __tablename__ = "attempt"
    __table_args__ = (
        sa.Index(
            "ix_attempt_open",
            "started_at",
            sqlite_where=sa.text("state IN ('submitting', 'unknown')"),
            postgresql_where=sa.text("state IN ('submitting', 'unknown')"),
        ),
        sa.Index("ix_attempt_provider", "gateway_id", "provider_id"),
        sa.Index(
            "ix_attempt_look",
            "next_look_at",
            sqlite_where=sa.text("next_look_at IS NOT NULL"),
            postgresql_where=sa.text("next_look_at IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    message_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("message.id"), index=True)
    gateway_id: Mapped[int] = mapped_column(sa.ForeignKey("gateway.id"))
    state: Mapped[AttemptState] = words(AttemptState, default=AttemptState.SUBMITTING)
    delivery: Mapped[Delivery | None] = words(Delivery)
    provider_id: Mapped[str | None] = mapped_column(sa.String(80))
    provider_segments: Mapped[int | None]
    provider_price_micros: Mapped[int | None] = mapped_column(sa.BigInteger)  # millionths of its currency, as it told
    provider_currency: Mapped[str | None] = mapped_column(sa.String(3))
    fault: Mapped[str | None] = mapped_column(sa.String(12))
    error_code: Mapped[str | None] = mapped_column(sa.String(40))
    error_text: Mapped[str | None] = mapped_column(sa.String(200))
    started_at: Mapped[datetime] = mapped_column(index=True)  # the last hour's are counted
    settled_at: Mapped[datetime | None]  # of one that failed and is begun again: when it first failed
    denied_at: Mapped[datetime | None]  # when it was declared not sent; accepted all the same: it left after all
    looks: Mapped[int] = mapped_column(sa.SmallInteger, default=0)  # how often it was looked up in its present state
    empty_since: Mapped[datetime | None]  # the first look that found nothing
    next_look_at: Mapped[datetime | None]


class Receipt(Base):
    """What a gateway told about an attempt: append only, also when the attempt is not known (yet)."""

    __tablename__ = "receipt"
    __table_args__ = (sa.UniqueConstraint("gateway_id", "about", "word", "error_code"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    gateway_id: Mapped[int] = mapped_column(sa.ForeignKey("gateway.id"))
    attempt_id: Mapped[str | None] = mapped_column(sa.String(36), sa.ForeignKey("attempt.id"), index=True)
    about: Mapped[str] = mapped_column(sa.String(80))  # our key, else the gateway's own id
    provider_id: Mapped[str | None] = mapped_column(sa.String(80))
    word: Mapped[str] = mapped_column(sa.String(40))  # the gateway's own
    delivery: Mapped[Delivery | None] = words(Delivery)
    outcome_unknown: Mapped[bool] = mapped_column(default=False)
    error_code: Mapped[str] = mapped_column(sa.String(40), default="")
    fault: Mapped[str | None] = mapped_column(sa.String(12))
    told_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    digest: Mapped[str] = mapped_column(sa.String(64))


class Inbound(Base):
    """One SMS or missed call as it came, stored before anything thinks about it."""

    __tablename__ = "inbound"
    __table_args__ = (
        sa.UniqueConstraint("gateway_id", "dedupe_key"),
        sa.Index(
            "ix_inbound_new",
            "next_at",
            sqlite_where=sa.text("state = 'new'"),
            postgresql_where=sa.text("state = 'new'"),
        ),
        sa.Index("ix_inbound_phone", "phone_id", "received_at"),
        sa.Index(
            "ix_inbound_unsorted",
            "intent",
            "received_at",
            sqlite_where=sa.text("sorted_as IS NULL"),
            postgresql_where=sa.text("sorted_as IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    gateway_id: Mapped[int] = mapped_column(sa.ForeignKey("gateway.id"))
    dedupe_key: Mapped[str] = mapped_column(sa.String(80))
    kind: Mapped[str] = mapped_column(sa.String(12), default="sms")  # sms, missed_call
    text: Mapped[str] = mapped_column(sa.Text)
    phone_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("phone.id"))
    sender_name: Mapped[str | None] = mapped_column(sa.String(40))  # a name or short code: no phone row
    recipient: Mapped[str | None] = mapped_column(sa.String(40))
    called: Mapped[str | None] = mapped_column(sa.String(40))
    received_at: Mapped[datetime] = mapped_column(index=True)
    gateway_at: Mapped[datetime | None]
    provider_id: Mapped[str | None] = mapped_column(sa.String(80))
    gateway_opt: Mapped[str | None] = mapped_column(sa.String(8))
    replaced: Mapped[bool] = mapped_column(default=False)  # U+0000 or a lone surrogate became U+FFFD
    undecodable: Mapped[bytes | None]
    segments: Mapped[int | None]
    digest: Mapped[str] = mapped_column(sa.String(64))
    stopped: Mapped[bool] = mapped_column(default=False)  # it was a STOP and closed the phone
    state: Mapped[InboundState] = words(InboundState, default=InboundState.NEW)
    tries: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    next_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    role: Mapped[str | None] = mapped_column(sa.String(12))
    readings: Mapped[dict[str, Any] | None]  # {"readings": [...], "reply": key}
    intent: Mapped[str | None] = mapped_column(sa.String(24), index=True)
    status: Mapped[str | None] = mapped_column(sa.String(8))  # of the reading that decided the reply
    replied: Mapped[str | None] = mapped_column(sa.String(40))  # key of the reply that was sent
    twin_of: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("inbound.id"))  # the same SMS, delivered twice
    category: Mapped[str | None] = mapped_column(sa.String(24))
    maybe_sensitive: Mapped[bool] = mapped_column(default=False)
    trouble: Mapped[str | None] = mapped_column(sa.String(200))  # why handling failed, without the text
    sorted_as: Mapped[str | None] = mapped_column(sa.String(24))  # what an officer says it is
    sorted_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    sorted_at: Mapped[datetime | None]


class Pending(Base):
    """The question we last asked a phone, with the whole kept reading; a newer one replaces it, STOP clears it."""

    __tablename__ = "pending"

    phone_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("phone.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(24))  # the `type` of the reader's context
    kept: Mapped[dict[str, Any]]
    inbound_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("inbound.id"))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    remind_at: Mapped[datetime | None]


class Burst(Base):
    """A phone whose reports come in one after the other: what is not answered singly waits for one summary."""

    __tablename__ = "burst"

    phone_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("phone.id"), primary_key=True)
    since: Mapped[datetime]  # when the first report without an answer of its own was handled
    due_at: Mapped[datetime] = mapped_column(index=True)  # ten quiet minutes after the last one


class Alarm(Base):
    """Something is wrong with the post itself; one open alarm a kind and object, told to those on duty."""

    __tablename__ = "alarm"
    __table_args__ = (
        sa.Index(
            "ux_alarm_open",
            "kind",
            "about",
            unique=True,
            sqlite_where=sa.text("cleared_at IS NULL"),
            postgresql_where=sa.text("cleared_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(16))  # see `alarms.Kind`
    about: Mapped[str] = mapped_column(sa.String(60))  # a gateway's name, a programme's code, or nothing
    figure: Mapped[float | None]  # what was measured, in the unit of its kind
    raised_at: Mapped[datetime]
    told_at: Mapped[datetime | None]  # when somebody was first told
    cleared_at: Mapped[datetime | None]


class Call(Base):
    """A phone that a person is to call; one open call a phone and reason."""

    __tablename__ = "call"
    __table_args__ = (
        sa.Index(
            "ux_call_open",
            "phone_id",
            "reason",
            unique=True,
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    programme_id: Mapped[int | None] = mapped_column(sa.ForeignKey("programme.id"), index=True)
    phone_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("phone.id"))
    reason: Mapped[str] = mapped_column(sa.String(16))  # errors, unknown_number, loop, case, no_report
    inbound_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("inbound.id"))  # what came last
    asked_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
