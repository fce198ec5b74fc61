"""Make every table"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


GUARD = {
    "postgresql": (
        """
        CREATE FUNCTION contact_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION 'contact_event is append-only';
        END $$
        """,
        "CREATE TRIGGER contact_event_no_change BEFORE UPDATE OR DELETE ON contact_event "
        "FOR EACH ROW EXECUTE FUNCTION contact_event_is_append_only()",
        "CREATE TRIGGER contact_event_no_truncate BEFORE TRUNCATE ON contact_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION contact_event_is_append_only()",
    ),
    "sqlite": (
        "CREATE TRIGGER contact_event_no_update BEFORE UPDATE ON contact_event "
        "BEGIN SELECT RAISE(ABORT, 'contact_event is append-only'); END",
        "CREATE TRIGGER contact_event_no_delete BEFORE DELETE ON contact_event "
        "BEGIN SELECT RAISE(ABORT, 'contact_event is append-only'); END",
    ),
}
UNGUARD = {
    "postgresql": (
        "DROP TRIGGER contact_event_no_change ON contact_event",
        "DROP TRIGGER contact_event_no_truncate ON contact_event",
        "DROP FUNCTION contact_event_is_append_only()",
    ),
    "sqlite": ("DROP TRIGGER contact_event_no_update", "DROP TRIGGER contact_event_no_delete"),
}


def upgrade() -> None:
    op.create_table('audit_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('username', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('facts', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_event'))
    )
    op.create_index('ix_audit_event_account_id_at', 'audit_event', ['account_id', 'at'], unique=False)
    op.create_table('campaign_run',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('policy', sa.Text(), nullable=False),
    sa.Column('policy_version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('planned_for', sa.Date(), nullable=False),
    sa.Column('attempt', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('counts', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('planned_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('approved_by', sa.Text(), nullable=True),
    sa.Column('released_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('released_by', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_campaign_run')),
    sa.UniqueConstraint('policy', 'planned_for', 'attempt', name=op.f('uq_campaign_run_policy_planned_for_attempt'))
    )
    op.create_table('contact_content',
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('content', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('stored_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_contact_content'))
    )
    op.create_table('history_head',
    sa.Column('chain', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('hash', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('chain', name=op.f('pk_history_head'))
    )
    op.create_table('import_file',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('as_of', sa.Date(), nullable=True),
    sa.Column('covers_until', sa.Date(), nullable=True),
    sa.Column('totals', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_file'))
    )
    op.create_index('ix_import_file_kind_state', 'import_file', ['kind', 'state'], unique=False)
    op.create_table('mail_batch',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('pieces', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('pages', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount_cents', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('manifest', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('handed_over_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('mailed_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mail_batch')),
    sa.UniqueConstraint('name', name=op.f('uq_mail_batch_name'))
    )
    op.create_table('notice_version',
    sa.Column('version', sa.Text(), nullable=False),
    sa.Column('notice', sa.Text(), nullable=False),
    sa.Column('sources', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('first_used_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('approved_by', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('version', name=op.f('pk_notice_version'))
    )
    op.create_table('sign_in_failure',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('username', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in_failure'))
    )
    op.create_index('ix_sign_in_failure_username_at', 'sign_in_failure', ['username', 'at'], unique=False)
    op.create_table('staff_user',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('username', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff_user')),
    sa.UniqueConstraint('username', name=op.f('uq_staff_user_username'))
    )
    op.create_table('webhook_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('event_key', sa.Text(), nullable=False),
    sa.Column('token', sa.Text(), nullable=True),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('headers', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('tries', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('understood_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_event')),
    sa.UniqueConstraint('provider', 'event_key', name=op.f('uq_webhook_event_provider_event_key'))
    )
    op.create_index('ix_webhook_event_pending', 'webhook_event', ['id'], unique=False, postgresql_where=sa.text("state = 'new'"), sqlite_where=sa.text("state = 'new'"))
    op.create_table('account',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('search_number', sa.Text(), nullable=False),
    sa.Column('customer_number', sa.Text(), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('name_as_given', sa.Text(), nullable=False),
    sa.Column('search_name', sa.Text(), nullable=False),
    sa.Column('service_address', sa.Text(), nullable=False),
    sa.Column('service_city', sa.Text(), nullable=False),
    sa.Column('service_zip', sa.Text(), nullable=False),
    sa.Column('mailing_address', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('search_address', sa.Text(), nullable=False),
    sa.Column('household', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('service_class', sa.Text(), nullable=False),
    sa.Column('occupancy', sa.Text(), nullable=False),
    sa.Column('affects_heat', sa.Boolean(), nullable=True),
    sa.Column('current_cents', sa.BigInteger(), nullable=False),
    sa.Column('past_due_cents', sa.BigInteger(), nullable=False),
    sa.Column('service_past_due', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('aging', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('oldest_due_on', sa.Date(), nullable=True),
    sa.Column('last_payment_on', sa.Date(), nullable=True),
    sa.Column('last_payment_cents', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('deposit_cents', sa.BigInteger(), nullable=False),
    sa.Column('route', sa.Text(), nullable=True),
    sa.Column('flags', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('balance_as_of', sa.Date(), nullable=False),
    sa.Column('source_digest', sa.Text(), nullable=False),
    sa.Column('import_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('in_latest_file', sa.Boolean(), nullable=False),
    sa.Column('facts_version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['import_file.id'], name=op.f('fk_account_import_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('number', name=op.f('uq_account_number'))
    )
    op.create_index('ix_account_customer_number', 'account', ['customer_number'], unique=False)
    op.create_index('ix_account_household', 'account', ['household'], unique=False)
    op.create_index('ix_account_past_due_cents', 'account', ['past_due_cents'], unique=False)
    op.create_index('ix_account_search_name', 'account', ['search_name'], unique=False)
    op.create_index('ix_account_search_number', 'account', ['search_number'], unique=False)
    op.create_table('import_refusal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('import_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('line', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('raw', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['import_file.id'], name=op.f('fk_import_refusal_import_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_refusal'))
    )
    op.create_index(op.f('ix_import_refusal_import_id'), 'import_refusal', ['import_id'], unique=False)
    op.create_table('user_session',
    sa.Column('key_digest', sa.Text(), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('user_agent', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['staff_user.id'], name=op.f('fk_user_session_user_id')),
    sa.PrimaryKeyConstraint('key_digest', name=op.f('pk_user_session'))
    )
    op.create_index(op.f('ix_user_session_user_id'), 'user_session', ['user_id'], unique=False)
    op.create_table('consent_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('inbound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_consent_event_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent_event'))
    )
    op.create_index('ix_consent_event_channel_address', 'consent_event', ['channel', 'address'], unique=False)
    op.create_table('contact_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('chain', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('direction', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=True),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('subject_type', sa.Text(), nullable=True),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('facts', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('content_digest', sa.Text(), nullable=True),
    sa.Column('previous_hash', sa.Text(), nullable=False),
    sa.Column('hash', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_contact_event_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact_event')),
    sa.UniqueConstraint('chain', 'position', name=op.f('uq_contact_event_chain_position'))
    )
    op.create_index('ix_contact_event_account_id_at', 'contact_event', ['account_id', 'at'], unique=False)
    op.create_index('ix_contact_event_kind_at', 'contact_event', ['kind', 'at'], unique=False)
    op.create_index(op.f('ix_contact_event_subject_id'), 'contact_event', ['subject_id'], unique=False)
    op.create_table('contact_point',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('label', sa.Text(), nullable=False),
    sa.Column('rank', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('raw', sa.Text(), nullable=False),
    sa.Column('value', sa.Text(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_contact_point_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact_point')),
    sa.UniqueConstraint('account_id', 'kind', 'raw', name=op.f('uq_contact_point_account_id_kind_raw'))
    )
    op.create_index(op.f('ix_contact_point_account_id'), 'contact_point', ['account_id'], unique=False)
    op.create_index('ix_contact_point_kind_value', 'contact_point', ['kind', 'value'], unique=False)
    op.create_table('conversation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('context', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('automatic_answers', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_inbound_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_conversation_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_conversation')),
    sa.UniqueConstraint('channel', 'address', name=op.f('uq_conversation_channel_address'))
    )
    op.create_table('episode',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('policy', sa.Text(), nullable=False),
    sa.Column('policy_version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('close_reason', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_episode_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_episode'))
    )
    op.create_index('uq_episode_one_open', 'episode', ['account_id'], unique=True, postgresql_where=sa.text('closed_at IS NULL'), sqlite_where=sa.text('closed_at IS NULL'))
    op.create_table('hold',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('amount_cents', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('placed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('released_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('released_by', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_hold_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hold'))
    )
    op.create_index('ix_hold_account_id_released_at', 'hold', ['account_id', 'released_at'], unique=False)
    op.create_table('message',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('notice', sa.Text(), nullable=False),
    sa.Column('notice_version', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('decision_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('run_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('fallback_of_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('in_reply_to_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('recipient', sa.Text(), nullable=False),
    sa.Column('recipient_name', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=True),
    sa.Column('body_text', sa.Text(), nullable=False),
    sa.Column('body_html', sa.Text(), nullable=True),
    sa.Column('letter', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=True),
    sa.Column('content_digest', sa.Text(), nullable=False),
    sa.Column('encoding', sa.Text(), nullable=True),
    sa.Column('segments', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('amount_cents', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('facts_version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('dedupe_key', sa.Text(), nullable=False),
    sa.Column('fallback', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('state_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state_reason', sa.Text(), nullable=True),
    sa.Column('priority', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('quiet_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('give_up_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('lease_owner', sa.Text(), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('rung_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('carrier_id', sa.Text(), nullable=True),
    sa.Column('error_code', sa.Text(), nullable=True),
    sa.Column('error_text', sa.Text(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('batch_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('final_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('request_id', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_message_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message')),
    sa.UniqueConstraint('dedupe_key', name=op.f('uq_message_dedupe_key'))
    )
    op.create_index('ix_message_account_id_created_at', 'message', ['account_id', 'created_at'], unique=False)
    op.create_index('ix_message_batch_id', 'message', ['batch_id'], unique=False)
    op.create_index('ix_message_carrier_id', 'message', ['carrier_id'], unique=False)
    op.create_index('ix_message_due', 'message', ['lane', 'next_attempt_at', 'priority', 'id'], unique=False, postgresql_where=sa.text("state = 'queued'"), sqlite_where=sa.text("state = 'queued'"))
    op.create_index('ix_message_fallback_of_id', 'message', ['fallback_of_id'], unique=False, postgresql_where=sa.text('fallback_of_id IS NOT NULL'), sqlite_where=sa.text('fallback_of_id IS NOT NULL'))
    op.create_index('ix_message_lease', 'message', ['lease_until'], unique=False, postgresql_where=sa.text("state = 'claimed'"), sqlite_where=sa.text("state = 'claimed'"))
    op.create_index('ix_message_recipient_created_at', 'message', ['recipient', 'created_at'], unique=False)
    op.create_index('ix_message_run_id_state', 'message', ['run_id', 'state'], unique=False)
    op.create_index('ix_message_state_state_at', 'message', ['state', 'state_at'], unique=False)
    op.create_table('payment',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('transaction_id', sa.Text(), nullable=False),
    sa.Column('paid_on', sa.Date(), nullable=False),
    sa.Column('amount_cents', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('reverses', sa.Text(), nullable=True),
    sa.Column('reversed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('import_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('imported_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_payment_account_id')),
    sa.ForeignKeyConstraint(['import_id'], ['import_file.id'], name=op.f('fk_payment_import_id')),
    sa.ForeignKeyConstraint(['reversed_by_id'], ['payment.id'], name=op.f('fk_payment_reversed_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment')),
    sa.UniqueConstraint('transaction_id', name=op.f('uq_payment_transaction_id'))
    )
    op.create_index('ix_payment_account_id_paid_on', 'payment', ['account_id', 'paid_on'], unique=False)
    op.create_index(op.f('ix_payment_reverses'), 'payment', ['reverses'], unique=False)
    op.create_table('promise',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('episode_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('source_inbound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('taken_by', sa.Text(), nullable=True),
    sa.Column('said_text', sa.Text(), nullable=True),
    sa.Column('reason_code', sa.Text(), nullable=True),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('requested_terms', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('status_reason', sa.Text(), nullable=True),
    sa.Column('promised_cents', sa.BigInteger(), nullable=False),
    sa.Column('debt_cents', sa.BigInteger(), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('approved_by', sa.Text(), nullable=True),
    sa.Column('policy_version', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_on', sa.Date(), nullable=False),
    sa.Column('ended_as', sa.Text(), nullable=True),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_promise_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_promise'))
    )
    op.create_index('ix_promise_account_id_status', 'promise', ['account_id', 'status'], unique=False)
    op.create_index('uq_promise_one_open', 'promise', ['account_id'], unique=True, postgresql_where=sa.text("status = 'open'"), sqlite_where=sa.text("status = 'open'"))
    op.create_table('task',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('priority', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('subject_type', sa.Text(), nullable=True),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('facts', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('dedupe_key', sa.Text(), nullable=False),
    sa.Column('assignee', sa.Text(), nullable=True),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('waiting_since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('resolved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('resolved_by', sa.Text(), nullable=True),
    sa.Column('resolution', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_task_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_task')),
    sa.UniqueConstraint('dedupe_key', name=op.f('uq_task_dedupe_key'))
    )
    op.create_index('ix_task_account_id', 'task', ['account_id'], unique=False)
    op.create_index('ix_task_state_kind_priority_id', 'task', ['state', 'kind', 'priority', 'id'], unique=False)
    op.create_table('attempt',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('carrier', sa.Text(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('http_status', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('error_code', sa.Text(), nullable=True),
    sa.Column('detail', sa.Text(), nullable=True),
    sa.Column('carrier_id', sa.Text(), nullable=True),
    sa.Column('worker', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_attempt_message_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attempt')),
    sa.UniqueConstraint('message_id', 'number', name=op.f('uq_attempt_message_id_number'))
    )
    op.create_index('ix_attempt_open', 'attempt', ['started_at'], unique=False, postgresql_where=sa.text("outcome = 'open'"), sqlite_where=sa.text("outcome = 'open'"))
    op.create_table('consent',
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('allowed', sa.Boolean(), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['consent_event.id'], name=op.f('fk_consent_event_id')),
    sa.PrimaryKeyConstraint('channel', 'address', 'category', name=op.f('pk_consent'))
    )
    op.create_table('decision',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('run_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('episode_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('step', sa.Text(), nullable=True),
    sa.Column('occurrence', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('verdict', sa.Text(), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('channels', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('reasons', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('facts_version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount_cents', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_decision_account_id')),
    sa.ForeignKeyConstraint(['episode_id'], ['episode.id'], name=op.f('fk_decision_episode_id')),
    sa.ForeignKeyConstraint(['run_id'], ['campaign_run.id'], name=op.f('fk_decision_run_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_decision')),
    sa.UniqueConstraint('episode_id', 'step', 'occurrence', name=op.f('uq_decision_episode_id_step_occurrence')),
    sa.UniqueConstraint('run_id', 'account_id', name=op.f('uq_decision_run_id_account_id'))
    )
    op.create_index('ix_decision_account_id', 'decision', ['account_id'], unique=False)
    op.create_table('inbound_message',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('provider_id', sa.Text(), nullable=False),
    sa.Column('sender', sa.Text(), nullable=False),
    sa.Column('recipient', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('media', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('webhook_event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('matched_by', sa.Text(), nullable=True),
    sa.Column('conversation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('carrier_opt_out', sa.Text(), nullable=True),
    sa.Column('intent', sa.Text(), nullable=True),
    sa.Column('confidence', sa.Double(), nullable=True),
    sa.Column('understanding', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=True),
    sa.Column('handling', sa.Text(), nullable=False),
    sa.Column('handled_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_inbound_message_account_id')),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], name=op.f('fk_inbound_message_conversation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbound_message')),
    sa.UniqueConstraint('channel', 'provider_id', name=op.f('uq_inbound_message_channel_provider_id'))
    )
    op.create_index('ix_inbound_message_account_id', 'inbound_message', ['account_id'], unique=False)
    op.create_index('ix_inbound_message_sender', 'inbound_message', ['channel', 'sender'], unique=False)
    op.create_table('mail_piece',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('batch_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seq', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('piece_id', sa.Text(), nullable=False),
    sa.Column('first_page', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('last_page', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['mail_batch.id'], name=op.f('fk_mail_piece_batch_id')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_mail_piece_message_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mail_piece')),
    sa.UniqueConstraint('batch_id', 'seq', name=op.f('uq_mail_piece_batch_id_seq')),
    sa.UniqueConstraint('message_id', name=op.f('uq_mail_piece_message_id')),
    sa.UniqueConstraint('piece_id', name=op.f('uq_mail_piece_piece_id'))
    )
    op.create_table('promise_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('promise_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('facts', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.ForeignKeyConstraint(['promise_id'], ['promise.id'], name=op.f('fk_promise_event_promise_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_promise_event'))
    )
    op.create_index(op.f('ix_promise_event_promise_id'), 'promise_event', ['promise_id'], unique=False)
    op.create_table('promise_part',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('promise_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seq', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('amount_cents', sa.BigInteger(), nullable=False),
    sa.Column('grace_days', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('tolerance_cents', sa.BigInteger(), nullable=False),
    sa.Column('tolerance_percent', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('on_time_until', sa.Date(), nullable=False),
    sa.Column('deadline_on', sa.Date(), nullable=False),
    sa.Column('deadline_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('allocated_cents', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['promise_id'], ['promise.id'], name=op.f('fk_promise_part_promise_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_promise_part')),
    sa.UniqueConstraint('promise_id', 'seq', name=op.f('uq_promise_part_promise_id_seq'))
    )
    op.create_index('ix_promise_part_state_deadline_at', 'promise_part', ['state', 'deadline_at'], unique=False)
    op.create_table('promise_allocation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('part_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('payment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount_cents', sa.BigInteger(), nullable=False),
    sa.Column('allocated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reversed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['part_id'], ['promise_part.id'], name=op.f('fk_promise_allocation_part_id')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_promise_allocation_payment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_promise_allocation')),
    sa.UniqueConstraint('part_id', 'payment_id', name=op.f('uq_promise_allocation_part_id_payment_id'))
    )
    op.create_index('ix_promise_allocation_payment_id', 'promise_allocation', ['payment_id'], unique=False)

    for statement in GUARD[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    for statement in UNGUARD[op.get_bind().dialect.name]:
        op.execute(statement)
    op.drop_index('ix_promise_allocation_payment_id', table_name='promise_allocation')
    op.drop_table('promise_allocation')
    op.drop_index('ix_promise_part_state_deadline_at', table_name='promise_part')
    op.drop_table('promise_part')
    op.drop_index(op.f('ix_promise_event_promise_id'), table_name='promise_event')
    op.drop_table('promise_event')
    op.drop_table('mail_piece')
    op.drop_index('ix_inbound_message_sender', table_name='inbound_message')
    op.drop_index('ix_inbound_message_account_id', table_name='inbound_message')
    op.drop_table('inbound_message')
    op.drop_index('ix_decision_account_id', table_name='decision')
    op.drop_table('decision')
    op.drop_table('consent')
    op.drop_index('ix_attempt_open', table_name='attempt', postgresql_where=sa.text("outcome = 'open'"), sqlite_where=sa.text("outcome = 'open'"))
    op.drop_table('attempt')
    op.drop_index('ix_task_state_kind_priority_id', table_name='task')
    op.drop_index('ix_task_account_id', table_name='task')
    op.drop_table('task')
    op.drop_index('uq_promise_one_open', table_name='promise', postgresql_where=sa.text("status = 'open'"), sqlite_where=sa.text("status = 'open'"))
    op.drop_index('ix_promise_account_id_status', table_name='promise')
    op.drop_table('promise')
    op.drop_index(op.f('ix_payment_reverses'), table_name='payment')
    op.drop_index('ix_payment_account_id_paid_on', table_name='payment')
    op.drop_table('payment')
    op.drop_index('ix_message_state_state_at', table_name='message')
    op.drop_index('ix_message_run_id_state', table_name='message')
    op.drop_index('ix_message_recipient_created_at', table_name='message')
    op.drop_index('ix_message_lease', table_name='message', postgresql_where=sa.text("state = 'claimed'"), sqlite_where=sa.text("state = 'claimed'"))
    op.drop_index('ix_message_fallback_of_id', table_name='message', postgresql_where=sa.text('fallback_of_id IS NOT NULL'), sqlite_where=sa.text('fallback_of_id IS NOT NULL'))
    op.drop_index('ix_message_due', table_name='message', postgresql_where=sa.text("state = 'queued'"), sqlite_where=sa.text("state = 'queued'"))
    op.drop_index('ix_message_carrier_id', table_name='message')
    op.drop_index('ix_message_batch_id', table_name='message')
    op.drop_index('ix_message_account_id_created_at', table_name='message')
    op.drop_table('message')
    op.drop_index('ix_hold_account_id_released_at', table_name='hold')
    op.drop_table('hold')
    op.drop_index('uq_episode_one_open', table_name='episode', postgresql_where=sa.text('closed_at IS NULL'), sqlite_where=sa.text('closed_at IS NULL'))
    op.drop_table('episode')
    op.drop_table('conversation')
    op.drop_index('ix_contact_point_kind_value', table_name='contact_point')
    op.drop_index(op.f('ix_contact_point_account_id'), table_name='contact_point')
    op.drop_table('contact_point')
    op.drop_index(op.f('ix_contact_event_subject_id'), table_name='contact_event')
    op.drop_index('ix_contact_event_kind_at', table_name='contact_event')
    op.drop_index('ix_contact_event_account_id_at', table_name='contact_event')
    op.drop_table('contact_event')
    op.drop_index('ix_consent_event_channel_address', table_name='consent_event')
    op.drop_table('consent_event')
    op.drop_index(op.f('ix_user_session_user_id'), table_name='user_session')
    op.drop_table('user_session')
    op.drop_index(op.f('ix_import_refusal_import_id'), table_name='import_refusal')
    op.drop_table('import_refusal')
    op.drop_index('ix_account_search_number', table_name='account')
    op.drop_index('ix_account_search_name', table_name='account')
    op.drop_index('ix_account_past_due_cents', table_name='account')
    op.drop_index('ix_account_household', table_name='account')
    op.drop_index('ix_account_customer_number', table_name='account')
    op.drop_table('account')
    op.drop_index('ix_webhook_event_pending', table_name='webhook_event', postgresql_where=sa.text("state = 'new'"), sqlite_where=sa.text("state = 'new'"))
    op.drop_table('webhook_event')
    op.drop_table('staff_user')
    op.drop_index('ix_sign_in_failure_username_at', table_name='sign_in_failure')
    op.drop_table('sign_in_failure')
    op.drop_table('notice_version')
    op.drop_table('mail_batch')
    op.drop_index('ix_import_file_kind_state', table_name='import_file')
    op.drop_table('import_file')
    op.drop_table('history_head')
    op.drop_table('contact_content')
    op.drop_table('campaign_run')
    op.drop_index('ix_audit_event_account_id_at', table_name='audit_event')
    op.drop_table('audit_event')
