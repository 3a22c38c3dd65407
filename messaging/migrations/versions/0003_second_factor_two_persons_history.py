"""second factor, two persons, quarantine, history"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('paused_place',
    sa.Column('place_id', sa.Integer(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['place_id'], ['place.id'], name=op.f('fk_paused_place_place_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_paused_place_staff_id')),
    sa.PrimaryKeyConstraint('place_id', name=op.f('pk_paused_place'))
    )
    op.create_table('proposal',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('programme_id', sa.Integer(), nullable=True),
    sa.Column('object', sa.String(length=40), nullable=False),
    sa.Column('object_id', sa.String(length=40), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('asked_by', sa.Integer(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.Integer(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted', sa.Boolean(), nullable=True),
    sa.ForeignKeyConstraint(['asked_by'], ['staff.id'], name=op.f('fk_proposal_asked_by')),
    sa.ForeignKeyConstraint(['decided_by'], ['staff.id'], name=op.f('fk_proposal_decided_by')),
    sa.ForeignKeyConstraint(['programme_id'], ['programme.id'], name=op.f('fk_proposal_programme_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proposal'))
    )
    with op.batch_alter_table('proposal', schema=None) as batch_op:
        batch_op.create_index('ix_proposal_open', ['kind', 'object_id'], unique=False, sqlite_where=sa.text('decided_at IS NULL'), postgresql_where=sa.text('decided_at IS NULL'))

    op.create_table('campaign_version',
    sa.Column('campaign_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('definition', sa.JSON(), nullable=False),
    sa.Column('action', sa.String(length=24), nullable=False),
    sa.Column('step', sa.String(length=40), nullable=True),
    sa.Column('staff_id', sa.Integer(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaign.id'], name=op.f('fk_campaign_version_campaign_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_campaign_version_staff_id')),
    sa.PrimaryKeyConstraint('campaign_id', 'version', name=op.f('pk_campaign_version'))
    )
    with op.batch_alter_table('inbound', schema=None) as batch_op:
        batch_op.add_column(sa.Column('sorted_as', sa.String(length=24), nullable=True))
        batch_op.add_column(sa.Column('sorted_at', sa.DateTime(timezone=True), nullable=True))

    # Written out: a batch would make the whole table anew, which SQLite refuses while other rows point to it.
    op.execute("ALTER TABLE inbound ADD COLUMN sorted_by INTEGER CONSTRAINT fk_inbound_sorted_by REFERENCES staff (id)")

    with op.batch_alter_table('member', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_member_village_id'))
        batch_op.create_index('ix_member_first_name', ['programme_id', 'first_name'], unique=False)
        batch_op.create_index('ix_member_village', ['village_id', 'id'], unique=False)

    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(f"ALTER TABLE phone ADD COLUMN replaced_by_id {number} CONSTRAINT fk_phone_replaced_by_id REFERENCES phone (id)")

    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.add_column(sa.Column('tf_last_step', sa.BigInteger(), nullable=True))



def downgrade() -> None:
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.drop_column('tf_last_step')

    with op.batch_alter_table('phone', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_phone_replaced_by_id'), type_='foreignkey')
        batch_op.drop_column('replaced_by_id')

    with op.batch_alter_table('member', schema=None) as batch_op:
        batch_op.drop_index('ix_member_village')
        batch_op.drop_index('ix_member_first_name')
        batch_op.create_index(batch_op.f('ix_member_village_id'), ['village_id'], unique=False)

    with op.batch_alter_table('inbound', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_inbound_sorted_by'), type_='foreignkey')
        batch_op.drop_column('sorted_at')
        batch_op.drop_column('sorted_by')
        batch_op.drop_column('sorted_as')

    op.drop_table('campaign_version')
    with op.batch_alter_table('proposal', schema=None) as batch_op:
        batch_op.drop_index('ix_proposal_open', sqlite_where=sa.text('decided_at IS NULL'), postgresql_where=sa.text('decided_at IS NULL'))

    op.drop_table('proposal')
    op.drop_table('paused_place')
