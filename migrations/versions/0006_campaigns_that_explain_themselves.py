"""Campaigns that explain themselves: policies as approved, runs with brakes, traces, field orders, weather, balances"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)
TEXT = sa.Text()


def _now(name: str, kind, default: str | None = None):
    """A column that a table gets: required, with what the rows of today say, or optional without a default."""
    return sa.Column(name, kind, server_default=default, nullable=default is None)


GAINED = (
    ("hold", lambda: _now("review_on", sa.Date())),
    ("message", lambda: _now("copy_of_id", KEY)),
    ("campaign_run", lambda: _now("versions", JSON, "{}")),
    ("campaign_run", lambda: _now("rulebook", TEXT, "")),
    ("campaign_run", lambda: _now("brakes", JSON, "[]")),
    ("campaign_run", lambda: _now("previous_run_id", KEY)),
    ("campaign_run", lambda: _now("approvals", JSON, "[]")),
    ("campaign_run", lambda: _now("planned_by", TEXT, "system")),
    ("campaign_run", lambda: _now("ended_at", INSTANT)),
    ("campaign_run", lambda: _now("state_by", TEXT)),
    ("episode", lambda: _now("arm", TEXT)),
    ("episode", lambda: _now("debt_cents", KEY, "0")),
    ("decision", lambda: _now("policy", TEXT)),
    ("decision", lambda: _now("outcome", TEXT, "contact")),
    ("decision", lambda: _now("rule", TEXT, "may-contact")),
    ("decision", lambda: _now("next_on", sa.Date())),
    ("decision", lambda: _now("sends", JSON, "[]")),
    ("decision", lambda: _now("cost_micros", KEY, "0")),
)
LOST = (
    ("campaign_run", lambda: sa.Column("policy_version", KEY, server_default="1", nullable=False)),
    ("campaign_run", lambda: sa.Column("approved_by", TEXT, nullable=True)),
    ("decision", lambda: sa.Column("verdict", TEXT, server_default="allow", nullable=False)),
    ("decision", lambda: sa.Column("channels", JSON, server_default="[]", nullable=False)),
)
INDEXES = (
    ("ix_account_customer_number", "account", ["customer_number"], None, False),
    ("ix_message_decision_id", "message", ["decision_id"], "decision_id IS NOT NULL", False),
    ("ix_episode_account_id", "episode", ["account_id"], None, False),
    ("ix_episode_policy_opened_at", "episode", ["policy", "opened_at"], None, False),
)


def upgrade() -> None:
    for table, column in GAINED:
        op.add_column(table, column())
    _carry_over()
    for table, column in LOST:
        op.drop_column(table, column().name)
    for name, table, columns, where, unique in INDEXES:
        _index(name, table, columns, where, unique)
    _make_tables()


def downgrade() -> None:
    for name in ("field_order", "field_list", "weather_feed", "weather_alert", "night", "policy_move",
                 "policy_version", "rulebook_version", "copy_recipient", "account_balance"):
        op.drop_table(name)
    for name, table, _columns, _where, _unique in INDEXES:
        op.drop_index(name, table)
    for table, column in LOST:
        op.add_column(table, column())
    _carry_back()
    for table, column in GAINED:
        op.drop_column(table, column().name)


def _carry_over() -> None:
    """What the decisions and runs of before say, in the new columns."""
    link = op.get_bind()
    runs = sa.table("campaign_run", sa.column("id", KEY), sa.column("policy", TEXT), sa.column("policy_version", KEY),
                    sa.column("versions", JSON))
    for id_, policy, version in link.execute(sa.select(runs.c.id, runs.c.policy, runs.c.policy_version)).all():
        link.execute(sa.update(runs).where(runs.c.id == id_).values(versions={policy: version}))
    decisions = _decisions()
    rows = link.execute(sa.select(decisions.c.id, decisions.c.verdict, decisions.c.channels, decisions.c.reasons)).all()
    for id_, verdict, channels, reasons in rows:
        sends = [{"channel": channels[0], "rest": channels[1:], "required": True, "until": None}] if channels else []
        against = [reason["rule"] for reason in reasons if reason["verdict"] == "suppress"]
        link.execute(
            sa.update(decisions)
            .where(decisions.c.id == id_)
            .values(
                outcome="contact" if channels else "protected",
                rule=against[0] if against else ("may-contact" if verdict == "allow" else "quiet-hours"),
                sends=sends,
            )
        )
    link.execute(sa.text("UPDATE campaign_run SET state = 'releasing' WHERE state = 'released'"))
    link.execute(sa.text(
        "UPDATE decision SET policy = (SELECT policy FROM episode WHERE episode.id = decision.episode_id)"
    ))


def _carry_back() -> None:
    link = op.get_bind()
    decisions = _decisions()
    rows = link.execute(sa.select(decisions.c.id, decisions.c.sends)).all()
    for id_, sends in rows:
        first = sends[0] if sends else None
        channels = [first["channel"], *first["rest"]] if first else []
        link.execute(
            sa.update(decisions).where(decisions.c.id == id_)
            .values(channels=channels, verdict="allow" if channels else "suppress")
        )
    link.execute(sa.text("UPDATE campaign_run SET state = 'released' WHERE state = 'releasing'"))


def _decisions() -> sa.TableClause:
    return sa.table(
        "decision", sa.column("id", KEY), sa.column("verdict", TEXT), sa.column("channels", JSON),
        sa.column("reasons", JSON), sa.column("outcome", TEXT), sa.column("rule", TEXT), sa.column("sends", JSON),
    )


def _index(name: str, table: str, columns: list[str], where: str | None, unique: bool) -> None:
    only = {"postgresql_where": sa.text(where), "sqlite_where": sa.text(where)} if where else {}
    op.create_index(name, table, columns, unique=unique, **only)


def _id() -> sa.Column:
    return sa.Column("id", KEY, autoincrement=True, nullable=False)


def _must(name: str, kind=TEXT) -> sa.Column:
    return sa.Column(name, kind, nullable=False)


def _may(name: str, kind=TEXT) -> sa.Column:
    return sa.Column(name, kind, nullable=True)


def _to(name: str, target: str, *, nullable: bool = False) -> sa.Column:
    fk = sa.ForeignKey(f"{target}.id")
    return sa.Column(name, KEY, fk, nullable=nullable)


def _table(name: str, *columns: sa.Column, key: tuple[str, ...] = ("id",), unique: tuple[tuple[str, ...], ...] = ()):
    op.create_table(
        name, *columns, sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")),
        *(sa.UniqueConstraint(*names, name=op.f(f"uq_{name}_{'_'.join(names)}")) for names in unique),
    )


def _make_tables() -> None:
    _table(
        "account_balance", sa.Column("account_id", KEY, sa.ForeignKey("account.id"), autoincrement=False, nullable=False),
        _must("as_of", sa.Date()), _must("past_due_cents", KEY), _may("oldest_due_on", sa.Date()), _must("status"),
        key=("account_id", "as_of"),
    )
    _table(
        "copy_recipient", _id(), _to("account_id", "account"), _must("kind"), _must("name"), _may("email"),
        _must("mailing_address", JSON), _must("language"), _must("authority"), _must("starts_on", sa.Date()),
        _may("ends_on", sa.Date()), _must("source"), _must("created_at", INSTANT),
    )
    _index("ix_copy_recipient_account_id", "copy_recipient", ["account_id"], None, False)
    _table(
        "rulebook_version", _must("digest"), _must("content", JSON), _must("first_used_at", INSTANT), key=("digest",)
    )
    _table(
        "policy_version", _id(), _must("policy"), _must("version", KEY), _must("title"), _must("sha256"),
        _must("content"), _must("cases"), _must("state"), _must("author"), _must("submitted_at", INSTANT),
        _must("approvals", JSON), _may("activated_at", INSTANT), _may("activated_by"), _may("retired_at", INSTANT),
        _may("refused"), unique=(("policy", "version"),),
    )
    _index("uq_policy_version_one_active", "policy_version", ["policy"], "state = 'active'", True)
    _table(
        "policy_move", _id(), _must("policy"), _must("to_version", KEY), _must("state"), _must("episodes", JSON),
        _must("proposed_by"), _must("proposed_at", INSTANT), _may("decided_by"), _may("decided_at", INSTANT),
    )
    _table(
        "night", _must("on", sa.Date()), _must("state"), _must("started_at", INSTANT), _must("lease_until", INSTANT),
        _may("finished_at", INSTANT), _to("run_id", "campaign_run", nullable=True), _must("words"), key=("on",),
    )
    _table(
        "weather_alert", _id(), _must("source_id"), _must("event"), _must("county"), _must("state"),
        _must("starts_at", INSTANT), _must("ends_at", INSTANT), _must("read_at", INSTANT),
        unique=(("source_id", "county"),),
    )
    _index("ix_weather_alert_ends_at", "weather_alert", ["ends_at"], None, False)
    _table(
        "weather_feed", _id(), _must("issued_at", INSTANT), _must("read_at", INSTANT), _must("sha256"),
        _must("alerts", KEY), _must("refused", KEY),
    )
    _index("ix_weather_feed_issued_at", "weather_feed", ["issued_at"], None, False)
    _table(
        "field_list", _id(), _must("name"), _must("kind"), _must("for_day", sa.Date()), _must("state"),
        _must("left_out", JSON), _must("manifest", JSON), _must("made_by"), _must("made_at", INSTANT),
        _may("approved_by"), _may("approved_at", INSTANT), _may("issued_at", INSTANT), unique=(("name",),),
    )
    _table(
        "field_order", _id(), _must("number"), _to("list_id", "field_list"), _to("account_id", "account"),
        _may("episode_id", KEY), _must("kind"), _must("services", JSON), _must("state"), _must("amount_cents", KEY),
        _must("evidence", JSON), _must("facts_version", KEY), _must("created_at", INSTANT), _may("issued_at", INSTANT),
        _may("ended_at", INSTANT), _may("result"), _may("result_by"), unique=(("number",),),
    )
    _index("uq_field_order_one_open", "field_order", ["account_id", "kind"], "state IN ('proposed', 'issued')", True)
    _index("ix_field_order_list_id", "field_order", ["list_id"], None, False)
    _index("ix_field_order_account_id", "field_order", ["account_id"], None, False)
