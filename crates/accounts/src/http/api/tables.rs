//! `mapping-list`, `kink-list`, `info-list`, `group-list`: the catalogue of profiles, the same for each client.

use fchatd_edge::http::HttpResponse;

use crate::http::AccountHttp;
use crate::http::reply::{self, Readers};

pub(in crate::http) fn mapping(own: &AccountHttp) -> HttpResponse {
    reply::written(own.catalogue.now().mapping_list())
}

pub(in crate::http) fn kinks(own: &AccountHttp) -> HttpResponse {
    reply::written(own.catalogue.now().kink_list())
}

pub(in crate::http) fn infos(own: &AccountHttp) -> HttpResponse {
    reply::written(own.catalogue.now().info_list())
}

pub(in crate::http) fn groups(_: &AccountHttp) -> HttpResponse {
    reply::json(
        Ok(serde_json::json!({ "error": "", "groups": [] })),
        Readers::Anyone,
    )
}
