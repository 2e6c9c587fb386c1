use super::*;

const FULL: &str = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>
<DacOrigin xmlns=\"http://schemas.microsoft.com/sqlserver/dac/Serialization/2012/02\">
  <PackageProperties>
    <Version>3.1.0.0</Version>
    <ContainsExportedData>true</ContainsExportedData>
    <StreamVersions>
      <Version StreamName=\"Data\">2.0.0.0</Version>
      <Version StreamName=\"DeploymentContributors\">1.0.0.0</Version>
    </StreamVersions>
  </PackageProperties>
  <Operation>
    <Identity>643e93ab-1c7d-48d9-91ce-f9b45e7bf466</Identity>
    <Start>2026-11-22T21:16:10.1374341+00:00</Start>
    <End>0001-01-01T00:00:00.0000000</End>
    <ProductName>Microsoft.SqlServer.Dac, Version=15.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a</ProductName>
    <ProductVersion>15.0.4451.1</ProductVersion>
    <ProductSchema>http://schemas.microsoft.com/sqlserver/dac/Serialization/2012/02</ProductSchema>
  </Operation>
  <Server>
    <ServerVersion>Microsoft SQL Server 2016
\tEdition &lt;X64&gt;
</ServerVersion>
    <ObjectCounts>
      <DatabaseOptions>1</DatabaseOptions>
      <Table>6</Table>
    </ObjectCounts>
  </Server>
  <ExportStatistics>
    <SourceDatabaseSize>8192</SourceDatabaseSize>
    <TableRowCountTotalTag>8</TableRowCountTotalTag>
  </ExportStatistics>
  <Checksums>
    <Checksum Uri=\"/model.xml\">D8686D881AE2B60BEC180D3F4A496B94A91415E262AF170650A045FA1AD6E492</Checksum>
  </Checksums>
  <ModelSchemaVersion>2.5</ModelSchemaVersion>
  <DataPhaseTables>dbo.A,dbo.B</DataPhaseTables>
</DacOrigin>";

#[test]
fn reads_and_writes_every_element() {
    let origin = Origin::parse(FULL.as_bytes()).unwrap();
    assert_eq!(origin.table_row_count, Some(8));
    assert_eq!(origin.server_version.as_deref(), Some("Microsoft SQL Server 2016\n\tEdition <X64>\n"));
    assert_eq!(String::from_utf8(origin.to_xml(LineEnds::Lf)).unwrap(), FULL);
    let windows = origin.to_xml(LineEnds::CrLf);
    assert_eq!(String::from_utf8(windows.clone()).unwrap(), FULL.replace('\n', "\r\n"));
    assert_eq!(Origin::parse(&windows).unwrap(), origin);
}

#[test]
fn needs_little() {
    let least = "<DacOrigin><PackageProperties><Version>3.0.0.0</Version></PackageProperties><New a='1'/></DacOrigin>";
    let origin = Origin::parse(least.as_bytes()).unwrap();
    assert!(!origin.contains_exported_data);
    assert!(origin.check_versions().is_ok());
    assert_eq!(origin.check_model(&[0; 32]).unwrap_err().kind(), ErrorKind::Checksum);
    for bad in [
        "<DacOrigin/>",
        "<DacOrigin><PackageProperties/></DacOrigin>",
        "<DacOrigin><PackageProperties><Version>x</Version></PackageProperties></DacOrigin>",
        "<Other/>",
        "\u{feff}",
    ] {
        assert_eq!(Origin::parse(bad.as_bytes()).unwrap_err().kind(), ErrorKind::Package, "{bad}");
    }
}

#[test]
fn says_which_version_is_needed() {
    let with = |package: &str, data: &str| {
        let text = FULL.replace("<Version>3.1.0.0", &format!("<Version>{package}"));
        let text = text.replace("\"Data\">2.0.0.0", &format!("\"Data\">{data}"));
        Origin::parse(text.as_bytes()).unwrap().check_versions()
    };
    assert!(with("3.0.0.0", "2.0.0.0").is_ok());
    assert!(with("3.9.0.0", "2.0.0.0").is_ok());
    for (package, data, needed) in
        [("9.1.0.0", "2.0.0.0", "3.2.0.0"), ("3.1.0.0", "1.0.0.0", "2.0.0.0"), ("3.1.0.0", "2.0.0.1", "2.0.0.0")]
    {
        let error = with(package, data).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnsupportedVersion);
        assert!(error.message().contains(needed), "{error}");
        assert!(error.help().is_some());
    }
}

#[test]
fn counts_as_dacfx_does() {
    let mut counts = ObjectCounts::new();
    for class in ["SqlTable", "SqlSimpleColumn", "SqlTypeSpecifier", "SqlSimpleColumn", "SqlXmlTypeSpecifier", "x<y"] {
        counts.add(class);
    }
    assert_eq!(counts.0.into_iter().collect::<Vec<_>>(), [("SimpleColumn".to_owned(), 2), ("Table".to_owned(), 1)]);
}

#[test]
fn checksum_compares_without_case() {
    let mut origin = Origin::new(true);
    origin.set_model_checksum(&[0xAB; 32]);
    assert_eq!(origin.model_checksum(), Some("AB".repeat(32).as_str()));
    origin.checksums[0].sha256 = "ab".repeat(32);
    assert!(origin.check_model(&[0xAB; 32]).is_ok());
    assert_eq!(origin.check_model(&[0xAC; 32]).unwrap_err().kind(), ErrorKind::Checksum);
}

#[test]
fn times_are_as_dotnet_writes_them() {
    let time: jiff::Zoned = "2022-04-13T11:26:18.6018244+02:00[+02:00]".parse().unwrap();
    assert_eq!(Operation::new(uuid::Uuid::nil(), &time).start, "2022-04-13T11:26:18.6018244+02:00");
    let time: jiff::Zoned = "2022-04-13T11:26:18-03:30[-03:30]".parse().unwrap();
    assert_eq!(Operation::new(uuid::Uuid::nil(), &time).start, "2022-04-13T11:26:18.0000000-03:30");
}

#[test]
fn versions_parse() {
    assert_eq!(Version::parse("3.1.0.0"), Some(Version([3, 1, 0, 0])));
    assert_eq!(Version::parse(" 2.5 "), Some(Version([2, 5, 0, 0])));
    for bad in ["", "x", "1.", "1..2", "1.2.3.4.5", "-1", "+1", "99999999999"] {
        assert_eq!(Version::parse(bad), None, "{bad}");
    }
}

#[test]
fn counts_are_those_of_real_packages() {
    use crate::shared_files::corpus_parts;
    let origins = corpus_parts("Origin.xml");
    for ((file, model), (_, origin)) in corpus_parts("model.xml").into_iter().zip(origins) {
        let model = crate::model::Model::read(&model[..]).expect("a known model");
        let mut counts = ObjectCounts::new();
        model.elements.iter().for_each(|element| element.visit(&mut |e| counts.add(&e.class)));
        let theirs = Origin::parse(&origin).expect("a known origin").object_counts;
        assert_eq!(Some(counts), theirs, "{file}");
    }
}
