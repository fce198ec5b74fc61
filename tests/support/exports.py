"""CIS files for the tests and the benchmarks, as small or as large as they need, written in the two cities' ways."""

import csv
import random
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

DULUTH = (
    "ACCT_NO", "CUST_NO", "CUST_NAME", "SVC_ADDR", "SVC_CITY", "SVC_ZIP", "MAIL_ADDR1", "MAIL_ADDR2", "MAIL_CITY",
    "MAIL_ST", "MAIL_ZIP", "HOME_PHONE", "CELL_PHONE", "EMAIL", "LANG", "STATUS", "CLASS", "OWN_TEN", "HEAT_SRC",
    "CUR_BAL", "BAL_30", "BAL_60", "BAL_90", "BAL_90PLUS", "PD_GAS", "PD_WATER", "PD_SEWER", "PD_STORM",
    "OLDEST_DUE_DT", "LAST_PAY_DT", "LAST_PAY_AMT", "DEPOSIT", "CYCLE", "FLAGS",
)  # fmt: skip
PAYMENTS = ("ACCT_NO", "PAY_DT", "AMOUNT", "SOURCE", "TRAN_ID", "REVERSES")


def duluth_row(number: int = 1, **given: str) -> dict[str, str]:
    """A row of Duluth's accounts export with $50.00 past due; ``given`` replaces cells."""
    street = f"{100 + number} Superior St"
    row = {
        "ACCT_NO": f"{number:07}-10", "CUST_NO": f"{100000 + number}", "CUST_NAME": "STONE, SCOTT",
        "SVC_ADDR": street, "SVC_CITY": "Duluth", "SVC_ZIP": "55804", "MAIL_ADDR1": street, "MAIL_ADDR2": "",
        "MAIL_CITY": "Duluth", "MAIL_ST": "MN", "MAIL_ZIP": "55804", "HOME_PHONE": "",
        "CELL_PHONE": f"218-555-{number % 10000:04}", "EMAIL": f"someone{number}@example.com", "LANG": "EN",
        "STATUS": "A", "CLASS": "R", "OWN_TEN": "O", "HEAT_SRC": "Y", "CUR_BAL": "80.00", "BAL_30": "30.00",
        "BAL_60": "20.00", "BAL_90": "0.00", "BAL_90PLUS": "0.00", "PD_GAS": "25.00", "PD_WATER": "10.00",
        "PD_SEWER": "10.00", "PD_STORM": "5.00", "OLDEST_DUE_DT": "10/20/2026", "LAST_PAY_DT": "09/15/2026",
        "LAST_PAY_AMT": "61.20", "DEPOSIT": "0.00", "CYCLE": "7", "FLAGS": "",
    }  # fmt: skip
    unknown = set(given) - set(row)
    assert not unknown, unknown
    return row | given


def payment_row(number: int = 1, transaction: str = "T1", **given: str) -> dict[str, str]:
    """A row of Duluth's payments export: $50.00 by web."""
    row = {
        "ACCT_NO": f"{number:07}-10", "PAY_DT": "11/23/2026", "AMOUNT": "50.00", "SOURCE": "WEB",
        "TRAN_ID": transaction, "REVERSES": "",
    }  # fmt: skip
    return row | given


def write(path: Path, header: Iterable[str], rows: Iterable[Mapping[str, str]], *, encoding: str = "cp1252") -> Path:
    """Write the rows as the Duluth CIS does."""
    with path.open("w", encoding=encoding, newline="") as handle:
        writer = csv.DictWriter(handle, list(header), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def accounts_file(folder: Path, rows: Iterable[Mapping[str, str]], day: str = "2026-11-20") -> Path:
    return write(folder / f"accounts-{day}.csv", DULUTH, rows)


def payments_file(folder: Path, rows: Iterable[Mapping[str, str]], days: str = "2026-11-23_to_11-23") -> Path:
    return write(folder / f"payments-{days}.csv", PAYMENTS, rows)


def many_accounts(count: int, seed: int = 1) -> Iterator[dict[str, str]]:
    """Rows with the variety of a real export: names, phones, emails, flags and debts drawn by ``seed``."""
    draw = random.Random(seed)
    first = ("SCOTT", "MARÍA", "KELLY", "DON", "SUSAN", "ÁNGEL", "STUART", "DAVID", "RICHARD", "LORI", "JESÚS", "BETH")
    last = ("STONE", "PEÑA", "LEWIS", "MCCOY", "ANDERSON", "O'BRIEN", "PHELPS", "SANDOVAL", "EDWARDS", "NGUYEN")
    flags = (*[""] * 52, "EAP", "EAP", "EAP", "NOTEXT", "DISP", "MED|EAP", "3PN", "MIL")
    for number in range(1, count + 1):
        given, family = draw.choice(first), draw.choice(last)
        parts = [draw.randrange(0, 9000) if draw.random() < 0.3 else 0 for _ in range(4)]
        total = sum(parts)
        phone = f"{draw.choice((218, 612, 715))}{draw.randrange(2000000, 9999999)}"
        if phone[4:6] == "11":
            phone = phone[:4] + "22" + phone[6:]
        yield duluth_row(
            number,
            CUST_NAME=f"{family}, {given}" if number % 3 else f"{given.title()} {family.title()}",
            CELL_PHONE=f"({phone[:3]}) {phone[3:6]}-{phone[6:]}" if number % 4 else "",
            HOME_PHONE=f"218.{phone[3:6]}.{phone[6:]}" if number % 2 else "see notes" if number % 20 == 0 else "",
            EMAIL=f"{given}.{number}@example.com".lower() if number % 3 else "declined",
            BAL_30=f"${total / 100:,.2f}", BAL_60="0.00",
            PD_GAS=f"{parts[0] / 100:.2f}", PD_WATER=f"{parts[1] / 100:.2f}",
            PD_SEWER=f"{parts[2] / 100:.2f}", PD_STORM=f"${parts[3] / 100:.2f}",
            OLDEST_DUE_DT=f"{draw.randrange(6, 11):02}/{draw.randrange(1, 29):02}/2026" if total else "",
            FLAGS=draw.choice(flags),
        )  # fmt: skip


def many_payments(count: int, accounts: int, seed: int = 1) -> Iterator[dict[str, str]]:
    """Payments of accounts 1 to ``accounts``; every fiftieth is taken back by the bank."""
    draw = random.Random(seed)
    taken = payment_row()
    for number in range(count):
        if number % 50 == 49:
            yield {**taken, "AMOUNT": f"({taken['AMOUNT']})", "SOURCE": "NSF", "TRAN_ID": f"{taken['TRAN_ID']}R",
                   "REVERSES": taken["TRAN_ID"]}  # fmt: skip
            continue
        taken = payment_row(
            draw.randrange(1, accounts + 1), f"T{number}", AMOUNT=f"{draw.randrange(500, 30000) / 100:.2f}",
            SOURCE=draw.choice(("WEB", "IVR", "LOCKBOX", "COUNTER", "EAP")),
        )  # fmt: skip
        yield taken
