"""python-tds: pure Python."""

import sys

import pytds
from checks import HOST, USER, Checks, statements

port, password = int(sys.argv[1]), sys.argv[2]
checks = Checks("python-tds")


def connect(secret=password, **options):
    return pytds.connect(HOST, port=port, user=USER, password=secret, login_timeout=10, timeout=20,
                         autocommit=True, **options)


checks.raises("a wrong password", lambda: connect("wrong"), "Login failed")
with connect() as connection, connection.cursor() as cursor:
    for statement in statements():
        cursor.execute(statement)
    cursor.execute("SELECT * FROM every_type")
    # It does not ask for UTF-8, and takes such text for the code page of its LCID.
    checks.types([column[0] for column in cursor.description], cursor.fetchall(), {"a_utf8"})
    cursor.execute("SELECT %s AS a, %s AS b, %s AS c", (5, "ü" * 9000, pytds.Binary(b"\x01")))
    checks.equal("parameters", tuple(cursor.fetchone()), (5, "ü" * 9000, pytds.Binary(b"\x01")))
    checks.raises("an error", lambda: cursor.execute("RAISERROR('Raised.', 16, 7)"), "Raised.")
    cursor.execute("SELECT 1")
    checks.equal("goes on after an error", cursor.fetchone()[0], 1)
    rows = [(n, f"zeile {n} ü", n / 2, bytes([n % 256] * 7)) for n in range(3000)]
    columns = [
        pytds.Column("n", type=pytds.tds_types.BigIntType()),
        pytds.Column("t", type=pytds.tds_types.NVarCharType(size=50)),
        pytds.Column("f", type=pytds.tds_types.FloatType()),
        pytds.Column("b", type=pytds.tds_types.VarBinaryType(size=50)),
    ]
    cursor.copy_to(data=rows, table_or_view="generated", columns=columns)
    cursor.execute("SELECT COUNT(*) FROM generated")
    checks.equal("bulk load", cursor.fetchone()[0], 3000)
for size in (512, 32767):
    with connect(blocksize=size) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM every_type")
        checks.equal(f"packets of {size}", len(cursor.fetchall()), 2)
checks.finish()
