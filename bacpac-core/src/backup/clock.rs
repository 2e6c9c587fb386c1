//! The time, from outside: so that years of nights can be run in a test.

use async_trait::async_trait;
use jiff::Timestamp;
use std::fmt;

/// Tells the time, and waits.
///
/// **Cancellation**: dropping the future of a wait ends it.
#[async_trait]
pub trait Clock: Send + Sync + fmt::Debug {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Waits until it is `at`; returns at once if it is later already.
    async fn wait_until(&self, at: Timestamp);
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn wait_until(&self, at: Timestamp) {
        // In short steps: the system's clock may be set meanwhile, and does not run while the machine sleeps.
        loop {
            let left = at.duration_since(Timestamp::now());
            let Ok(left) = std::time::Duration::try_from(left) else { return };
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(std::time::Duration::from_secs(30))).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_until_then() {
        let clock = SystemClock;
        let then = clock.now().checked_add(std::time::Duration::from_millis(20)).unwrap();
        clock.wait_until(then).await;
        assert!(clock.now() >= then);
        clock.wait_until(Timestamp::UNIX_EPOCH).await;
    }
}
