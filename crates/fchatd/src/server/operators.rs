//! The work of operators on the command line while the server runs.

use std::time::Duration;

use fchatd_accounts::LoginProvider;

/// The greatest delay after which an operator's change is noticed.
const PAUSE: Duration = Duration::from_secs(1);

/// Looks again and again, for as long as the server runs.
pub(super) async fn hear(provider: LoginProvider) {
    let Some(service) = provider.accounts() else {
        return;
    };
    let mut failing = false;
    loop {
        // At once, too: changes before the start must not remove people that come in now.
        match service.hear_operators().await {
            Ok(()) => failing = false,
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(
                    "it could not be seen what operators have done, which is tried again: {error}"
                );
            }
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}
