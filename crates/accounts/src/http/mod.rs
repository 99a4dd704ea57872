//! The account service over HTTP: `getApiTicket` and `/json/api/*` in the shapes that existing clients use
//! (docs/api.md), `/api/*` for the built-in page, the website's pages, and pictures. The page of the chat has its rows in
//! the same table; its content comes from the program as a [`ChatPage`].

mod api;
mod cookies;
mod devices;
mod edit;
pub(crate) mod endpoints;
mod export;
mod form;
mod images;
mod pages;
mod pictures;
mod reply;
mod report_page;
mod reset;
mod second_factor;
mod site;
mod ticket;
mod user_agent;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use fchatd_edge::http::{HttpFuture, HttpRequest, HttpResponse, HttpService};
use serde::Serialize;
use tokio::sync::Semaphore;

pub use self::pages::FrontPage;
use self::reply::{Readers, Refusal};
use crate::desk::website::{Website, WebsiteSettings};
use crate::login::LoginProvider;
use crate::profile::catalogue::LiveCatalogue;

/// All paths below these folders are the account service's, whether there is an endpoint or not.
const OWN_FOLDERS: [&str; 2] = ["/json/", "/images/"];

/// The page of the chat, as the program brings it along.
#[derive(Debug, Clone, Copy)]
pub struct ChatPage {
    /// The page at `/` for a visitor.
    pub front: fn(&HttpRequest, Option<&FrontPage>) -> HttpResponse,
    /// A file of the page by its name.
    pub file: fn(&HttpRequest, &str) -> HttpResponse,
}

impl Default for ChatPage {
    /// No page.
    fn default() -> Self {
        Self {
            front: |_, _| reply::not_found(),
            file: |_, _| reply::not_found(),
        }
    }
}

/// Answers the requests to the endpoints of the table. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AccountHttp {
    provider: LoginProvider,
    /// The genders that a character may have, from the configuration.
    genders: Arc<RwLock<Arc<[String]>>>,
    /// The fields of profiles.
    catalogue: Arc<LiveCatalogue>,
    /// Sessions and settings of the website.
    website: Arc<Website>,
    page: ChatPage,
    /// The bounds of reading the operator's pictures.
    files: Arc<images::Files>,
    /// Bounds the exports that are made at once.
    exports: Arc<Semaphore>,
    refused: Arc<AtomicU64>,
}

impl AccountHttp {
    /// Serves the accounts of the given provider; `genders` are those that the configuration allows, and `catalogue`
    /// gives the fields of profiles.
    #[must_use]
    pub fn new(provider: LoginProvider, genders: Vec<String>, catalogue: Arc<LiveCatalogue>) -> Self {
        Self {
            provider,
            genders: Arc::new(RwLock::new(genders.into())),
            catalogue,
            website: Arc::new(Website::new(WebsiteSettings::default())),
            page: ChatPage::default(),
            files: Arc::default(),
            exports: Arc::new(Semaphore::new(export::AT_ONCE)),
            refused: Arc::default(),
        }
    }

    /// The same with a website that is set so. Call it before anything is cloned.
    #[must_use]
    pub fn with_website(self, settings: WebsiteSettings) -> Self {
        Self {
            website: Arc::new(Website::new(settings)),
            ..self
        }
    }

    /// The same with the page of the chat.
    #[must_use]
    pub fn with_page(self, page: ChatPage) -> Self {
        Self { page, ..self }
    }

    /// Sets the website anew, for all clones. The folder of pictures stays as it was.
    pub fn configure_website(&self, settings: &WebsiteSettings) {
        self.website.configure(settings);
    }

    /// The part of the page at `/` that depends on the visitor; `None` where no one can sign in here.
    pub async fn front_page(&self, request: &HttpRequest) -> Option<FrontPage> {
        pages::front_page(self, request).await
    }

    /// The page of the chat for a visitor.
    async fn front(&self, request: &HttpRequest) -> HttpResponse {
        (self.page.front)(request, self.front_page(request).await.as_ref())
    }

    /// Allows other genders from now on, for all clones.
    pub fn set_genders(&self, genders: Vec<String>) {
        self.catalogue.set_genders(&genders);
        *self.genders.write().unwrap_or_else(PoisonError::into_inner) = genders.into();
    }

    fn genders(&self) -> Arc<[String]> {
        Arc::clone(&self.genders.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Requests since the start that were answered with an error, of any kind.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// The answer to a request, or `None` where the table has no endpoint for its path. Errors of JSON, too, are answered with
    /// status 200 and a JSON object with the remedy in `error`, because clients read that.
    #[must_use]
    pub fn route(&self, request: &HttpRequest) -> Option<HttpFuture> {
        match endpoints::find(&request.path) {
            Some((endpoint, part)) => Some(endpoint.respond(self, request, part)),
            None if OWN_FOLDERS.iter().any(|folder| request.path.starts_with(folder)) => {
                Some(Box::pin(std::future::ready(reply::not_found())))
            }
            None => None,
        }
    }

    /// The most bytes that the body of a request to this path may have; `usual` is the limit of the edge.
    #[must_use]
    pub fn body_bytes_max(path: &str, usual: usize) -> usize {
        endpoints::body_bytes_max(path, usual)
    }

    /// The text of a refusal, which is counted.
    fn refusal(&self, refusal: Refusal) -> String {
        self.refused.fetch_add(1, Ordering::Relaxed);
        refusal.into_text()
    }

    /// Answers with JSON, and counts errors.
    fn json<T: Serialize>(&self, result: Result<T, Refusal>, readers: Readers) -> HttpResponse {
        if result.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        reply::json(result, readers)
    }
}

impl HttpService for AccountHttp {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        self.route(&request)
            .unwrap_or_else(|| Box::pin(async { reply::not_found() }))
    }

    fn body_bytes_max(&self, path: &str, usual: usize) -> usize {
        Self::body_bytes_max(path, usual)
    }
}
