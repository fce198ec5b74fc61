"""A city for the desk: accounts with names, fifteen months of contact history with its letters, and open work.

Everything is made by the database server in a few statements. The hashes of the history are not true ones: no page
verifies a chain. What the office did with it is in ``desk_office``.
"""

# ruff: noqa: E501 - statements and tables of addresses

from datetime import datetime, timedelta

from sqlalchemy import text

from benchmarks.planning import populate
from comms.db import Database

LONGEST = 7
"""The account with the longest history: every two hundredth event is its own."""

_NAMES = """UPDATE account SET (name, search_name) = (SELECT first || ' ' || last, lower(least(first, last) || ' ' ||
        greatest(first, last)) FROM (SELECT
        (ARRAY['Maria','John','Linda','Robert','Ana','James','Karen','Ole','Nora','Wanda','Peter','Susan','Paul','Ruth',
            'Carlos','Emma','Hugo','Ingrid','Sam','Yusuf'])[1 + id % 20] AS first,
        (ARRAY['Larson','Johnson','Delgado','Smith','Nguyen','Olson','Garcia','Peterson','Ruiz','Miller'])[1 + id / 20 % 10]
            || (ARRAY['','','','berg','stad','holm','gaard','feld','rud','vik'])[1 + id / 200 % 10] AS last) AS n),
    (service_address, search_address) = (SELECT house || ' ' || street, house || ' ' || lower(street) FROM (SELECT
        CAST(id % 7000 AS text) AS house, (ARRAY['E Superior St','W 4th St','Skyline Pkwy','Larch Ave','Grand Ave','Woodland Ave',
            'London Rd','Arrowhead Rd'])[1 + id % 8] AS street) AS s)"""

_PAST = """CREATE TEMP TABLE past AS
    SELECT n, m, CASE WHEN m % 200 = 0 THEN :longest ELSE 1 + CAST(m AS bigint) * 7919 % :size END AS account_id, n % 20 AS sort,
        CAST(:until AS timestamptz) - (:events - n) * CAST(:step AS interval) AS at,
        (ARRAY['sms','sms','email','letter'])[1 + m % 4] AS channel,
        md5(CAST(m AS text) || n % 20 / 16) || md5('two' || m) AS digest,
        (ARRAY['Hello','Thanks','Please','Sorry'])[1 + m % 4] || ', ' ||
        (ARRAY['I will pay on Friday','the meter in my basement is leaking','who do I talk to about the heating grant',
            'my husband lost his job in March','the bill is wrong again','stop turning off my water',
            'can you split it in two payments','the landlord pays for gas'])[1 + m / 4 % 8] || '. ' ||
        (ARRAY['I get paid on the','Call me after the','My account ends in','It was paid on the'])[1 + m / 32 % 4] || ' ' ||
        m % 977 || CASE WHEN m % 50021 = 0 THEN ' xylophone' ELSE '' END AS words
    FROM (SELECT n, CASE WHEN n % 20 BETWEEN 8 AND 15 THEN n - 8 ELSE n END AS m FROM generate_series(1, :events) AS g(n)) AS g"""

_SAID = "Duluth Utilities: $' || (m % 900) || '.' || (10 + m % 90) || ' on your account is past due since ' || CAST(at AS date) || '. Please pay by the due date or call us at 218-555-0140 to set up a plan. Reply STOP to opt out."

_STATEMENTS = (
    "INSERT INTO contact_content (digest, content, stored_at) SELECT digest, jsonb_build_object('channel', channel, "
    f"'subject', CASE WHEN channel = 'email' THEN 'Your account is past due' END, 'text', '{_SAID}', 'html', "
    "CASE WHEN channel = 'email' THEN '<p>' || repeat('You owe. ', 900) || '</p>' END), at "
    "FROM past WHERE sort < 8",
    "INSERT INTO contact_content (digest, content, stored_at) SELECT digest, jsonb_build_object('text', words), at "
    "FROM past WHERE sort BETWEEN 16 AND 18",
    """INSERT INTO message (id, account_id, channel, lane, purpose, category, notice, notice_version, language, recipient,
        recipient_name, body_text, content_digest, amount_cents, facts_version, dedupe_key, state, state_at, priority,
        next_attempt_at, give_up_at, attempts, created_at, submitted_at, final_at, segments)
    SELECT n, account_id, channel, 'sms', 'dunning', 'billing', 'past-due-reminder', 'v', 'en',
        CASE channel WHEN 'sms' THEN '+1218' || (2000000 + account_id) ELSE 'customer' || account_id || '@example.com' END,
        'Customer', 'You owe.', digest, 5000, 1, 'past:' || n, CASE WHEN channel = 'letter' THEN
        CASE WHEN m % 67 = 0 THEN 'returned' ELSE 'mailed' END WHEN
        n % 41 = 0 THEN 'failed' ELSE 'delivered' END, at, 5, at, at, 1, at, at, at, 1 FROM past WHERE sort < 8""",
    """INSERT INTO mail_batch (name, state, pieces, pages, amount_cents, manifest, created_at, handed_over_at, mailed_at)
    SELECT 'duluth-mn-' || to_char(day, 'YYYYMMDD') || '-01', CASE WHEN newest > 3 THEN 'mailed' ELSE 'handed_over' END,
        pieces, pieces, pieces * 5000, jsonb_build_object('counts', jsonb_build_object('pieces', pieces, 'pages', pieces),
            'control_totals', jsonb_build_object('last_page', pieces, 'amount_cents', pieces * 5000)), day, day,
        CASE WHEN newest > 3 THEN day + interval '1 day' END
    FROM (SELECT date_trunc('day', created_at) AS day, count(*) AS pieces,
        row_number() OVER (ORDER BY date_trunc('day', created_at) DESC) AS newest
        FROM message WHERE channel = 'letter' GROUP BY 1) AS days""",
    """UPDATE message SET batch_id = b.id, recipient = (message.account_id % 7000) || ' E Superior St' || chr(10) ||
        'Duluth MN 55802', state = CASE b.state WHEN 'mailed' THEN message.state ELSE 'handed_over' END
    FROM mail_batch b WHERE b.created_at = date_trunc('day', message.created_at) AND message.channel = 'letter'""",
    """INSERT INTO mail_piece (batch_id, message_id, seq, piece_id, first_page, last_page)
    SELECT b.id, m.id, place, b.name || '-' || lpad(CAST(place AS text), 5, '0'), place, place FROM (SELECT id, batch_id,
        row_number() OVER (PARTITION BY batch_id ORDER BY id) AS place FROM message WHERE channel = 'letter') AS m
        JOIN mail_batch b ON b.id = m.batch_id""",
    """INSERT INTO inbound_message (id, channel, provider_id, sender, recipient, text, media, received_at, account_id,
        handling) SELECT n, 'sms', 'in' || n, '+1218' || (2000000 + account_id), '+12185550100', words, '[]', at,
        account_id, 'answered' FROM past WHERE sort IN (16, 17)""",
    """INSERT INTO contact_event (account_id, chain, position, at, recorded_at, kind, direction, channel, actor, summary,
        subject_type, subject_id, facts, content_digest, previous_hash, hash)
    SELECT account_id, account_id, row_number() OVER (PARTITION BY account_id ORDER BY n), at, at,
        CASE WHEN sort < 8 THEN 'notice.queued' WHEN sort < 16 THEN 'delivery.delivered' WHEN sort < 18 THEN
            'reply.received' WHEN sort = 18 THEN 'note.added' ELSE 'payment.posted' END,
        CASE WHEN sort < 16 THEN 'out' WHEN sort < 18 THEN 'in' ELSE 'none' END,
        CASE WHEN sort < 16 THEN channel WHEN sort < 18 THEN 'sms' WHEN sort = 18 THEN 'note' END,
        CASE WHEN sort = 18 THEN 'user:osei' ELSE 'system' END, 'What happened, in a line',
        CASE WHEN sort < 16 THEN 'message' WHEN sort < 18 THEN 'inbound_message' END, m, '{}',
        CASE WHEN sort < 8 OR sort BETWEEN 16 AND 18 THEN digest END, repeat('0', 64), repeat('1', 64)
    FROM past ORDER BY n""",
    """INSERT INTO history_head (chain, position, hash) SELECT account_id, count(*), repeat('1', 64) FROM past
    GROUP BY account_id""",
    """INSERT INTO task (kind, state, priority, account_id, subject_type, subject_id, reason, facts, dedupe_key, assignee,
        opened_at, waiting_since, resolved_at, resolved_by)
    SELECT (ARRAY['reply','reply','promise','failed_notice','unknown_send','returned_mail','staff'])[1 + n / 20 % 7],
        CASE WHEN n > :events * 0.98 THEN 'open' ELSE 'resolved' END, 1 + n / 20 % 7, account_id, 'inbound_message', n,
        'Could not be understood', '{}', 'reply:' || n, CASE WHEN n % 3 = 0 THEN 'osei' END, at, at,
        CASE WHEN n <= :events * 0.98 THEN at + interval '1 hour' END, 'osei' FROM past WHERE sort = 16""",
    """INSERT INTO audit_event (at, username, action, account_id, facts)
    SELECT at, 'osei', 'account.viewed', account_id, '{"show": "all"}' FROM past WHERE sort IN (16, 17, 18)""",
    """INSERT INTO promise (id, account_id, source, category, kind, requested_terms, status, promised_cents, debt_cents,
        created_at, created_on, confirmed_at, closed_at) SELECT 10000000 + n, account_id, 'sms', 'standard', 'promise', '[]',
        CASE WHEN n > :events * 0.9 THEN 'open' WHEN n % 3 = 0 THEN 'broken' ELSE 'kept' END, 5000, 9000, at,
        CAST(at AS date), at, CASE WHEN n <= :events * 0.9 THEN at + interval '14 days' END
    FROM (SELECT DISTINCT ON (account_id) * FROM past WHERE sort = 17 ORDER BY account_id, n DESC) AS p""",
    """INSERT INTO promise_part (promise_id, seq, due_on, amount_cents, grace_days, tolerance_cents, tolerance_percent,
        on_time_until, deadline_on, deadline_at, allocated_cents, state) SELECT id, 1, created_on + 14, 5000, 2, 0, 0,
        created_on + 14, created_on + 16, created_at + interval '16 days', 0,
        CASE status WHEN 'open' THEN 'waiting' ELSE status END FROM promise WHERE id > 10000000""",
)


def build(database: Database, size: int, events: int, until: datetime) -> None:
    """``size`` accounts and ``events`` events of the fifteen months before ``until``."""
    populate(database, size)
    given = {
        "size": size, "events": events, "longest": LONGEST, "until": until,
        "step": f"{timedelta(days=450).total_seconds() / events} seconds",
    }  # fmt: skip
    with database.begin() as session:
        session.execute(text(_NAMES))
        for statement in (_PAST, *_STATEMENTS):
            wanted = {name: value for name, value in given.items() if f":{name}" in statement}
            session.execute(text(statement), wanted)
        for table in ("message", "inbound_message", "promise"):
            session.execute(text(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))"))
    settle(database)


def settle(database: Database) -> None:
    """What autovacuum does within some minutes."""
    with database.engine.connect() as link:
        link.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")
