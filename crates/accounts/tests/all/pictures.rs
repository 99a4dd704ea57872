//! Pictures that the operator gives out below `/images/`.

use crate::support::{get, header, site, site_with};
use fchatd_accounts::{AccountHttp, AccountSettings, Pace, WebsiteSettings};
use fchatd_edge::http::{HttpRequest, HttpService};

#[tokio::test]
async fn pictures_of_the_operator() {
    let site = site();
    let folder = site.folder().join("images");
    std::fs::create_dir_all(folder.join("eicon")).unwrap();
    std::fs::create_dir_all(folder.join("charinline/ab/cd")).unwrap();
    let gif = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
    std::fs::write(folder.join("eicon/big cat.gif"), gif).unwrap();
    std::fs::write(folder.join("charinline/ab/cd/abcd.png"), gif).unwrap();
    std::fs::write(folder.join("eicon/page.gif"), "<script>alert(1)</script>").unwrap();
    std::fs::write(site.folder().join("secret.gif"), gif).unwrap();
    let http = AccountHttp::new(
        site.provider.clone(),
        crate::support::genders(),
        crate::support::catalogue(),
    )
    .with_website(WebsiteSettings {
        pictures: Some(folder),
        ..WebsiteSettings::default()
    });
    let ask = async |path: &str| http.call(get(path, "")).await;
    for path in [
        "/images/eicon/Big%20Cat.gif",
        "/images/eicon/big%20cat.png",
        "/images/charinline/ab/cd/abcd.png",
    ] {
        let answer = ask(path).await;
        assert_eq!(
            (answer.status, answer.body.as_ref()),
            (200, gif.as_slice()),
            "{path}"
        );
        assert_eq!(header(&answer, "content-type"), Some("image/gif"), "by its bytes");
        assert_eq!(header(&answer, "cache-control"), Some("public, max-age=86400"));
        assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"));
        assert_eq!(
            header(&answer, "content-security-policy"),
            Some("default-src 'none'; sandbox")
        );
        let again = HttpRequest {
            if_none_match: header(&answer, "etag").map(str::to_owned),
            ..get(path, "")
        };
        let again = http.call(again).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
    for path in [
        "/images/eicon/none.gif",
        "/images/eicon/page.gif",
        "/images/eicon/..%2f..%2fsecret.gif",
        "/images/eicon/../../secret.gif",
        "/images/social/x.png",
        "/images/charimage/1.png",
        "/images/charthumb/1.png",
    ] {
        let answer = ask(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(header(&answer, "content-type"), Some("image/png"), "{path}");
        assert!(
            answer.body.starts_with(b"\x89PNG"),
            "browsers show a picture: {path}"
        );
        assert!(header(&answer, "retry-after").is_none());
    }
    assert_eq!(
        header(&ask("/images/other/x.png").await, "content-type"),
        Some("application/json")
    );
}

#[tokio::test]
async fn an_address_has_its_pace_with_pictures_too() {
    let site = site_with(|settings| AccountSettings {
        requests_per_address: Pace {
            burst: 2,
            per_second: 1,
        },
        ..settings
    });
    let mut answers = Vec::new();
    for path in ["/images/eicon/a.gif", "/c/Ada", "/images/eicon/a.gif", "/c/Ada"] {
        answers.push(site.http.call(get(path, "")).await);
    }
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(
        statuses,
        [404, 403, 429, 429],
        "profiles count together with pictures"
    );
    assert!(
        answers[2..]
            .iter()
            .all(|answer| header(answer, "retry-after").is_some())
    );
}
