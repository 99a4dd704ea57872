//! Profiles: editing them, reading them in all shapes, pictures, reports.

use crate::support::{PASSWORD, call, get, header, post, site, site_with_events};
use fchatd_edge::http::HttpService;
use serde_json::{Value, json};

const TEXT: &str = "[b]Hello[/b] <script>alert(1)</script> & \"you\"\nsecond line";

#[tokio::test]
async fn a_new_character_has_a_whole_page() {
    let site = site();
    let ada = site.person("ada").await;
    let data = ada.done("character-data", &[("name", "zoe")]).await;
    assert_eq!(
        data,
        json!({
            "error": "", "id": 1, "name": "Zoe", "custom_title": "", "description": "",
            "created_at": crate::support::START, "updated_at": crate::support::START, "views": 0, "badges": [],
            "customs_first": false,
            "character_list": [{"id": 3, "name": "Ada"}, {"id": 2, "name": "anna"}, {"id": 1, "name": "Zoe"}],
            "current_user": {"inline_mode": 0, "animated_icons": true}, "custom_kinks": {}, "images": [],
            "inlines": {}, "kinks": {}, "infotags": {},
            "settings": {
                "customs_first": false, "show_friends": true, "show_badges": true, "guestbook": false,
                "moderate_guestbook": false, "prevent_bookmarks": false, "block_bookmarks": false,
                "public": true, "hide_timezone": false, "hide_contact_details": false
            },
            "timezone": 0, "is_self": true
        })
    );
}

#[tokio::test]
async fn a_saved_profile_is_read_in_every_shape() {
    let (site, _events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    site.advance(5);
    ada.edit(
        "profile-save",
        &[
            ("name", "ADA"),
            ("title", " Countess "),
            ("description", TEXT),
            ("timezone", "-5"),
            ("infotags", r#"{"1": "36", "9": "Human <b>", "3": 2, "2": "127", "15": "9", "24": "63", "64": ""}"#),
            ("kinks", r#"{"5101": "fave", "5102": "yes", "5106": "no", "5301": "maybe"}"#),
            (
                "custom_kinks",
                r#"[{"name": "Chess", "description": "Blindfold", "choice": "favorite", "children": [5208]}]"#,
            ),
            ("settings", r#"{"customs_first": true, "show_friends": false}"#),
        ],
    )
    .await;
    let data = bob.done("character-data", &[("id", "3")]).await;
    assert_eq!(
        (&data["name"], &data["custom_title"]),
        (&json!("Ada"), &json!("Countess"))
    );
    assert_eq!(
        data["description"], TEXT,
        "raw: the client's parser makes it safe"
    );
    assert_eq!(
        data["infotags"],
        json!({"1": "36", "9": "Human <b>", "3": "2", "2": "127", "15": "9", "24": "63"})
    );
    assert_eq!(
        data["kinks"],
        json!({"5101": "fave", "5102": "yes", "5106": "no", "5301": "maybe"})
    );
    assert_eq!(
        data["custom_kinks"],
        json!({"1": {"id": 1, "choice": "fave", "name": "Chess", "description": "Blindfold", "children": [5208]}})
    );
    assert_eq!(
        (&data["customs_first"], &data["settings"]["show_friends"]),
        (&json!(true), &json!(false))
    );
    assert_eq!((&data["timezone"], &data["is_self"]), (&json!(-5), &json!(false)));
    assert_eq!(
        data["character_list"],
        json!([]),
        "nobody learns which characters belong together"
    );
    assert_eq!(
        (&data["views"], &data["updated_at"]),
        (&json!(1), &json!(crate::support::START + 5))
    );
    let data = ada.done("character-data", &[("name", "Ada")]).await;
    assert_eq!(data["views"], 1, "the owner does not count");

    let info = bob.done("character-info", &[("name", "Ada")]).await;
    assert_eq!(info["info"]["3"]["group"], "General details");
    assert_eq!(
        info["info"]["3"]["items"][0],
        json!({"id": 1, "name": "Age", "value": "36"})
    );
    assert_eq!(
        info["info"]["2"]["items"][1],
        json!({"id": 15, "name": "Dom/Sub Role", "value": "Switch"})
    );
    let kinks = bob.done("character-kinks", &[("name", "Ada")]).await;
    assert_eq!(
        kinks["kinks"]["2"]["items"][0],
        json!({"id": 5101, "name": "Adventure", "choice": "fave"})
    );
    let customs = bob.done("character-customkinks", &[("name", "Ada")]).await;
    assert_eq!(
        customs["kinks"],
        json!([{"name": "Chess", "choice": "fave", "description": "Blindfold"}])
    );
    let got = bob.done("character-get", &[("name", "Ada")]).await;
    assert_eq!(
        (&got["character"]["name"], &got["character"]["description"]),
        (&json!("Ada"), &json!(TEXT))
    );
    assert_eq!(
        bob.done("character-images", &[("id", "3")]).await["images"],
        json!([])
    );
    let book = bob
        .done("character-guestbook", &[("id", "3"), ("page", "0")])
        .await;
    assert_eq!((&book["posts"], &book["nextPage"]), (&json!([]), &json!(false)));
    assert_eq!(
        ada.done("character-list", &[]).await["characters"],
        json!(["Ada", "anna", "Zoe"])
    );

    let answer = site.check("ada", &ada.ticket, "Ada").await;
    assert_eq!(
        answer["select"],
        json!({"Gender": "Female", "Orientation": "Pansexual", "Dom/Sub Role": "Switch"})
    );
    assert_eq!(
        answer["info"],
        json!({"Age": "36", "Species": "Human <b>", "Desired post length": "No preference"})
    );
    assert_eq!(answer["kinks"], json!([5101, 5102]), "who likes it");
    assert_eq!(answer["custom"], json!({"Chess": "Blindfold"}));

    ada.edit("profile-save", &[("name", "Ada"), ("title", "")]).await;
    let data = ada.done("character-data", &[("name", "Ada")]).await;
    assert_eq!(
        (&data["custom_title"], &data["timezone"]),
        (&json!(""), &json!(-5)),
        "the rest stays"
    );
}

#[tokio::test]
async fn an_invalid_profile_is_refused_and_changes_nothing() {
    let (site, _events) = site_with_events();
    let ada = site.person("ada").await;
    let before = ada.done("character-data", &[("name", "Ada")]).await;
    let deep = "[".repeat(50_000);
    let long_title = "x".repeat(101);
    let long_text = "x".repeat(50_001);
    let customs = json!(vec![json!({"name": "x", "choice": "yes"}); 201]).to_string();
    for (name, field, value, part) in [
        ("Bob", "title", "x", "no character of that name"),
        ("Nobody", "title", "x", "no character of that name"),
        ("", "title", "x", "\"name\" is missing"),
        ("Ada", "title", "two\nlines", "single line"),
        ("Ada", "title", &long_title, "at most 100"),
        ("Ada", "description", "a\0b", "control characters"),
        ("Ada", "description", &long_text, "50000 bytes"),
        ("Ada", "timezone", "99", "time zone"),
        ("Ada", "timezone", "east", "must be a number"),
        ("Ada", "infotags", "{", "not the JSON"),
        ("Ada", "infotags", "[1]", "not the JSON"),
        ("Ada", "infotags", &deep, "not the JSON"),
        ("Ada", "infotags", r#"{"77777": "x"}"#, "does not know"),
        ("Ada", "infotags", r#"{"3": "4"}"#, "one of the items"),
        ("Ada", "infotags", r#"{"3": "Female"}"#, "one of the items"),
        ("Ada", "infotags", r#"{"1": "a\nb"}"#, "single line"),
        ("Ada", "kinks", r#"{"1": "yes"}"#, "does not know"),
        ("Ada", "kinks", r#"{"5101": "perhaps"}"#, "\"maybe\""),
        (
            "Ada",
            "custom_kinks",
            r#"[{"name": "", "choice": "yes"}]"#,
            "needs a name",
        ),
        (
            "Ada",
            "custom_kinks",
            r#"[{"name": "a", "choice": "yes", "children": [1]}]"#,
            "does not know",
        ),
        (
            "Ada",
            "custom_kinks",
            r#"[{"name": "a", "choice": "yes"}, {"name": "a", "choice": "no"}]"#,
            "two custom",
        ),
        ("Ada", "custom_kinks", &customs, "at most 200"),
        ("Ada", "settings", r#"{"show_friends": "yes"}"#, "not the JSON"),
    ] {
        let fields = [("name", name), ("title", "changed"), (field, value)];
        let fields = if field == "title" {
            [fields[0], fields[2], ("x", "y")]
        } else {
            fields
        };
        site.advance(1);
        let refusal = ada.refused("/api/profile-save", &fields).await;
        assert!(refusal.contains(part), "{field} {:.40}: {refusal}", value);
    }
    assert_eq!(ada.done("character-data", &[("name", "Ada")]).await, before);
    assert_eq!(site.http.refused(), 23);
}

#[tokio::test]
async fn the_tables_are_for_everybody() {
    let site = site();
    for (path, keys) in [
        (
            "mapping-list",
            ["kinks", "kink_groups", "infotags", "infotag_groups", "listitems"].as_slice(),
        ),
        ("kink-list", &["kinks"]),
        ("info-list", &["info"]),
        ("group-list", &["groups"]),
    ] {
        let request = get(&format!("/json/api/{path}.php"), "__fchat=web%2F3.0.16");
        let response = site.http.call(request).await;
        assert_eq!(header(&response, "access-control-allow-origin"), Some("*"));
        let answer: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(answer["error"], "");
        for key in keys {
            assert!(!answer[*key].is_null(), "{path}: {key}");
        }
    }
    let mapping = call(&site.http, get("/json/api/mapping-list.php", "")).await;
    let genders: Vec<_> = mapping["listitems"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["name"] == "gender")
        .map(|item| item["value"].as_str().unwrap())
        .collect();
    assert_eq!(genders, ["Male", "Female", "None"], "those of the configuration");
    let tag = &mapping["infotags"][2];
    assert_eq!(
        tag,
        &json!({"id": "3", "name": "Gender", "type": "list", "list": "gender", "group_id": "3"})
    );
    for (table, keys) in [
        ("kinks", ["id", "name", "description", "group_id"].as_slice()),
        ("kink_groups", &["id", "name"]),
        ("infotags", &["id", "name", "type", "list", "group_id"]),
        ("infotag_groups", &["id", "name", "description"]),
        ("listitems", &["id", "name", "value"]),
    ] {
        for row in mapping[table].as_array().unwrap() {
            let row = row.as_object().unwrap();
            assert_eq!(row.len(), keys.len(), "{table}: {row:?}");
            assert!(
                keys.iter().all(|key| row[*key].is_string()),
                "{table}: all of a row are texts: {row:?}"
            );
        }
    }
    let infos = call(&site.http, get("/json/api/info-list.php", "")).await;
    assert_eq!(
        infos["info"]["3"]["items"][2]["list"],
        json!(["Male", "Female", "None"])
    );
    let kinks = call(&site.http, get("/json/api/kink-list.php", "")).await;
    assert!(kinks["kinks"]["1"]["items"][0]["kink_id"].is_i64());
}

#[tokio::test]
async fn an_avatar_is_what_its_bytes_are() {
    let (site, _events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let picture = async |path: &str| site.http.call(get(path, "")).await;
    let default = picture("/images/avatar/ada.png").await;
    assert_eq!(
        (default.status, header(&default, "content-type")),
        (200, Some("image/png"))
    );
    assert!(default.body.starts_with(b"\x89PNG"));
    let nobody = picture("/images/avatar/%3Cscript%3E.png").await;
    assert_eq!(
        header(&nobody, "content-type"),
        Some("image/png"),
        "who is not there has a face as well"
    );

    // GIF of 1 by 1 pixels, as a browser gives it.
    let gif = "data:image/png;base64,R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAkQBADs=";
    ada.edit("avatar-save", &[("name", "Ada"), ("image", gif)]).await;
    for path in ["/images/avatar/ada.png", "/avatar/Ada"] {
        let own = picture(path).await;
        assert_eq!(
            header(&own, "content-type"),
            Some("image/gif"),
            "not what was claimed"
        );
        assert_eq!(header(&own, "x-content-type-options"), Some("nosniff"));
        assert_eq!(
            header(&own, "content-security-policy"),
            Some("default-src 'none'; sandbox")
        );
        assert!(own.body.starts_with(b"GIF89a"));
        let tag = header(&own, "etag").map(str::to_owned);
        let mut again = get(path, "");
        again.if_none_match = tag;
        assert_eq!(site.http.call(again).await.status, 304);
    }
    let huge = [b"GIF89a\xff\xff\x01\0".as_slice(), &[0; 100]].concat();
    let fat = [b"GIF89a\x01\0\x01\0".as_slice(), &vec![0; 200_000]].concat();
    use base64::Engine as _;
    let coded = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    for (image, part) in [
        (
            coded(b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"),
            "not a PNG",
        ),
        (coded(b"<html><script>alert(1)</script>"), "not a PNG"),
        (coded(&huge), "512 pixels"),
        (coded(&fat), "128 KiB"),
        ("%%%".to_owned(), "base64"),
        (String::new(), "missing"),
    ] {
        let refusal = ada
            .refused("/api/avatar-save", &[("name", "Ada"), ("image", &image)])
            .await;
        assert!(refusal.contains(part), "{refusal}");
    }
    let refusal = bob
        .refused("/api/avatar-save", &[("name", "Ada"), ("image", gif)])
        .await;
    assert_eq!(refusal, "This account has no character of that name.");
    ada.edit("avatar-remove", &[("name", "Ada")]).await;
    assert_eq!(picture("/avatar/ada").await.body, default.body);
}

#[tokio::test]
async fn reports_are_for_those_who_take_them() {
    let (site, _events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let log = r#"[{"sender": "Zoe", "text": "<img src=x onerror=alert(1)>"}]"#;
    let fields = [
        ("character", "bob"),
        ("reportText", "She shouts."),
        ("log", log),
        ("channel", "Frontpage"),
        ("text", "true"),
        ("reportUser", "Zoe"),
    ];
    let answer = bob.done("report-submit", &fields).await;
    assert_eq!(answer["log_id"], "1");
    let refusal = bob.refused("/api/report", &[("log_id", "1")]).await;
    assert_eq!(refusal, "Reports are for moderators only.");
    let report = ada.edit("report", &[("log_id", "1")]).await;
    assert_eq!(
        (&report["character"], &report["log"]),
        (&json!("Bob"), &json!(log))
    );
    assert_eq!(
        ada.refused("/api/report", &[("log_id", "2")]).await,
        "There is no such report."
    );
    let others = [("character", "Zoe"), ("reportText", "x")];
    assert!(
        bob.refused("/json/api/report-submit.php", &others)
            .await
            .contains("no character")
    );

    let form = site
        .http
        .call(get("/fchat/getLog.php", "log=1%22%3E%3Cscript%3E"))
        .await;
    let html = String::from_utf8(form.body.to_vec()).unwrap();
    assert!(
        html.contains("type=\"password\"") && !html.contains("<script>") && !html.contains("shouts"),
        "{html}"
    );
    let read = async |account: &str, password: &str| {
        let request = post(
            "/fchat/getLog.php",
            "log=1",
            &[("account", account), ("password", password)],
        );
        let response = site.http.call(request).await;
        assert!(
            header(&response, "content-security-policy")
                .unwrap()
                .contains("default-src 'none'")
        );
        String::from_utf8(response.body.to_vec()).unwrap()
    };
    let html = read("ada", PASSWORD).await;
    assert!(
        html.contains("She shouts.") && html.contains("&lt;img src=x"),
        "{html}"
    );
    assert!(!html.contains("<img"));
    assert!(read("bob", PASSWORD).await.contains("moderators only"));
    assert!(read("ada", "wrong password").await.contains("Password mismatch."));
    for _ in 0..3 {
        bob.done("report-submit", &fields).await;
    }
    assert!(
        bob.refused("/json/api/report-submit.php", &fields)
            .await
            .contains("Too many")
    );
}
