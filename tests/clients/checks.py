"""What the Python clients share: the statements to prepare, the values to expect, and how a check is reported."""

import datetime
import decimal
import pathlib
import sys
import uuid

HOST = "127.0.0.1"
USER = "sa"


def statements():
    lines = (pathlib.Path(__file__).parent / "every_type.sql").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("--")]


UTC_0530 = datetime.timezone(datetime.timedelta(hours=5, minutes=30))

#: The first row of every_type, as Python sees it.
EXPECTED = {
    "a_bit": True,
    "a_tinyint": 255,
    "a_smallint": -32768,
    "a_int": -2147483648,
    "a_bigint": -9223372036854775808,
    "a_real": -1.5,
    "a_float": 1e300,
    "a_decimal": decimal.Decimal("-1000000000000000000000000000000000.0007"),
    "a_numeric": decimal.Decimal("123.45"),
    "a_smallmoney": decimal.Decimal("-12.3456"),
    "a_money": decimal.Decimal("123456789.0123"),
    "a_date": datetime.date(2021, 7, 30),
    "a_time": datetime.time(23, 59, 59, 999999),
    "a_datetime2": datetime.datetime(2021, 7, 30, 0, 0, 0, 1000),
    "a_datetimeoffset": datetime.datetime(2021, 7, 30, 5, 31, tzinfo=UTC_0530),
    "a_datetime": datetime.datetime(2009, 7, 8, 0, 0, 1),
    "a_smalldatetime": datetime.datetime(2009, 7, 8, 1, 1),
    "a_guid": uuid.UUID("33323130-3534-3736-3839-616263646566"),
    "a_char": "ab ",
    "a_varchar": "naïve €",
    "a_varchar_max": "x" * 10000,
    "a_utf8": "naïve €",
    "a_text": "text",
    "a_nchar": "äß ",
    "a_nvarchar": "naïve 日本 😀",
    "a_nvarchar_max": "日" * 9000,
    "a_ntext": "ntext",
    "a_binary": b"\x00\x01\x02\xff",
    "a_varbinary": b"",
    "a_varbinary_max": b"\x07" * 20000,
    "a_image": b"\x01\x02\x03",
    "a_xml": "<a>é</a>",
    "a_variant": 5,
    "a_variant_text": "vär",
}


class Checks:
    """Counts what held and what did not, and prints each."""

    def __init__(self, client):
        self.client = client
        self.failed = 0

    def equal(self, what, found, expected):
        held = found == expected
        self.report(what, held, "" if held else f": {found!r:.200} is not {expected!r:.200}")

    def report(self, what, held, detail=""):
        print(f"{self.client}: {'ok' if held else 'FAILED'}: {what}{detail}")
        self.failed += not held

    def raises(self, what, call, part):
        try:
            call()
        except Exception as error:  # each client has its own exception classes
            self.report(what, part in str(error), f": {error!s:.200}" if part not in str(error) else "")
        else:
            self.report(what, False, ": no error")

    def types(self, columns, rows, except_for=()):
        """Compares the two rows of every_type; clients that have no Python type for a column leave it out by name."""
        self.equal("every type: two rows", len(rows), 2)
        for name, found in zip(columns, rows[0]):
            if name not in except_for:
                self.equal(f"every type: {name}", found, EXPECTED[name])
        self.equal("every type: names", list(columns), list(EXPECTED))
        self.report("every type: NULLs", all(value is None for value in rows[1]))

    def finish(self):
        sys.exit(1 if self.failed else 0)
