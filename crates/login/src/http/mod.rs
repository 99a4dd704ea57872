//! The account service over HTTP: `getApiTicket` in the shape that existing clients use (pages 4 and 7 of the
//! specification), and `/api/*` for the built-in page.

mod form;
mod reply;
mod site;
mod ticket;

use std::sync::{Arc, PoisonError, RwLock};

use fchatd_edge::http::{HttpFuture, HttpRequest, HttpService};

use crate::provider::LoginProvider;

/// Answers the account service's part of the HTTP requests. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AccountHttp {
    provider: LoginProvider,
    /// The genders that a character may have, from the configuration.
    genders: Arc<RwLock<Arc<[String]>>>,
}

impl AccountHttp {
    /// Serves the accounts of the given provider; `genders` are those that the configuration allows.
    #[must_use]
    pub fn new(provider: LoginProvider, genders: Vec<String>) -> Self {
        Self {
            provider,
            genders: Arc::new(RwLock::new(genders.into())),
        }
    }

    /// Allows other genders from now on, for all clones.
    pub fn set_genders(&self, genders: Vec<String>) {
        *self.genders.write().unwrap_or_else(PoisonError::into_inner) = genders.into();
    }

    fn genders(&self) -> Arc<[String]> {
        Arc::clone(&self.genders.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The answer to a request, or `None` when its path is not the account service's. Errors, too, are answered with
    /// status 200 and a JSON object whose `error` says what to do, because that is what clients read.
    #[must_use]
    pub fn route(&self, request: &HttpRequest) -> Option<HttpFuture> {
        let (own, request) = (self.clone(), request.clone());
        Some(match request.path.as_str() {
            "/json/getApiTicket.php" | "/json/getApiTicket.json" => {
                Box::pin(async move { ticket::answer(&own.provider, &request).await })
            }
            "/api/site" | "/api/register" | "/api/character-create" | "/api/characters" | "/api/renew" => {
                Box::pin(async move { site::answer(&own, &request).await })
            }
            _ => return None,
        })
    }
}

impl HttpService for AccountHttp {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        self.route(&request)
            .unwrap_or_else(|| Box::pin(async { reply::not_found() }))
    }
}
