//! Logins that an import makes.

use crate::connection::Connector;
use crate::control::Control;
use crate::error::Result;
use crate::ident::{literal, quote};

/// Logins that this import has made, and may drop.
#[derive(Debug, Default)]
pub(super) struct Made(Vec<String>);

impl Made {
    /// Makes `names`: those of Windows as they are, the others disabled and with a password that nobody knows. What was
    /// made before a failure is dropped.
    pub(super) async fn create(connector: &dyn Connector, names: &[String], control: &Control) -> Result<Self> {
        let mut made = Self::default();
        if names.is_empty() {
            return Ok(made);
        }
        match made.add(connector, names, control).await {
            Ok(()) => Ok(made),
            Err(e) => {
                made.drop(connector, &control.uncancellable()).await;
                Err(e)
            }
        }
    }

    async fn add(&mut self, connector: &dyn Connector, names: &[String], control: &Control) -> Result<()> {
        let mut master = connector.connect(Some("master"), control).await?;
        for name in names {
            let about = |e: crate::Error| e.with_context(|c| c.object = Some(format!("login {}", quote(name))));
            let login = quote(name);
            if name.contains('\\') {
                master.execute(&format!("CREATE LOGIN {login} FROM WINDOWS;"), control).await.map_err(about)?;
                self.0.push(name.clone());
                continue;
            }
            let password = literal(&random_password());
            let create = format!("CREATE LOGIN {login} WITH PASSWORD = {password};");
            master.execute(&create, control).await.map_err(about)?;
            self.0.push(name.clone());
            master.execute(&format!("ALTER LOGIN {login} DISABLE;"), control).await.map_err(about)?;
        }
        master.close().await
    }

    /// Drops what was made. Another failure led here, and matters more than one of this.
    pub(super) async fn drop(self, connector: &dyn Connector, control: &Control) {
        if self.0.is_empty() {
            return;
        }
        let dropped = async {
            let mut master = connector.connect(Some("master"), control).await?;
            for name in &self.0 {
                master.execute(&format!("DROP LOGIN {};", quote(name)), control).await?;
            }
            master.close().await
        };
        if let Err(e) = dropped.await {
            tracing::warn!(error = %e, "logins that the import had made could not be dropped");
        }
    }
}

/// Long, and of every class of characters that a policy may ask for.
fn random_password() -> String {
    let random = || uuid::Uuid::new_v4().simple().to_string();
    format!("Aa1!{}{}", random(), random())
}
