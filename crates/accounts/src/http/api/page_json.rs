//! The shapes in which clients read the profile of a character.

use fchatd_store::{Character, Choice, PageHead};
use serde_json::{Map, Value, json};

use crate::profile::catalogue::{Catalogue, Groups, Infotag, ProfileField};

/// The relation of the visitor to a character.
#[derive(Debug, Default)]
pub(super) struct View {
    /// It is one of the account's own.
    pub(super) own: bool,
    /// All characters of the account; empty for those of others, which need not be linked.
    pub(super) characters: Vec<Character>,
    /// The account's memo about it.
    pub(super) memo: Option<String>,
}

/// One rendering of a profile.
pub(super) type Render = fn(&Catalogue, &PageHead, &View) -> Value;

pub(super) fn info(catalogue: &Catalogue, head: &PageHead, _: &View) -> Value {
    json!({ "error": "", "info": info_groups(catalogue, head) })
}

pub(super) fn kinks(catalogue: &Catalogue, head: &PageHead, _: &View) -> Value {
    json!({ "error": "", "kinks": kink_groups(catalogue, head) })
}

pub(super) fn custom_kinks(_: &Catalogue, head: &PageHead, _: &View) -> Value {
    json!({ "error": "", "kinks": customs(head) })
}

pub(super) fn images(_: &Catalogue, _: &PageHead, _: &View) -> Value {
    json!({ "error": "", "images": [] })
}

pub(super) fn guestbook(_: &Catalogue, _: &PageHead, _: &View) -> Value {
    json!({ "error": "", "page": 0, "canEdit": false, "nextPage": false, "posts": [] })
}

pub(super) fn data(catalogue: &Catalogue, head: &PageHead, view: &View) -> Value {
    let (character, page, settings) = (&head.character, &head.page, head.page.settings);
    let characters: Vec<_> = view
        .characters
        .iter()
        .map(|one| json!({ "id": one.id.0, "name": one.name }))
        .collect();
    let kinks: Map<String, Value> = page
        .kinks
        .iter()
        .map(|(id, choice)| (id.to_string(), json!(choice.as_str())))
        .collect();
    let custom_kinks: Map<String, Value> = page
        .custom_kinks
        .iter()
        .map(|custom| {
            let value = json!({
                "id": custom.id,
                "choice": custom.choice.as_str(),
                "name": custom.name,
                "description": custom.description,
                "children": custom.children,
            });
            (custom.id.to_string(), value)
        })
        .collect();
    let infotags: Map<String, Value> = fields(catalogue, head)
        .map(|(tag, value)| (tag.id.to_string(), json!(value)))
        .collect();
    let mut answer = json!({
        "error": "",
        "id": character.id.0,
        "name": character.name,
        "custom_title": page.title,
        "description": page.description,
        "created_at": head.created_at,
        "updated_at": head.updated_at,
        "views": head.views,
        "badges": [],
        "customs_first": settings.customs_first,
        "character_list": characters,
        "current_user": { "inline_mode": 0, "animated_icons": true },
        "custom_kinks": custom_kinks,
        "images": [],
        "inlines": {},
        "kinks": kinks,
        "infotags": infotags,
        "settings": {
            "customs_first": settings.customs_first,
            "show_friends": settings.show_friends,
            "show_badges": true,
            "guestbook": false,
            "moderate_guestbook": false,
            "prevent_bookmarks": settings.prevent_bookmarks,
            "block_bookmarks": settings.prevent_bookmarks,
            "public": true,
            "hide_timezone": false,
            "hide_contact_details": false,
        },
        "timezone": page.timezone,
        "is_self": view.own,
    });
    if let (Some(memo), Some(object)) = (&view.memo, answer.as_object_mut()) {
        object.insert("memo".to_owned(), json!({ "id": character.id.0, "memo": memo }));
    }
    answer
}

pub(super) fn get(_: &Catalogue, head: &PageHead, _: &View) -> Value {
    json!({
        "error": "",
        "character": {
            "id": head.character.id.0,
            "name": head.character.name,
            "title": head.page.title,
            "description": head.page.description,
            "pageviews": head.views,
            "datetime_created": head.created_at,
            "datetime_changed": head.updated_at,
        },
    })
}

/// The fields of a character with their values as clients get them: a text, or the number of a list's item.
pub(in crate::http) fn fields<'a>(
    catalogue: &'a Catalogue,
    head: &'a PageHead,
) -> impl Iterator<Item = (&'a Infotag, String)> {
    catalogue.infotags().iter().filter_map(|tag| {
        let value = match ProfileField::named(&tag.name) {
            Some(field) => {
                let words = field.value(&head.character.profile)?;
                catalogue.item_valued(&tag.list, words)?.id.to_string()
            }
            None => head.page.infotags.iter().find(|(id, _)| *id == tag.id)?.1.clone(),
        };
        Some((tag, value))
    })
}

fn info_groups(catalogue: &Catalogue, head: &PageHead) -> Map<String, Value> {
    let mut groups = Groups::default();
    for (tag, value) in fields(catalogue, head) {
        if let Some(words) = catalogue.words(tag, &value) {
            let item = json!({ "id": tag.id, "name": tag.name, "value": words });
            groups.add(tag.group_id, catalogue.infotag_group(tag.group_id), item);
        }
    }
    groups.0
}

fn kink_groups(catalogue: &Catalogue, head: &PageHead) -> Map<String, Value> {
    let mut groups = Groups::default();
    for (id, choice) in &head.page.kinks {
        if let Some(kink) = catalogue.kink(*id) {
            let item = json!({ "id": kink.id, "name": kink.name, "choice": choice.as_str() });
            groups.add(kink.group_id, catalogue.kink_group(kink.group_id), item);
        }
    }
    groups.0
}

fn customs(head: &PageHead) -> Vec<Value> {
    let customs = head.page.custom_kinks.iter();
    customs
        .map(|one| {
            let choice: Choice = one.choice;
            json!({ "name": one.name, "choice": choice.as_str(), "description": one.description })
        })
        .collect()
}
