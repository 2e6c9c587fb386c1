//! Server messages by number: which [`ErrorKind`] each is, and what to do about it.
//!
//! One table, shared by the adapters. It never looks at the text of a message (a server may speak any language), and
//! never at a statement.

use crate::error::{Error, ErrorKind, ServerMessage};

struct Rule {
    numbers: &'static [u32],
    kind: ErrorKind,
    what: &'static str,
    help: &'static str,
}

const fn rule(numbers: &'static [u32], kind: ErrorKind, what: &'static str, help: &'static str) -> Rule {
    Rule { numbers, kind, what, help }
}

const RULES: &[Rule] = &[
    rule(
        &[18456, 18452, 18450, 18451, 18458, 18459, 18461],
        ErrorKind::Login,
        "the server refused the login",
        "Check the user name and the password, that the login exists and is enabled, and that the server allows this way \
         of authenticating (SQL logins need mixed mode). The state in the server's own log says which it was.",
    ),
    rule(&[18470], ErrorKind::Login, "the login is disabled", "Enable it: ALTER LOGIN [name] ENABLE."),
    rule(
        &[18463, 18464, 18465, 18466, 18467, 18468, 18486, 18487, 18488],
        ErrorKind::Login,
        "the login's password must be changed or the login is locked",
        "Change the password or unlock the login (ALTER LOGIN … WITH PASSWORD = … UNLOCK), then connect again.",
    ),
    rule(
        &[40532, 40531],
        ErrorKind::Login,
        "the server name in the login is not known to the service",
        "Use the full server name (name.database.windows.net), or user@name as the user.",
    ),
    rule(
        &[40615, 40914, 40652, 47073],
        ErrorKind::Login,
        "the server's firewall refuses this client",
        "Add this machine's address to the server's firewall rules, or connect from a network that is allowed.",
    ),
    rule(
        &[4060, 4063, 4064, 911, 942, 927, 945, 947],
        ErrorKind::DatabaseNotFound,
        "the database cannot be opened",
        "Check that the database exists and is online, and that the login has a user in it.",
    ),
    rule(
        &[1801],
        ErrorKind::DatabaseExists,
        "the database exists already",
        "Choose another name, or drop the existing database first; nothing is ever restored on top of a database.",
    ),
    rule(
        &[262, 229, 230, 297, 300, 916, 1088, 3701, 4902, 6102, 15247, 15562, 371, 378],
        ErrorKind::Permission,
        "the login lacks a right",
        "Connect as a login that has it. An import needs sysadmin, or dbcreator with securityadmin; an export needs \
         db_owner of the database, or SELECT and VIEW DEFINITION on it. (The server says the same where an object does \
         not exist.)",
    ),
    rule(
        &[15007, 15151, 15401, 15404, 15410, 15434, 33134, 33130],
        ErrorKind::PrincipalNotFound,
        "a login, user or role does not exist on the target",
        "Create it on the target first, or import without users, role members and permissions.",
    ),
    rule(
        &[241, 242, 244, 245, 248, 220, 235, 237, 293, 295, 296, 517, 8114, 8115, 8169, 9807, 9819, 4861, 4864, 4867],
        ErrorKind::Conversion,
        "the server could not convert a value",
        "Dates and numbers written as text depend on the language and the collation: create the database with the \
         source's collation and use the language the text was written in.",
    ),
    rule(
        &[8152, 2628, 4863],
        ErrorKind::Conversion,
        "a value is longer than its column",
        "The column of the target is narrower than the source's, or its collation needs more bytes for the same text: \
         create the database with the source's collation.",
    ),
    rule(
        &[547, 2627, 2601, 515, 1505, 1750, 334, 550, 2705],
        ErrorKind::Constraint,
        "rows break a constraint or a unique index",
        "The rows were not consistent when they were exported, or the target's collation compares differently: export \
         again from a snapshot or a copy of the database, and create the database with the source's collation.",
    ),
    rule(
        &[4815, 4816, 4817, 4818, 4891, 7341],
        ErrorKind::Mismatch,
        "the server refuses the layout of the bulk load",
        "The table on the server is not the one the package describes: import into a new database.",
    ),
    rule(
        &[1205],
        ErrorKind::Server,
        "the server chose this session as the victim of a deadlock",
        "Try again; stop other work on the database meanwhile.",
    ),
    rule(
        &[1222],
        ErrorKind::Timeout,
        "a lock was not granted in time",
        "Another session holds the lock: try again when it is done, or allow a longer lock timeout.",
    ),
    rule(
        &[40613, 40197, 40501, 40143, 40540, 49918, 49919, 49920, 10928, 10929, 4221, 40549, 40550, 40551, 40552],
        ErrorKind::Server,
        "the service is busy or the database is moving",
        "Try again in a minute. If it persists, choose a larger service objective.",
    ),
    rule(
        &[208, 207, 2812, 4104],
        ErrorKind::Server,
        "the server does not know an object or a column",
        "It was dropped or renamed meanwhile, or this server is of a version that lacks it.",
    ),
    rule(
        &[1105, 1101, 9002, 40544, 1827],
        ErrorKind::Server,
        "the server is out of space for the database or its log",
        "Free or add space, raise the database's maximum size, or back up the log.",
    ),
    rule(&[701, 802, 8645], ErrorKind::Server, "the server is out of memory", "Try again when it has less to do."),
    rule(&[17142, 17187, 18401], ErrorKind::Connect, "the server is starting or paused", "Try again when it is ready."),
    rule(
        &[596, 6005, 10053, 10054, 10060],
        ErrorKind::ConnectionLost,
        "the server ended the session",
        "Someone killed the session, or the server is shutting down: try again.",
    ),
];

/// The error for a message of the server: its kind and remedy by number.
pub fn from_server(message: ServerMessage) -> Error {
    let (kind, what, help) = match rule_of(message.number) {
        Some(rule) => (rule.kind, rule.what, Some(rule.help)),
        None => (ErrorKind::Server, "the server reported an error", None),
    };
    let error = Error::new(kind, what).with_server(message);
    match help {
        Some(help) => error.with_help(help),
        None => error,
    }
}

/// The error for all messages of one statement or login: the first that has a kind of its own decides.
pub fn from_server_messages(messages: impl IntoIterator<Item = ServerMessage>) -> Error {
    let mut first = None;
    for message in messages {
        if rule_of(message.number).is_some() {
            return from_server(message);
        }
        first.get_or_insert(message);
    }
    first.map_or_else(|| Error::new(ErrorKind::Server, "the server reported an error without a message"), from_server)
}

fn rule_of(number: u32) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.numbers.contains(&number))
}

/// No connection could be made to `server`.
pub(crate) fn unreachable(server: &str, why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Connect, format!("cannot connect to the server: {why}"))
        .with_context(|c| c.server = Some(server.to_owned()))
        .with_help(
            "Check the name, the instance (localhost\\SQLEXPRESS) and the port, that TCP is enabled for the server, and \
             that no firewall is in the way.",
        )
}

/// The TLS handshake with `server` failed.
pub(crate) fn tls(server: &str, why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Tls, format!("the TLS handshake failed: {why}"))
        .with_context(|c| c.server = Some(server.to_owned()))
        .with_help(
            "If the server's certificate is self-signed and you trust it, set TrustServerCertificate=True; if its name \
             differs from the host you connect to, set HostNameInCertificate. A server without TLS needs \
             Encrypt=Optional.",
        )
}

/// The connection broke while it was used.
pub(crate) fn lost(why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::ConnectionLost, format!("the connection to the server broke: {why}"))
        .with_help("The network, the server or something between them ended it: try again.")
}

/// No answer within the time allowed.
pub(crate) fn timed_out(what: &str) -> Error {
    Error::new(ErrorKind::Timeout, format!("no answer in time: {what}")).with_help(
        "Allow more time (Connect Timeout, Command Timeout; 0 is no limit), or look at what blocks the server.",
    )
}

/// The connection was broken by an earlier failure or cancellation.
pub(crate) fn unusable() -> Error {
    Error::new(ErrorKind::ConnectionLost, "this connection was broken by an earlier failure; open another")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(number: u32) -> ErrorKind {
        from_server(ServerMessage::new(number, 1, 16, "text")).kind()
    }

    #[test]
    fn common_numbers_have_their_kinds_and_a_remedy() {
        for (number, kind) in [
            (18456, ErrorKind::Login),
            (4060, ErrorKind::DatabaseNotFound),
            (1801, ErrorKind::DatabaseExists),
            (262, ErrorKind::Permission),
            (229, ErrorKind::Permission),
            (15007, ErrorKind::PrincipalNotFound),
            (15151, ErrorKind::PrincipalNotFound),
            (15401, ErrorKind::PrincipalNotFound),
            (241, ErrorKind::Conversion),
            (242, ErrorKind::Conversion),
            (8152, ErrorKind::Conversion),
            (2628, ErrorKind::Conversion),
            (547, ErrorKind::Constraint),
            (2627, ErrorKind::Constraint),
            (2601, ErrorKind::Constraint),
            (1205, ErrorKind::Server),
            (40613, ErrorKind::Server),
            (208, ErrorKind::Server),
            (207, ErrorKind::Server),
            (50000, ErrorKind::Server),
        ] {
            assert_eq!(kind_of(number), kind, "{number}");
            let error = from_server(ServerMessage::new(number, 1, 16, "text"));
            assert_eq!(error.help().is_some(), number != 50000, "{number}");
            assert_eq!(error.server().map(|m| m.number), Some(number));
        }
    }

    #[test]
    fn deadlocks_and_throttling_are_retryable_and_logins_are_not() {
        for (number, retryable) in
            [(1205, true), (40613, true), (40501, true), (1222, true), (18456, false), (547, false)]
        {
            assert_eq!(from_server(ServerMessage::new(number, 1, 16, "")).is_retryable(), retryable, "{number}");
        }
    }

    #[test]
    fn the_first_message_with_a_kind_decides() {
        let message = |number| ServerMessage::new(number, 1, 16, "");
        let error = from_server_messages([message(50001), message(4060), message(18456)]);
        assert_eq!(error.kind(), ErrorKind::DatabaseNotFound);
        assert_eq!(from_server_messages([message(50001)]).server().map(|m| m.number), Some(50001));
        assert_eq!(from_server_messages([]).kind(), ErrorKind::Server);
    }

    #[test]
    fn no_number_is_in_two_rules() {
        let mut seen = std::collections::HashMap::new();
        for (i, rule) in RULES.iter().enumerate() {
            for number in rule.numbers {
                let first = *seen.entry(number).or_insert(i);
                assert_eq!(first, i, "{number}");
            }
        }
    }
}
