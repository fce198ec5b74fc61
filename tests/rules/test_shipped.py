"""The rules both cities ship: when each stands, and when it does not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from comms.city import load_city
from comms.rules import (
    Action,
    ActiveHold,
    Facts,
    Occasion,
    Purpose,
    Verdict,
    Weather,
    decide,
    requirements_for_disconnection,
    rulebook_of,
)

CHICAGO = ZoneInfo("America/Chicago")
SUMMER = date(2026, 6, 16)
"""A Tuesday, with no holiday near."""
WINTER = date(2026, 12, 1)
"""A Tuesday."""


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=CHICAGO).astimezone(UTC)


def calm(day: date) -> Weather:
    return Weather(noon(day) - timedelta(hours=1))


def household(day: date, **given) -> Facts:
    """A residential customer who owes for gas and water, whose heat does not hang on it, on a day of calm weather."""
    values = {
        "status": "active", "past_due_cents": 12000, "paid_since_cents": 0, "service_class": "residential",
        "occupancy": "owner", "affects_heat": False, "service_past_due": {"gas": 7000, "water": 5000},
        "service_zip": "55802", "weather": calm(day),
        "addresses": {"sms": "+12185550101", "email": "a@example.com", "letter": "1 Main St\nDuluth MN"},
    }  # fmt: skip
    return Facts(**values | given)


def disconnect(facts: Facts, day: date, *, city="duluth-mn", services=()):
    occasion = Occasion(Purpose.LEGAL, "field", noon(day), Action.DISCONNECT, day=day, services=services)
    return decide(rulebook_of(load_city(city)), facts, occasion)


def refer(facts: Facts, *services: str, city: str):
    occasion = Occasion(Purpose.LEGAL, "field", noon(SUMMER), Action.REFER, services=services)
    return decide(rulebook_of(load_city(city)), facts, occasion)


def write(facts: Facts, at: datetime, *, purpose=Purpose.DUNNING, channel="sms", city="duluth-mn", announces=None):
    return decide(rulebook_of(load_city(city)), facts, Occasion(purpose, channel, at, announces=announces))


def rules_of(decision) -> set[str]:
    return {reason.rule for reason in decision.reasons}


def test_a_customer_who_owes_may_be_disconnected_on_a_quiet_summer_tuesday():
    decision = disconnect(household(SUMMER), SUMMER)
    assert (decision.verdict, rules_of(decision)) == (Verdict.ALLOW, {"may-disconnect"})


# --- The Cold Weather Rule at the disconnection -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "stands"),
    [
        (date(2026, 9, 30), False), (date(2026, 10, 1), True), (date(2026, 12, 31), True), (date(2027, 1, 1), True),
        (date(2027, 4, 30), True), (date(2027, 5, 1), False),
        (date(2020, 10, 14), False), (date(2020, 10, 15), True), (date(2021, 4, 15), True), (date(2021, 4, 16), False),
        (date(2021, 4, 30), False), (date(2021, 10, 1), True),
    ],
)  # fmt: skip
def test_the_cold_weather_window_has_its_first_and_last_day_also_as_it_was_before_2021(day, stands):
    heated = household(day, affects_heat=True)
    assert ("cwr-heat" in rules_of(disconnect(heated, day))) is stands


@pytest.mark.parametrize("affects_heat", [True, None])
def test_heat_stays_on_in_winter_also_where_nobody_knows_and_the_clerk_reads_what_to_establish(affects_heat):
    decision = disconnect(household(WINTER, affects_heat=affects_heat), WINTER)
    assert decision.verdict is Verdict.SUPPRESS
    (reason,) = [reason for reason in decision.reasons if reason.rule == "cwr-heat"]
    assert reason.value.startswith("yes" if affects_heat else "not known")
    assert "To establish first: that this service does not affect the primary heat source" in reason.value
    assert "216B.097" in reason.citation
    assert decision.next_on == date(2027, 5, 1)


def test_the_cold_weather_rule_does_not_stand_where_it_is_known_to_be_no_matter_of_heat():
    assert disconnect(household(WINTER), WINTER).verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    "given",
    [
        {"service_class": "commercial"},
        {"service_past_due": {"storm": 12000}},
    ],
)
def test_the_cold_weather_rule_is_about_homes_and_about_gas_and_water(given):
    assert "cwr-heat" not in rules_of(disconnect(household(WINTER, affects_heat=True, **given), WINTER))


@pytest.mark.parametrize("given", [{"service_class": None}, {"service_past_due": None}])
def test_an_account_whose_class_or_services_are_not_known_is_protected(given):
    decision = disconnect(household(WINTER, affects_heat=True, **given), WINTER)
    (reason,) = [reason for reason in decision.reasons if reason.rule == "cwr-heat"]
    assert "not known" in reason.value


def test_kent_has_no_cold_weather_rule_and_gas_rules_of_ohio_do_not_reach_its_water():
    thirsty = household(WINTER, affects_heat=True, service_past_due={"water": 12000})
    assert disconnect(thirsty, WINTER, city="kent-oh").verdict is Verdict.ALLOW


# --- The Cold Weather Rule at the notice ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("announced_in", "stands"), [(timedelta(days=19), True), (timedelta(days=20), False), (timedelta(days=40), False)]
)
def test_a_winter_notice_leaves_twenty_days(announced_in, stands):
    at = noon(WINTER)
    decision = write(household(WINTER), at, purpose=Purpose.LEGAL, channel="letter", announces=WINTER + announced_in)
    assert ("cwr-notice-clock" in rules_of(decision)) is stands


def test_a_september_notice_of_an_october_disconnection_is_a_winter_notice():
    mailed = date(2026, 9, 21)
    facts = household(mailed)
    soon = write(facts, noon(mailed), purpose=Purpose.LEGAL, channel="letter", announces=date(2026, 10, 2))
    september = write(facts, noon(mailed), purpose=Purpose.LEGAL, channel="letter", announces=date(2026, 9, 29))
    assert "cwr-notice-clock" in rules_of(soon)
    assert "cwr-notice-clock" not in rules_of(september)


def test_a_notice_that_announces_nothing_has_no_clock():
    assert write(household(WINTER), noon(WINTER), purpose=Purpose.LEGAL, channel="letter").verdict is Verdict.ALLOW


def test_a_winter_disconnection_needs_the_packet_and_twenty_calendar_days_from_the_mailing(city):
    clock = requirements_for_disconnection(rulebook_of(city), WINTER, household(WINTER))
    assert (clock.days, clock.count) == (20, "calendar")
    assert "216B.097 subd. 2(a)" in clock.citation
    assert "list of local energy assistance providers" in clock.packet
    assert "third_party" in clock.copies
    assert clock.earliest(city, date(2026, 11, 10)) == date(2026, 11, 30)


def test_a_summer_disconnection_needs_what_the_office_asks_for(city):
    clock = requirements_for_disconnection(rulebook_of(city), SUMMER, household(SUMMER))
    assert (clock.days, clock.count) == (14, "calendar")
    assert "list of local energy assistance providers" not in clock.packet
    assert any("protest the bill" in part for part in clock.packet)


def test_the_clock_is_read_at_the_disconnection_date_not_at_the_mailing(city):
    book = rulebook_of(city)
    assert [need.id for need in book.notice_requirements(date(2026, 9, 30)) if need.days == 20] == []
    assert [need.id for need in book.notice_requirements(date(2026, 10, 1)) if need.days == 20] == ["cwr-packet"]
    assert [
        need.id for need in book.notice_requirements(date(2026, 10, 1), ["gas"], "commercial") if need.days == 20
    ] == []


def test_service_that_is_off_must_come_back_from_the_first_of_october(city):
    book = rulebook_of(city)
    assert book.must_reconnect(date(2026, 9, 30)) == ()
    (duty,) = book.must_reconnect(date(2026, 12, 3), ["gas"], "residential")
    assert (duty.first_day(date(2026, 12, 3)), duty.last_day(date(2026, 12, 3))) == (
        date(2026, 10, 1),
        date(2027, 4, 30),
    )
    assert duty.first_day(date(2027, 2, 1)) == date(2026, 10, 1)
    assert book.must_reconnect(date(2026, 12, 3), ["storm"], "residential") == ()
    assert rulebook_of(load_city("kent-oh")).must_reconnect(date(2026, 12, 3)) == ()


# --- Days without disconnection ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["duluth-mn", "kent-oh"])
@pytest.mark.parametrize(
    ("day", "next_allowed", "because"),
    [
        (date(2026, 6, 12), date(2026, 6, 15), "Friday"),
        (date(2026, 6, 13), date(2026, 6, 15), "Saturday"),
        (date(2026, 6, 14), date(2026, 6, 15), "Sunday"),
        (date(2026, 5, 25), date(2026, 5, 26), "Memorial Day"),
        (date(2026, 9, 4), date(2026, 9, 8), "Friday"),
        (date(2026, 11, 10), date(2026, 11, 12), "the day before Veterans Day"),
        (date(2026, 11, 25), date(2026, 11, 30), "the day before Thanksgiving Day"),
        (date(2026, 11, 27), date(2026, 11, 30), "Friday"),
    ],
)
def test_nobody_is_disconnected_before_or_on_days_without_help(name, day, next_allowed, because):
    decision = disconnect(household(day), day, city=name)
    assert decision.verdict is Verdict.DEFER
    assert decision.until == datetime(*next_allowed.timetuple()[:3], tzinfo=load_city(name).zone)
    assert decision.next_on == next_allowed
    reason = next(reason for reason in decision.reasons if reason.rule == "disconnect-days")
    assert because in reason.value


def test_in_winter_the_statute_says_it_too():
    assert rules_of(disconnect(household(date(2026, 12, 4)), date(2026, 12, 4))) == {
        "cwr-blocked-day",
        "disconnect-days",
    }
    assert rules_of(disconnect(household(date(2026, 6, 12)), date(2026, 6, 12))) == {"disconnect-days"}


def test_new_years_day_on_a_saturday_is_kept_on_the_friday_in_minnesota_so_thursday_is_the_day_before():
    assert disconnect(household(date(2027, 12, 30)), date(2027, 12, 30)).verdict is Verdict.DEFER
    assert disconnect(household(date(2027, 12, 29)), date(2027, 12, 29)).verdict is Verdict.ALLOW


# --- Heat -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["duluth-mn", "kent-oh"])
@pytest.mark.parametrize(
    "alert",
    ["Extreme Heat Warning", "Extreme Heat Watch", "Excessive Heat Warning", "Excessive Heat Watch", "Heat Advisory"],
)
def test_under_a_heat_alert_of_the_old_name_or_the_new_nobody_is_disconnected(name, alert):
    hot = replace(calm(SUMMER), alerts=("Flood Watch", alert))
    decision = disconnect(household(SUMMER, weather=hot), SUMMER, city=name)
    assert (decision.verdict, decision.next_on) == (Verdict.SUPPRESS, SUMMER + timedelta(days=1))
    assert [(reason.rule, reason.value) for reason in decision.reasons] == [("extreme-heat", alert)]


def test_other_weather_is_no_heat():
    assert disconnect(household(SUMMER, weather=replace(calm(SUMMER), alerts=("Flood Watch",))), SUMMER).verdict is (
        Verdict.ALLOW
    )


@pytest.mark.parametrize(
    ("weather", "stands"),
    [
        (None, True), (Weather(None), True), (Weather(noon(SUMMER) - timedelta(hours=12, seconds=1)), True),
        (Weather(noon(SUMMER) - timedelta(hours=12)), False),
    ],
)  # fmt: skip
def test_weather_that_was_never_read_or_is_old_protects_from_disconnection(weather, stands):
    decision = disconnect(household(SUMMER, weather=weather), SUMMER)
    assert (decision.verdict is Verdict.SUPPRESS) is stands
    assert not stands or "not known" in decision.reasons[0].value


def test_weather_stops_no_letter():
    assert write(household(WINTER, weather=None), noon(WINTER)).verdict is Verdict.ALLOW


# --- What reaches which service ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "services", "allowed"),
    [
        ("duluth-mn", ["gas"], True), ("duluth-mn", ["water"], True), ("duluth-mn", ["sewer"], False),
        ("duluth-mn", ["storm"], False), ("duluth-mn", ["gas", "storm"], False),
        ("kent-oh", ["water"], True), ("kent-oh", ["sewer"], False), ("kent-oh", ["storm"], False),
    ],
)  # fmt: skip
def test_only_some_services_can_be_disconnected(name, services, allowed):
    decision = disconnect(household(SUMMER), SUMMER, city=name, services=tuple(services))
    assert (decision.verdict is Verdict.ALLOW) is allowed
    assert allowed or rules_of(decision) == {"lever-disconnect"}


@pytest.mark.parametrize(
    ("past_due", "allowed"),
    [
        ({"gas": 100, "storm": 100}, True), ({"gas": 0, "storm": 100}, False), ({"sewer": 1}, False), ({}, False),
        (None, False),
    ],
)  # fmt: skip
def test_a_debt_for_services_without_a_lever_alone_disconnects_nobody(past_due, allowed):
    assert (disconnect(household(SUMMER, service_past_due=past_due), SUMMER).verdict is Verdict.ALLOW) is allowed


@pytest.mark.parametrize(
    ("name", "service", "occupancy", "allowed"),
    [
        ("duluth-mn", "gas", "owner", False), ("duluth-mn", "water", "owner", True),
        ("duluth-mn", "water", "tenant", True),
        ("duluth-mn", "sewer", "owner", True), ("duluth-mn", "storm", "owner", True),
        ("kent-oh", "water", "owner", True), ("kent-oh", "water", "tenant", False), ("kent-oh", "water", None, False),
        ("kent-oh", "sewer", "tenant", True), ("kent-oh", "storm", "owner", False),
    ],
)  # fmt: skip
def test_what_may_be_put_on_the_propertys_taxes_differs_by_service_and_state(name, service, occupancy, allowed):
    decision = refer(household(SUMMER, occupancy=occupancy), service, city=name)
    assert (decision.verdict is Verdict.ALLOW) is allowed


def test_the_book_says_which_services_a_lever_reaches(city):
    book, kent = rulebook_of(city), rulebook_of(load_city("kent-oh"))
    assert [s for s in city.service_labels if book.has_lever(Action.DISCONNECT, s, SUMMER)] == ["gas", "water"]
    assert [s for s in city.service_labels if book.has_lever(Action.REFER, s, SUMMER)] == ["water", "sewer", "storm"]
    assert [s for s in kent.city.service_labels if kent.has_lever(Action.DISCONNECT, s, SUMMER)] == ["water"]
    assert [s for s in kent.city.service_labels if kent.has_lever(Action.REFER, s, SUMMER)] == ["water", "sewer"]


# --- Notices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["sms", "email"])
@pytest.mark.parametrize(
    ("day", "opens"),
    [
        (date(2026, 11, 28), date(2026, 11, 30)), (date(2026, 11, 29), date(2026, 11, 30)),
        (date(2026, 11, 26), date(2026, 11, 30)), (date(2026, 12, 25), date(2026, 12, 28)),
    ],
)  # fmt: skip
def test_a_dunning_text_or_email_waits_over_weekends_and_holidays_for_the_next_morning(day, opens, channel):
    decision = write(household(day), noon(day), channel=channel)
    assert decision.verdict is Verdict.DEFER
    assert decision.until == datetime(*opens.timetuple()[:3], 8, tzinfo=CHICAGO)
    assert "dunning-days" in rules_of(decision)


def test_a_letter_and_what_is_no_dunning_do_not_wait_for_monday():
    saturday = date(2026, 11, 28)
    assert write(household(saturday), noon(saturday), channel="letter").verdict is Verdict.ALLOW
    assert write(household(saturday), noon(saturday), purpose=Purpose.INFORMATIONAL).verdict is Verdict.ALLOW


def test_it_must_be_day_where_the_service_is_as_well_as_where_the_phone_is_from():
    nine = datetime(2026, 12, 1, 14, tzinfo=UTC)  # 8:00 in Duluth
    assert write(household(WINTER), nine).verdict is Verdict.ALLOW
    away = write(household(WINTER, service_zip="98101"), nine)
    assert (away.verdict, away.until) == (Verdict.DEFER, datetime(2026, 12, 1, 16, tzinfo=UTC))


def test_from_january_31_2027_the_wider_reach_of_an_opt_out_is_cited():
    stopped = household(WINTER, blocked_channels={"sms": "opted out"})
    before = write(stopped, noon(date(2027, 1, 29))).reasons[0]
    after = write(stopped, noon(date(2027, 2, 1))).reasons[0]
    assert (before.rule, after.rule) == ("consent", "consent")
    assert "waived until" not in before.citation
    assert "waived until" in after.citation


def test_a_pledge_holds_its_amount_and_no_more():
    pledged = household(WINTER, holds=[ActiveHold("energy_assistance", date(2027, 1, 31), 5000, "")])
    assert write(pledged, noon(WINTER)).verdict is Verdict.ALLOW
    covered = replace(pledged, paid_since_cents=7000)
    decision = write(covered, noon(WINTER))
    assert (decision.verdict, decision.next_on) == (Verdict.SUPPRESS, date(2027, 2, 1))
    assert decision.reasons[0].value == "energy_assistance, until 2027-01-31, for $50.00"


def test_when_a_cap_is_over_the_decision_says_the_day():
    at = noon(WINTER)
    often = household(WINTER, recent_contacts=[at - timedelta(days=n) for n in (6, 3, 1)])
    assert write(often, at).next_on == WINTER + timedelta(days=1)


def test_where_one_reason_has_no_end_no_day_is_named():
    known = household(WINTER, holds=[ActiveHold("dispute", None, None, ""), ActiveHold("medical", WINTER, None, "")])
    assert write(known, noon(WINTER)).next_on is None
