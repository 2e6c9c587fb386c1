//! Which product and version a model or a server is of.

use std::fmt;

/// A platform as `DspName` names it. Ordered by version; Azure SQL Database counts as the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Platform {
    Sql90,
    Sql100,
    Sql110,
    Sql120,
    Sql130,
    Sql140,
    Sql150,
    Sql160,
    Sql170,
    SqlAzureV12,
}

impl Platform {
    const ALL: [Platform; 10] = [
        Platform::Sql90,
        Platform::Sql100,
        Platform::Sql110,
        Platform::Sql120,
        Platform::Sql130,
        Platform::Sql140,
        Platform::Sql150,
        Platform::Sql160,
        Platform::Sql170,
        Platform::SqlAzureV12,
    ];

    /// The platform of a server by its major version; one newer than all we know counts as the newest we know.
    pub fn of_version(major: i64) -> Self {
        match major {
            ..=9 => Platform::Sql90,
            10 => Platform::Sql100,
            11 => Platform::Sql110,
            12 => Platform::Sql120,
            13 => Platform::Sql130,
            14 => Platform::Sql140,
            15 => Platform::Sql150,
            16 => Platform::Sql160,
            17.. => Platform::Sql170,
        }
    }

    /// The platform that a model's `DspName` names.
    pub fn of_dsp_name(dsp_name: &str) -> Option<Self> {
        let last = dsp_name.rsplit('.').next()?;
        let platform = last.strip_suffix("DatabaseSchemaProvider")?;
        Self::ALL.into_iter().find(|p| p.name() == platform)
    }

    /// `Sql150`, `SqlAzureV12` …
    pub fn name(self) -> &'static str {
        match self {
            Platform::Sql90 => "Sql90",
            Platform::Sql100 => "Sql100",
            Platform::Sql110 => "Sql110",
            Platform::Sql120 => "Sql120",
            Platform::Sql130 => "Sql130",
            Platform::Sql140 => "Sql140",
            Platform::Sql150 => "Sql150",
            Platform::Sql160 => "Sql160",
            Platform::Sql170 => "Sql170",
            Platform::SqlAzureV12 => "SqlAzureV12",
        }
    }

    /// Azure SQL Database.
    pub fn is_azure(self) -> bool {
        self == Platform::SqlAzureV12
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_dsp_names() {
        for platform in Platform::ALL {
            let dsp = format!("Microsoft.Data.Tools.Schema.Sql.{platform}DatabaseSchemaProvider");
            assert_eq!(Platform::of_dsp_name(&dsp), Some(platform));
        }
        assert_eq!(Platform::of_dsp_name("Sql150"), None);
    }
}
