//! ADO.NET connection strings: `keyword=value;…`. Pure; errors name the keyword and never the value.
//!
//! Values may be quoted in `'…'` or `"…"` (the quote doubled inside) or, as ODBC writes them, in `{…}` (`}` doubled);
//! `==` in a keyword stands for `=`. Where a keyword comes twice, the last one counts.

use super::secret::Secret;
use super::settings::{ApplicationIntent, Authentication, ConnectionSettings, Encrypt};
use crate::error::{Error, ErrorKind, Result};
use std::time::Duration;

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, message.into())
}

/// Splits into keyword (as written) and value.
fn pairs(text: &str) -> Result<Vec<(String, String)>> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.peek().is_some_and(|c| c.is_whitespace() || *c == ';' || *c == '\0') {
            chars.next();
        }
        if chars.peek().is_none() {
            return Ok(out);
        }
        let mut keyword = String::new();
        loop {
            match chars.next() {
                Some('=') if chars.peek() == Some(&'=') => {
                    chars.next();
                    keyword.push('=');
                }
                Some('=') => break,
                Some(';') | None => {
                    // What stands here may be half a password: it is not shown.
                    return Err(invalid(format!(
                        "the connection string has a part without '=' after {} complete ones",
                        out.len()
                    ))
                    .with_help("Quote a value that contains ';' as '…' or \"…\"."));
                }
                Some(c) => keyword.push(c),
            }
        }
        let keyword = keyword.trim().to_owned();
        while chars.peek().is_some_and(|c| c.is_whitespace()) {
            chars.next();
        }
        let value = match chars.peek() {
            Some(&quote @ ('\'' | '"')) => {
                chars.next();
                quoted(&mut chars, quote, &keyword)?
            }
            Some('{') => {
                chars.next();
                quoted(&mut chars, '}', &keyword)?
            }
            _ => {
                let mut value = String::new();
                while let Some(c) = chars.next_if(|c| *c != ';') {
                    value.push(c);
                }
                value.trim_end().to_owned()
            }
        };
        if keyword.is_empty() {
            return Err(invalid("the connection string has a value without a keyword"));
        }
        out.push((keyword, value));
    }
}

fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, end: char, keyword: &str) -> Result<String> {
    let mut value = String::new();
    loop {
        match chars.next() {
            Some(c) if c == end => {
                if chars.next_if_eq(&end).is_some() {
                    value.push(end);
                    continue;
                }
                break;
            }
            Some(c) => value.push(c),
            None => return Err(invalid(format!("the quoted value of '{keyword}' does not end"))),
        }
    }
    while chars.next_if(|c| c.is_whitespace()).is_some() {}
    match chars.peek() {
        None | Some(';' | '\0') => Ok(value),
        Some(_) => Err(invalid(format!("text follows the quoted value of '{keyword}'"))),
    }
}

#[derive(Default)]
struct Credentials {
    user: Option<String>,
    password: Option<String>,
    integrated: bool,
    method: Option<String>,
}

/// Parses a connection string.
pub(super) fn parse(text: &str) -> Result<ConnectionSettings> {
    let mut settings = ConnectionSettings::new("");
    let mut who = Credentials::default();
    for (keyword, value) in pairs(text)? {
        apply(&mut settings, &mut who, &keyword, &value)?;
    }
    if settings.host.is_empty() {
        return Err(invalid("the connection string names no server (keyword Server)"));
    }
    settings.authentication = authentication(who)?;
    if let Authentication::SqlPassword { .. } = settings.authentication {
        settings.check()?;
    }
    Ok(settings)
}

fn apply(s: &mut ConnectionSettings, who: &mut Credentials, keyword: &str, value: &str) -> Result<()> {
    let key: String = keyword.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    let some = || (!value.is_empty()).then(|| value.to_owned());
    let bad = |expected: &str| invalid(format!("'{keyword}' takes {expected}"));
    let flag = || match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(bad("true or false")),
    };
    let seconds = || value.parse::<u32>().map(|n| Duration::from_secs(n.into())).map_err(|_| bad("seconds"));
    let refused = |why: &str| Err(invalid(format!("'{keyword}' is not supported: {why}")));
    match key.as_str() {
        "server" | "datasource" | "address" | "addr" | "networkaddress" => data_source(s, keyword, value)?,
        "initialcatalog" | "database" => s.database = some(),
        "userid" | "uid" | "user" | "username" => who.user = some(),
        "password" | "pwd" => who.password = Some(value.to_owned()),
        "integratedsecurity" | "trusted_connection" | "trustedconnection" => {
            who.integrated = value.eq_ignore_ascii_case("sspi") || flag()?;
        }
        "authentication" => who.method = some(),
        "encrypt" => {
            s.encrypt = match value.to_ascii_lowercase().as_str() {
                "optional" | "false" | "no" | "0" => Encrypt::Optional,
                "mandatory" | "true" | "yes" | "1" => Encrypt::Mandatory,
                "strict" => Encrypt::Strict,
                _ => return Err(bad("Optional, Mandatory or Strict")),
            }
        }
        "trustservercertificate" => s.trust_server_certificate = flag()?,
        "hostnameincertificate" => s.host_name_in_certificate = some(),
        "servercertificate" => s.server_certificate = some(),
        "applicationintent" => {
            s.application_intent = match value.to_ascii_lowercase().as_str() {
                "readwrite" => ApplicationIntent::ReadWrite,
                "readonly" => ApplicationIntent::ReadOnly,
                _ => return Err(bad("ReadWrite or ReadOnly")),
            }
        }
        "applicationname" | "app" => s.application_name = value.to_owned(),
        "workstationid" | "wsid" => s.workstation_id = some(),
        "currentlanguage" | "language" => s.language = some(),
        "packetsize" => {
            s.packet_size = match value.parse() {
                Ok(n @ 512..=32767) => n,
                Ok(32768) => 32767,
                _ => return Err(bad("a number of bytes between 512 and 32767")),
            }
        }
        "connecttimeout" | "connectiontimeout" | "timeout" | "logintimeout" => s.connect_timeout = seconds()?,
        "commandtimeout" => s.command_timeout = seconds()?,
        "multisubnetfailover" => s.multi_subnet_failover = flag()?,
        "serverspn" => s.server_spn = some(),
        "networklibrary" | "network" | "net" if !value.eq_ignore_ascii_case("dbmssocn") => {
            return refused("only TCP (dbmssocn) is");
        }
        "attachdbfilename" | "extendedproperties" | "initialfilename" if !value.is_empty() => {
            return refused("databases are opened by name");
        }
        "failoverpartner" if !value.is_empty() => return refused("name the server that is the principal now"),
        "userinstance" | "contextconnection" | "replication" if flag()? => return refused("leave it out"),
        "columnencryptionsetting" if !value.eq_ignore_ascii_case("disabled") => {
            return refused("encrypted columns are moved as they are, without their keys");
        }
        // What these say has no meaning for connections that are neither pooled, nor shared, nor reopened.
        "networklibrary"
        | "network"
        | "net"
        | "attachdbfilename"
        | "extendedproperties"
        | "initialfilename"
        | "failoverpartner"
        | "failoverpartnerspn"
        | "userinstance"
        | "contextconnection"
        | "replication"
        | "columnencryptionsetting"
        | "attestationprotocol"
        | "enclaveattestationurl"
        | "asynchronousprocessing"
        | "async"
        | "connectionreset"
        | "connectionlifetime"
        | "loadbalancetimeout"
        | "connectretrycount"
        | "connectretryinterval"
        | "enlist"
        | "ipaddresspreference"
        | "maxpoolsize"
        | "minpoolsize"
        | "multipleactiveresultsets"
        | "persistsecurityinfo"
        | "poolblockingperiod"
        | "pooling"
        | "transactionbinding"
        | "transparentnetworkipresolution"
        | "typesystemversion" => {}
        _ => return Err(invalid(format!("the connection string has an unknown keyword '{}'", shown(keyword)))),
    }
    Ok(())
}

/// A keyword as an error shows it. A stray `;` inside an unquoted secret would make its tail a "keyword": only what
/// looks like a keyword is shown.
fn shown(keyword: &str) -> &str {
    let plausible = keyword.len() <= 40 && keyword.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, ' ' | '_'));
    if plausible { keyword } else { "(not shown)" }
}

/// `[tcp:]host[\instance][,port]`
fn data_source(s: &mut ConnectionSettings, keyword: &str, value: &str) -> Result<()> {
    let invalid_source = |why: &str| invalid(format!("'{keyword}' {why}"));
    let value = value.trim();
    let (protocol, rest) = match value.split_once(':') {
        // One colon is a protocol; more are an IPv6 address.
        Some((head, rest)) if head.chars().all(|c| c.is_ascii_alphabetic()) && head.len() > 1 => {
            (head.to_ascii_lowercase(), rest)
        }
        _ => (String::new(), value),
    };
    match protocol.as_str() {
        "" | "tcp" => {}
        "np" | "lpc" | "admin" => {
            return Err(invalid_source(&format!("asks for {protocol}:, and only tcp: is supported"))
                .with_help("Enable TCP/IP for the server and write tcp:host,port."));
        }
        _ => return Err(invalid_source("names an unknown protocol before ':'; only tcp: is supported")),
    }
    if rest.starts_with(r"\\") {
        return Err(invalid_source("is a named pipe, and only TCP is supported"));
    }
    let (rest, port) = match rest.rsplit_once(',') {
        Some((rest, port)) => {
            let port = port.trim().parse::<u16>().ok().filter(|port| *port != 0);
            (rest, Some(port.ok_or_else(|| invalid_source("has a port that is no number between 1 and 65535"))?))
        }
        None => (rest, None),
    };
    let (host, instance) = match rest.split_once('\\') {
        Some((host, instance)) => (host, Some(instance.trim())),
        None => (rest, None),
    };
    let host = host.trim();
    if host.eq_ignore_ascii_case("(localdb)") {
        return Err(invalid_source("is a LocalDB instance, which speaks named pipes only"));
    }
    let host = match host {
        "." | "(local)" => "localhost",
        _ if host.eq_ignore_ascii_case("(local)") => "localhost",
        _ => host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host),
    };
    if host.is_empty() {
        return Err(invalid_source("names no host"));
    }
    if host.contains(':') && host.split('%').next().is_none_or(|h| h.parse::<std::net::Ipv6Addr>().is_err()) {
        return Err(invalid_source("has a ':' where no protocol and no IPv6 address is"));
    }
    s.host = host.to_owned();
    s.port = port;
    s.instance =
        instance.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("MSSQLSERVER")).map(str::to_owned);
    Ok(())
}

fn authentication(who: Credentials) -> Result<Authentication> {
    const ENTRA: &[&str] = &[
        "ActiveDirectoryPassword",
        "ActiveDirectoryIntegrated",
        "ActiveDirectoryInteractive",
        "ActiveDirectoryServicePrincipal",
        "ActiveDirectoryDeviceCodeFlow",
        "ActiveDirectoryManagedIdentity",
        "ActiveDirectoryMSI",
        "ActiveDirectoryDefault",
        "ActiveDirectoryWorkloadIdentity",
    ];
    let squeezed = who.method.as_ref().map(|m| m.split_whitespace().collect::<String>());
    match squeezed.as_deref() {
        None | Some("") => {}
        Some(method) if method.eq_ignore_ascii_case("SqlPassword") => {}
        Some(method) => {
            let known = ENTRA.iter().find(|known| known.eq_ignore_ascii_case(method)).ok_or_else(|| {
                invalid("'Authentication' names an unknown method; SqlPassword and the ActiveDirectory ones are known")
            })?;
            return Ok(Authentication::EntraWithoutToken { method: (*known).to_owned() });
        }
    }
    match (who.integrated, who.user, who.password) {
        (true, ..) => Ok(Authentication::Integrated),
        (false, Some(user), Some(password)) => {
            Ok(Authentication::SqlPassword { user, password: Secret::new(password) })
        }
        (false, Some(_), None) => Err(invalid("the connection string has a User Id and no Password")),
        (false, None, Some(_)) => Err(invalid("the connection string has a Password and no User Id")),
        (false, None, None) => Ok(Authentication::Unspecified),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(settings: &ConnectionSettings) -> (&str, &str) {
        match &settings.authentication {
            Authentication::SqlPassword { user, password } => (user, password.expose()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn synonyms_mean_the_same() {
        let a = parse("Server=h,1500;Database=d;User Id=u;Password=p;Encrypt=yes;Connect Timeout=3").unwrap();
        let b = parse(
            " data source = tcp:h , 1500 ; INITIAL CATALOG=d;UID=u;PWD=p;encrypt=Mandatory;ConnectionTimeout=3;;",
        )
        .unwrap();
        let c = parse("Address=h,1500;database=d;User=u;password=p;Encrypt=true;timeout=3").unwrap();
        assert_eq!(a, b);
        assert_eq!(a, c);
        assert_eq!(login(&a), ("u", "p"));
        assert_eq!((a.host.as_str(), a.port, a.database.as_deref()), ("h", Some(1500), Some("d")));
        assert_eq!(a.connect_timeout, Duration::from_secs(3));
    }

    #[test]
    fn quoting_rules() {
        for (text, password) in [
            ("Password=plain", "plain"),
            ("Password='a;b'", "a;b"),
            ("Password='it''s'", "it's"),
            ("Password=\"a\"\"b;\"", "a\"b;"),
            ("Password='say \"x\"'", "say \"x\""),
            ("Password={a;b}}c}", "a;b}c"),
            ("Password=a=b==c", "a=b==c"),
            ("Password=  padded  ", "padded"),
            ("Password='  kept '  ", "  kept "),
            ("Password=it's", "it's"),
            ("Password=", ""),
            ("Password=''", ""),
            ("Password=x;Password=y", "y"),
        ] {
            let settings = parse(&format!("Server=h;User Id=u;{text};App=z")).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(login(&settings).1, password, "{text}");
            assert_eq!(settings.application_name, "z", "{text}");
        }
    }

    #[test]
    fn doubled_equals_belongs_to_the_keyword() {
        let error = parse("Server=h;a==b=c").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.message().contains("unknown keyword"), "{error}");
    }

    #[test]
    fn servers() {
        for (text, host, instance, port) in [
            ("h", "h", None, None),
            ("tcp:h", "h", None, None),
            ("tcp:h.example.com,14330", "h.example.com", None, Some(14330)),
            (r"h\SQLEXPRESS", "h", Some("SQLEXPRESS"), None),
            (r"h\SQLEXPRESS,1500", "h", Some("SQLEXPRESS"), Some(1500)),
            (r".\SQLEXPRESS", "localhost", Some("SQLEXPRESS"), None),
            ("(local)", "localhost", None, None),
            (r"h\MSSQLSERVER", "h", None, None),
            ("::1,1500", "::1", None, Some(1500)),
            ("[fe80::1]", "fe80::1", None, None),
            ("tcp:10.0.0.1, 1433", "10.0.0.1", None, Some(1433)),
        ] {
            let s = parse(&format!("Server={text};Integrated Security=SSPI")).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((s.host.as_str(), s.instance.as_deref(), s.port), (host, instance, port), "{text}");
        }
        for text in
            ["np:h", "lpc:h", "admin:h", r"\\h\pipe\sql\query", r"(localdb)\x", "h,0", "h,70000", "h,x", "ftp:h", ""]
        {
            let error = parse(&format!("Server={text};Integrated Security=true")).expect_err(text);
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{text}");
        }
        assert!(parse("Server=np:h;UID=u;PWD=p").unwrap_err().message().contains("np:"));
    }

    #[test]
    fn encryption_and_the_rest() {
        let s = parse(
            "Server=h;UID=u;PWD=p;Encrypt=Strict;HostNameInCertificate=c;Server Certificate=/f.pem;\
             ApplicationIntent=ReadOnly;Application Name=app;Packet Size=16384;Command Timeout=0;\
             MultiSubnetFailover=True;Pooling=false;MultipleActiveResultSets=true;Persist Security Info=False",
        )
        .unwrap();
        assert_eq!(s.encrypt, Encrypt::Strict);
        assert_eq!(s.host_name_in_certificate.as_deref(), Some("c"));
        assert_eq!(s.server_certificate.as_deref(), Some("/f.pem"));
        assert_eq!(s.application_intent, ApplicationIntent::ReadOnly);
        assert_eq!((s.application_name.as_str(), s.packet_size), ("app", 16384));
        assert!(s.multi_subnet_failover);
        assert_eq!(parse("Server=h;UID=u;PWD=p").unwrap().encrypt, Encrypt::Mandatory);
        assert_eq!(parse("Server=h;UID=u;PWD=p;Encrypt=no").unwrap().encrypt, Encrypt::Optional);
    }

    #[test]
    fn entra_methods_wait_for_a_token() {
        let s = parse("Server=h;Authentication=Active Directory Default").unwrap();
        let error = s.check().unwrap_err();
        assert!(error.message().contains("ActiveDirectoryDefault"), "{error}");
        assert!(s.access_token("t").check().is_ok());
        let sql = parse("Server=h;Authentication=SqlPassword;UID=u;PWD=p").unwrap();
        assert_eq!(login(&sql), ("u", "p"));
        assert!(parse("Server=h;Authentication=Magic").is_err());
    }

    #[test]
    fn errors_name_the_keyword_and_never_a_value() {
        const SECRET: &str = "hunter2!Zq";
        for text in [
            format!("Server=h;UID=u;PWD=ok;Colour={SECRET}"),
            format!("Server=h;UID=u;PWD={SECRET};Encrypt={SECRET}"),
            format!("Server=h;UID=u;PWD='{SECRET}"),
            format!("Server=h;UID=u;PWD='a'{SECRET}"),
            format!("Server=h;UID=u;PWD=a;{SECRET}"),
            format!("Server=h;UID=u;PWD=a;{SECRET}=x"),
            format!("Server=h;PWD={SECRET}"),
            format!("UID=u;PWD={SECRET}"),
            format!("Server={SECRET}:x;UID=u;PWD=p"),
            format!("Server=h,{SECRET};UID=u;PWD=p"),
            format!("Server=h;UID=u;PWD={SECRET};Packet Size={SECRET}"),
            format!("Server=h;UID=u;PWD={SECRET};Connect Timeout={SECRET}"),
            format!("Server=h;UID=u;PWD={SECRET};Authentication={SECRET}"),
            format!("Server=h;UID=u;PWD={SECRET};Pooling=a;Encrypt=Strict;TrustServerCertificate=true"),
        ] {
            let error = parse(&text).expect_err(&text);
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            let shown = format!("{error} {error:?} {error:#?} {:?}", error.help());
            assert!(!shown.contains(SECRET), "{shown}");
        }
        assert!(parse("Server=h;UID=u;PWD=p;Colour=red").unwrap_err().message().contains("Colour"));
        let settings = parse(&format!("Server=h;UID=u;PWD={SECRET}")).unwrap();
        assert!(!format!("{settings:?}{settings:#?}").contains(SECRET));
        assert!(!format!("{:?}", ConnectionSettings::new("h").access_token(SECRET)).contains(SECRET));
    }
}
