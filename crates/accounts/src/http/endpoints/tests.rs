//! The rows of the table agree with each other.

use super::*;

#[test]
fn each_path_leads_to_one_endpoint() {
    for endpoint in endpoints() {
        let path = endpoint.place.template();
        let found: Vec<_> = endpoints()
            .filter(|one| one.place.part(&path).is_some())
            .map(|one| one.place)
            .collect();
        assert_eq!(found, [endpoint.place], "{path}");
    }
}

#[test]
fn paths_have_no_other_spelling() {
    let place = |path: &str| find(path).map(|(endpoint, part)| (endpoint.place.template(), part.to_owned()));
    for (path, template, part) in [
        ("/json/api/note-get.php", "/json/api/note-get.php", ""),
        ("/json/api/note-get.json", "/json/api/note-get.php", ""),
        ("/c/Ada%20L", "/c/{name}", "Ada%20L"),
        ("/images/avatar/ada.png", "/images/avatar/{name}.png", "ada"),
        (
            "/images/charinline/a/b/c.png",
            "/images/charinline/{file}",
            "a/b/c.png",
        ),
    ] {
        assert_eq!(
            place(path),
            Some((template.to_owned(), part.to_owned())),
            "{path}"
        );
    }
    for path in [
        "/json/api/note-get",
        "/json/api/note-get.php/",
        "/json/api/note-get.PHP",
        "/api/account-delete/",
        "/api/account-deleted",
        "/api/",
        "/c",
        "/images/eicon",
        "/images/avatar/ada.gif",
    ] {
        assert_eq!(place(path), None, "{path}");
    }
}

#[test]
fn an_endpoint_with_a_ticket_has_a_cost_and_a_sentence() {
    for endpoint in endpoints() {
        let with_ticket = matches!(endpoint.handler, Handler::Ticket(..));
        assert_eq!(
            with_ticket,
            endpoint.access == Access::Ticket,
            "{:?}",
            endpoint.place
        );
        assert!(!with_ticket || endpoint.cost.is_some(), "{:?}", endpoint.place);
        assert!(endpoint.summary.ends_with('.'), "{:?}", endpoint.place);
    }
}

#[test]
fn bodies_have_the_room_of_their_content() {
    for (path, wanted) in [
        ("/json/api/report-submit.php", 1024 * 1024),
        ("/json/api/note-send.json", 256 * 1024),
        ("/api/profile-save", 256 * 1024),
        ("/api/avatar-save", 256 * 1024),
        ("/api/register", 64 * 1024),
        ("/elsewhere", 64 * 1024),
    ] {
        assert_eq!(body_bytes_max(path, 64 * 1024), wanted, "{path}");
        assert!(body_bytes_max(path, 2 * 1024 * 1024) == 2 * 1024 * 1024, "{path}");
    }
}
