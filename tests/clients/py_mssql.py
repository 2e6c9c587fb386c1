"""pymssql: FreeTDS under Python."""

import sys

import pymssql
from checks import HOST, USER, Checks, statements

port, password = sys.argv[1:3]
checks = Checks("pymssql")


def connect(secret=password, **options):
    return pymssql.connect(HOST, USER, secret, "master", port=port, login_timeout=10, timeout=20, autocommit=True,
                           **options)


checks.raises("a wrong password", lambda: connect("wrong"), "18456")
with connect() as connection, connection.cursor() as cursor:
    for statement in statements():
        cursor.execute(statement)
    cursor.execute("SELECT * FROM every_type")
    # DB-Library gives a sql_variant as bytes.
    columns = [column[0] for column in cursor.description]
    checks.types(columns, cursor.fetchall(), {"a_variant", "a_variant_text"})
    checks.raises("an error", lambda: cursor.execute("RAISERROR('Raised.', 16, 7)"), "Raised.")
    cursor.execute("SELECT 1")
    checks.equal("goes on after an error", cursor.fetchone()[0], 1)
    # DB-Library loads text as char, so the columns that take it have to be binary or numbers.
    rows = [(n, f"zeile {n}", n / 2, bytes([n % 256] * 7)) for n in range(1000)]
    connection.bulk_copy("generated", rows)
    cursor.execute("SELECT COUNT(*) FROM generated")
    checks.report("bulk load", cursor.fetchone()[0] >= 1000)
checks.finish()
