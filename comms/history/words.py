"""Finding what was said by the words in it: texts, emails, letters and replies, notes and calls.

Each event that says something for the first time has its words in ``searched_words``, under its own id. A trigger puts
them there, in the transaction that records the event, so that no writer can forget it. Left out are reports of
delivery, which repeat what is known, and notices that the service writes by itself to many: who looks for a word of
those would find everybody, and sending would cost more. Words are folded as ``accounts.folding`` folds names: small
letters without accents, an apostrophe joins.

Another trigger takes the words away when the content is deleted or changed, so that nothing that was purged is found;
it finds the events by an index of those that are searched alone.

PostgreSQL keeps a ``tsvector`` with a GIN index, SQLite an FTS5 table; the metadata has neither (``db.schema.known``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import DDL, bindparam, event, select, text
from sqlalchemy.orm import Session

from comms.db import on_postgres

from .schema import ContactContent, ContactEvent

LONGEST_WORD = 40
"""Letters of a word that are asked for; what follows them does not count."""
SHORTEST_BEGINNING = 3
"""A word of so many letters finds longer words that begin so; a shorter one stands for itself."""
NEWEST = 5_000
"""Messages that are looked through one by one before the index is asked: a word that is in many is found there."""
MOST_SEEN = 5_000
"""About how many messages the index of PostgreSQL is asked for; of a word in more it gives a part."""


def _says(dialect: str, row: str) -> str:
    """Whether an event is searched; ``row`` stands before each of its columns."""
    purpose = f"{row}facts ->> 'purpose'" if dialect == "postgresql" else f"json_extract({row}facts, '$.purpose')"
    return (
        f"{row}content_digest IS NOT NULL AND {row}kind NOT LIKE 'delivery.%' AND {row}kind NOT LIKE 'mail.%' "
        f"AND ({row}kind <> 'notice.queued' OR {row}actor <> 'system' OR {purpose} = 'conversational')"
    )


_LONGEST = 8_000
"""Characters of a message whose words are kept."""

_SQLITE_WORDS = (
    "replace(replace(substr(coalesce(json_extract(c.content, '$.subject'), '') || ' ' || "
    f"coalesce(json_extract(c.content, '$.text'), ''), 1, {_LONGEST}), '''', ''), '’', '')"
)
_FORGET = (
    "DELETE FROM searched_words WHERE rowid IN (SELECT e.id FROM contact_event e "  # noqa: S608
    f"WHERE e.content_digest = OLD.digest AND {_says('sqlite', 'e.')})"
)

STATEMENTS = {
    "postgresql": (
        "CREATE TABLE searched_words (id bigint PRIMARY KEY, words tsvector NOT NULL)",
        "CREATE INDEX ix_searched_words_words ON searched_words USING gin (words)",
        r"""
CREATE FUNCTION searched_words_of(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT strip(to_tsvector('simple', CASE WHEN octet_length(said) = length(said)
    THEN translate(said, '!"#$%&()*+,-./:;<=>?@[\]^_`{|}~''', '                               ')
    ELSE regexp_replace(regexp_replace(normalize(translate(said, '''’', ''), NFKD), '[\u0300-\u036f]', '', 'g'),
      '[^A-Za-z0-9]+', ' ', 'g') END))
$$""",
        f"""
CREATE FUNCTION searched_words_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO searched_words (id, words)
  SELECT NEW.id, searched_words_of(left(concat_ws(' ', c.content ->> 'subject', c.content ->> 'text'), {_LONGEST}))
  FROM contact_content c WHERE c.digest = NEW.content_digest;
  RETURN NULL;
END $$""",  # noqa: S608
        "CREATE TRIGGER searched_words_keep AFTER INSERT ON contact_event FOR EACH ROW "
        f"WHEN ({_says('postgresql', 'NEW.')}) EXECUTE FUNCTION searched_words_keep()",
        f"CREATE INDEX ix_contact_event_searched ON contact_event (content_digest) WHERE {_says('postgresql', '')}",
        f"""
CREATE FUNCTION searched_words_forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM searched_words USING contact_event e
  WHERE searched_words.id = e.id AND e.content_digest = OLD.digest AND {_says("postgresql", "e.")};
  RETURN NULL;
END $$""",  # noqa: S608
        "CREATE TRIGGER searched_words_forget AFTER DELETE OR UPDATE OF content ON contact_content FOR EACH ROW "
        "EXECUTE FUNCTION searched_words_forget()",
    ),
    "sqlite": (
        "CREATE VIRTUAL TABLE searched_words USING fts5(words, tokenize = 'unicode61 remove_diacritics 2')",
        f"CREATE TRIGGER searched_words_keep AFTER INSERT ON contact_event WHEN {_says('sqlite', 'NEW.')} BEGIN "  # noqa: S608
        f"INSERT INTO searched_words (rowid, words) SELECT NEW.id, {_SQLITE_WORDS} FROM contact_content c "
        "WHERE c.digest = NEW.content_digest; END",
        f"CREATE INDEX ix_contact_event_searched ON contact_event (content_digest) WHERE {_says('sqlite', '')}",
        f"CREATE TRIGGER searched_words_forget AFTER DELETE ON contact_content BEGIN {_FORGET}; END",
        f"CREATE TRIGGER searched_words_forget_changed AFTER UPDATE OF content ON contact_content BEGIN {_FORGET}; END",
    ),
}
"""The statements that keep the words of what is said, by database; the migrations run the same ones."""

for _dialect, _statements in STATEMENTS.items():
    for _statement in _statements:
        event.listen(
            ContactEvent.__table__,
            "after_create",
            DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )


@dataclass(frozen=True)
class Found:
    """Something that was said, and where it stands: ``position`` in the history of the account (None: of nobody)."""

    account_id: int | None
    position: int
    at: datetime
    kind: str
    direction: str
    channel: str | None
    summary: str
    subject: str
    text: str


def with_words(session: Session, words: Iterable[str], limit: int) -> list[Found]:
    """What was said with all of these folded words in it (or longer words that begin so), newest first.

    Of words that stand in very many older messages and hardly in the newest, PostgreSQL gives some, not the newest.
    """
    wanted = sorted({word[:LONGEST_WORD] for word in words})
    if any(not (word.isascii() and word.isalnum()) for word in wanted):
        raise ValueError("a word to be found has letters a to z and digits only; fold the text first")
    if not wanted:
        return []
    ids = _on_postgres(session, wanted, limit) if on_postgres(session) else _on_sqlite(session, wanted, limit)
    said, kept = ContactEvent, ContactContent
    rows = session.execute(
        select(
            said.account_id, said.position, said.at, said.kind, said.direction, said.channel, said.summary, kept.content
        )
        .join(kept, kept.digest == said.content_digest)
        .where(said.id.in_(ids))
        .order_by(said.id.desc())
    )
    found = []
    for account_id, position, at, kind, direction, channel, summary, content in rows:
        subject, words_said = (str(content.get(name) or "") for name in ("subject", "text"))
        found.append(Found(account_id, position, at, kind, direction, channel, summary, subject, words_said))
    return found


def _on_sqlite(session: Session, wanted: Sequence[str], limit: int) -> list[int]:
    asked = " ".join(f'"{word}"{"*" if len(word) >= SHORTEST_BEGINNING else ""}' for word in wanted)
    statement = "SELECT rowid FROM searched_words WHERE words MATCH :asked ORDER BY rowid DESC LIMIT :limit"
    return list(session.scalars(text(statement), {"asked": asked, "limit": limit}))


_IN_NEWEST = text(
    "SELECT id FROM (SELECT id, words FROM searched_words ORDER BY id DESC LIMIT :newest) AS newest "
    "WHERE words @@ CAST(:asked AS tsquery) ORDER BY id DESC LIMIT :limit"
)
_BY_INDEX = text(
    "WITH hit AS MATERIALIZED (SELECT id FROM searched_words WHERE words @@ CAST(:asked AS tsquery)) "
    "SELECT id FROM hit ORDER BY id DESC LIMIT :limit"
)
_BOUNDED = text("SELECT set_config('gin_fuzzy_search_limit', :most, true), set_config('enable_seqscan', :scan, true)")


def _on_postgres(session: Session, wanted: Sequence[str], limit: int) -> list[int]:
    """The index gives all messages with a word before they can be put in order, which takes seconds for a word that is
    in every notice. Such a word is soon found among the newest, though; and what the index gives is bounded."""
    asked = {
        "asked": " & ".join(f"{word}:*" if len(word) >= SHORTEST_BEGINNING else word for word in wanted),
        "limit": limit,
    }
    ids = list(session.scalars(_IN_NEWEST.bindparams(bindparam("newest", NEWEST)), asked))
    if len(ids) < limit:
        session.execute(_BOUNDED, {"most": str(MOST_SEEN), "scan": "off"})
        ids = sorted({*ids, *session.scalars(_BY_INDEX, asked)}, reverse=True)[:limit]
        session.execute(_BOUNDED, {"most": "0", "scan": "on"})
    return ids
