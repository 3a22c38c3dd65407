"""Clubs and radio: slots, texts of episodes, planned sessions, curricula, questions to air, practice reports."""

import sqlalchemy as sa
from alembic import op


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('curriculum',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('programme_id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.ForeignKeyConstraint(['programme_id'], ['programme.id'], name=op.f('fk_curriculum_programme_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_curriculum')),
    sa.UniqueConstraint('programme_id', 'code', name=op.f('uq_curriculum_programme_id_code'))
    )
    op.create_table('club_curriculum',
    sa.Column('club_id', sa.Integer(), nullable=False),
    sa.Column('curriculum_id', sa.Integer(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['club_id'], ['club.id'], name=op.f('fk_club_curriculum_club_id')),
    sa.ForeignKeyConstraint(['curriculum_id'], ['curriculum.id'], name=op.f('fk_club_curriculum_curriculum_id')),
    sa.PrimaryKeyConstraint('club_id', name=op.f('pk_club_curriculum'))
    )
    with op.batch_alter_table('club_curriculum', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_club_curriculum_curriculum_id'), ['curriculum_id'], unique=False)

    op.create_table('lesson',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('curriculum_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('topic', sa.String(length=20), nullable=False),
    sa.Column('track', sa.String(length=10), nullable=False),
    sa.Column('titles', sa.JSON(), nullable=False),
    sa.Column('week', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['curriculum_id'], ['curriculum.id'], name=op.f('fk_lesson_curriculum_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lesson')),
    sa.UniqueConstraint('curriculum_id', 'number', name=op.f('uq_lesson_curriculum_id_number'))
    )
    op.create_table('slot',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('station_id', sa.Integer(), nullable=False),
    sa.Column('series_id', sa.Integer(), nullable=False),
    sa.Column('weekday', sa.Integer(), nullable=True),
    sa.Column('every_days', sa.Integer(), nullable=True),
    sa.Column('anchor', sa.Date(), nullable=True),
    sa.Column('starts', sa.Time(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=12), nullable=True),
    sa.Column('repeat_of', sa.Integer(), nullable=True),
    sa.Column('is_live', sa.Boolean(), nullable=False),
    sa.Column('cost_micros', sa.BigInteger(), nullable=True),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['language'], ['language.code'], name=op.f('fk_slot_language')),
    sa.ForeignKeyConstraint(['repeat_of'], ['slot.id'], name=op.f('fk_slot_repeat_of')),
    sa.ForeignKeyConstraint(['series_id'], ['series.id'], name=op.f('fk_slot_series_id')),
    sa.ForeignKeyConstraint(['station_id'], ['station.id'], name=op.f('fk_slot_station_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_slot'))
    )
    with op.batch_alter_table('slot', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_slot_series_id'), ['series_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_slot_station_id'), ['station_id'], unique=False)

    op.create_table('air_question',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('programme_id', sa.Integer(), nullable=False),
    sa.Column('topic', sa.String(length=20), nullable=True),
    sa.Column('wording', sa.Text(), nullable=False),
    sa.Column('language', sa.String(length=12), nullable=True),
    sa.Column('state', sa.Enum('waiting', 'given', 'answered', 'skipped', name='airquestionstate', native_enum=False, length=24), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('station_id', sa.Integer(), nullable=True),
    sa.Column('expert', sa.Boolean(), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('episode_id', sa.Integer(), nullable=True),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.Column('answer_by', sa.Integer(), nullable=True),
    sa.Column('approved_by', sa.Integer(), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_from', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['answer_by'], ['staff.id'], name=op.f('fk_air_question_answer_by')),
    sa.ForeignKeyConstraint(['approved_by'], ['staff.id'], name=op.f('fk_air_question_approved_by')),
    sa.ForeignKeyConstraint(['episode_id'], ['episode.id'], name=op.f('fk_air_question_episode_id')),
    sa.ForeignKeyConstraint(['programme_id'], ['programme.id'], name=op.f('fk_air_question_programme_id')),
    sa.ForeignKeyConstraint(['station_id'], ['station.id'], name=op.f('fk_air_question_station_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_air_question'))
    )
    with op.batch_alter_table('air_question', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_air_question_episode_id'), ['episode_id'], unique=False)
        batch_op.create_index('ix_air_question_state', ['programme_id', 'state', 'asked_at'], unique=False)

    op.create_table('episode_text',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('episode_id', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=12), nullable=False),
    sa.Column('guide', sa.Text(), nullable=False),
    sa.Column('read_aloud', sa.Text(), nullable=False),
    sa.Column('question', sa.Text(), nullable=False),
    sa.Column('options', sa.JSON(), nullable=True),
    sa.Column('state', sa.Enum('draft', 'reviewed', 'approved', name='textstate', native_enum=False, length=24), nullable=False),
    sa.Column('source', sa.String(length=200), nullable=True),
    sa.Column('author_id', sa.Integer(), nullable=True),
    sa.Column('reviewer_id', sa.Integer(), nullable=True),
    sa.Column('approver_id', sa.Integer(), nullable=True),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['approver_id'], ['staff.id'], name=op.f('fk_episode_text_approver_id')),
    sa.ForeignKeyConstraint(['author_id'], ['staff.id'], name=op.f('fk_episode_text_author_id')),
    sa.ForeignKeyConstraint(['episode_id'], ['episode.id'], name=op.f('fk_episode_text_episode_id')),
    sa.ForeignKeyConstraint(['language'], ['language.code'], name=op.f('fk_episode_text_language')),
    sa.ForeignKeyConstraint(['reviewer_id'], ['staff.id'], name=op.f('fk_episode_text_reviewer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_episode_text')),
    sa.UniqueConstraint('episode_id', 'language', name=op.f('uq_episode_text_episode_id_language'))
    )
    op.create_table('practice_report',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('programme_id', sa.Integer(), nullable=False),
    sa.Column('facilitator_id', sa.Integer(), nullable=False),
    sa.Column('inbound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('intent', sa.String(length=16), nullable=False),
    sa.Column('status', sa.String(length=12), nullable=False),
    sa.Column('error', sa.String(length=40), nullable=True),
    sa.Column('fields', sa.JSON(), nullable=False),
    sa.Column('repairs', sa.JSON(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['facilitator_id'], ['facilitator.id'], name=op.f('fk_practice_report_facilitator_id')),
    sa.ForeignKeyConstraint(['inbound_id'], ['inbound.id'], name=op.f('fk_practice_report_inbound_id')),
    sa.ForeignKeyConstraint(['programme_id'], ['programme.id'], name=op.f('fk_practice_report_programme_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_practice_report')),
    sa.UniqueConstraint('inbound_id', name=op.f('uq_practice_report_inbound_id'))
    )
    with op.batch_alter_table('practice_report', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_practice_report_facilitator_id'), ['facilitator_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_practice_report_programme_id'), ['programme_id'], unique=False)

    op.create_table('studio_page',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('station_id', sa.Integer(), nullable=False),
    sa.Column('episode_id', sa.Integer(), nullable=False),
    sa.Column('key_hash', sa.String(length=64), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by', sa.Integer(), nullable=True),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['episode_id'], ['episode.id'], name=op.f('fk_studio_page_episode_id')),
    sa.ForeignKeyConstraint(['made_by'], ['staff.id'], name=op.f('fk_studio_page_made_by')),
    sa.ForeignKeyConstraint(['station_id'], ['station.id'], name=op.f('fk_studio_page_station_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_studio_page')),
    sa.UniqueConstraint('key_hash', name=op.f('uq_studio_page_key_hash'))
    )
    op.create_table('air_question_asker',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('air_question_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('club_id', sa.Integer(), nullable=True),
    sa.Column('phone_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('inbound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('sex', sa.Enum('f', 'm', 'unknown', name='sex', native_enum=False, length=24), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['air_question_id'], ['air_question.id'], name=op.f('fk_air_question_asker_air_question_id')),
    sa.ForeignKeyConstraint(['club_id'], ['club.id'], name=op.f('fk_air_question_asker_club_id')),
    sa.ForeignKeyConstraint(['inbound_id'], ['inbound.id'], name=op.f('fk_air_question_asker_inbound_id')),
    sa.ForeignKeyConstraint(['phone_id'], ['phone.id'], name=op.f('fk_air_question_asker_phone_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_air_question_asker')),
    sa.UniqueConstraint('inbound_id', name=op.f('uq_air_question_asker_inbound_id'))
    )
    with op.batch_alter_table('air_question_asker', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_air_question_asker_air_question_id'), ['air_question_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_air_question_asker_club_id'), ['club_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_air_question_asker_phone_id'), ['phone_id'], unique=False)

    with op.batch_alter_table('airing', schema=None) as batch_op:
        batch_op.add_column(sa.Column('slot_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('told_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('changed_by', sa.Integer(), nullable=True))
        batch_op.create_index('ux_airing_slot', ['slot_id', 'planned_at'], unique=True)

    with op.batch_alter_table('attendance', schema=None) as batch_op:
        batch_op.add_column(sa.Column('children', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('women_spoke', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('woman_chaired', sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column('heard_as', sa.Enum('live', 'repeat', 'recording', name='heardas', native_enum=False, length=24), nullable=True))
        batch_op.add_column(sa.Column('staff_id', sa.Integer(), nullable=True))

    with op.batch_alter_table('club', schema=None) as batch_op:
        batch_op.add_column(sa.Column('meets_at', sa.Time(), nullable=True))

    with op.batch_alter_table('club_session', schema=None) as batch_op:
        batch_op.add_column(sa.Column('planned_on', sa.Date(), nullable=True))
        batch_op.add_column(sa.Column('lesson_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('heard', sa.Enum('well', 'partly', 'no_signal', 'not_said', name='heard', native_enum=False, length=24), nullable=True))
        batch_op.add_column(sa.Column('heard_as', sa.Enum('live', 'repeat', 'recording', name='heardas', native_enum=False, length=24), nullable=True))
        batch_op.add_column(sa.Column('nudged_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('silence', sa.Enum('not_aired', 'no_signal', 'no_network', 'no_credit', 'facilitator_away', 'security', 'other', name='silence', native_enum=False, length=24), nullable=True))
        batch_op.add_column(sa.Column('silence_by', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('silence_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index('ix_club_session_days', ['programme_id', 'held_on'], unique=False)
        batch_op.create_index('ix_club_session_due', ['programme_id', 'status', 'planned_on'], unique=False)
        batch_op.create_index('ux_club_session_planned', ['club_id', 'planned_on'], unique=True)

    with op.batch_alter_table('decision', schema=None) as batch_op:
        batch_op.add_column(sa.Column('kept_at', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('episode', schema=None) as batch_op:
        batch_op.add_column(sa.Column('minutes', sa.Integer(), nullable=True))

    with op.batch_alter_table('station', schema=None) as batch_op:
        batch_op.add_column(sa.Column('contact', sa.String(length=120), nullable=True))

    # Not in a batch: for such a default it would make the whole table anew, which SQLite refuses while rows point to it.
    op.add_column('facilitator', sa.Column('practice', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('station', sa.Column('tells_hours', sa.Boolean(), server_default=sa.false(), nullable=False))



def downgrade() -> None:
    with op.batch_alter_table('station', schema=None) as batch_op:
        batch_op.drop_column('tells_hours')
        batch_op.drop_column('contact')

    with op.batch_alter_table('facilitator', schema=None) as batch_op:
        batch_op.drop_column('practice')

    with op.batch_alter_table('episode', schema=None) as batch_op:
        batch_op.drop_column('minutes')

    with op.batch_alter_table('decision', schema=None) as batch_op:
        batch_op.drop_column('kept_at')

    with op.batch_alter_table('club_session', schema=None) as batch_op:
        batch_op.drop_index('ux_club_session_planned')
        batch_op.drop_index('ix_club_session_due')
        batch_op.drop_index('ix_club_session_days')
        batch_op.drop_column('silence_at')
        batch_op.drop_column('silence_by')
        batch_op.drop_column('silence')
        batch_op.drop_column('nudged_at')
        batch_op.drop_column('heard_as')
        batch_op.drop_column('heard')
        batch_op.drop_column('lesson_id')
        batch_op.drop_column('planned_on')

    with op.batch_alter_table('club', schema=None) as batch_op:
        batch_op.drop_column('meets_at')

    with op.batch_alter_table('attendance', schema=None) as batch_op:
        batch_op.drop_column('staff_id')
        batch_op.drop_column('heard_as')
        batch_op.drop_column('woman_chaired')
        batch_op.drop_column('women_spoke')
        batch_op.drop_column('children')

    with op.batch_alter_table('airing', schema=None) as batch_op:
        batch_op.drop_index('ux_airing_slot')
        batch_op.drop_column('changed_by')
        batch_op.drop_column('told_at')
        batch_op.drop_column('slot_id')

    with op.batch_alter_table('air_question_asker', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_air_question_asker_phone_id'))
        batch_op.drop_index(batch_op.f('ix_air_question_asker_club_id'))
        batch_op.drop_index(batch_op.f('ix_air_question_asker_air_question_id'))

    op.drop_table('air_question_asker')
    op.drop_table('studio_page')
    with op.batch_alter_table('practice_report', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_practice_report_programme_id'))
        batch_op.drop_index(batch_op.f('ix_practice_report_facilitator_id'))

    op.drop_table('practice_report')
    op.drop_table('episode_text')
    with op.batch_alter_table('air_question', schema=None) as batch_op:
        batch_op.drop_index('ix_air_question_state')
        batch_op.drop_index(batch_op.f('ix_air_question_episode_id'))

    op.drop_table('air_question')
    with op.batch_alter_table('slot', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_slot_station_id'))
        batch_op.drop_index(batch_op.f('ix_slot_series_id'))

    op.drop_table('slot')
    op.drop_table('lesson')
    with op.batch_alter_table('club_curriculum', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_club_curriculum_curriculum_id'))

    op.drop_table('club_curriculum')
    op.drop_table('curriculum')
