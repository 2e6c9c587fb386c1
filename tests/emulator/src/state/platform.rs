//! Which product and version the server says it is; decides which catalog columns and options exist.

/// A SQL Server release, or Azure SQL Database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Platform {
    /// SQL Server 2012.
    Sql110,
    /// SQL Server 2014.
    Sql120,
    /// SQL Server 2016.
    Sql130,
    /// SQL Server 2017.
    Sql140,
    /// SQL Server 2019.
    Sql150,
    /// SQL Server 2022.
    #[default]
    Sql160,
    /// SQL Server 2025.
    Sql170,
    /// Azure SQL Database.
    Azure,
}

impl Platform {
    /// Level of features, as the compatibility level of the release; Azure has all of them.
    pub fn level(self) -> u16 {
        match self {
            Self::Sql110 => 110,
            Self::Sql120 => 120,
            Self::Sql130 => 130,
            Self::Sql140 => 140,
            Self::Sql150 => 150,
            Self::Sql160 => 160,
            Self::Sql170 | Self::Azure => 170,
        }
    }

    /// Compatibility level of a new database.
    pub fn compatibility_level(self) -> u8 {
        match self {
            Self::Azure => 160,
            other => other.level() as u8,
        }
    }

    /// Whether this is Azure SQL Database.
    pub fn is_azure(self) -> bool {
        self == Self::Azure
    }

    /// `SERVERPROPERTY('ProductVersion')`.
    pub fn product_version(self) -> &'static str {
        match self {
            Self::Sql110 => "11.0.7001.0",
            Self::Sql120 => "12.0.6024.0",
            Self::Sql130 => "13.0.6300.2",
            Self::Sql140 => "14.0.3456.2",
            Self::Sql150 => "15.0.4375.4",
            Self::Sql160 => "16.0.4135.4",
            Self::Sql170 => "17.0.1000.7",
            Self::Azure => "12.0.2000.8",
        }
    }

    /// Major, minor, build, as the login acknowledgement carries them.
    pub fn version_parts(self) -> (u8, u8, u16) {
        let mut parts = self.product_version().split('.').map(|part| part.parse::<u16>().unwrap_or(0));
        let major = parts.next().unwrap_or(0) as u8;
        let minor = parts.next().unwrap_or(0) as u8;
        (major, minor, parts.next().unwrap_or(0))
    }

    /// `@@MICROSOFTVERSION`.
    pub fn microsoft_version(self) -> i32 {
        let (major, minor, build) = self.version_parts();
        (i32::from(major) << 24) | (i32::from(minor) << 16) | i32::from(build)
    }

    /// `SERVERPROPERTY('EngineEdition')`: 3 Enterprise and Developer, 5 Azure SQL Database.
    pub fn engine_edition(self) -> i32 {
        if self.is_azure() { 5 } else { 3 }
    }

    /// `SERVERPROPERTY('Edition')`.
    pub fn edition(self) -> &'static str {
        if self.is_azure() { "SQL Azure" } else { "Developer Edition (64-bit)" }
    }

    /// `SERVERPROPERTY('ProductLevel')`.
    pub fn product_level(self) -> &'static str {
        match self {
            Self::Sql110 => "SP4",
            Self::Sql120 | Self::Sql130 => "SP3",
            _ => "RTM",
        }
    }

    /// `@@VERSION`.
    pub fn version_text(self) -> String {
        let (name, day) = match self {
            Self::Sql110 => ("2012 (SP4) (KB4018073)", "Aug 15 2017 10:23:29"),
            Self::Sql120 => ("2014 (SP3) (KB4022619)", "Sep  7 2018 01:37:51"),
            Self::Sql130 => ("2016 (SP3) (KB5003279)", "Jul 29 2021 23:37:38"),
            Self::Sql140 => ("2017 (RTM-CU31) (KB5016884)", "Sep  2 2022 11:07:36"),
            Self::Sql150 => ("2019 (RTM-CU27) (KB5037331)", "Apr 30 2024 09:50:19"),
            Self::Sql160 => ("2022 (RTM-CU14) (KB5038325)", "Jul 10 2024 14:09:09"),
            Self::Sql170 => ("2025 (RTM)", "Oct 21 2025 12:05:57"),
            Self::Azure => {
                return "Microsoft SQL Azure (RTM) - 12.0.2000.8 \n\tJul 10 2024 16:59:06 \n\tCopyright (C) 2022 Microsoft Corporation\n"
                    .to_owned();
            }
        };
        let year = day.split_whitespace().nth(2).unwrap_or("2022");
        format!(
            "Microsoft SQL Server {name} - {version} (X64) \n\t{day} \n\tCopyright (C) {year} Microsoft Corporation\n\tDeveloper Edition (64-bit) on Linux (Ubuntu 22.04.4 LTS) <X64>",
            version = self.product_version()
        )
    }

    /// By the name used on the command line and in tests: `2019`, `150`, `Sql150`, `azure`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        Some(match text.trim_start_matches("sql") {
            "2012" | "110" => Self::Sql110,
            "2014" | "120" => Self::Sql120,
            "2016" | "130" => Self::Sql130,
            "2017" | "140" => Self::Sql140,
            "2019" | "150" => Self::Sql150,
            "2022" | "160" => Self::Sql160,
            "2025" | "170" => Self::Sql170,
            "azure" | "azurev12" => Self::Azure,
            _ => return None,
        })
    }
}
