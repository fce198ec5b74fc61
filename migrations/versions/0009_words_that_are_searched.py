"""Words within messages, names and addresses are found"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WORDS = {
    "postgresql": (
        """CREATE TABLE searched_words (id bigint PRIMARY KEY, words tsvector NOT NULL)
""",
        """CREATE INDEX ix_searched_words_words ON searched_words USING gin (words)
""",
        r"""CREATE FUNCTION searched_words_of(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT strip(to_tsvector('simple', CASE WHEN octet_length(said) = length(said)
    THEN translate(said, '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~''', '                               ')
    ELSE regexp_replace(regexp_replace(normalize(translate(said, '''’', ''), NFKD), '[\u0300-\u036f]', '', 'g'),
      '[^A-Za-z0-9]+', ' ', 'g') END))
$$
""",
        """CREATE FUNCTION searched_words_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO searched_words (id, words)
  SELECT NEW.id, searched_words_of(left(concat_ws(' ', c.content ->> 'subject', c.content ->> 'text'), 8000))
  FROM contact_content c WHERE c.digest = NEW.content_digest;
  RETURN NULL;
END $$
""",
        """CREATE TRIGGER searched_words_keep AFTER INSERT ON contact_event FOR EACH ROW WHEN (NEW.content_digest IS NOT NULL AND NEW.kind NOT LIKE 'delivery.%' AND NEW.kind NOT LIKE 'mail.%' AND (NEW.kind <> 'notice.queued' OR NEW.actor <> 'system' OR NEW.facts ->> 'purpose' = 'conversational')) EXECUTE FUNCTION searched_words_keep()
""",
        """INSERT INTO searched_words (id, words) SELECT e.id, searched_words_of(left(concat_ws(' ', c.content ->> 'subject', c.content ->> 'text'), 8000)) FROM contact_event e JOIN contact_content c ON c.digest = e.content_digest WHERE e.kind NOT LIKE 'delivery.%' AND e.kind NOT LIKE 'mail.%' AND (e.kind <> 'notice.queued' OR e.actor <> 'system' OR e.facts ->> 'purpose' = 'conversational')
""",
    ),
    "sqlite": (
        """CREATE VIRTUAL TABLE searched_words USING fts5(words, tokenize = 'unicode61 remove_diacritics 2')
""",
        """CREATE TRIGGER searched_words_keep AFTER INSERT ON contact_event WHEN NEW.content_digest IS NOT NULL AND NEW.kind NOT LIKE 'delivery.%' AND NEW.kind NOT LIKE 'mail.%' AND (NEW.kind <> 'notice.queued' OR NEW.actor <> 'system' OR json_extract(NEW.facts, '$.purpose') = 'conversational') BEGIN INSERT INTO searched_words (rowid, words) SELECT NEW.id, replace(replace(substr(coalesce(json_extract(c.content, '$.subject'), '') || ' ' || coalesce(json_extract(c.content, '$.text'), ''), 1, 8000), '''', ''), '’', '') FROM contact_content c WHERE c.digest = NEW.content_digest; END
""",
        """INSERT INTO searched_words (rowid, words) SELECT e.id, replace(replace(substr(coalesce(json_extract(c.content, '$.subject'), '') || ' ' || coalesce(json_extract(c.content, '$.text'), ''), 1, 8000), '''', ''), '’', '') FROM contact_event e JOIN contact_content c ON c.digest = e.content_digest WHERE e.kind NOT LIKE 'delivery.%' AND e.kind NOT LIKE 'mail.%' AND (e.kind <> 'notice.queued' OR e.actor <> 'system' OR json_extract(e.facts, '$.purpose') = 'conversational')
""",
    ),
}
"""The last of each takes in what was said before."""

SEARCHED = "array_to_tsvector(string_to_array(btrim(left(search_name, 500) || ' ' || left(search_address, 500)), ' '))"


def upgrade() -> None:
    dialect = op.get_context().dialect.name
    for statement in WORDS[dialect]:
        op.execute(statement)
    if dialect == "postgresql":
        op.execute(f"CREATE INDEX ix_account_searched ON account USING gin (({SEARCHED}))")


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TRIGGER searched_words_keep")
        op.execute("DROP TABLE searched_words")
        return
    op.drop_index("ix_account_searched", "account")
    op.execute("DROP TRIGGER searched_words_keep ON contact_event")
    op.execute("DROP FUNCTION searched_words_keep()")
    op.execute("DROP TABLE searched_words")
    op.execute("DROP FUNCTION searched_words_of(text)")
