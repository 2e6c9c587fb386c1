//! The driver mssql-tds.

use super::{PASSWORD, start};
use mssql_tds::connection::bulk_copy::{BulkCopy, BulkLoadRow, ColumnMapping};
use mssql_tds::connection::client_context::{ClientContext, TdsAuthenticationMethod};
use mssql_tds::connection::tds_client::{ResultSet, TdsClient};
use mssql_tds::connection_provider::tds_connection_provider::TdsConnectionProvider;
use mssql_tds::core::{EncryptionOptions, EncryptionSetting, TdsResult};
use mssql_tds::datatypes::column_values::ColumnValues;
use sqlserver_emulator::{Emulator, Tls};
use std::time::Duration;

async fn connect(emulator: &Emulator, mode: EncryptionSetting, packet_size: u16) -> TdsResult<TdsClient> {
    let mut context = context(emulator, mode);
    context.packet_size = packet_size;
    let source = format!("tcp:localhost,{}", emulator.port());
    TdsConnectionProvider::new().create_client(context, &source, None).await
}

fn context(emulator: &Emulator, mode: EncryptionSetting) -> ClientContext {
    let mut context = ClientContext::with_data_source(&format!("tcp:localhost,{}", emulator.port()));
    context.user_name = "sa".into();
    context.password = PASSWORD.into();
    context.connect_retry_count = 0;
    context.encryption_options =
        EncryptionOptions { mode, trust_server_certificate: true, host_name_in_cert: None, server_certificate: None };
    context
}

async fn rows(client: &mut TdsClient, sql: &str) -> TdsResult<Vec<Vec<ColumnValues>>> {
    client.execute(sql.into(), ()).await?;
    let mut rows = Vec::new();
    if client.on_rows() {
        while let Some(row) = client.next_row().await? {
            rows.push(row);
        }
    }
    client.close_query().await?;
    Ok(rows)
}

#[tokio::test]
async fn every_way_to_encrypt_and_every_packet_size() {
    for (tls, mode) in [
        (Tls::None, EncryptionSetting::PreferOff),
        (Tls::Optional, EncryptionSetting::PreferOff),
        (Tls::Optional, EncryptionSetting::On),
        (Tls::Required, EncryptionSetting::PreferOff),
    ] {
        for packet_size in [512, 8000, 32767] {
            let (emulator, _) = start(tls);
            let mut client = connect(&emulator, mode, packet_size).await.unwrap();
            assert_eq!(rows(&mut client, "generate 3000").await.unwrap().len(), 3000, "{tls:?} {mode:?}");
            assert_eq!(rows(&mut client, "select * from every_type").await.unwrap().len(), 2);
            assert_eq!(rows(&mut client, "select * from rare_types").await.unwrap().len(), 2);
        }
    }
}

#[tokio::test]
async fn strict_encryption_pins_the_certificate() {
    let (emulator, _) = start(Tls::Strict);
    let path = std::env::temp_dir().join(format!("emulator-{}.pem", emulator.port()));
    std::fs::write(&path, emulator.certificate_pem().unwrap()).unwrap();
    let mut context = context(&emulator, EncryptionSetting::Strict);
    context.encryption_options.trust_server_certificate = false;
    context.encryption_options.server_certificate = Some(path.clone());
    let source = format!("tcp:localhost,{}", emulator.port());
    let client = TdsConnectionProvider::new().create_client(context, &source, None).await;
    std::fs::remove_file(path).unwrap();
    assert_eq!(rows(&mut client.unwrap(), "generate 100").await.unwrap().len(), 100);
    assert!(connect(&emulator, EncryptionSetting::On, 8000).await.is_err());
}

#[tokio::test]
async fn logins_and_access_tokens() {
    let (emulator, _) = start(Tls::Optional);
    let source = format!("tcp:localhost,{}", emulator.port());
    let mut token = context(&emulator, EncryptionSetting::On);
    token.tds_authentication_method = TdsAuthenticationMethod::AccessToken;
    (token.user_name, token.password) = (String::new(), String::new());
    token.access_token = Some("a-token".into());
    TdsConnectionProvider::new().create_client(token, &source, None).await.unwrap();
    let mut wrong = context(&emulator, EncryptionSetting::On);
    wrong.password = "no".into();
    let error = TdsConnectionProvider::new().create_client(wrong, &source, None).await.err().unwrap();
    assert!(error.to_string().contains("Login failed for user 'sa'"), "{error}");
}

#[tokio::test]
async fn an_attention_in_the_middle_of_a_result() {
    let (emulator, _) = start(Tls::Optional);
    let mut client = connect(&emulator, EncryptionSetting::On, 8000).await.unwrap();
    client.execute("forever".into(), ()).await.unwrap();
    for _ in 0..10 {
        assert!(client.next_row().await.unwrap().is_some());
    }
    assert!(client.send_attention_with_timeout(Duration::from_secs(5)).await.unwrap());
    client.close_query().await.unwrap();
    assert_eq!(rows(&mut client, "generate 7").await.unwrap().len(), 7);
    let error = rows(&mut client, "raise").await.unwrap_err();
    assert!(error.to_string().contains("Raised."), "{error}");
    assert_eq!(rows(&mut client, "generate 7").await.unwrap().len(), 7);
}

struct Generated(i64);

#[async_trait::async_trait]
impl BulkLoadRow for Generated {
    async fn write_to_packet(
        &self,
        writer: &mut mssql_tds::message::bulk_load::StreamingBulkLoadWriter<'_>,
        column_index: &mut usize,
    ) -> TdsResult<()> {
        for value in [ColumnValues::BigInt(self.0), ColumnValues::Null, ColumnValues::Float(0.5)] {
            writer.write_column_value(*column_index, &value).await?;
            *column_index += 1;
        }
        writer.write_column_value(*column_index, &ColumnValues::Bytes(vec![1, 2])).await?;
        *column_index += 1;
        Ok(())
    }
}

struct Columns;

#[async_trait::async_trait]
impl mssql_tds::test_client_support::MetadataRetriever for Columns {
    async fn retrieve_metadata(
        &mut self,
        client: &mut TdsClient,
        _: &str,
        _: u32,
    ) -> TdsResult<Vec<mssql_tds::datatypes::bulk_copy_metadata::BulkCopyColumnMetadata>> {
        use mssql_tds::datatypes::bulk_copy_metadata::{BulkCopyColumnMetadata, SqlDbType, TypeLength};
        let column = |name: &str, sql_type, tds_type, length: i32| {
            BulkCopyColumnMetadata::new(name, sql_type, tds_type)
                .with_length(length, TypeLength::Variable(length))
                .with_nullable(true)
        };
        Ok(vec![
            column("n", SqlDbType::BigInt, 0x26, 8),
            column("t", SqlDbType::NVarChar, 0xE7, 100).with_collation(client.get_collation()),
            column("f", SqlDbType::Float, 0x6D, 8),
            column("b", SqlDbType::VarBinary, 0xA5, 50),
        ])
    }
}

#[tokio::test]
async fn a_bulk_load() {
    let (emulator, engine) = start(Tls::Optional);
    let mut client = connect(&emulator, EncryptionSetting::On, 8000).await.unwrap();
    let mut load = BulkCopy::with_retriever(&mut client, "generated", Box::new(Columns));
    for (ordinal, name) in ["n", "t", "f", "b"].into_iter().enumerate() {
        load = load.add_column_mapping(ColumnMapping::by_ordinal(ordinal, name));
    }
    let result = load.write_to_server_zerocopy((0..3000).map(Generated)).await.unwrap();
    drop(load);
    assert_eq!(result.rows_affected, 3000);
    assert_eq!(engine.kept.lock().unwrap().len(), 3000);
    assert_eq!(rows(&mut client, "generate 7").await.unwrap().len(), 7);
}
