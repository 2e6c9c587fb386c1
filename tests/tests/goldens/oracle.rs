//! Asks DacFx whether two sides are one database. Each start of DacFx costs seconds, so goldens that share no name are
//! asked about together first, and one by one only where that finds a difference.

use super::cases::Case;
use super::table::Outcome;
use bacpac_core::model::{CompareOptions, Difference, Element, Model, compare};
use bacpac_tests::DacFx;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// DacFx cannot plan a change of column encryption on this runtime: its models are compared by ours.
const NOT_PLANNED: &str = "updates to column encryption requires .NET 4.6";

/// What a server grants by itself: two rights in every new database from 2016 on, and CONNECT to each user it makes.
fn granted(cases: &[&Case]) -> String {
    let mut text = String::new();
    if cases[0].option("--platform") != Some("Sql110") {
        for key in ["MASTER", "ENCRYPTION"] {
            text.push_str(&format!("GRANT VIEW ANY COLUMN {key} KEY DEFINITION TO PUBLIC;\nGO\n"));
        }
    }
    for element in cases.iter().flat_map(|case| &case.model.elements).filter(|e| e.class == "SqlUser") {
        let name = element.name.as_ref().expect("a user has a name");
        let connect = format!("[Grant.Connect.Database].{name}.[dbo]");
        if cases
            .iter()
            .flat_map(|case| &case.model.elements)
            .any(|e| e.name.as_ref().is_some_and(|n| n.to_string() == connect))
        {
            continue;
        }
        text.push_str(&format!("GRANT CONNECT TO {name};\nGO\n"));
    }
    text
}

/// Our side of a comparison.
#[derive(Clone, Debug)]
pub(crate) enum Side {
    /// T-SQL.
    Script(String),
    /// A package.
    Package(PathBuf),
}

/// DacFx, with a folder for what it reads.
pub(crate) struct Judge {
    dacfx: DacFx,
    folder: PathBuf,
    number: AtomicUsize,
}

/// Goldens that can be one database.
struct Group<'c> {
    cases: Vec<&'c Case>,
    names: HashSet<String>,
}

impl Judge {
    pub(crate) fn new(dacfx: DacFx, folder: &Path) -> Self {
        Self { dacfx, folder: folder.to_owned(), number: AtomicUsize::new(0) }
    }

    /// What DacFx says of every case; `join` makes one side of several cases, but of none that is `alone`.
    pub(crate) fn all<'c>(
        &self,
        cases: Vec<(&'c Case, Result<Side, String>)>,
        alone: impl Fn(&Case) -> bool,
        join: impl Fn(&[&Case]) -> Result<Side, String> + Sync,
    ) -> BTreeMap<&'c str, Outcome> {
        let mut outcomes = BTreeMap::new();
        let mut sides: BTreeMap<&str, Side> = BTreeMap::new();
        let mut groups: BTreeMap<&[String], Vec<Group<'_>>> = BTreeMap::new();
        let mut apart: Vec<&Case> = Vec::new();
        for (case, side) in cases {
            match side {
                Ok(side) => _ = sides.insert(&case.name, side),
                Err(why) => {
                    outcomes.insert(case.name.as_str(), Err(why));
                    continue;
                }
            }
            let names = case.names();
            let groups = groups.entry(&case.options).or_default();
            match groups.iter_mut().find(|group| group.names.is_disjoint(&names)) {
                _ if alone(case) => apart.push(case),
                Some(group) => {
                    group.cases.push(case);
                    group.names.extend(names);
                }
                None => groups.push(Group { cases: vec![case], names }),
            }
        }
        let groups: Vec<Group<'_>> = groups.into_values().flatten().collect();
        let together = self.side_by_side(&groups, |group| match group.cases.as_slice() {
            [_] => Err(String::new()),
            cases => join(cases).and_then(|side| self.same(cases, &side, &[])),
        });
        for (group, outcome) in groups.iter().zip(together) {
            match outcome {
                Ok(()) => outcomes.extend(group.cases.iter().map(|case| (case.name.as_str(), Ok(())))),
                Err(_) => apart.extend(&group.cases),
            }
        }
        let each = self.side_by_side(&apart, |case| self.same(&[case], &sides[case.name.as_str()], &[]));
        outcomes.extend(apart.iter().map(|case| case.name.as_str()).zip(each));
        outcomes
    }

    /// Runs `judge` over `items`, two at a time.
    fn side_by_side<T: Sync>(&self, items: &[T], judge: impl Fn(&T) -> Outcome + Sync) -> Vec<Outcome> {
        let next = AtomicUsize::new(0);
        let outcomes: Mutex<Vec<Outcome>> = Mutex::new(vec![Ok(()); items.len()]);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(item) = items.get(at) else { return };
                        let outcome = judge(item);
                        outcomes.lock().expect("no test panics while it holds it")[at] = outcome;
                    }
                });
            }
        });
        outcomes.into_inner().expect("no test panics while it holds it")
    }

    /// Whether `side` and the T-SQL that the cases were made of are one database, but for what is `overlooked`.
    pub(crate) fn same(&self, cases: &[&Case], side: &Side, overlooked: &[String]) -> Outcome {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let options = &cases[0].options;
        let mut theirs: String = cases.iter().map(|case| case.input() + "\nGO\n").collect();
        if matches!(side, Side::Package(_)) {
            theirs.push_str(&granted(cases));
        }
        let theirs = self.file(&format!("{number}-theirs"), &theirs, options)?;
        let ours = match side {
            Side::Script(text) => self.file(&format!("{number}-ours"), text, options)?,
            Side::Package(path) => path.clone(),
        };
        let mut arguments = vec![PathBuf::from("compare"), theirs, ours.clone()];
        arguments.extend(overlooked.iter().flat_map(|name| ["--ignore".into(), name.into()]));
        let (same, said) = self.dacfx.run(&arguments);
        if said.contains(NOT_PLANNED) {
            return self.same_by_model(&ours, cases, options);
        }
        // The goldens have unresolved references on purpose, so messages are no failure; an operation is.
        let is_message = |line: &&str| line.starts_with("Error SQL") || line.starts_with("Warning SQL");
        if same && said.contains("no difference") {
            return Ok(());
        }
        let mut lines: Vec<String> = said.lines().filter(|line| !is_message(line)).map(str::to_owned).collect();
        if let (Side::Package(path), [case]) = (side, cases) {
            lines.push("By our own comparison:".into());
            lines.extend(differences(path, case).iter().take(20).map(ToString::to_string));
        }
        Err(lines.join("\n"))
    }

    /// T-SQL as a file that DacFx compares: a package where there are options to build it with.
    fn file(&self, name: &str, text: &str, options: &[String]) -> Result<PathBuf, String> {
        let source = self.folder.join(name).with_extension("sql");
        fs::write(&source, text).expect("the folder can be written to");
        if options.is_empty() { Ok(source) } else { self.built(&source, options) }
    }

    fn built(&self, source: &Path, options: &[String]) -> Result<PathBuf, String> {
        let package = source.with_extension("dacpac");
        let mut arguments = vec!["build".to_owned(), source.display().to_string(), package.display().to_string()];
        arguments.extend(options.iter().cloned());
        let (_, said) = self.dacfx.run(&arguments);
        if package.is_file() { Ok(package) } else { Err(format!("DacFx does not build it: {said}")) }
    }

    /// Whether the model that DacFx builds of our side is the golden's.
    fn same_by_model(&self, ours: &Path, cases: &[&Case], options: &[String]) -> Outcome {
        let [case] = cases else { return Err("DacFx cannot plan it".into()) };
        let package = match ours.extension().is_some_and(|e| e == "sql") {
            true => self.built(ours, options)?,
            false => ours.to_owned(),
        };
        let lines: Vec<String> = differences(&package, case).iter().map(ToString::to_string).collect();
        if lines.is_empty() { Ok(()) } else { Err(lines.join("\n")) }
    }
}

/// What our comparison finds between a golden's model and a package's.
fn differences(package: &Path, case: &Case) -> Vec<Difference> {
    let mut bytes = Vec::new();
    let mut zip = zip::ZipArchive::new(fs::File::open(package).unwrap()).unwrap();
    zip.by_name("model.xml").unwrap().read_to_end(&mut bytes).unwrap();
    let mut model = Model::read(&bytes[..]).expect("it is a model");
    let mut theirs = case.model.clone();
    // What a server says of its databases is more than DacFx's own defaults, and it grants two rights by itself.
    for model in [&mut model, &mut theirs] {
        model.elements.retain(|e| e.class != "SqlDatabaseOptions");
        let is_given = |e: &Element| e.name.as_ref().is_some_and(|n| n.to_string().contains("[Grant.ViewAnyColumn"));
        model.elements.retain(|e| !is_given(e));
    }
    model.header = theirs.header.clone();
    compare(&theirs, &model, &CompareOptions::default().ignore_dependencies(true).ignore_passwords(true))
}
