//! Everything that is answered over plain HTTP: accounts with the page of the chat, the administration, and health checks.

use fchatd_accounts::AccountHttp;
use fchatd_edge::http::{HttpFuture, HttpRequest, HttpService};

use crate::server::admin::AdminDoor;
use crate::server::monitor::{Readiness, probe};
use crate::server::page::{PAGE, nothing};

/// Answers everything that comes over plain HTTP.
pub(crate) struct Site {
    http: AccountHttp,
    admin: AdminDoor,
    readiness: Readiness,
}

impl Site {
    /// A site with the page, these accounts and this administration.
    pub(crate) fn new(accounts: AccountHttp, admin: AdminDoor, readiness: Readiness) -> Self {
        Self {
            http: accounts.with_page(PAGE),
            admin,
            readiness,
        }
    }
}

impl HttpService for Site {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        if let Some(answer) = self.http.route(&request) {
            return answer;
        }
        if let Some(answer) = self.admin.route(&request) {
            return answer;
        }
        let probed = match request.method.as_str() {
            "GET" | "HEAD" => probe(&request.path, &self.readiness),
            _ => None,
        };
        Box::pin(std::future::ready(probed.unwrap_or_else(|| nothing(&request))))
    }

    fn endpoint(&self, path: &str) -> &'static str {
        if path == "/admin" || path.starts_with("/admin/") {
            return "/admin/*";
        }
        AccountHttp::endpoint(path).unwrap_or("other")
    }

    fn body_bytes_max(&self, path: &str, usual: usize) -> usize {
        AccountHttp::body_bytes_max(path, usual)
    }
}
