//! The sample tenant: its schema, and a seeded generator of rows, both as T-SQL batches.

use std::fmt::Write as _;

/// Rows in one INSERT; SQL Server takes up to 1,000.
const ROWS_PER_INSERT: u64 = 250;

/// The batches that create the schema.
pub fn schema() -> impl Iterator<Item = &'static str> {
    include_str!("schema.sql").split("\nGO\n").map(str::trim).filter(|batch| !batch.is_empty())
}

/// The batches that fill it: `orders` purchase orders with what belongs to them. The same seed gives the same rows.
pub fn rows(orders: u64, seed: u64) -> impl Iterator<Item = String> {
    let users = orders / 40 + 5;
    let vendors = orders / 25 + 8;
    let items = orders / 10 + 20;
    let entries = orders * 2;
    let mut batches: Vec<Box<dyn Iterator<Item = String>>> = Vec::new();
    let insert = |table: &'static str, identity: bool, columns: &'static str, count: u64, row: RowFn| {
        Box::new(Inserts { table, identity, columns, count, next: 0, random: Random(seed ^ count), row })
            as Box<dyn Iterator<Item = String>>
    };
    batches.push(insert(
        "[dbo].[Users]",
        true,
        "[Id], [Login], [DisplayName], [Email], [Phone], [IsActive], [Avatar], [RowGuid], [LastSeen], [DateCreated], [DateModified]",
        users,
        user,
    ));
    batches.push(insert(
        "[purchasing].[Vendors]",
        true,
        "[Id], [Code], [Name], [Country], [CreditLimit], [Discount], [Rating], [Since], [Notes], [Settings], [DateCreated], [DateModified]",
        vendors,
        vendor,
    ));
    batches.push(insert(
        "[dbo].[Items]",
        true,
        "[Id], [Sku], [Description], [UnitCost], [ListPrice], [Weight], [Volume], [OnHand], [Reorder], [Picture], [Checksum], [Extra]",
        items,
        item,
    ));
    batches.push(insert(
        "[purchasing].[PurchaseOrderHeaders]",
        false,
        "[Id], [VendorId], [BuyerId], [Status], [OrderDate], [DueTime], [Reference], [Comment], [DateCreated], [DateModified]",
        orders,
        header,
    ));
    batches.push(insert(
        "[purchasing].[PurchaseOrderLines]",
        false,
        "[OrderId], [LineNo], [ItemId], [Quantity], [UnitPrice], [Received]",
        orders * 3,
        line,
    ));
    batches.push(insert("[ledger].[Accounts]", false, "[Number], [Name], [Parent]", 40, account));
    batches.push(insert(
        "[ledger].[Entries]",
        true,
        "[Id], [Account], [Posted], [Amount], [Currency], [Memo], [Document]",
        entries,
        entry,
    ));
    batches.push(insert("[dbo].[AuditLog]", false, "[At], [Who], [What], [Legacy], [Scan]", orders / 4 + 1, audit));
    batches.push(insert("[dbo].[Settings (\"tenant\")]", false, "[key], [value]", 12, setting));
    batches.into_iter().flatten()
}

type RowFn = fn(u64, u64, &mut Random) -> String;

struct Inserts {
    table: &'static str,
    identity: bool,
    columns: &'static str,
    count: u64,
    next: u64,
    random: Random,
    row: RowFn,
}

impl Iterator for Inserts {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if self.next >= self.count {
            return None;
        }
        let end = (self.next + ROWS_PER_INSERT).min(self.count);
        let mut sql = String::new();
        if self.identity {
            let _ = writeln!(sql, "SET IDENTITY_INSERT {} ON;", self.table);
        }
        let _ = write!(sql, "INSERT INTO {} ({}) VALUES", self.table, self.columns);
        for i in self.next..end {
            let comma = if i == self.next { "" } else { "," };
            let _ = write!(sql, "{comma}\n({})", (self.row)(i, self.count, &mut self.random));
        }
        sql.push(';');
        if self.identity {
            let _ = write!(sql, "\nSET IDENTITY_INSERT {} OFF;", self.table);
        }
        self.next = end;
        Some(sql)
    }
}

/// SplitMix64: small, seeded, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }

    fn guid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        let (d, e) = (b >> 48, b & 0xffff_ffff_ffff);
        format!("'{:08x}-{:04x}-{:04x}-{d:04x}-{e:012x}'", a >> 32, (a >> 16) & 0xffff, a & 0xffff)
    }

    fn hex(&mut self, bytes: u64) -> String {
        (0..bytes).fold(String::from("0x"), |mut hex, _| {
            let _ = write!(hex, "{:02x}", self.next() & 0xff);
            hex
        })
    }

    fn day(&mut self) -> String {
        format!("{}-{:02}-{:02}", 2019 + self.below(7), 1 + self.below(12), 1 + self.below(28))
    }

    fn time(&mut self) -> String {
        format!("{:02}:{:02}:{:02}", self.below(24), self.below(60), self.below(60))
    }

    /// `text`, or NULL about once in `n`.
    fn or_null(&mut self, n: u64, text: impl FnOnce(&mut Self) -> String) -> String {
        if self.below(n) == 0 { "NULL".into() } else { text(self) }
    }
}

const GIVEN: &[&str] =
    &["Ada", "Grace", "Zoë", "Łukasz", "Søren", "Mária", "Jürgen", "Aiko", "Olu", "Inés", "李", "Дарья"];
const FAMILY: &[&str] =
    &["Lovelace", "Hopper", "O''Brien", "Kowalski", "Nyström", "García", "Müller", "田中", "Okafor", "Петрова"];
const GOODS: &[&str] = &["Bolt", "Hinge", "Gasket", "Valve", "Bearing", "Cable", "Relay", "Filter", "Bracket", "Pump"];
const COUNTRIES: &[&str] = &["US", "DE", "PL", "JP", "BR", "IN", "NL", "KE"];

fn user(i: u64, _: u64, r: &mut Random) -> String {
    let (given, family) = (r.pick(GIVEN), r.pick(FAMILY));
    format!(
        "{}, N'user{i}', N'{given} {family}', 'user{i}@acme.example', {}, {}, {}, {}, {}, '{} {}.{:07}', {}",
        i + 1,
        r.or_null(3, |r| format!("'+1 555 {:07}'", r.below(10_000_000))),
        u8::from(r.below(10) > 0),
        r.or_null(2, |r| {
            let n = r.below(300);
            r.hex(n)
        }),
        r.guid(),
        r.or_null(4, |r| format!("'{} {}.{:07} +{:02}:30'", r.day(), r.time(), r.below(10_000_000), r.below(13))),
        r.day(),
        r.time(),
        r.below(10_000_000),
        r.or_null(3, |r| format!("'{} {}.{:03}'", r.day(), r.time(), r.below(1000))),
    )
}

fn vendor(i: u64, _: u64, r: &mut Random) -> String {
    format!(
        "{}, 'V{i:07}', N'{} & Sons', N'{}', {}, {}.{:04}, {}, {}, {}, {}, '{} {}', {}",
        i + 1000,
        r.pick(FAMILY),
        r.pick(COUNTRIES),
        r.or_null(4, |r| format!("{}.{:04}", r.below(90_000_000) as i64 - 1_000_000, r.below(10_000))),
        r.below(40),
        r.below(10_000),
        r.or_null(5, |r| (1 + r.below(5)).to_string()),
        r.or_null(5, |r| format!("'{}'", r.day())),
        r.or_null(2, |r| format!("N'{}'", "Pays late, complains early. ".repeat(1 + r.below(30) as usize))),
        r.or_null(2, |r| format!("N'<settings><terms days=\"{}\"/></settings>'", r.below(90))),
        r.day(),
        r.time(),
        r.or_null(2, |r| format!("'{} {}.{:03}'", r.day(), r.time(), r.below(1000))),
    )
}

fn item(i: u64, _: u64, r: &mut Random) -> String {
    let extra = match r.below(5) {
        0 => "NULL".to_string(),
        1 => format!("CAST({} AS int)", r.below(1000)),
        2 => format!("CAST(N'{}' AS nvarchar(20))", r.pick(GOODS)),
        3 => format!("CAST({}.25 AS decimal(9, 2))", r.below(1000)),
        _ => format!("CAST('{}' AS date)", r.day()),
    };
    format!(
        "{}, 'sku-{i:06}', N'{} M{}', {}.{:06}, {}, {}, {}, {}, {}, {}, {}, {extra}",
        i + 1,
        r.pick(GOODS),
        1 + r.below(24),
        r.below(2000),
        r.below(1_000_000),
        r.or_null(6, |r| format!("{}.{:02}", r.below(5000), r.below(100))),
        r.or_null(4, |r| format!("{}.5e0", r.below(100))),
        r.or_null(4, |r| format!("{}.125e-2", r.below(100_000))),
        r.below(5_000_000_000),
        r.below(500),
        r.or_null(3, |r| {
            let n = r.below(120);
            r.hex(n)
        }),
        r.or_null(2, |r| r.hex(16)),
    )
}

fn header(i: u64, orders: u64, r: &mut Random) -> String {
    format!(
        "{}, {}, {}, {}, '{}', {}, {}, {}, '{} {}.{:07}', {}",
        100_000 + i,
        1000 + r.below(orders / 25 + 8),
        r.or_null(5, |r| (1 + r.below(orders / 40 + 5)).to_string()),
        r.below(5),
        r.day(),
        r.or_null(3, |r| format!("'{}'", r.time())),
        r.or_null(2, |r| format!("N'Ref {}'", r.next())),
        r.or_null(3, |r| format!("N'Deliver to dock {}, ring twice.'", r.below(40))),
        r.day(),
        r.time(),
        r.below(10_000_000),
        r.or_null(2, |r| format!("'{} {}.{:07}'", r.day(), r.time(), r.below(10_000_000))),
    )
}

fn line(i: u64, lines: u64, r: &mut Random) -> String {
    let orders = lines / 3;
    format!(
        "{}, {}, {}, {}.{:03}, {}.{:04}, {}",
        100_000 + i / 3,
        1 + i % 3,
        1 + r.below(orders / 10 + 20),
        1 + r.below(500),
        r.below(1000),
        r.below(3000),
        r.below(10_000),
        r.or_null(2, |r| format!("'{} {:02}:{:02}'", r.day(), r.below(24), r.below(60))),
    )
}

fn account(i: u64, _: u64, _: &mut Random) -> String {
    let parent = if i.is_multiple_of(10) { "NULL".into() } else { format!("'{:04}'", 1000 + i / 10 * 100) };
    format!("'{:04}', N'Account {i}', {parent}", 1000 + i / 10 * 100 + i % 10)
}

fn entry(i: u64, _: u64, r: &mut Random) -> String {
    let account = r.below(40);
    format!(
        "{}, '{:04}', '{} {}.{:03} -0{}:00', {}{}.{:010}, '{}', {}, {}",
        i + 1,
        1000 + account / 10 * 100 + account % 10,
        r.day(),
        r.time(),
        r.below(1000),
        4 + r.below(2),
        if r.below(2) == 0 { "-" } else { "" },
        r.next(),
        r.below(10_000_000_000),
        r.pick(&["USD", "EUR", "JPY"]),
        r.or_null(3, |r| format!("N'{} for {}'", r.pick(GOODS), r.pick(GIVEN))),
        r.or_null(3, Random::guid),
    )
}

fn audit(i: u64, _: u64, r: &mut Random) -> String {
    format!(
        "'{} {}.{:03}', N'user{}', {}, {}, {}",
        r.day(),
        r.time(),
        r.below(1000),
        r.below(20),
        r.or_null(6, |r| format!("'changed {}{}'", i, " and again".repeat(r.below(60) as usize))),
        r.or_null(2, |r| format!("'{} before the migration'", r.pick(GOODS))),
        r.or_null(3, |r| {
            let n = r.below(200);
            r.hex(n)
        }),
    )
}

fn setting(i: u64, _: u64, r: &mut Random) -> String {
    format!("N'feature.{i:02}', {}", r.or_null(3, |r| format!("N'{{\"enabled\": {}}}'", r.below(2) == 1)))
}
