//! `bacpac`: look into, script, rewrite, export, import, verify and compare `.bacpac` files; keep nightly backups.
//!
//! Exit codes: 0 done; 1 failed, with what, where and what to do on standard error; 2 the command line is wrong;
//! 3 `verify` or `diff` found a difference; 4 `preflight` found what stands in the way; 130 cancelled.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command prints")]

mod backups;
mod diff;
mod flags;
mod look;
mod preflight;
mod progress;
mod rewrite;
mod transfer;

use bacpac_core::{Error, ErrorKind};
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Look into, script, rewrite, export, import, verify and compare .bacpac files.
#[derive(Parser)]
#[command(name = "bacpac", version)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// What a .bacpac or .dacpac holds: where it comes from, its tables, its objects
    Inspect {
        file: PathBuf,
        /// One JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// The rows of one table, as canonical text
    Rows {
        file: PathBuf,
        /// SCHEMA.TABLE, or [schema].[table] where a name holds a dot
        table: String,
    },
    /// One JSON line for each table: schema, table, rows, SHA-256 over the canonical text
    Digest { file: PathBuf },
    /// The whole schema as T-SQL, in the order in which it can be run
    Script {
        file: PathBuf,
        /// Go on without objects that cannot be scripted, naming each
        #[arg(long)]
        skip_unsupported: bool,
        /// Leave out permissions
        #[arg(long)]
        skip_permissions: bool,
        /// Leave out users, logins and memberships
        #[arg(long)]
        skip_users: bool,
    },
    /// Write a package anew: rows decoded and encoded, model read and written
    Rewrite {
        input: PathBuf,
        output: PathBuf,
        /// Replace OUTPUT if it exists
        #[arg(long)]
        overwrite: bool,
    },
    /// Export a database to a file
    Export(transfer::Export),
    /// Import a file as a new database
    Import(transfer::Import),
    /// Restore single tables of a file into a new database, or beside what an existing one has
    RestoreTable(transfer::RestoreTable),
    /// What an export, an import or a restore of tables would meet: every problem at once, and nothing written
    Preflight(preflight::Preflight),
    /// The platform's nightly backups: list, make, download, restore, prune, verify, run
    Backups(backups::Backups),
    /// Compare a file with a database: the same rows in every table, the same model
    Verify(transfer::Verify),
    /// What differs between two files or databases: objects by property, rows by key
    Diff(diff::Diff),
}

fn main() -> ExitCode {
    let command = Command::parse();
    // The drivers log what they also return as errors.
    let quiet = "warn,mssql_tds=off,tiberius=off";
    let filter = tracing_subscriber::EnvFilter::try_from_env("BACPAC_LOG").unwrap_or_else(|_| quiet.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return fail(&Error::from(e)),
    };
    match runtime.block_on(run(command.verb)) {
        Ok(code) => code,
        Err(e) => fail(&e),
    }
}

async fn run(verb: Verb) -> Result<ExitCode, Error> {
    match verb {
        Verb::Inspect { file, json } => look::inspect(&file, json).await,
        Verb::Rows { file, table } => look::rows(&file, &table).await,
        Verb::Digest { file } => look::digest(&file).await,
        Verb::Script { file, skip_unsupported, skip_permissions, skip_users } => {
            look::script(&file, skip_unsupported, skip_permissions, skip_users).await
        }
        Verb::Rewrite { input, output, overwrite } => rewrite::rewrite(&input, &output, overwrite).await,
        Verb::Export(export) => export.run().await,
        Verb::Import(import) => import.run().await,
        Verb::RestoreTable(restore) => restore.run().await,
        Verb::Preflight(preflight) => return preflight.run().await,
        Verb::Backups(backups) => backups.run().await,
        Verb::Verify(verify) => verify.run().await,
        Verb::Diff(diff) => diff.run().await,
    }?;
    Ok(ExitCode::SUCCESS)
}

fn fail(e: &Error) -> ExitCode {
    // A reader that has gone away (`bacpac rows … | head`) is no failure worth words.
    let broken_pipe = std::error::Error::source(e)
        .and_then(|s| s.downcast_ref::<std::io::Error>())
        .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe);
    if broken_pipe {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: {e:?}");
    match e.kind() {
        ErrorKind::Cancelled => ExitCode::from(130),
        ErrorKind::Verification => ExitCode::from(3),
        _ => ExitCode::FAILURE,
    }
}
