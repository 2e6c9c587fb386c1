//! Principals, permissions, properties and the smaller kinds: small catalogs to models and on to T-SQL.

use super::{catalog, model};
use crate::objects::{ExtractOptions, Extracted, ScriptOptions, extract, script};

const CATALOG: &str = "
sys.databases
database_id|name|is_current|engine_edition|product_version|database_collation|compatibility_level
5|D|1|3|15.0.2000.5|SQL_Latin1_General_CP1_CI_AS|150

sys.schemas
schema_id|name|principal_id
1|dbo|1
5|sales|6
9|db_owner|16384

sys.types
user_type_id|system_type_id|schema_id|name|is_user_defined
56|56|4|int|0

sys.database_principals
principal_id|name|type|is_fixed_role|authentication_type|owning_principal_id|default_schema_name|login
0|public|R|0|0|1|NULL|NULL
1|dbo|S|0|1|NULL|dbo|sa
5|ann|S|0|1|NULL|sales|ann
6|staff|R|0|0|1|NULL|NULL
7|bob|S|0|0|NULL|dbo|NULL
8|lost|S|0|1|NULL|dbo|NULL
9|##internal##|S|0|1|NULL|dbo|NULL
16384|db_owner|R|1|0|1|NULL|NULL
16390|db_datareader|R|1|0|1|NULL|NULL

sys.database_role_members
role_principal_id|member_principal_id
16390|5
6|7
16384|1

sys.objects
object_id|schema_id|parent_object_id|name|type|is_ms_shipped
100|5|0|T|U|0
101|1|0|S|SN|0
102|1|0|Elsewhere|SN|0
200|5|100|CK_T|C|0

sys.tables
object_id|schema_id|name|uses_ansi_nulls
100|5|T|1

sys.columns
object_id|column_id|name|user_type_id|max_length|precision|scale|is_nullable
100|1|id|56|4|10|0|0

sys.check_constraints
object_id|parent_object_id|is_system_named|definition
200|100|0|([id]>(0))

sys.synonyms
object_id|base_object_name
101|[D].[sales].[T]
102|[Other].[dbo].[X]

sys.database_permissions
class|major_id|minor_id|grantee_principal_id|grantor_principal_id|type|permission_name|state
0|0|0|5|1|CO|CONNECT|G
1|100|0|6|1|SL|SELECT|W
1|100|1|5|1|UP|UPDATE|D
3|5|0|0|1|VW|VIEW DEFINITION|G
1|100|0|9|1|SL|SELECT|G
4|6|0|5|1|CL|CONTROL|G
0|0|0|5|1|XX|SOMETHING NEW|G

sys.extended_properties
class|major_id|minor_id|name|text|base_type
0|0|0|About|it's all|nvarchar
1|100|1|MS_Description|the key|varchar
1|200|0|Level|x5|int
3|5|0|Note|a schema|nvarchar
";

fn extracted() -> Extracted {
    extract(&catalog(CATALOG), &ExtractOptions::default()).expect("a model")
}

#[test]
fn principals_are_named_as_they_are_and_built_in_ones_are_not_elements() {
    let Extracted { model, warnings } = extracted();
    let labels: Vec<String> = model.elements.iter().map(|e| e.label()).collect();
    for label in
        ["SqlUser [ann]", "SqlLogin [ann]", "SqlUser [bob]", "SqlUser [lost]", "SqlRole [staff]", "SqlSchema [sales]"]
    {
        assert!(labels.iter().any(|l| l == label), "{label} in {labels:?}");
    }
    for label in
        ["SqlUser [dbo]", "SqlRole [db_owner]", "SqlUser [##internal##]", "SqlRole [public]", "SqlSchema [db_owner]"]
    {
        assert!(!labels.iter().any(|l| l == label), "{label} in {labels:?}");
    }
    assert_eq!(labels.iter().filter(|l| *l == "SqlRoleMembership").count(), 2, "dbo's membership is not one");
    let codes: Vec<&str> = warnings.iter().map(|w| w.code).collect();
    assert_eq!(codes, ["orphaned_user", "permission_left_out"]);
    let login = model.elements.iter().find(|e| e.class == "SqlLogin").expect("a login");
    assert!(login.property("Password").is_some_and(|p| p.len() > 30));
    assert!(login.disambiguator.is_some(), "its user has the same name");
    let user = model.elements.iter().find(|e| e.label() == "SqlUser [ann]").expect("a user");
    assert_eq!(user.reference("Login").and_then(|r| r.disambiguator), login.disambiguator);
}

#[test]
fn what_is_extracted_is_scripted() {
    let model = extracted().model;
    let scripted = script(&model, &ScriptOptions::default()).expect("T-SQL");
    let text: Vec<&str> = scripted.statements.iter().map(|s| s.text.as_str()).collect();
    for expected in [
        "CREATE USER [ann] WITHOUT LOGIN WITH DEFAULT_SCHEMA = [sales];",
        "CREATE USER [bob] WITHOUT LOGIN;",
        "CREATE ROLE [staff] AUTHORIZATION [dbo];",
        "CREATE SCHEMA [sales] AUTHORIZATION [staff];",
        "ALTER ROLE [db_datareader] ADD MEMBER [ann];",
        "CREATE SYNONYM [dbo].[S] FOR [sales].[T];",
        "CREATE SYNONYM [dbo].[Elsewhere] FOR [Other].[dbo].[X];",
        "GRANT CONNECT TO [ann];",
        "GRANT SELECT\n    ON OBJECT::[sales].[T] TO [staff]\n    WITH GRANT OPTION\n    AS [dbo];",
        "DENY UPDATE\n    ON [sales].[T] ([id]) TO [ann] CASCADE\n    AS [dbo];",
        "GRANT VIEW DEFINITION\n    ON SCHEMA::[sales] TO PUBLIC;",
        "GRANT CONTROL\n    ON ROLE::[staff] TO [ann];",
        "EXECUTE sp_addextendedproperty @name = N'About', @value = N'it''s all';",
        "EXECUTE sp_addextendedproperty @name = N'MS_Description', @value = 'the key', @level0type = N'SCHEMA', \
         @level0name = N'sales', @level1type = N'TABLE', @level1name = N'T', @level2type = N'COLUMN', @level2name = N'id';",
        "EXECUTE sp_addextendedproperty @name = N'Level', @value = x5, @level0type = N'SCHEMA', @level0name = N'sales', \
         @level1type = N'TABLE', @level1name = N'T', @level2type = N'CONSTRAINT', @level2name = N'CK_T';",
        "ALTER DATABASE CURRENT SET COMPATIBILITY_LEVEL = 150;",
    ] {
        assert!(text.contains(&expected), "no {expected} in {text:#?}");
    }
    assert!(text.iter().all(|t| !t.contains("CREATE LOGIN") && !t.contains("PASSWORD")), "{text:#?}");

    let known = ScriptOptions::default().logins(["ANN"]);
    let scripted = script(&model, &known).expect("T-SQL");
    let text: Vec<&str> = scripted.statements.iter().map(|s| s.text.as_str()).collect();
    assert!(text.contains(&"CREATE USER [ann] FOR LOGIN [ann] WITH DEFAULT_SCHEMA = [sales];"), "{text:#?}");
}

#[test]
fn users_and_permissions_can_be_left_out() {
    let model = extracted().model;
    let options = ScriptOptions::default().skip_users(true).skip_permissions(true).skip_extended_properties(true);
    let scripted = script(&model, &options).expect("T-SQL");
    for statement in &scripted.statements {
        for word in ["[ann]", "[bob]", "GRANT", "DENY", "sp_addextendedproperty"] {
            assert!(!statement.text.contains(word), "{}", statement.text);
        }
    }
    assert!(scripted.warnings.iter().any(|w| w.code == "user_left_out"));
}

#[test]
fn keys_are_made_new_and_no_password_of_the_model_is_used() {
    let model = model(
        "<Element Type=\"SqlMasterKey\"><Property Name=\"EncryptionPassword\" Value=\"hunter2hunter2\" /></Element>\
         <Element Type=\"SqlDatabaseCredential\" Name=\"[c]\"><Property Name=\"Identity\" Value=\"SHARED\" /></Element>\
         <Element Type=\"SqlApplicationRole\" Name=\"[app]\"><Property Name=\"Password\" Value=\"hunter2hunter2\" /></Element>",
    );
    let scripted = script(&model, &ScriptOptions::default()).expect("T-SQL");
    let text: Vec<&str> = scripted.statements.iter().map(|s| s.text.as_str()).collect();
    assert!(text.iter().all(|t| !t.contains("hunter2")), "{text:#?}");
    let place =
        |word: &str| text.iter().position(|t| t.contains(word)).unwrap_or_else(|| panic!("{word} in {text:#?}"));
    assert!(place("CREATE MASTER KEY") < place("CREATE DATABASE SCOPED CREDENTIAL [c] WITH IDENTITY = N'SHARED';"));
    assert!(!format!("{:?}", scripted.warnings).contains("hunter2"));
    assert_eq!(scripted.warnings.iter().filter(|w| w.code == "key_made_new").count(), 2);
}
