//! The SQL Server Browser: which TCP port a named instance listens on ([MC-SQLR], UDP 1434).

use super::errors::unreachable;
use crate::error::Result;
use std::time::Duration;
use tokio::net::{UdpSocket, lookup_host};

const PORT: u16 = 1434;
const TRIES: u32 = 3;
const WAIT: Duration = Duration::from_secs(1);

/// Asks the browser at `host` for the port of `instance`.
pub(crate) async fn instance_port(host: &str, instance: &str) -> Result<u16> {
    ask(host, PORT, instance).await
}

async fn ask(host: &str, browser_port: u16, instance: &str) -> Result<u16> {
    let server = format!("{host}\\{instance}");
    let failed = |why: String| {
        unreachable(&server, why).with_help(
            "Check the instance name, that the SQL Server Browser service runs and that UDP port 1434 is open; or give \
             the port (host,port), which needs no browser.",
        )
    };
    let addresses: Vec<_> = lookup_host((host, browser_port)).await.map_err(|e| failed(e.to_string()))?.collect();
    let mut request = vec![0x04];
    request.extend_from_slice(instance.as_bytes());
    request.push(0);
    let mut buffer = vec![0; 3 + 1024];
    for _ in 0..TRIES {
        for address in &addresses {
            let local = if address.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" };
            let exchange = async {
                let socket = UdpSocket::bind(local).await?;
                socket.connect(address).await?;
                socket.send(&request).await?;
                socket.recv(&mut buffer).await
            };
            if let Ok(Ok(n)) = tokio::time::timeout(WAIT, exchange).await {
                let answer = buffer.get(..n).unwrap_or_default();
                return parse(answer, instance)
                    .ok_or_else(|| failed("the SQL Server Browser knows no TCP port of this instance".to_owned()));
            }
        }
    }
    Err(failed("the SQL Server Browser does not answer".to_owned()))
}

/// The port out of an SVR_RESP: `05`, length, then `ServerName;…;InstanceName;…;…;tcp;1433;…;;`.
fn parse(answer: &[u8], instance: &str) -> Option<u16> {
    let text = answer.strip_prefix(&[0x05])?.get(2..)?;
    let text = String::from_utf8_lossy(text);
    text.split(";;").find_map(|server| {
        let fields: Vec<&str> = server.split(';').collect();
        let value =
            |name: &str| fields.chunks_exact(2).find(|pair| pair[0].eq_ignore_ascii_case(name)).map(|pair| pair[1]);
        let same = value("InstanceName").is_none_or(|found| found.eq_ignore_ascii_case(instance));
        value("tcp").filter(|_| same)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn answer(text: &str) -> Vec<u8> {
        let mut out = vec![5];
        out.extend_from_slice(&(text.len() as u16).to_le_bytes());
        out.extend_from_slice(text.as_bytes());
        out
    }

    #[tokio::test]
    async fn asks_and_understands_a_browser() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let browser = tokio::spawn(async move {
            let mut request = [0; 64];
            let (n, from) = socket.recv_from(&mut request).await.unwrap();
            let text = "ServerName;H;InstanceName;SQLEXPRESS;IsClustered;No;Version;16.0.1000.6;tcp;50123;;";
            socket.send_to(&answer(text), from).await.unwrap();
            request[..n].to_vec()
        });
        assert_eq!(ask("127.0.0.1", port, "sqlexpress").await.unwrap(), 50123);
        assert_eq!(browser.await.unwrap(), b"\x04sqlexpress\0");
    }

    #[tokio::test]
    async fn a_silent_browser_is_a_connect_error_in_bounded_time() {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let start = std::time::Instant::now();
        let error = ask("127.0.0.1", port, "X").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert!(error.help().unwrap_or_default().contains("Browser"));
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn odd_answers_are_no_port() {
        for text in ["", "ServerName;H;InstanceName;X;np;\\\\H\\pipe;;", "tcp", "InstanceName;Y;tcp;1;;", "tcp;99999;;"]
        {
            assert_eq!(parse(&answer(text), "X"), None, "{text}");
        }
        assert_eq!(parse(b"\x05", "X"), None);
        assert_eq!(parse(b"", "X"), None);
    }
}
