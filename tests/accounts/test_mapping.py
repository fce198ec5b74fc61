"""A wrong mapping is refused whole, with the file, the key and what is allowed."""

import pytest

from comms.accounts.importing import MappingError, import_accounts, load_mapping
from comms.city import load_city


@pytest.mark.parametrize("name", ["duluth-mn", "kent-oh"])
@pytest.mark.parametrize("kind", ["accounts", "payments"])
def test_the_cities_mappings_are_right(name, kind):
    mapping = load_mapping(load_city(name), kind)
    assert mapping.kind == kind and mapping.columns


WRONG = [
    ('delimiter = ","', 'delimiter = ";;"', "file.delimiter", "1 character"),
    ('encodings = ["utf-8-sig", "cp1252"]', 'encodings = ["ebcdic"]', "file.encodings.0", "allowed: utf-8-sig"),
    ('dates = ["%m/%d/%Y", "%Y-%m-%d"]', 'dates = ["MM/DD"]', "file.dates.0", "such as %m/%d/%Y"),
    (r"as_of = '(\d{4}-\d{2}-\d{2})'", r"as_of = '\d{4}'", "file.as_of", "one pair of parentheses"),
    (r"number = '\d{7}-\d{2}'", "number = '('", "file.number", "not a regular expression"),
    ('CUR_BAL = { to = "current"', 'CUR_BAL = { to = "currant"', "columns.CUR_BAL", "allowed: number"),
    ('CUR_BAL = { to = "current", as = "money"', 'CUR_BAL = { to = "current", as = "date"', "columns.CUR_BAL", "money"),
    ('BAL_60 = { to = "aging.60"', 'BAL_60 = { to = "aging.30"', "columns.BAL_60", "already read from BAL_30"),
    ("service_past_due.storm", "service_past_due.cable", "columns.PD_STORM", "bills no cable; allowed: gas"),
    ('STATUS = { to = "status", as = "code", required = true }', "", "columns", "no column is read to status"),
    ('I = "inactive"', 'I = "asleep"', "codes.status.I", "allowed: active, final, inactive, shut_off"),
    ('[codes.language]\nEN = "en"\nES = "es"', "", "codes.language", "is missing"),
    ('MED = { hold = "medical"', 'MED = { hold = "medicinal"', "flags.known.MED", "allowed: medical"),
    ('mark = "no_text"', 'hold = "office", mark = "no_text"', "flags.known.NOTEXT", "not both"),
    ("dropped = 0.05", "dropped = 5", "limits.dropped", "less than or equal to 1"),
    ("[limits]", "[limit]", "limit", "is not a key of a mapping"),
    ("[file]", "[file", "accounts.toml", "not readable as TOML"),
    ('kind = "accounts"', 'kind = "ledger"', "kind", "'accounts' or 'payments'"),
]


@pytest.mark.parametrize(("right", "wrong", "key", "allowed"), WRONG)
def test_a_wrong_mapping_names_the_file_the_key_and_what_is_allowed(tmp_path, right, wrong, key, allowed):
    city = load_city("duluth-mn")
    text = (city.folder / "import" / "accounts.toml").read_text("utf-8")
    assert right in text
    copy = city.model_copy(update={"folder": tmp_path})
    (tmp_path / "import").mkdir()
    (tmp_path / "import" / "accounts.toml").write_text(text.replace(right, wrong), "utf-8")
    with pytest.raises(MappingError) as caught:
        load_mapping(copy, "accounts")
    assert str(tmp_path) in str(caught.value) and key in str(caught.value) and allowed in str(caught.value)


def test_a_city_without_a_mapping_is_told_how_to_get_one(tmp_path, sqlite_database, clock):
    copy = load_city("duluth-mn").model_copy(update={"folder": tmp_path})
    with pytest.raises(MappingError, match="Copy another city's"):
        import_accounts(sqlite_database, copy, clock, "x.csv")
