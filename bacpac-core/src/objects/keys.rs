//! The database's keys: `SqlMasterKey`, `SqlCertificate`, `SqlAsymmetricKey`, `SqlSymmetricKey`, `SqlColumnMasterKey`,
//! `SqlColumnEncryptionKey`, `SqlDatabaseCredential`.
//!
//! Private keys, key values, secrets and passwords are in no package. What is made of these elements at a target is new:
//! same names, other keys. Each comes with a warning that says so.

use super::assembly::hexadecimal;
use super::catalog::{CatalogRow, View, ViewColumn};
use super::extraction::Extraction;
use super::scripting::Scripting;
use super::source::{Source, missing};
use super::statement::{Phase, Statement};
use super::{Kind, authorization, incomplete, made_up_password, name_of, target};
use crate::control::Warning;
use crate::error::Result;
use crate::ident::{Name, literal};
use crate::model::{Annotation, Element, Entry, Reference, schema};

const fn column(name: &'static str) -> ViewColumn {
    ViewColumn::new(name)
}

const VIEWS: &[View] = &[
    View {
        name: "sys.symmetric_keys",
        columns: &[
            column("symmetric_key_id"),
            column("name"),
            column("principal_id"),
            column("key_algorithm"),
            ViewColumn::computed("key_guid", "CONVERT(varbinary(16), [key_guid])", &["key_guid"]),
        ],
    },
    View { name: "sys.key_encryptions", columns: &[column("key_id"), column("crypt_type"), column("thumbprint")] },
    View {
        name: "sys.certificates",
        columns: &[
            column("certificate_id"),
            column("name"),
            column("principal_id"),
            column("sid"),
            column("subject"),
            column("is_active_for_begin_dialog"),
            column("pvt_key_encryption_type"),
            column("thumbprint"),
            ViewColumn::computed("starts", "CONVERT(nvarchar(30), [start_date], 126)", &["start_date"]),
            ViewColumn::computed("expires", "CONVERT(nvarchar(30), [expiry_date], 126)", &["expiry_date"]),
        ],
    },
    View {
        name: "sys.asymmetric_keys",
        columns: &[
            column("asymmetric_key_id"),
            column("name"),
            column("principal_id"),
            column("algorithm"),
            column("pvt_key_encryption_type"),
            column("sid"),
            column("thumbprint"),
        ],
    },
    View {
        name: "sys.database_scoped_credentials",
        columns: &[column("credential_id"), column("name"), column("credential_identity")],
    },
    View {
        name: "sys.column_master_keys",
        columns: &[
            column("column_master_key_id"),
            column("name"),
            column("key_store_provider_name"),
            column("key_path"),
            column("allow_enclave_computations"),
            column("signature"),
        ],
    },
    View {
        name: "sys.column_encryption_key_values",
        columns: &[
            column("column_encryption_key_id"),
            column("column_master_key_id"),
            column("encryption_algorithm_name"),
            column("encrypted_value"),
        ],
    },
];

/// Keys and credentials.
pub(super) const KIND: Kind = Kind {
    classes: &[
        "SqlMasterKey",
        "SqlCertificate",
        "SqlAsymmetricKey",
        "SqlSymmetricKey",
        "SqlColumnMasterKey",
        "SqlColumnEncryptionKey",
        "SqlDatabaseCredential",
    ],
    views: VIEWS,
    extract: extract_all,
    script,
};

fn extract_all(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.symmetric_keys").rows() {
        match row.text("name") {
            Some("##MS_DatabaseMasterKey##") => {
                let mut element = Element::nameless("SqlMasterKey");
                element.set("EncryptionPassword", made_up_password());
                x.push(element);
            }
            Some(name) if !name.starts_with("##") => {
                let element = extract_symmetric(source, x, &row, name)?;
                x.push(element);
            }
            _ => {}
        }
    }
    for row in source.view("sys.certificates").rows() {
        let Some(name) = row.text("name").filter(|n| !n.starts_with("##")) else { continue };
        let mut element = Element::named("SqlCertificate", Name::one(name));
        let protected = row.text("pvt_key_encryption_type").map(str::trim) == Some("PW");
        element.set_flag("IsEncryptedWithPassword", protected, false);
        if protected {
            element.set("NewKeyEncryptionPassword", made_up_password());
        }
        for (property, column) in
            [("NewKeySubject", "subject"), ("NewKeyStartDate", "starts"), ("NewKeyExpireDate", "expires")]
        {
            if let Some(value) = row.text(column) {
                element.set(property, value);
            }
        }
        element.set_flag("IsActiveForBeginDialog", row.flag("is_active_for_begin_dialog"), true);
        if let Some(owner) = row.int("principal_id") {
            element.refer("Authorizer", source.principal_reference(owner)?);
        }
        element.annotations.push(Annotation::new("GloballyScoped"));
        x.push(element);
    }
    for row in source.view("sys.asymmetric_keys").rows() {
        if let Some(name) = row.text("name") {
            let element = extract_asymmetric(source, x, &row, name)?;
            x.push(element);
        }
    }
    for row in source.view("sys.database_scoped_credentials").rows() {
        let Some(name) = row.text("name") else { continue };
        let mut element = Element::named("SqlDatabaseCredential", Name::one(name));
        element.set("Identity", row.text("credential_identity").unwrap_or_default());
        x.push(element);
    }
    column_keys(source, x)
}

/// A symmetric key: its algorithm, and by what it is encrypted. Its value is in no catalog.
fn extract_symmetric(source: &Source<'_>, x: &mut Extraction, row: &CatalogRow<'_>, name: &str) -> Result<Element> {
    let mut element = Element::named("SqlSymmetricKey", Name::one(name));
    let algorithm = match row.text("key_algorithm").map(str::trim) {
        Some("D") => "Des",
        Some("D3") => "TripleDes",
        Some("R2") => "RC2",
        Some("R4") => "RC4",
        Some("RX") => "RC4128",
        Some("DX") => "DesX",
        Some("A1") => "Aes128",
        Some("A2") => "Aes192",
        Some("A3") => "Aes256",
        other => {
            let message = format!("its algorithm {} is not known", other.unwrap_or_default());
            return Err(missing(format!("{}: {message}", element.label())));
        }
    };
    let number = schema().value_number("SqlSymmetricKeyAlgorithm", algorithm);
    element.set_number("Algorithm", number.unwrap_or_default(), 0);
    if let Some(owner) = row.int("principal_id") {
        element.refer("Authorizer", source.principal_reference(owner)?);
    }
    let mut by: [(&str, &str, Vec<Entry>); 3] = [
        ("EncryptionAsymmetricKeys", "sys.asymmetric_keys", Vec::new()),
        ("EncryptionCertificates", "sys.certificates", Vec::new()),
        ("EncryptionSymmetricKeys", "sys.symmetric_keys", Vec::new()),
    ];
    let mut passwords = Vec::new();
    let id = row.int("symmetric_key_id").unwrap_or_default();
    for encryption in source.view("sys.key_encryptions").rows_by("key_id", id) {
        let at = match encryption.text("crypt_type").map(str::trim) {
            Some("EPUA") => 0,
            Some("EPUC") => 1,
            Some("ESKS") => 2,
            _ => {
                let mut password = Element::nameless("SqlSymmetricKeyEncryptionPassword");
                password.set("EncryptionPassword", made_up_password());
                passwords.push(password);
                continue;
            }
        };
        let (_, view, entries) = &mut by[at];
        let column = if at == 2 { "key_guid" } else { "thumbprint" };
        let print = encryption.bytes("thumbprint");
        let key = source.view(view).rows().find(|key| print.is_some() && key.bytes(column) == print);
        if let Some(key) = key.and_then(|key| key.text("name")) {
            entries.push(Entry::References(Reference::to(Name::one(key))));
        }
    }
    for (relationship, _, entries) in by {
        element.relate(relationship, entries);
    }
    if passwords.is_empty() && element.relationships.iter().all(|r| !r.name.starts_with("Encryption")) {
        let mut password = Element::nameless("SqlSymmetricKeyEncryptionPassword");
        password.set("EncryptionPassword", made_up_password());
        passwords.push(password);
    }
    element.own("EncryptionPasswords", passwords);
    value_lost(x, &element);
    Ok(element)
}

/// An asymmetric key: its algorithm. The key pair is in no catalog.
fn extract_asymmetric(source: &Source<'_>, x: &mut Extraction, row: &CatalogRow<'_>, name: &str) -> Result<Element> {
    let mut element = Element::named("SqlAsymmetricKey", Name::one(name));
    let algorithm = match row.text("algorithm").map(str::trim) {
        Some("1R") => 1,
        Some("2R") => 2,
        Some("3R") => 3,
        other => {
            let why = format!("its algorithm {} cannot be in a package", other.unwrap_or("(none)"));
            return Err(super::unsupported(element.label(), why));
        }
    };
    element.set_number("Algorithm", algorithm, 0);
    let protected = row.text("pvt_key_encryption_type").map(str::trim) == Some("PW");
    if protected {
        element.set("EncryptionPassword", made_up_password());
    }
    element.set_flag("IsEncryptedWithPassword", protected, false);
    if let Some(owner) = row.int("principal_id") {
        element.refer("Authorizer", source.principal_reference(owner)?);
    }
    value_lost(x, &element);
    Ok(element)
}

fn value_lost(x: &mut Extraction, element: &Element) {
    let message = "only its name and algorithm are in the package: what it encrypted cannot be read with the key that an \
                   import makes in its place";
    x.warn(Warning::new("key_value_left_out", message).about(element.label()));
}

fn column_keys(source: &Source<'_>, x: &mut Extraction) -> Result<()> {
    for row in source.view("sys.column_master_keys").rows() {
        let Some(name) = row.text("name") else { continue };
        let mut element = Element::named("SqlColumnMasterKey", Name::one(name));
        element.set("KeyStoreProviderName", row.text("key_store_provider_name").unwrap_or_default());
        element.set("KeyPath", row.text("key_path").unwrap_or_default());
        element.set_flag("AllowEnclaveComputations", row.flag("allow_enclave_computations"), false);
        if let Some(signature) = row.bytes("signature") {
            element.set("Signature", hexadecimal(signature));
        }
        x.push(element);
    }
    for row in source.view("sys.column_encryption_keys").rows() {
        let (Some(id), Some(name)) = (row.int("column_encryption_key_id"), row.text("name")) else { continue };
        let mut values = Vec::new();
        for value in source.view("sys.column_encryption_key_values").rows_by("column_encryption_key_id", id) {
            let mut element = Element::nameless("SqlColumnEncryptionKeyValue");
            element.set("EncryptedValue", hexadecimal(value.bytes("encrypted_value").unwrap_or_default()));
            element.set("EncryptionAlgorithm", value.text("encryption_algorithm_name").unwrap_or_default());
            let master = value.int("column_master_key_id");
            let master = master.and_then(|id| source.view("sys.column_master_keys").row_by("column_master_key_id", id));
            let master = master.and_then(|m| m.text("name"));
            let master = master.ok_or_else(|| missing(format!("the master key of {name} is not there")))?;
            element.refer("ColumnMasterKey", Reference::to(Name::one(master)));
            values.push(element);
        }
        let mut element = Element::named("SqlColumnEncryptionKey", Name::one(name));
        element.own("ColumnEncryptionKeyValues", values);
        x.push(element);
    }
    Ok(())
}

fn script(element: &Element, s: &Scripting<'_>, out: &mut Vec<Statement>) -> Result<()> {
    let text = match element.class.as_str() {
        "SqlMasterKey" => master_key(element, s)?,
        "SqlCertificate" => certificate(element, s)?,
        "SqlSymmetricKey" => symmetric_key(element, s)?,
        "SqlAsymmetricKey" => asymmetric_key(element, s)?,
        "SqlDatabaseCredential" => credential(element, s)?,
        "SqlColumnMasterKey" => column_master_key(element, s)?,
        _ => column_encryption_key(element, s)?,
    };
    let mut statement = Statement::of(Phase::Keys, element, text);
    if element.class == "SqlMasterKey" {
        statement.creates.push(master_key_name());
    } else if matches!(element.class.as_str(), "SqlCertificate" | "SqlAsymmetricKey" | "SqlDatabaseCredential") {
        statement.depends_on.push(master_key_name());
    }
    out.push(statement);
    Ok(())
}

/// By this name statements that need the master key wait for it; nothing else can be called so.
fn master_key_name() -> Name {
    Name::one("##MS_DatabaseMasterKey##")
}

fn made_new(element: &Element, s: &Scripting<'_>, what: &str) {
    s.warn(Warning::new("key_made_new", what.to_owned()).about(element.label()));
}

fn master_key(element: &Element, s: &Scripting<'_>) -> Result<String> {
    s.expect_known(element, &["EncryptionPassword"], &[])?;
    made_new(element, s, "a new key with a new random password: packages carry neither; set a password of your own");
    Ok(format!("CREATE MASTER KEY ENCRYPTION BY PASSWORD = {};", literal(&made_up_password())))
}

fn certificate(element: &Element, s: &Scripting<'_>) -> Result<String> {
    s.expect_known(
        element,
        &[
            "IsEncryptedWithPassword",
            "NewKeyEncryptionPassword",
            "NewKeySubject",
            "NewKeyStartDate",
            "NewKeyExpireDate",
            "IsActiveForBeginDialog",
        ],
        &["Authorizer"],
    )?;
    made_new(element, s, "a new certificate of the same name: packages carry no private keys");
    let mut text = format!("CREATE CERTIFICATE {}{}", name_of(element)?, authorization(element));
    if element.flag("IsEncryptedWithPassword", false) {
        text.push_str(&format!("\n    ENCRYPTION BY PASSWORD = {}", literal(&made_up_password())));
    }
    text.push_str(&format!("\n    WITH SUBJECT = {}", literal(element.property("NewKeySubject").unwrap_or_default())));
    for (property, word) in [("NewKeyStartDate", "START_DATE"), ("NewKeyExpireDate", "EXPIRY_DATE")] {
        if let Some(date) = element.property(property) {
            text.push_str(&format!(", {word} = {}", literal(date)));
        }
    }
    if !element.flag("IsActiveForBeginDialog", true) {
        text.push_str("\n    ACTIVE FOR BEGIN_DIALOG = OFF");
    }
    text.push(';');
    Ok(text)
}

fn symmetric_key(element: &Element, s: &Scripting<'_>) -> Result<String> {
    s.expect_known(
        element,
        &["Algorithm", "KeySource", "IdentityValue"],
        &[
            "Authorizer",
            "EncryptionAsymmetricKeys",
            "EncryptionCertificates",
            "EncryptionPasswords",
            "EncryptionSymmetricKeys",
        ],
    )?;
    made_new(
        element,
        s,
        "a new key of the same name: packages carry no key values; what it encrypted cannot be read with it",
    );
    let number = element.property("Algorithm").and_then(|n| n.parse().ok()).unwrap_or(0);
    let algorithm = match schema().value_name("SqlSymmetricKeyAlgorithm", number) {
        Some("TripleDes") => "TRIPLE_DES",
        Some("Aes128") => "AES_128",
        Some("Aes192") => "AES_192",
        Some("Aes256") => "AES_256",
        Some("RC4128") => "RC4_128",
        Some("Des") => "DES",
        Some("RC2") => "RC2",
        Some("RC4") => "RC4",
        Some("DesX") => "DESX",
        _ => return Err(incomplete(element, "has an unknown algorithm")),
    };
    let mut by = Vec::new();
    for (relationship, word) in [
        ("EncryptionCertificates", "CERTIFICATE"),
        ("EncryptionSymmetricKeys", "SYMMETRIC KEY"),
        ("EncryptionAsymmetricKeys", "ASYMMETRIC KEY"),
    ] {
        by.extend(element.references(relationship).filter_map(|r| r.name.as_ref()).map(|n| format!("{word} {n}")));
    }
    by.extend(element.children("EncryptionPasswords").map(|_| format!("PASSWORD = {}", literal(&made_up_password()))));
    let name = name_of(element)?;
    Ok(format!(
        "CREATE SYMMETRIC KEY {name}{}\n    WITH ALGORITHM = {algorithm}\n    ENCRYPTION BY {};",
        authorization(element),
        by.join(", ")
    ))
}

fn asymmetric_key(element: &Element, s: &Scripting<'_>) -> Result<String> {
    s.expect_known(element, &["Algorithm", "EncryptionPassword", "IsEncryptedWithPassword"], &["Authorizer"])?;
    made_new(element, s, "a new key of the same name: packages carry no private keys");
    let algorithm = match element.property("Algorithm") {
        Some("1") => "RSA_512",
        Some("2") => "RSA_1024",
        Some("3") => "RSA_2048",
        _ => return Err(incomplete(element, "has an unknown algorithm")),
    };
    let password = match element.property("EncryptionPassword") {
        Some(_) => format!("\n    ENCRYPTION BY PASSWORD = {}", literal(&made_up_password())),
        None => String::new(),
    };
    let name = name_of(element)?;
    Ok(format!("CREATE ASYMMETRIC KEY {name}{}\n    WITH ALGORITHM = {algorithm}{password};", authorization(element)))
}

fn credential(element: &Element, s: &Scripting<'_>) -> Result<String> {
    s.expect_known(element, &["Identity", "Secret"], &[])?;
    made_new(
        element,
        s,
        "a credential without its secret: packages carry none; set it with ALTER DATABASE SCOPED CREDENTIAL",
    );
    let identity = literal(element.property("Identity").unwrap_or_default());
    Ok(format!("CREATE DATABASE SCOPED CREDENTIAL {} WITH IDENTITY = {identity};", name_of(element)?))
}

fn column_master_key(element: &Element, s: &Scripting<'_>) -> Result<String> {
    s.expect_known(element, &["KeyStoreProviderName", "KeyPath", "AllowEnclaveComputations", "Signature"], &[])?;
    let value = |property: &str| literal(element.property(property).unwrap_or_default());
    let enclave = match element.property("Signature") {
        Some(signature) if element.flag("AllowEnclaveComputations", false) => {
            format!(",\n    ENCLAVE_COMPUTATIONS (SIGNATURE = {signature})")
        }
        _ => String::new(),
    };
    Ok(format!(
        "CREATE COLUMN MASTER KEY {}\nWITH (\n    KEY_STORE_PROVIDER_NAME = {},\n    KEY_PATH = {}{enclave}\n);",
        name_of(element)?,
        value("KeyStoreProviderName"),
        value("KeyPath")
    ))
}

fn column_encryption_key(element: &Element, s: &Scripting<'_>) -> Result<String> {
    s.expect_known(element, &[], &["ColumnEncryptionKeyValues"])?;
    let mut values = Vec::new();
    for value in element.children("ColumnEncryptionKeyValues") {
        let master = target(value, "ColumnMasterKey")?;
        let algorithm = literal(value.property("EncryptionAlgorithm").unwrap_or_default());
        let bytes = value.property("EncryptedValue").ok_or_else(|| incomplete(value, "has no EncryptedValue"))?;
        let one = "COLUMN_MASTER_KEY = ";
        values.push(format!("(\n    {one}{master},\n    ALGORITHM = {algorithm},\n    ENCRYPTED_VALUE = {bytes}\n)"));
    }
    Ok(format!("CREATE COLUMN ENCRYPTION KEY {}\nWITH VALUES {};", name_of(element)?, values.join(", ")))
}
