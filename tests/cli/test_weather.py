"""``comms weather``: take in a feed, show what is in force, and say how old it is."""

FEED = """# issued: 2026-11-23T09:30:00-06:00
event,county,state,starts,ends
Heat Advisory,St. Louis,MN,2026-11-23T08:00,2026-11-23T20:00
"""


def test_a_feed_is_read_and_shown(comms, database, tmp_path):
    said = comms("weather", "show")
    assert said.code == 1 and "No weather feed was ever read" in said.out
    path = tmp_path / "alerts.csv"
    path.write_text(FEED)
    assert comms("weather", "import", str(path)).out == "Read: 1 alerts by area, 0 ended, 0 refused.\n"
    assert "was read before" in comms("weather", "import", str(path)).out
    shown = comms("weather", "show")
    assert shown.code == 0
    assert shown.out.startswith("St. Louis County, MN: Heat Advisory.\nBy the feed of 2026-11-23 09:30, 0.5 hours old.")
    assert comms("weather", "show", "--json").json["alerts"] == ["Heat Advisory"]


def test_an_alert_that_says_nothing_is_refused(comms, database, tmp_path):
    path = tmp_path / "alerts.csv"
    path.write_text(FEED + ",Cook,MN,,\n")
    said = comms("weather", "import", str(path))
    assert said.code == 1 and "Refused: Line 4 names no event." in said.out


def test_a_feed_that_cannot_be_read(comms, database, tmp_path):
    said = comms("weather", "import", str(tmp_path / "nowhere.json"))
    assert said.code == 2 and "cannot be read" in said.err


def test_the_doctor_says_how_old_the_feed_is(comms, tmp_path):
    def weather():
        return next(one for one in comms("doctor", "--json").json if one["what"] == "weather")

    assert comms("migrate").code == 0
    assert weather()["says"].startswith("no feed of alerts was ever read; nobody is disconnected")
    path = tmp_path / "alerts.csv"
    path.write_text(FEED.replace("11-23T09", "11-22T09"))
    comms("weather", "import", str(path))
    assert weather()["says"] == "the feed is 24.5 hours old: Heat Advisory; nobody is disconnected on it"
    path.write_text(FEED)
    comms("weather", "import", str(path))
    assert (weather()["state"], weather()["says"]) == ("good", "the feed is 0.5 hours old: Heat Advisory")
