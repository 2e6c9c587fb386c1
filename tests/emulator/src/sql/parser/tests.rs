use super::*;
use crate::sql::ast::{Expr, QueryBody, StatementKind, TableRef};

fn parse(sql: &str) -> Vec<crate::sql::ast::Statement> {
    parse_batch(sql, true).unwrap_or_else(|e| panic!("{sql}: {e}"))
}

#[test]
fn what_sql_server_accepts() {
    for sql in [
        "SELECT 1",
        "select distinct top (10) percent with ties a.*, [b c] = x + 1, y as 'z' from dbo.t a with (nolock) order by 1 desc",
        "SELECT * FROM a JOIN b ON a.x = b.x LEFT OUTER JOIN c ON c.y = b.y AND c.z IS NOT NULL CROSS APPLY f(a.x) AS q(n)",
        "SELECT * FROM a LEFT JOIN b INNER JOIN c ON b.i = c.i ON a.i = b.i",
        "SELECT * FROM (SELECT 1 AS a UNION ALL SELECT 2) AS t (a), (VALUES (1, 'x'), (2, 'y')) v (i, s)",
        "WITH c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 10) SELECT n FROM c OPTION (MAXRECURSION 0)",
        "SELECT COUNT(*), COUNT(DISTINCT a), ROW_NUMBER() OVER (PARTITION BY b ORDER BY c DESC) FROM t GROUP BY b HAVING SUM(c) > 0",
        "SELECT CASE a WHEN 1 THEN 'x' ELSE 'y' END, CASE WHEN a = 1 AND NOT (b > 2 OR c IN (1, 2)) THEN 1 END, IIF(a > 1, 2, 3)",
        "SELECT CAST(a AS decimal(10, 2)), CONVERT(nvarchar(max), b, 126), TRY_CAST('x' AS int) FROM t WHERE a BETWEEN 1 AND 2 AND s LIKE 'a!%' ESCAPE '!'",
        "SELECT a FROM t WHERE EXISTS (SELECT * FROM u WHERE u.i = t.i) AND (SELECT MAX(x) FROM u) >= ALL (SELECT 1) ORDER BY a OFFSET 5 ROWS FETCH NEXT 10 ROWS ONLY",
        "SELECT ((SELECT 1)), ((SELECT 1) + 1), (a) FROM t; ; SELECT a COLLATE Latin1_General_BIN2, d AT TIME ZONE 'UTC' FROM t",
        "(SELECT 1) UNION (SELECT 2) EXCEPT SELECT 3 ORDER BY 1",
        "INSERT INTO t (a, b) VALUES (1, DEFAULT), (2, N'x'); INSERT t DEFAULT VALUES; INSERT t SELECT * FROM u; INSERT INTO t EXEC p",
        "INSERT INTO t (a) OUTPUT inserted.a, inserted.* INTO @x VALUES (1)",
        "UPDATE t SET a = 1, b += 2, @v = c = DEFAULT FROM t JOIN u ON t.i = u.i WHERE u.x = 1",
        "DELETE FROM a FROM t AS a WHERE a.i = 1; DELETE TOP (5) t OUTPUT deleted.i WHERE i > 3",
        "TRUNCATE TABLE dbo.t",
        "DECLARE @a int = 1, @b nvarchar(10), @t TABLE (i int NOT NULL PRIMARY KEY) SET @a += 1 SET NOCOUNT, XACT_ABORT ON SET IDENTITY_INSERT dbo.t ON",
        "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED; SET LOCK_TIMEOUT -1; SET ROWCOUNT 0; SET DATEFORMAT mdy; SET STATISTICS IO, TIME ON",
        "IF @@ROWCOUNT = 0 PRINT 'a' ELSE IF 1 = 1 BEGIN SELECT 1 END ELSE SELECT 2",
        "WHILE 1 = 1 BEGIN BREAK; CONTINUE END",
        "BEGIN TRY SELECT 1 END TRY BEGIN CATCH THROW; END CATCH; THROW 50000, N'x', 1",
        "RAISERROR (N'a %d', 16, 1, @x) WITH NOWAIT, SETERROR PRINT CONCAT('a', 1) RETURN 5",
        "BEGIN TRANSACTION; BEGIN TRAN x; SAVE TRAN s; ROLLBACK TRAN s; COMMIT WORK; COMMIT; ROLLBACK",
        "EXEC sp_executesql N'SELECT @a', N'@a int', @a = 1; EXECUTE @r = dbo.p 1, @b OUTPUT, DEFAULT; EXEC ('SELECT ' + '1')",
        "sp_who2 'x'",
        "USE [master] WAITFOR DELAY '00:00:01'",
        "DECLARE c CURSOR LOCAL FAST_FORWARD FOR SELECT 1 OPEN c FETCH NEXT FROM c INTO @a WHILE @@FETCH_STATUS = 0 FETCH c INTO @a CLOSE c DEALLOCATE c",
        "INSERT BULK [dbo].[t] ([a] int, [b] NVarChar(10) COLLATE Latin1_General_CI_AS, [c] decimal(38, 0) not null) WITH (KEEP_NULLS, ROWS_PER_BATCH = 100, ORDER ([a] ASC))",
        "SELECT hierarchyid::GetRoot().ToString(), geometry::STGeomFromText('POINT (0 0)', 0), NEXT VALUE FOR dbo.s, h.ToString() FROM t",
        "SELECT {fn NOW()}, {ts '2020-01-01 00:00:00'}, {d '2020-01-01'}",
        "SELECT TOP 5 name FROM sys.objects WHERE type IN ('U', 'V') AND a.b.c <> 1 OR x IS NOT DISTINCT FROM y",
        "SELECT STRING_AGG(name, ',') WITHIN GROUP (ORDER BY name DESC), TRIM(BOTH 'x' FROM s), LEFT(s, 1) FROM t",
        "EXECUTE AS USER = 'dbo'; REVERT; DBCC CHECKIDENT ('dbo.t', RESEED, 5) WITH NO_INFOMSGS; CHECKPOINT",
        "IF (SELECT COUNT(*) FROM t) > 0 SELECT 1; IF NOT EXISTS (SELECT 1) SELECT 2",
        "IF ((SELECT 1) = 1 AND (2 > 1)) SELECT 1",
    ] {
        parse(sql);
    }
}

#[test]
fn what_it_refuses() {
    for (sql, number) in [
        ("SELECT FROM t", 156),
        ("SELECT 1 = 1 FROM t", 102),
        ("SELEC 1 +", 102),
        ("SELECT * FROM t WHERE a", 4145),
        ("SELECT a b c", 102),
        ("BEGIN SELECT 1", 102),
        ("SET FOO ON", 195),
        ("INSERT t VALUES (1), (1, 2)", 10709),
        ("SELECT * FROM (SELECT 1)", 102),
        ("MERGE t USING u ON 1 = 1 WHEN MATCHED THEN DELETE", 40000),
    ] {
        assert_eq!(parse_batch(sql, true).unwrap_err().number, number, "{sql}");
    }
    let deep = format!("SELECT {}1{}", "(".repeat(1000), ")".repeat(1000));
    assert_eq!(parse_batch(&deep, true).unwrap_err().number, 191);
    let long = format!("SELECT 1{}", " + 1".repeat(100_000));
    assert_eq!(parse_batch(&long, true).unwrap_err().number, 191);
}

#[test]
fn joins_nest_by_their_on() {
    let statements = parse("SELECT * FROM a LEFT JOIN b JOIN c ON b.i = c.i ON a.i = b.i");
    let StatementKind::Query(query) = &statements[0].kind else { panic!() };
    let QueryBody::Select(select) = &query.body else { panic!() };
    let TableRef::Join { right, .. } = &select.from[0] else { panic!() };
    assert!(matches!(**right, TableRef::Join { .. }));
}

#[test]
fn precedence() {
    let statements = parse("SELECT 1 + 2 * 3 - -4");
    let StatementKind::Query(query) = &statements[0].kind else { panic!() };
    let QueryBody::Select(select) = &query.body else { panic!() };
    let crate::sql::ast::SelectItem::Expr { expr: Expr::Binary(op, left, _), .. } = &select.items[0] else { panic!() };
    assert_eq!(op.symbol(), "-");
    assert!(matches!(&**left, Expr::Binary(crate::sql::ast::BinaryOp::Add, _, _)));
}

#[test]
fn errors_name_the_line() {
    let error = parse_batch("SELECT 1\nSELECT 2\nFROM WHERE", true).unwrap_err();
    assert_eq!((error.number, error.line), (156, 3));
    assert_eq!(error.message, "Incorrect syntax near the keyword 'WHERE'.");
}
