"""mssql-python: Microsoft's ODBC driver under Python, with TLS."""

import sys

import mssql_python
from checks import HOST, USER, Checks, statements

port, password = sys.argv[1:3]
checks = Checks("mssql-python")


def connect(secret=password, encrypt="yes"):
    return mssql_python.connect(f"Server={HOST},{port};UID={USER};PWD={secret};Encrypt={encrypt};"
                                "TrustServerCertificate=yes", autocommit=True)


checks.raises("a wrong password", lambda: connect("wrong"), "Login failed")
for encrypt in ("yes", "no"):
    connection = connect(encrypt=encrypt)
    cursor = connection.cursor()
    for statement in statements():
        cursor.execute(statement)
    cursor.execute("SELECT * FROM every_type")
    columns = [column[0] for column in cursor.description]
    checks.types(columns, [tuple(row) for row in cursor.fetchall()])
    cursor.execute("SELECT ? AS a, ? AS b, ? AS c", (5, "ü" * 9000, b"\x01"))
    checks.equal("parameters", tuple(cursor.fetchone()), (5, "ü" * 9000, b"\x01"))
    checks.raises("an error", lambda: cursor.execute("RAISERROR('Raised.', 16, 7)"), "Raised.")
    cursor.execute("SELECT 1")
    checks.equal("goes on after an error", cursor.fetchone()[0], 1)
    connection.autocommit = False
    cursor.execute("INSERT INTO generated (n) VALUES (1)")
    connection.commit()
    connection.close()
checks.finish()
