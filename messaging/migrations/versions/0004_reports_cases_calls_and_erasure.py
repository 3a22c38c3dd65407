"""Who came, what was decided, the life of a case, whom to call, a number to erase, a gateway that is a telephone."""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

INDEXED = (
    ("phone", "replaced_by_id"), ("attendance", "phone_id"), ("decision", "phone_id"), ("value", "phone_id"),
    ("feedback", "category"),
)  # fmt: skip


def upgrade() -> None:
    op.create_table('burst',
    sa.Column('phone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['phone_id'], ['phone.id'], name=op.f('fk_burst_phone_id')),
    sa.PrimaryKeyConstraint('phone_id', name=op.f('pk_burst'))
    )
    with op.batch_alter_table('burst', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_burst_due_at'), ['due_at'], unique=False)

    op.create_table('call',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('programme_id', sa.Integer(), nullable=True),
    sa.Column('phone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(length=16), nullable=False),
    sa.Column('inbound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['done_by'], ['staff.id'], name=op.f('fk_call_done_by')),
    sa.ForeignKeyConstraint(['inbound_id'], ['inbound.id'], name=op.f('fk_call_inbound_id')),
    sa.ForeignKeyConstraint(['phone_id'], ['phone.id'], name=op.f('fk_call_phone_id')),
    sa.ForeignKeyConstraint(['programme_id'], ['programme.id'], name=op.f('fk_call_programme_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_call'))
    )
    with op.batch_alter_table('call', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_call_programme_id'), ['programme_id'], unique=False)
        batch_op.create_index('ux_call_open', ['phone_id', 'reason'], unique=True, sqlite_where=sa.text('done_at IS NULL'), postgresql_where=sa.text('done_at IS NULL'))

    op.create_table('decision',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('programme_id', sa.Integer(), nullable=False),
    sa.Column('club_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('sensitive', sa.Boolean(), nullable=False),
    sa.Column('theme', sa.String(length=20), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('kept', sa.String(length=8), nullable=True),
    sa.Column('phone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('inbound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['club_id'], ['club.id'], name=op.f('fk_decision_club_id')),
    sa.ForeignKeyConstraint(['inbound_id'], ['inbound.id'], name=op.f('fk_decision_inbound_id')),
    sa.ForeignKeyConstraint(['phone_id'], ['phone.id'], name=op.f('fk_decision_phone_id')),
    sa.ForeignKeyConstraint(['programme_id'], ['programme.id'], name=op.f('fk_decision_programme_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_decision'))
    )
    with op.batch_alter_table('decision', schema=None) as batch_op:
        batch_op.create_index('ix_decision_club', ['club_id', 'day'], unique=False)

    op.create_table('case_pause',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('feedback_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_by', sa.Integer(), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['ended_by'], ['staff.id'], name=op.f('fk_case_pause_ended_by')),
    sa.ForeignKeyConstraint(['feedback_id'], ['feedback.id'], name=op.f('fk_case_pause_feedback_id')),
    sa.ForeignKeyConstraint(['started_by'], ['staff.id'], name=op.f('fk_case_pause_started_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_case_pause'))
    )
    with op.batch_alter_table('case_pause', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_case_pause_feedback_id'), ['feedback_id'], unique=False)

    op.create_table('attendance',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('club_session_id', sa.Integer(), nullable=False),
    sa.Column('intent', sa.String(length=12), nullable=False),
    sa.Column('women', sa.Integer(), nullable=True),
    sa.Column('men', sa.Integer(), nullable=True),
    sa.Column('girls', sa.Integer(), nullable=True),
    sa.Column('boys', sa.Integer(), nullable=True),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('pregnant', sa.Integer(), nullable=True),
    sa.Column('lactating', sa.Integer(), nullable=True),
    sa.Column('episode', sa.Integer(), nullable=True),
    sa.Column('problem', sa.String(length=20), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('question', sa.Text(), nullable=True),
    sa.Column('sensitive', sa.Boolean(), nullable=False),
    sa.Column('repairs', sa.JSON(), nullable=False),
    sa.Column('source', sa.String(length=10), nullable=False),
    sa.Column('phone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('inbound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Enum('confirmed', 'verified', 'corrected', 'rejected', name='attendancestate', native_enum=False, length=24), nullable=False),
    sa.Column('supersedes_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['club_session_id'], ['club_session.id'], name=op.f('fk_attendance_club_session_id')),
    sa.ForeignKeyConstraint(['inbound_id'], ['inbound.id'], name=op.f('fk_attendance_inbound_id')),
    sa.ForeignKeyConstraint(['phone_id'], ['phone.id'], name=op.f('fk_attendance_phone_id')),
    sa.ForeignKeyConstraint(['supersedes_id'], ['attendance.id'], name=op.f('fk_attendance_supersedes_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attendance'))
    )
    with op.batch_alter_table('attendance', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_attendance_club_session_id'), ['club_session_id'], unique=False)
        batch_op.create_index('ux_attendance_counts', ['club_session_id'], unique=True, sqlite_where=sa.text("state IN ('confirmed', 'verified')"), postgresql_where=sa.text("state IN ('confirmed', 'verified')"))

    with op.batch_alter_table('feedback', schema=None) as batch_op:
        batch_op.add_column(sa.Column('taken_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('referred_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('referred_to', sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('answer', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('satisfied', sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column('reopened', sa.SmallInteger(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('feedback', schema=None) as batch_op:
        batch_op.create_index('ix_feedback_open', ['programme_id', 'told_at'], unique=False, sqlite_where=sa.text('closed_at IS NULL'), postgresql_where=sa.text('closed_at IS NULL'))

    with op.batch_alter_table('gateway', schema=None) as batch_op:
        batch_op.add_column(sa.Column('device', sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column('sims', sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('clock_off', sa.Integer(), nullable=True))

    with op.batch_alter_table('inbound', schema=None) as batch_op:
        batch_op.add_column(sa.Column('status', sa.String(length=8), nullable=True))
        batch_op.add_column(sa.Column('replied', sa.String(length=40), nullable=True))
        batch_op.create_index('ix_inbound_unsorted', ['intent', 'received_at'], unique=False, sqlite_where=sa.text('sorted_as IS NULL'), postgresql_where=sa.text('sorted_as IS NULL'))

    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.add_column(sa.Column('body_hash', sa.String(length=64), nullable=True))

    with op.batch_alter_table('phone', schema=None) as batch_op:
        batch_op.add_column(sa.Column('erase_asked_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('value', schema=None) as batch_op:
        batch_op.add_column(sa.Column('text', sa.String(length=160), nullable=True))
        batch_op.add_column(sa.Column('sensitive', sa.Boolean(), server_default=sa.false(), nullable=False))

    # Written out: a batch would make the whole table anew, which SQLite refuses while other rows point to it.
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute("ALTER TABLE feedback ADD COLUMN taken_by INTEGER CONSTRAINT fk_feedback_taken_by REFERENCES staff (id)")
    op.execute(
        "ALTER TABLE feedback ADD COLUMN answered_by INTEGER CONSTRAINT fk_feedback_answered_by REFERENCES staff (id)"
    )
    op.execute(f"ALTER TABLE inbound ADD COLUMN twin_of {number} CONSTRAINT fk_inbound_twin_of REFERENCES inbound (id)")

    # What a night of erasures and the lists of sensitive cases look for.
    for table, column in INDEXED:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table, column in INDEXED:
        op.drop_index(f"ix_{table}_{column}", table_name=table)

    with op.batch_alter_table('value', schema=None) as batch_op:
        batch_op.drop_column('sensitive')
        batch_op.drop_column('text')

    with op.batch_alter_table('phone', schema=None) as batch_op:
        batch_op.drop_column('erased_at')
        batch_op.drop_column('erase_asked_at')

    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_column('body_hash')

    with op.batch_alter_table('inbound', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_inbound_twin_of'), type_='foreignkey')
        batch_op.drop_index('ix_inbound_unsorted', sqlite_where=sa.text('sorted_as IS NULL'), postgresql_where=sa.text('sorted_as IS NULL'))
        batch_op.drop_column('twin_of')
        batch_op.drop_column('replied')
        batch_op.drop_column('status')

    with op.batch_alter_table('gateway', schema=None) as batch_op:
        batch_op.drop_column('clock_off')
        batch_op.drop_column('seen_at')
        batch_op.drop_column('sims')
        batch_op.drop_column('device')

    with op.batch_alter_table('feedback', schema=None) as batch_op:
        batch_op.drop_index('ix_feedback_open', sqlite_where=sa.text('closed_at IS NULL'), postgresql_where=sa.text('closed_at IS NULL'))
        batch_op.drop_constraint(batch_op.f('fk_feedback_answered_by'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_feedback_taken_by'), type_='foreignkey')
        batch_op.drop_column('closed_at')
        batch_op.drop_column('reopened')
        batch_op.drop_column('satisfied')
        batch_op.drop_column('answer')
        batch_op.drop_column('answered_by')
        batch_op.drop_column('answered_at')
        batch_op.drop_column('referred_to')
        batch_op.drop_column('referred_at')
        batch_op.drop_column('taken_by')
        batch_op.drop_column('taken_at')

    with op.batch_alter_table('attendance', schema=None) as batch_op:
        batch_op.drop_index('ux_attendance_counts', sqlite_where=sa.text("state IN ('confirmed', 'verified')"), postgresql_where=sa.text("state IN ('confirmed', 'verified')"))
        batch_op.drop_index(batch_op.f('ix_attendance_club_session_id'))

    op.drop_table('attendance')
    with op.batch_alter_table('case_pause', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_case_pause_feedback_id'))

    op.drop_table('case_pause')
    with op.batch_alter_table('decision', schema=None) as batch_op:
        batch_op.drop_index('ix_decision_club')

    op.drop_table('decision')
    with op.batch_alter_table('call', schema=None) as batch_op:
        batch_op.drop_index('ux_call_open', sqlite_where=sa.text('done_at IS NULL'), postgresql_where=sa.text('done_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_call_programme_id'))

    op.drop_table('call')
    with op.batch_alter_table('burst', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_burst_due_at'))

    op.drop_table('burst')
