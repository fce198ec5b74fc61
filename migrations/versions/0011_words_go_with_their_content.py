"""The words of content that is purged are purged with it"""

# ruff: noqa: E501 - statements as they run

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS = {
    "postgresql": (
        """CREATE INDEX ix_contact_event_searched ON contact_event (content_digest) WHERE content_digest IS NOT NULL AND kind NOT LIKE 'delivery.%' AND kind NOT LIKE 'mail.%' AND (kind <> 'notice.queued' OR actor <> 'system' OR facts ->> 'purpose' = 'conversational')
""",
        """CREATE FUNCTION searched_words_forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM searched_words USING contact_event e
  WHERE searched_words.id = e.id AND e.content_digest = OLD.digest AND e.content_digest IS NOT NULL AND e.kind NOT LIKE 'delivery.%' AND e.kind NOT LIKE 'mail.%' AND (e.kind <> 'notice.queued' OR e.actor <> 'system' OR e.facts ->> 'purpose' = 'conversational');
  RETURN NULL;
END $$
""",
        """CREATE TRIGGER searched_words_forget AFTER DELETE OR UPDATE OF content ON contact_content FOR EACH ROW EXECUTE FUNCTION searched_words_forget()
""",
    ),
    "sqlite": (
        """CREATE INDEX ix_contact_event_searched ON contact_event (content_digest) WHERE content_digest IS NOT NULL AND kind NOT LIKE 'delivery.%' AND kind NOT LIKE 'mail.%' AND (kind <> 'notice.queued' OR actor <> 'system' OR json_extract(facts, '$.purpose') = 'conversational')
""",
        """CREATE TRIGGER searched_words_forget AFTER DELETE ON contact_content BEGIN DELETE FROM searched_words WHERE rowid IN (SELECT e.id FROM contact_event e WHERE e.content_digest = OLD.digest AND e.content_digest IS NOT NULL AND e.kind NOT LIKE 'delivery.%' AND e.kind NOT LIKE 'mail.%' AND (e.kind <> 'notice.queued' OR e.actor <> 'system' OR json_extract(e.facts, '$.purpose') = 'conversational')); END
""",
        """CREATE TRIGGER searched_words_forget_changed AFTER UPDATE OF content ON contact_content BEGIN DELETE FROM searched_words WHERE rowid IN (SELECT e.id FROM contact_event e WHERE e.content_digest = OLD.digest AND e.content_digest IS NOT NULL AND e.kind NOT LIKE 'delivery.%' AND e.kind NOT LIKE 'mail.%' AND (e.kind <> 'notice.queued' OR e.actor <> 'system' OR json_extract(e.facts, '$.purpose') = 'conversational')); END
""",
    ),
}


def upgrade() -> None:
    for statement in STATEMENTS[op.get_context().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TRIGGER searched_words_forget")
        op.execute("DROP TRIGGER searched_words_forget_changed")
    else:
        op.execute("DROP TRIGGER searched_words_forget ON contact_content")
        op.execute("DROP FUNCTION searched_words_forget()")
    op.execute("DROP INDEX ix_contact_event_searched")
