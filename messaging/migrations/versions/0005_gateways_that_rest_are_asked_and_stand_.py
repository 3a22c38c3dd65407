"""Gateways that rest, are asked and stand in for each other; alarms."""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('alarm',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('about', sa.String(length=60), nullable=False),
    sa.Column('figure', sa.Double(), nullable=True),
    sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cleared_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alarm'))
    )
    with op.batch_alter_table('alarm', schema=None) as batch_op:
        batch_op.create_index('ux_alarm_open', ['kind', 'about'], unique=True, sqlite_where=sa.text('cleared_at IS NULL'), postgresql_where=sa.text('cleared_at IS NULL'))

    with op.batch_alter_table('attempt', schema=None) as batch_op:
        batch_op.add_column(sa.Column('denied_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f('ix_attempt_started_at'), ['started_at'], unique=False)
        batch_op.create_index('ix_attempt_look', ['next_look_at'], unique=False, sqlite_where=sa.text('next_look_at IS NOT NULL'), postgresql_where=sa.text('next_look_at IS NOT NULL'))

    with op.batch_alter_table('gateway', schema=None) as batch_op:
        batch_op.add_column(sa.Column('receives', sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column('ease', sa.Double(), server_default='1', nullable=False))
        batch_op.add_column(sa.Column('eased_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('polled_to', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('checked_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('trouble', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True))

    # Not in a batch: for such a default it would make the whole table anew, which SQLite refuses while rows point to it.
    op.add_column('gateway', sa.Column('paused_itself', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('message', sa.Column('asks', sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_column('asks')

    with op.batch_alter_table('gateway', schema=None) as batch_op:
        batch_op.drop_column('sent_at')
        batch_op.drop_column('trouble')
        batch_op.drop_column('checked_at')
        batch_op.drop_column('polled_to')
        batch_op.drop_column('eased_at')
        batch_op.drop_column('ease')
        batch_op.drop_column('receives')
        batch_op.drop_column('paused_itself')

    with op.batch_alter_table('attempt', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_attempt_started_at'))
        batch_op.drop_index('ix_attempt_look', sqlite_where=sa.text('next_look_at IS NOT NULL'), postgresql_where=sa.text('next_look_at IS NOT NULL'))
        batch_op.drop_column('denied_at')

    with op.batch_alter_table('alarm', schema=None) as batch_op:
        batch_op.drop_index('ux_alarm_open', sqlite_where=sa.text('cleared_at IS NULL'), postgresql_where=sa.text('cleared_at IS NULL'))

    op.drop_table('alarm')
