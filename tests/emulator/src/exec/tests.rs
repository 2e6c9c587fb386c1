//! Statements through a whole session, with what a client would see of them.

use super::prepared::shown;
use crate::engine::{Closed, ColumnMeta, Engine, EnvChange, Session, Sink};
use crate::error::SqlError;
use crate::row;
use crate::server::DatabaseEngine;
use crate::state::Platform;
use crate::value::{DataType, Value};
use std::sync::atomic::AtomicBool;

#[derive(Default)]
struct Text {
    columns: Vec<ColumnMeta>,
    out: Vec<String>,
}

impl Sink for Text {
    fn columns(&mut self, columns: &[ColumnMeta]) -> Result<(), Closed> {
        self.columns = columns.to_vec();
        Ok(())
    }
    fn encoded_row(&mut self, row: &[u8]) -> Result<(), Closed> {
        let values = row::decode_row(&self.columns, row).unwrap();
        let texts: Vec<String> =
            values.iter().zip(&self.columns).map(|(value, column)| shown(value, &column.data_type)).collect();
        self.out.push(texts.join("|"));
        Ok(())
    }
    fn done(&mut self, _: Option<u64>) -> Result<(), Closed> {
        Ok(())
    }
    fn error(&mut self, error: &SqlError) -> Result<(), Closed> {
        self.out.push(format!("!{}", error.number));
        Ok(())
    }
    fn info(&mut self, message: &SqlError) -> Result<(), Closed> {
        if message.number != 5701 {
            self.out.push(format!("i:{}", message.message));
        }
        Ok(())
    }
    fn env(&mut self, _: EnvChange) -> Result<(), Closed> {
        Ok(())
    }
    fn return_value(&mut self, name: &str, data_type: &DataType, value: &Value) -> Result<(), Closed> {
        self.out.push(format!("{name}={}", shown(value, data_type)));
        Ok(())
    }
}

struct Client(Box<dyn Session>);

impl Client {
    fn run(&mut self, sql: &str) -> String {
        let mut text = Text::default();
        self.0.batch(sql, &[], &AtomicBool::new(false), &mut text);
        text.out.join("\n")
    }
}

fn engine() -> DatabaseEngine {
    DatabaseEngine::new(Platform::default(), "TEST", "SQL_Latin1_General_CP1_CI_AS", "pw")
}

fn client() -> Client {
    Client(engine().login("sa", "pw", "").unwrap())
}

fn check(cases: &[(&str, &str)]) {
    let mut client = client();
    for (sql, expected) in cases {
        assert_eq!(client.run(sql), *expected, "{sql}");
    }
}

#[test]
fn scalars() {
    check(&[
        ("SELECT 1 + 2 * 3, 7 / 2, 7 % 3, -7 / 2, 7.0 / 2", "7|3|1|-3|3.500000"),
        ("SELECT 'a' + 'b', N'x' + 'y', 'a' + NULL", "ab|xy|<NULL>"),
        ("SELECT CAST('12' AS int) + 1, CONVERT(varchar(10), 0x41), TRY_CAST('x' AS int)", "13|A|<NULL>"),
        (
            "SELECT CASE WHEN 1 = 1 THEN 'y' ELSE 'n' END, IIF(1 > 2, 1, 2), COALESCE(NULL, NULL, 3), ISNULL(NULL, 'x'), NULLIF(1, 1)",
            "y|2|3|x|<NULL>",
        ),
        (
            "SELECT LEN('abc  '), DATALENGTH(N'abc'), SUBSTRING('abcdef', 2, 3), LEFT('abc', 2), RIGHT('abc', 2)",
            "3|6|bcd|ab|bc",
        ),
        (
            "SELECT UPPER('aé'), REPLACE('aAa', 'a', 'x'), CHARINDEX('C', 'abc'), REVERSE('abc'), STUFF('abcdef', 2, 3, 'X')",
            "AÉ|xxx|3|cba|aXef",
        ),
        (
            "SELECT QUOTENAME('a]b'), CONCAT('a', NULL, 1), CONCAT_WS('-', 'a', NULL, 'b'), PATINDEX('%b%', 'abc'), TRIM('  x ')",
            "[a]]b]|a1|a-b|2|x",
        ),
        (
            "SELECT ROUND(123.456, 2), ROUND(150, -2), CEILING(1.2), FLOOR(-1.2), ABS(-5), POWER(2, 10), SQRT(16), SIGN(-3)",
            "123.460|200|2|-2|5|1024|4|-1",
        ),
        (
            "SELECT DATEADD(month, 1, CAST('2020-01-31' AS date)), DATEDIFF(day, '2020-01-01', '2020-03-01'), DATEPART(weekday, '2020-01-01'), EOMONTH('2020-02-01')",
            "2020-02-29|60|4|2020-02-29",
        ),
        ("SELECT CONVERT(varchar(30), CAST('2020-01-02 03:04:05.678' AS datetime), 121)", "2020-01-02 03:04:05.677"),
        ("SELECT 1 WHERE NULL = NULL", ""),
        ("SELECT 1 WHERE NULL IN (1, NULL) OR 3 NOT IN (1, 2)", "1"),
        ("SELECT 1 WHERE 'abc' LIKE 'A_c' AND 'x' BETWEEN 'A' AND 'Z'", "1"),
        ("SELECT 1/0", "!8134"),
        ("SELECT CAST('x' AS int)", "!245"),
        ("SELECT CAST(300 AS tinyint)", "!220"),
        ("SELECT 2147483647 + 1", "!8115"),
        ("SELECT CAST('2020-13-01' AS date)", "!241"),
        ("SELECT nope", "!207"),
        ("SELECT * FROM nope", "!208"),
        ("SELECT 1 +", "!102"),
        ("SELECT HASHBYTES('SHA2_256', 'abc')", "0xBA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"),
        ("SELECT SQL_VARIANT_PROPERTY(CAST(1.5 AS sql_variant), 'BaseType')", "numeric"),
        ("SELECT 'é' COLLATE Latin1_General_CI_AI WHERE 'é' = 'e' COLLATE Latin1_General_CI_AI", "é"),
        ("SELECT NULL + 1, $1.5 * 2, 1e2, 0xFF & 15", "<NULL>|3.00|100|15"),
    ]);
}

#[test]
fn queries() {
    check(&[
        ("SELECT a, b FROM (VALUES (1, 'x'), (2, 'y')) t (a, b) ORDER BY a DESC", "2|y\n1|x"),
        ("SELECT COUNT(*), SUM(a), AVG(a), MIN(a), MAX(a) FROM (VALUES (1), (2), (6)) t (a)", "3|9|3|1|6"),
        (
            "SELECT b, COUNT(*) FROM (VALUES (1, 'x'), (2, 'X'), (3, 'y')) t (a, b) GROUP BY b HAVING COUNT(*) > 1",
            "x|2",
        ),
        ("SELECT a + 1, COUNT(*) FROM (VALUES (1), (1), (2)) t (a) GROUP BY a + 1 ORDER BY COUNT(*)", "3|1\n2|2"),
        (
            "SELECT t.a, u.b FROM (VALUES (1), (2)) t (a) LEFT JOIN (VALUES (2, 'z')) u (a, b) ON t.a = u.a",
            "1|<NULL>\n2|z",
        ),
        (
            "SELECT t.a, u.a FROM (VALUES (1), (2)) t (a) FULL JOIN (VALUES (2), (3)) u (a) ON t.a = u.a",
            "1|<NULL>\n2|2\n<NULL>|3",
        ),
        ("SELECT a FROM (VALUES (1), (2)) t (a) WHERE EXISTS (SELECT * FROM (VALUES (2)) u (b) WHERE u.b = t.a)", "2"),
        (
            "SELECT a, (SELECT MAX(b) FROM (VALUES (1, 5), (1, 7)) u (k, b) WHERE u.k = t.a) FROM (VALUES (1), (2)) t (a)",
            "1|7\n2|<NULL>",
        ),
        ("SELECT a FROM (VALUES (1), (2)) t (a) WHERE a IN (SELECT 2 UNION SELECT 3)", "2"),
        ("SELECT 1 UNION ALL SELECT 2 EXCEPT SELECT 2", "1"),
        ("WITH c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 4) SELECT SUM(n) FROM c", "10"),
        ("WITH c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT SUM(n) FROM c", "!530"),
        (
            "SELECT a, ROW_NUMBER() OVER (PARTITION BY b ORDER BY a DESC) FROM (VALUES (1, 1), (2, 1), (3, 2)) t (a, b) ORDER BY a",
            "1|2\n2|1\n3|1",
        ),
        ("SELECT a, SUM(a) OVER (ORDER BY a) FROM (VALUES (1), (2), (3)) t (a)", "1|1\n2|3\n3|6"),
        ("SELECT TOP 2 a FROM (VALUES (3), (1), (2)) t (a) ORDER BY a", "1\n2"),
        ("SELECT a FROM (VALUES (3), (1), (2)) t (a) ORDER BY a OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY", "2"),
        ("SELECT DISTINCT a FROM (VALUES ('x'), ('X '), ('y')) t (a)", "x\ny"),
        ("SELECT t.a, v.b FROM (VALUES (1), (2)) t (a) CROSS APPLY (SELECT t.a * 10 AS b) v", "1|10\n2|20"),
        ("SELECT STRING_AGG(a, ',') WITHIN GROUP (ORDER BY a DESC) FROM (VALUES ('a'), ('b')) t (a)", "b,a"),
        ("SELECT value FROM STRING_SPLIT('a,b', ',')", "a\nb"),
        ("SELECT a FROM (VALUES (1, 2)) t (a, b) GROUP BY b", "!8120"),
        ("SELECT x.a FROM (VALUES (1)) x (a), (VALUES (1), (2)) y (a) WHERE x.a = y.a", "1"),
    ]);
}

#[test]
fn control_of_flow() {
    check(&[
        (
            "DECLARE @i int = 0, @s varchar(10) = ''; WHILE @i < 3 BEGIN SET @i += 1; SET @s = @s + CAST(@i AS varchar) END; SELECT @s",
            "123",
        ),
        ("IF 1 = 2 PRINT 'a' ELSE PRINT 'b'", "i:b"),
        (
            "BEGIN TRY SELECT 1/0 END TRY BEGIN CATCH SELECT ERROR_NUMBER(), ERROR_MESSAGE() END CATCH",
            "8134|Divide by zero error encountered.",
        ),
        (
            "BEGIN TRY THROW 50001, 'mine', 3 END TRY BEGIN CATCH PRINT ERROR_MESSAGE(); THROW; END CATCH",
            "i:mine\n!50001",
        ),
        ("RAISERROR('x %d %s', 16, 1, 5, 'y'); SELECT 2", "!50000\n2"),
        ("RAISERROR('low', 10, 1)", "i:low"),
        ("EXEC sp_executesql N'SELECT @a + 1', N'@a int', @a = 4", "5"),
        ("DECLARE @o int; EXEC sp_executesql N'SET @x = 7', N'@x int OUTPUT', @x = @o OUTPUT; SELECT @o", "7"),
        ("EXEC ('SELECT ' + '3')", "3"),
        ("EXEC nope", "!2812"),
        (
            "DECLARE @t TABLE (i int PRIMARY KEY, s varchar(5)); INSERT @t VALUES (2, 'b'), (1, 'a'); SELECT * FROM @t",
            "1|a\n2|b",
        ),
        (
            "DECLARE c CURSOR FOR SELECT a FROM (VALUES (1), (2)) t (a); OPEN c; DECLARE @v int; FETCH NEXT FROM c INTO @v; WHILE @@FETCH_STATUS = 0 BEGIN PRINT @v; FETCH NEXT FROM c INTO @v END",
            "i:1\ni:2",
        ),
        ("SELECT @@TRANCOUNT; BEGIN TRAN; SELECT @@TRANCOUNT; ROLLBACK; SELECT @@TRANCOUNT", "0\n1\n0"),
        ("COMMIT", "!3902"),
    ]);
}

const TABLES: &str = "CREATE DATABASE d; ";

fn with_tables() -> Client {
    let mut client = client();
    assert_eq!(client.run(TABLES), "");
    assert_eq!(client.run("USE d"), "");
    assert_eq!(
        client.run(
            "CREATE TABLE dbo.p (id int NOT NULL IDENTITY(10, 5) CONSTRAINT pk_p PRIMARY KEY, \
             name nvarchar(10) NOT NULL CONSTRAINT uq_p UNIQUE, n int NULL CONSTRAINT ck_n CHECK (n > 0), \
             d int NOT NULL CONSTRAINT df_d DEFAULT (42), c AS (n * 2), v rowversion)"
        ),
        ""
    );
    assert_eq!(
        client.run(
            "CREATE TABLE dbo.c (id int NOT NULL PRIMARY KEY, pid int NULL CONSTRAINT fk_c REFERENCES dbo.p (id), t varchar(3))"
        ),
        ""
    );
    client
}

#[test]
fn modifications() {
    let mut client = with_tables();
    for (sql, expected) in [
        ("INSERT dbo.p (name, n) VALUES (N'a', 1), (N'b', NULL); SELECT @@ROWCOUNT, SCOPE_IDENTITY()", "2|15"),
        ("SELECT id, name, n, d, c FROM dbo.p", "10|a|1|42|2\n15|b|<NULL>|42|<NULL>"),
        ("INSERT dbo.p (name) VALUES (N'A')", "!2627"),
        ("INSERT dbo.p (name, n) VALUES (N'x', 0)", "!547"),
        ("INSERT dbo.p (n) VALUES (1)", "!515"),
        ("INSERT dbo.p (name) VALUES (N'much too long')", "!2628"),
        ("INSERT dbo.p (id, name) VALUES (1, N'x')", "!544"),
        ("INSERT dbo.p (name, c) VALUES (N'x', 1)", "!271"),
        ("SET IDENTITY_INSERT dbo.p ON; INSERT dbo.p (id, name) VALUES (1, N'one'); SET IDENTITY_INSERT dbo.p OFF", ""),
        ("SELECT id FROM dbo.p ORDER BY id", "1\n10\n15"),
        ("INSERT dbo.c VALUES (1, 10, 'x'), (2, NULL, 'y'); INSERT dbo.c VALUES (3, 99, 'z')", "!547"),
        ("DELETE dbo.p WHERE id = 10", "!547"),
        ("UPDATE dbo.p SET n = 7, d += 1 OUTPUT deleted.d, inserted.d, inserted.c WHERE id = 15", "42|43|14"),
        (
            "UPDATE p SET n = c.id FROM dbo.p p JOIN dbo.c c ON c.pid = p.id; SELECT id, n FROM dbo.p WHERE n = 1",
            "10|1",
        ),
        ("DELETE c FROM dbo.c AS c WHERE c.pid = 10; DELETE dbo.p WHERE id = 10; SELECT COUNT(*) FROM dbo.p", "2"),
        ("BEGIN TRAN; DELETE dbo.p; SELECT COUNT(*) FROM dbo.p; ROLLBACK; SELECT COUNT(*) FROM dbo.p", "0\n2"),
        ("BEGIN TRAN; SAVE TRAN s; DELETE dbo.p; ROLLBACK TRAN s; COMMIT; SELECT COUNT(*) FROM dbo.p", "2"),
        ("SELECT name INTO #t FROM dbo.p; SELECT * FROM #t ORDER BY name; DROP TABLE #t", "b\none"),
        ("TRUNCATE TABLE dbo.p", "!4712"),
        ("TRUNCATE TABLE dbo.c; SELECT COUNT(*) FROM dbo.c", "0"),
        (
            "INSERT dbo.c SELECT a, NULL, 'q' FROM (VALUES (3), (1), (2)) t (a); SELECT id FROM dbo.c WHERE id >= 2",
            "2\n3",
        ),
        ("SELECT TOP 1 t, id FROM dbo.c WHERE id > 1 AND id < 3 ORDER BY id", "q|2"),
        ("UPDATE dbo.c SET id = 4 - id; SELECT id FROM dbo.c", "1\n2\n3"),
        ("UPDATE dbo.c SET id = 1", "!2627"),
        ("CREATE UNIQUE INDEX ux ON dbo.c (t)", "!1505"),
        ("ALTER TABLE dbo.c WITH CHECK ADD CONSTRAINT ck CHECK (id > 1)", "!547"),
        ("ALTER TABLE dbo.c ADD x int NOT NULL CONSTRAINT df_x DEFAULT (5); SELECT id, x FROM dbo.c", "1|5\n2|5\n3|5"),
        ("ALTER TABLE dbo.c ALTER COLUMN t nvarchar(20) NULL; SELECT t FROM dbo.c WHERE id = 1", "q"),
        ("CREATE VIEW dbo.vw AS SELECT id, t FROM dbo.c WHERE id > 1", ""),
        ("SELECT * FROM dbo.vw", "2|q\n3|q"),
        ("CREATE PROCEDURE dbo.pr @a int, @b int = 2 OUTPUT AS BEGIN SET @b = @a + @b; SELECT @a; RETURN 9 END", ""),
        ("DECLARE @r int, @o int = 5; EXEC @r = dbo.pr 1, @o OUTPUT; SELECT @r, @o", "1\n9|6"),
    ] {
        assert_eq!(client.run(sql), expected, "{sql}");
    }
}

#[test]
fn readers_do_not_see_what_is_not_committed() {
    let engine = engine();
    let mut a = Client(engine.login("sa", "pw", "").unwrap());
    a.run("CREATE DATABASE d");
    a.run("USE d");
    a.run("CREATE TABLE t (i int NOT NULL PRIMARY KEY); INSERT t VALUES (1)");
    let mut b = Client(engine.login("sa", "pw", "d").unwrap());
    assert_eq!(b.run("SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRAN; SELECT i FROM t"), "1");
    assert_eq!(a.run("BEGIN TRAN; INSERT t VALUES (2); SELECT COUNT(*) FROM t"), "2");
    let mut c = Client(engine.login("sa", "pw", "d").unwrap());
    assert_eq!(c.run("SELECT COUNT(*) FROM t; SELECT COUNT(*) FROM t WITH (NOLOCK)"), "1\n2");
    assert_eq!(c.run("SET LOCK_TIMEOUT 0; INSERT t VALUES (3)"), "!1222");
    assert_eq!(a.run("COMMIT"), "");
    assert_eq!(c.run("SELECT COUNT(*) FROM t"), "2");
    assert_eq!(b.run("SELECT COUNT(*) FROM t; COMMIT; SELECT COUNT(*) FROM t"), "1\n2");
}

#[test]
fn bulk_loads() {
    let mut client = with_tables();
    let text = |s: &str| Value::NChar(s.encode_utf16().collect());
    let columns = client.0.begin_bulk("INSERT BULK dbo.c (id int, t nvarchar(10)) WITH (KEEP_NULLS)").unwrap();
    assert_eq!(columns.len(), 2);
    client.0.bulk_rows(vec![vec![Value::Int(5), text("e")], vec![Value::Int(3), Value::Null]]).unwrap();
    assert_eq!(client.0.end_bulk(true).unwrap(), 2);
    assert_eq!(client.run("SELECT id, t FROM dbo.c"), "3|<NULL>\n5|e");
    client.0.begin_bulk("INSERT BULK dbo.c (id int)").unwrap();
    client.0.bulk_rows(vec![vec![Value::Int(5)]]).unwrap();
    assert_eq!(client.0.end_bulk(true).unwrap_err().number, 2627);
    client.0.begin_bulk("INSERT BULK dbo.c (id int, t nvarchar(10))").unwrap();
    assert_eq!(client.0.bulk_rows(vec![vec![Value::Int(6), text("long")]]).unwrap_err().number, 2628);
    assert_eq!(client.0.end_bulk(false).unwrap(), 0);
    client.0.begin_bulk("INSERT BULK dbo.p (id int, name nvarchar(10))").unwrap();
    client.0.bulk_rows(vec![vec![Value::Int(77), text("n")]]).unwrap();
    client.0.end_bulk(true).unwrap();
    assert_eq!(client.run("INSERT dbo.p (name) VALUES (N'o'); SELECT id, d FROM dbo.p"), "77|42\n82|42");
}

#[test]
fn the_catalog_is_read_like_any_table() {
    let mut client = with_tables();
    client.run("INSERT dbo.p (name) VALUES (N'a'), (N'b')");
    for (sql, expected) in [
        (
            "SELECT s.name, t.name FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id ORDER BY t.name",
            "dbo|c\ndbo|p",
        ),
        (
            "SELECT c.name FROM sys.columns c WHERE c.object_id = OBJECT_ID('dbo.c') AND c.is_nullable = 1 ORDER BY c.column_id",
            "pid\nt",
        ),
        (
            "SELECT SUM(p.rows) FROM sys.partitions p WHERE p.object_id = OBJECT_ID(N'dbo.p') AND p.index_id IN (0, 1)",
            "2",
        ),
        ("SELECT DB_NAME(), OBJECT_NAME(OBJECT_ID('dbo.p')), SCHEMA_NAME(1)", "d|p|dbo"),
        (
            "SELECT t.name FROM sys.tables t WHERE NOT EXISTS (SELECT 1 FROM sys.foreign_keys f WHERE f.parent_object_id = t.object_id)",
            "p",
        ),
        ("IF OBJECT_ID('dbo.nope') IS NULL PRINT 'none'", "i:none"),
    ] {
        assert_eq!(client.run(sql), expected, "{sql}");
    }
}

#[test]
fn logins() {
    let engine = engine();
    let number = |result: Result<Box<dyn Session>, SqlError>| result.err().map(|error| error.number);
    assert_eq!(number(engine.login("sa", "no", "")), Some(18456));
    assert_eq!(number(engine.login("sa", "pw", "nowhere")), Some(4060));
    let mut sa = Client(engine.login("sa", "pw", "").unwrap());
    assert_eq!(sa.run("CREATE LOGIN l WITH PASSWORD = 'x', CHECK_POLICY = OFF"), "");
    let mut other = Client(engine.login("l", "x", "").unwrap());
    assert_eq!(other.run("CREATE DATABASE nope"), "!262");
}
