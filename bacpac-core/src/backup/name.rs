//! Names: tenants, backup files and what lies beside them, restored databases.
//!
//! A backup is `{alias}_{yyyyMMddHHmmss}.bacpac`, in UTC. An alias may hold `_`, so names are read from the right. What
//! parses prints as the same text, and the other way round; a bad name cannot be held.

use crate::as_data::as_text;
use crate::error::{Error, ErrorKind, Result};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Longest alias in bytes: with the time and the longest suffix a file name stays below the 255 bytes that file systems
/// take, and a restored database's name below SQL Server's 128 characters.
const LONGEST_ALIAS: usize = 90;

/// Names that Windows keeps for devices, whatever follows after a dot.
const DEVICES: &[&str] = &[
    "con", "prn", "aux", "nul", "com0", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt0",
    "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

const EXTENSION: &str = ".bacpac";
const JOB: &str = ".job.json";

/// A tenant's name in file names: 1 to 90 of `A-Z a-z 0-9 _ - .`, neither beginning nor ending with a dot.
///
/// ```
/// use bacpac_core::backup::TenantAlias;
/// assert_eq!("acme_corp".parse::<TenantAlias>()?.as_str(), "acme_corp");
/// assert!("a/b".parse::<TenantAlias>().is_err());
/// # Ok::<(), bacpac_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantAlias(Box<str>);

impl TenantAlias {
    /// Takes `text` if files of it can be kept on every store, on Windows, and named in a URL.
    pub fn new(text: &str) -> Result<Self> {
        match alias_fault(text) {
            None => Ok(Self(text.into())),
            Some(why) => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("{:?} cannot be the alias of a tenant: {why}", shortened(text)),
            )
            .with_help("use 1 to 90 letters, digits, `_`, `-` or `.`")),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn alias_fault(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("it is empty".into());
    }
    if text.len() > LONGEST_ALIAS {
        return Some(format!("it is longer than {LONGEST_ALIAS} bytes"));
    }
    for c in text.chars() {
        let why = match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | '.' => continue,
            '/' | '\\' => "separates folders",
            '<' | '>' | ':' | '"' | '|' | '?' | '*' => "is not allowed in a file name on Windows",
            ' ' | '#' | '%' | '&' | '+' | '=' | ';' | '@' => "would have to be escaped in a URL",
            c if c.is_control() => "is a control character",
            c if !c.is_ascii() => "is not ASCII, and object stores and URLs would spell it in different ways",
            _ => "is not safe in the names of every object store",
        };
        return Some(format!("{c:?} {why}"));
    }
    if text.starts_with('.') || text.ends_with('.') {
        return Some("it begins or ends with a dot".into());
    }
    if text.contains("..") {
        return Some("it holds `..`".into());
    }
    let stem = text.split('.').next().unwrap_or(text);
    if DEVICES.iter().any(|d| d.eq_ignore_ascii_case(stem)) {
        return Some(format!("Windows keeps the name {stem} for a device"));
    }
    None
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl FromStr for TenantAlias {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl fmt::Display for TenantAlias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

as_text!(TenantAlias);

/// Who asked for a backup: the schedule or a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "snake_case")]
pub enum BackupKind {
    /// By the schedule.
    Automatic,
    /// By a person.
    Manual,
}

impl BackupKind {
    /// The stable name, as in file names: `automatic`, `manual`.
    pub fn name(self) -> &'static str {
        match self {
            BackupKind::Automatic => "automatic",
            BackupKind::Manual => "manual",
        }
    }

    /// The kind of this stable name.
    pub fn parse(name: &str) -> Option<Self> {
        [BackupKind::Automatic, BackupKind::Manual].into_iter().find(|k| k.name() == name)
    }
}

impl fmt::Display for BackupKind {
    /// As the screen shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            BackupKind::Automatic => "Automatic",
            BackupKind::Manual => "Manual",
        })
    }
}

/// The name of a backup file: whose, and as of which second.
///
/// ```
/// use bacpac_core::backup::BackupName;
/// let name: BackupName = "acmecorp_20260501031007.bacpac".parse()?;
/// assert_eq!(name.tenant().as_str(), "acmecorp");
/// assert_eq!(name.created().to_string(), "2026-05-01T03:10:07Z");
/// # Ok::<(), bacpac_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BackupName {
    tenant: TenantAlias,
    created: Timestamp,
}

impl BackupName {
    /// The name of a backup of `tenant` begun at `at`; fractions of a second are dropped. Years are 0 to 9999.
    pub fn new(tenant: TenantAlias, at: Timestamp) -> Result<Self> {
        let whole = at.as_nanosecond().div_euclid(1_000_000_000);
        let created = i64::try_from(whole).ok().and_then(|s| Timestamp::from_second(s).ok());
        match created {
            Some(created) if (0..=9999).contains(&utc(created).year()) => Ok(Self { tenant, created }),
            _ => Err(Error::new(ErrorKind::InvalidArgument, format!("{at} cannot be the time of a backup"))),
        }
    }

    /// The tenant.
    pub fn tenant(&self) -> &TenantAlias {
        &self.tenant
    }

    /// The second in the name.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// The same tenant one second later: for a second backup within one second.
    pub fn next_second(&self) -> Result<Self> {
        let next = self.created.as_second().checked_add(1).and_then(|s| Timestamp::from_second(s).ok());
        let next = next.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "the time of a backup is past 9999"))?;
        Self::new(self.tenant.clone(), next)
    }

    /// The name of the manifest beside the file: `{name}.{automatic|manual}.json`.
    pub fn sidecar(&self, kind: BackupKind) -> String {
        format!("{self}.{}.json", kind.name())
    }

    /// The name of the record of the job that makes this file: `{name}.job.json`.
    pub fn job_record(&self) -> String {
        format!("{self}{JOB}")
    }
}

as_text!(BackupName);

fn utc(at: Timestamp) -> DateTime {
    TimeZone::UTC.to_datetime(at)
}

impl fmt::Display for BackupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = utc(self.created);
        write!(
            f,
            "{}_{:04}{:02}{:02}{:02}{:02}{:02}{EXTENSION}",
            self.tenant,
            t.year(),
            t.month(),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }
}

impl FromStr for BackupName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let fault = |why: &str| {
            Error::new(ErrorKind::InvalidArgument, format!("{:?} is not the name of a backup: {why}", shortened(text)))
                .with_help("names are {tenantAlias}_{yyyyMMddHHmmss}.bacpac, in UTC")
        };
        let stem = text.strip_suffix(EXTENSION).ok_or_else(|| fault("it does not end with .bacpac"))?;
        let (tenant, digits) = stem.rsplit_once('_').ok_or_else(|| fault("it has no `_`"))?;
        let created = parse_digits(digits).ok_or_else(|| fault("the time is not 14 digits of a real moment"))?;
        Ok(Self { tenant: TenantAlias::new(tenant)?, created })
    }
}

fn parse_digits(digits: &str) -> Option<Timestamp> {
    if digits.len() != 14 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<i16>().ok();
    let small = |from: usize| i8::try_from(number(from, from + 2)?).ok();
    let time = DateTime::new(number(0, 4)?, small(4)?, small(6)?, small(8)?, small(10)?, small(12)?, 0).ok()?;
    TimeZone::UTC.to_timestamp(time).ok()
}

/// What an object beside others is, by its name alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A backup file.
    File(BackupName),
    /// The manifest of one.
    Sidecar(BackupName, BackupKind),
    /// The record of the job that makes one.
    Job(BackupName),
}

impl Part {
    /// `None` for a foreign name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        if let Some(of) = name.strip_suffix(JOB) {
            return of.parse().ok().map(Part::Job);
        }
        if let Some(rest) = name.strip_suffix(".json") {
            let (of, kind) = rest.rsplit_once('.')?;
            return Some(Part::Sidecar(of.parse().ok()?, BackupKind::parse(kind)?));
        }
        name.parse().ok().map(Part::File)
    }
}

/// How restored databases are named: `{prefix}_{tenant}_{yyyyMMdd}_restore`.
///
/// ```
/// use bacpac_core::backup::{BackupName, RestoreNaming};
/// let name: BackupName = "acmecorp_20260501031007.bacpac".parse()?;
/// assert_eq!(RestoreNaming::default().of_backup(&name)?, "CifraHQ_acmecorp_20260501_restore");
/// # Ok::<(), bacpac_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(default, deny_unknown_fields)]
pub struct RestoreNaming {
    /// What the names begin with.
    pub prefix: String,
}

impl Default for RestoreNaming {
    fn default() -> Self {
        Self { prefix: "CifraHQ".into() }
    }
}

impl RestoreNaming {
    /// Sets the prefix.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The name of a database restored from a backup of `tenant` of `date`.
    pub fn name(&self, tenant: &TenantAlias, date: Date) -> Result<String> {
        let name = format!("{}_{tenant}_{:04}{:02}{:02}_restore", self.prefix, date.year(), date.month(), date.day());
        if name.encode_utf16().count() > 128 {
            return Err(Error::new(ErrorKind::InvalidArgument, "the name of the restored database is too long")
                .with_help("a database name has 128 characters at the most: use a shorter prefix"));
        }
        Ok(name)
    }

    /// The name of a database restored from `backup`: the date is the backup's, in UTC, as in its file name.
    pub fn of_backup(&self, backup: &BackupName) -> Result<String> {
        self.name(&backup.tenant, utc(backup.created).date())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn alias() -> impl Strategy<Value = String> {
        "[A-Za-z0-9_.-]{1,90}".prop_filter("not an alias", |s| alias_fault(s).is_none())
    }

    proptest! {
        #[test]
        fn names_round_trip(alias in alias(), second in -62_135_596_800i64..253_402_207_200) {
            let tenant = TenantAlias::new(&alias).unwrap();
            prop_assert_eq!(tenant.to_string(), alias.as_str());
            let name = BackupName::new(tenant.clone(), Timestamp::from_second(second).unwrap()).unwrap();
            let text = name.to_string();
            prop_assert_eq!(text.len(), alias.len() + 22);
            let read: BackupName = text.parse().unwrap();
            prop_assert_eq!(&read, &name);
            prop_assert_eq!(read.created().as_second(), second);
            for kind in [BackupKind::Automatic, BackupKind::Manual] {
                prop_assert_eq!(Part::parse(&name.sidecar(kind)), Some(Part::Sidecar(name.clone(), kind)));
            }
            prop_assert_eq!(Part::parse(&name.job_record()), Some(Part::Job(name.clone())));
            prop_assert_eq!(Part::parse(&text), Some(Part::File(name.clone())));
            prop_assert_eq!(name.next_second().unwrap().created().as_second(), second + 1);
            prop_assert!(RestoreNaming::default().of_backup(&name).unwrap().len() <= 128);
        }

        #[test]
        fn any_text_that_parses_prints_the_same(text in "([a-z_.]{0,4}_)?[0-9]{12,15}(\\.bacpac)?|\\PC{0,40}") {
            if let Ok(name) = text.parse::<BackupName>() {
                prop_assert_eq!(name.to_string(), text.as_str());
            }
            if let Ok(alias) = text.parse::<TenantAlias>() {
                prop_assert_eq!(alias.as_str(), text.as_str());
            }
        }
    }

    #[test]
    fn an_alias_that_looks_like_a_name_is_read_from_the_right() {
        let name: BackupName = "a__20260101000000_20260501031007.bacpac".parse().unwrap();
        assert_eq!(name.tenant().as_str(), "a__20260101000000");
    }

    #[test]
    fn bad_aliases_are_refused_with_the_reason() {
        for (alias, why) in [
            ("", "empty"),
            ("a/b", "folders"),
            ("a\\b", "folders"),
            ("a:b", "Windows"),
            ("a b", "URL"),
            ("a%b", "URL"),
            ("a\nb", "control"),
            ("é", "ASCII"),
            ("a~b", "object store"),
            (".a", "dot"),
            ("a.", "dot"),
            ("a..b", "`..`"),
            ("NUL", "device"),
            ("com1.x", "device"),
            (&"x".repeat(91), "longer"),
        ] {
            let error = TenantAlias::new(alias).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.to_string().contains(why), "{alias}: {error}");
        }
    }

    #[test]
    fn bad_names_are_refused() {
        for name in [
            "acme_20260501031007",
            "acme_20260501031007.BACPAC",
            "acme20260501031007.bacpac",
            "acme_2026050103100.bacpac",
            "acme_202605010310070.bacpac",
            "acme_20260230031007.bacpac",
            "acme_20260501240000.bacpac",
            "acme_20260501235960.bacpac",
            "acme_+2260501031007.bacpac",
            "_20260501031007.bacpac",
            "a/b_20260501031007.bacpac",
        ] {
            assert!(name.parse::<BackupName>().is_err(), "{name}");
        }
        assert!(Part::parse("acme_20260501031007.bacpac.other.json").is_none());
        assert!(
            RestoreNaming::default().prefix("x".repeat(120)).name(&TenantAlias::new("a").unwrap(), Date::ZERO).is_err()
        );
    }

    #[test]
    fn fractions_are_dropped_downwards() {
        let at: Timestamp = "1969-12-31T23:59:59.5Z".parse().unwrap();
        let name = BackupName::new(TenantAlias::new("a").unwrap(), at).unwrap();
        assert_eq!(name.to_string(), "a_19691231235959.bacpac");
    }
}
