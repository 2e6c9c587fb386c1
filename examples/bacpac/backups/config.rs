//! The file that says where backups are kept, of which tenants, when, and for how long.

use async_trait::async_trait;
use bacpac_core::backup::{
    BackupSource, DatabaseSource, MissedRuns, RestoreNaming, RetentionPolicy, Schedule, ServiceOptions, TenantAlias,
    Tenants,
};
use bacpac_core::connection::{ConnectionSettings, Connector, Driver, connector};
use bacpac_core::export::ExportOptions;
use bacpac_core::storage::ObjectSinkOptions;
use bacpac_core::{Error, ErrorKind, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A configuration, as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    /// A path or the URL of a folder in a store.
    pub(super) store: Option<String>,
    /// Settings of the store, by the names that `object_store` has for them; they count before the environment.
    pub(super) store_options: BTreeMap<String, String>,
    schedule: ScheduleConfig,
    pub(super) retention: RetentionPolicy,
    limits: Limits,
    pub(super) restore: RestoreNaming,
    defaults: TenantDefaults,
    tenants: Vec<TenantConfig>,
    /// The folder of the file, for the paths in it.
    #[serde(skip)]
    folder: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ScheduleConfig {
    at: String,
    zone: String,
    missed: Missed,
    /// How late a run may begin where missed ones are skipped.
    grace_minutes: u64,
    jitter_minutes: u64,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        let (at, zone) = ("00:10".into(), "America/New_York".into());
        Self { at, zone, missed: Missed::CatchUp, grace_minutes: 60, jitter_minutes: 0 }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Missed {
    CatchUp,
    Skip,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Limits {
    parallelism: usize,
    per_server: usize,
    per_tenant: usize,
    retries: u32,
    retry_after_minutes: u64,
    lease_minutes: u64,
    stale_upload_hours: u64,
    /// MiB of a piece of an upload: 8 makes files of up to 80 GB.
    piece_mib: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            parallelism: 4,
            per_server: 2,
            per_tenant: 1,
            retries: 2,
            retry_after_minutes: 15,
            lease_minutes: 5,
            stale_upload_hours: 24,
            piece_mib: 8,
        }
    }
}

/// Where a connection string is: never in the configuration itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "toml::Value")]
enum Secret {
    /// In an environment variable.
    Env(String),
    /// In a file, e.g. one that the orchestrator mounts.
    File(PathBuf),
}

impl TryFrom<toml::Value> for Secret {
    type Error = &'static str;

    /// By hand: what is wrong here may be a secret, which no message may repeat.
    fn try_from(value: toml::Value) -> Result<Self, &'static str> {
        let one = value.as_table().filter(|t| t.len() == 1).and_then(|t| t.iter().next());
        match one.map(|(name, value)| (name.as_str(), value.as_str())) {
            Some(("env", Some(name))) => Ok(Secret::Env(name.into())),
            Some(("file", Some(path))) => Ok(Secret::File(path.into())),
            _ => Err("a connection is { env = \"VARIABLE\" } or { file = \"PATH\" }"),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TenantDefaults {
    connection: Option<Secret>,
    driver: Option<String>,
    export: Option<ExportOptions>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantConfig {
    alias: TenantAlias,
    /// The alias itself where it is not said.
    database: Option<String>,
    connection: Option<Secret>,
    driver: Option<String>,
    export: Option<ExportOptions>,
}

impl Config {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let at = |e: std::io::Error| {
            let kind = Error::from(std::io::Error::from(e.kind())).kind();
            Error::new(kind, format!("the configuration {} cannot be read: {e}", path.display()))
                .with_help("name it with --config, or in the environment variable BACPAC_BACKUPS")
        };
        let text = std::fs::read_to_string(path).map_err(at)?;
        let mut config = Self::parse(&text)
            .map_err(|e| Error::new(e.kind(), format!("the configuration {}: {}", path.display(), e.message())))?;
        config.folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(config)
    }

    fn parse(text: &str) -> Result<Self> {
        let wrong = |why: String| Error::new(ErrorKind::InvalidArgument, why);
        // The whole error would show the line, and whatever stands in it.
        let mut config: Self = toml::from_str(text).map_err(|e: toml::de::Error| {
            let before = e.span().and_then(|span| text.get(..span.start));
            match before.map(|before| before.matches('\n').count() + 1) {
                Some(line) => wrong(format!("line {line}: {}", e.message())),
                None => wrong(e.message().to_owned()),
            }
        })?;
        let mut seen = BTreeSet::new();
        for tenant in &config.tenants {
            // Stores and Windows may not tell them apart.
            if !seen.insert(tenant.alias.as_str().to_lowercase()) {
                return Err(wrong(format!("the tenant {} is there twice", tenant.alias)));
            }
            if tenant.connection.is_none() && config.defaults.connection.is_none() {
                return Err(wrong(format!("the tenant {} has no connection, and there is no default", tenant.alias)));
            }
            config.driver(tenant)?;
        }
        // A day of retention is a day of the schedule, unless the file says otherwise.
        let says_zone = |file: toml::Table| file.get("retention")?.get("zone").cloned();
        if toml::from_str(text).ok().and_then(says_zone).is_none() {
            config.retention.zone = config.schedule()?.zone().clone();
        }
        Ok(config)
    }

    /// The tenants, in the order of the file.
    pub(super) fn aliases(&self) -> impl Iterator<Item = &TenantAlias> {
        self.tenants.iter().map(|t| &t.alias)
    }

    fn tenant(&self, alias: &TenantAlias) -> Result<&TenantConfig> {
        self.tenants.iter().find(|t| t.alias == *alias).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("the configuration has no tenant {alias}"))
                .with_help("add it to the configuration, as one more [[tenants]]")
        })
    }

    fn driver(&self, tenant: &TenantConfig) -> Result<Driver> {
        let name = tenant.driver.as_deref().or(self.defaults.driver.as_deref());
        let Some(name) = name else { return Ok(Driver::default()) };
        [Driver::MssqlTds, Driver::Tiberius].into_iter().find(|d| d.name() == name).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("there is no driver {name:?}"))
                .with_help("use mssql-tds or tiberius")
        })
    }

    /// The server of a tenant. Its connection string is read now, so that one that was changed counts.
    pub(super) fn connector(&self, alias: &TenantAlias) -> Result<Arc<dyn Connector>> {
        let tenant = self.tenant(alias)?;
        let secret = tenant.connection.as_ref().or(self.defaults.connection.as_ref());
        let text = match secret {
            Some(Secret::Env(name)) => std::env::var(name).map_err(|_| {
                Error::new(
                    ErrorKind::InvalidArgument,
                    format!("the connection string of {alias} is to be in {name}, which is not set"),
                )
            })?,
            Some(Secret::File(path)) => std::fs::read_to_string(self.folder.join(path)).map_err(|e| {
                let why = format!("the connection string of {alias} is to be in {}: {e}", path.display());
                Error::new(Error::from(std::io::Error::from(e.kind())).kind(), why)
            })?,
            None => return Err(Error::new(ErrorKind::InvalidArgument, format!("{alias} has no connection"))),
        };
        let settings: ConnectionSettings = text.trim().parse()?;
        connector(settings, self.driver(tenant)?)
    }

    fn schedule(&self) -> Result<Schedule> {
        let minutes = |n: u64| Duration::from_secs(n.saturating_mul(60));
        let missed = match self.schedule.missed {
            Missed::CatchUp => MissedRuns::CatchUp,
            Missed::Skip => MissedRuns::Skip { grace: minutes(self.schedule.grace_minutes) },
        };
        let schedule = Schedule::daily(&self.schedule.at, &self.schedule.zone)?;
        Ok(schedule.missed(missed).jitter(minutes(self.schedule.jitter_minutes)))
    }

    /// Options of the service.
    pub(super) fn service(&self) -> Result<ServiceOptions> {
        let limits = &self.limits;
        let minutes = |n: u64| Duration::from_secs(n.saturating_mul(60));
        Ok(ServiceOptions::default()
            .schedule(self.schedule()?)
            .retention(self.retention.clone())
            .lease(minutes(limits.lease_minutes.max(1)))
            .parallelism(limits.parallelism)
            .per_server(limits.per_server)
            .per_tenant(limits.per_tenant)
            .retries(limits.retries)
            .retry_after(minutes(limits.retry_after_minutes))
            .stale_uploads(minutes(limits.stale_upload_hours.saturating_mul(60)))
            .upload(ObjectSinkOptions::default().piece_size(limits.piece_mib.max(5) << 20)))
    }
}

/// The tenants of a configuration.
pub(super) struct Configured(pub(super) Arc<Config>);

#[async_trait]
impl Tenants for Configured {
    async fn tenants(&self) -> Result<Vec<TenantAlias>> {
        Ok(self.0.aliases().cloned().collect())
    }

    async fn source(&self, alias: &TenantAlias) -> Result<Arc<dyn BackupSource>> {
        let tenant = self.0.tenant(alias)?;
        let database = tenant.database.as_deref().unwrap_or(alias.as_str());
        let options = tenant.export.clone().or_else(|| self.0.defaults.export.clone()).unwrap_or_default();
        Ok(Arc::new(DatabaseSource::new(self.0.connector(alias)?, database, options)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
        store = "s3://backups/nightly"
        [store_options]
        aws_region = "eu-central-1"
        [schedule]
        at = "00:10"
        zone = "America/New_York"
        missed = "skip"
        grace_minutes = 90
        jitter_minutes = 20
        [retention]
        days = 21
        monthly = 12
        [limits]
        parallelism = 8
        [restore]
        prefix = "Acme"
        [defaults]
        connection = { env = "BACPAC_SERVER" }
        [defaults.export]
        consistency = "snapshot_transaction"
        [[tenants]]
        alias = "acmecorp"
        database = "CifraHQ_acmecorp"
        [[tenants]]
        alias = "globex_inc"
        connection = { file = "secrets/globex" }
        driver = "tiberius"
    "#;

    #[test]
    fn reads_all_there_is() {
        let config = Config::parse(WHOLE).unwrap();
        assert_eq!(config.aliases().map(TenantAlias::as_str).collect::<Vec<_>>(), ["acmecorp", "globex_inc"]);
        let service = config.service().unwrap();
        assert_eq!((service.parallelism, service.retention.days, service.retention.monthly), (8, 21, 12));
        assert_eq!(config.driver(&config.tenants[1]).unwrap(), Driver::Tiberius);
        let berlin = Config::parse("[schedule]\nzone = 'Europe/Berlin'\n[retention]\ndays = 7").unwrap();
        assert_eq!(berlin.retention.zone.iana_name(), Some("Europe/Berlin"));
        assert_eq!(Config::parse("").unwrap().service().unwrap(), ServiceOptions::default());
    }

    #[test]
    fn the_guide_shows_a_configuration_that_can_be_read() {
        let guide = include_str!("../../../docs/backups.md");
        let shown = guide.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let config = Config::parse(shown).unwrap();
        assert_eq!(config.aliases().map(TenantAlias::as_str).collect::<Vec<_>>(), ["acmecorp", "globex_inc"]);
        // What it shows beside the store and the tenants are the defaults.
        assert_eq!(config.service().unwrap(), ServiceOptions::default());
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, why) in [
            ("stor = 'x'", "stor"),
            ("[retention]\ndayz = 3", "dayz"),
            ("[schedule]\nat = '25:00'", "25:00"),
            ("[[tenants]]\nalias = 'a/b'\nconnection = { env = 'X' }", "a/b"),
            ("[[tenants]]\nalias = 'a'", "has no connection"),
            ("[[tenants]]\nalias = 'a'\nconnection = { env = 'X' }\ndriver = 'odbc'", "odbc"),
            ("[defaults]\nconnection = { env = 'X' }\n[[tenants]]\nalias = 'a'\n[[tenants]]\nalias = 'A'", "twice"),
            ("[defaults]\nconnection = 'Server=x;Password=hunter2'", "line 2: a connection is {"),
            ("[defaults]\nconnection = { string = 'Server=x;Password=hunter2' }", "a connection is {"),
        ] {
            let e = Config::parse(text).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::InvalidArgument, "{text}");
            assert!(e.to_string().contains(why), "{text}: {e}");
            assert!(!format!("{e:?}").contains("hunter2"), "{e:?}");
        }
    }

    #[test]
    fn connection_strings_come_from_their_places_and_do_not_show() {
        let folder = std::env::temp_dir().join(format!("bacpac-config-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("secrets")).unwrap();
        std::fs::write(folder.join("backups.toml"), WHOLE).unwrap();
        let config = Config::read(&folder.join("backups.toml")).unwrap();
        let globex: TenantAlias = "globex_inc".parse().unwrap();
        assert_eq!(config.connector(&globex).err().unwrap().kind(), ErrorKind::NotFound);
        let string = "Server=tcp:db9,1433;User Id=backup;Password=hunter2\n";
        std::fs::write(folder.join("secrets/globex"), string).unwrap();
        assert!(config.connector(&globex).unwrap().server().contains("db9"));
        std::fs::write(folder.join("secrets/globex"), "Server=tcp:db9;Password=hunter2;Nonsense").unwrap();
        let e = config.connector(&globex).err().unwrap();
        assert!(!format!("{e:?}").contains("hunter2"), "{e:?}");
        let unknown = config.connector(&"nobody".parse().unwrap()).err().unwrap();
        assert_eq!(unknown.kind(), ErrorKind::NotFound);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
