//! The parts of a profile: the site's tables of fields, lists and kinks, in the shape of `mapping-list` (docs/api.md).

mod field;
mod live;

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub(crate) use field::ProfileField;
pub use live::LiveCatalogue;

/// The tables of the program: tame, and with the numbers that clients know for the fields that they look at.
const BUILTIN: &str = include_str!("builtin.json");
/// The most rows that a table may have.
const ROWS_MAX: usize = 5000;
/// Numbers of items for genders that only the configuration knows begin here.
const OWN_GENDERS: i64 = 900_000;

/// The tables. An operator can replace them by a file of the same shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    kinks: Vec<Kink>,
    kink_groups: Vec<KinkGroup>,
    infotags: Vec<Infotag>,
    infotag_groups: Vec<InfotagGroup>,
    listitems: Vec<ListItem>,
    /// The answers that are made of nothing else.
    #[serde(skip)]
    written: OnceLock<Written>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Written {
    mapping: Bytes,
    kinks: Bytes,
    infos: Bytes,
}

/// A kink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kink {
    #[serde(with = "number_as_text")]
    pub(crate) id: i64,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(with = "number_as_text")]
    pub(crate) group_id: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KinkGroup {
    #[serde(with = "number_as_text")]
    id: i64,
    name: String,
}

/// A field of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Infotag {
    #[serde(with = "number_as_text")]
    pub(crate) id: i64,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: InfotagKind,
    /// The name of the list with its items.
    #[serde(default)]
    pub(crate) list: String,
    #[serde(with = "number_as_text")]
    pub(crate) group_id: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum InfotagKind {
    Text,
    List,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct InfotagGroup {
    #[serde(with = "number_as_text")]
    id: i64,
    name: String,
    #[serde(default)]
    description: String,
}

/// Something that a field with a list can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListItem {
    #[serde(with = "number_as_text")]
    pub(crate) id: i64,
    /// The list's name.
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Catalogue {
    /// The built-in tables.
    #[must_use]
    pub fn builtin() -> Self {
        Self::read(BUILTIN).unwrap_or_else(|error| {
            // A test reads them; without them profiles have no fields, and everything else works.
            tracing::error!(%error, "the built-in profile fields are broken");
            Self {
                kinks: Vec::new(),
                kink_groups: Vec::new(),
                infotags: Vec::new(),
                infotag_groups: Vec::new(),
                listitems: Vec::new(),
                written: OnceLock::new(),
            }
        })
    }

    /// Reads tables from JSON.
    ///
    /// # Errors
    /// The mistakes in them, in words for the operator.
    pub fn read(text: &str) -> Result<Self, String> {
        let own: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        own.check()?;
        Ok(own)
    }

    fn check(&self) -> Result<(), String> {
        unique("kinks", self.kinks.iter().map(|one| one.id))?;
        unique("kink_groups", self.kink_groups.iter().map(|one| one.id))?;
        unique("infotags", self.infotags.iter().map(|one| one.id))?;
        unique("infotag_groups", self.infotag_groups.iter().map(|one| one.id))?;
        unique("listitems", self.listitems.iter().map(|one| one.id))?;
        let groups: HashSet<_> = self.kink_groups.iter().map(|one| one.id).collect();
        if let Some(kink) = self.kinks.iter().find(|kink| !groups.contains(&kink.group_id)) {
            return Err(format!(
                "the kink {:?} is in group {}, which is not there",
                kink.name, kink.group_id
            ));
        }
        let groups: HashSet<_> = self.infotag_groups.iter().map(|one| one.id).collect();
        let lists: HashSet<_> = self.listitems.iter().map(|one| one.name.as_str()).collect();
        for tag in &self.infotags {
            if !groups.contains(&tag.group_id) {
                return Err(format!(
                    "the infotag {:?} is in group {}, which is not there",
                    tag.name, tag.group_id
                ));
            }
            if tag.kind == InfotagKind::List && !lists.contains(tag.list.as_str()) {
                return Err(format!(
                    "the infotag {:?} takes items of the list {:?}, which has none",
                    tag.name, tag.list
                ));
            }
        }
        Ok(())
    }

    /// The tables with these genders and no others, as far as the configuration decides.
    pub(crate) fn with_genders(&self, genders: &[String]) -> Self {
        let mut own = Self {
            written: OnceLock::new(),
            ..self.clone()
        };
        own.set_genders(genders);
        own
    }

    fn set_genders(&mut self, genders: &[String]) {
        if genders.is_empty() {
            return;
        }
        let list = self
            .infotag_named(ProfileField::Gender.name())
            .map(|tag| tag.list.clone());
        let Some(list) = list else { return };
        self.listitems
            .retain(|item| item.name != list || genders.contains(&item.value));
        for (number, gender) in (OWN_GENDERS..).zip(genders) {
            if self.item_valued(&list, gender).is_none() {
                self.listitems.push(ListItem {
                    id: number,
                    name: list.clone(),
                    value: gender.clone(),
                });
            }
        }
    }

    pub(crate) fn kink(&self, id: i64) -> Option<&Kink> {
        self.kinks.iter().find(|one| one.id == id)
    }

    pub(crate) fn infotags(&self) -> &[Infotag] {
        &self.infotags
    }

    pub(crate) fn infotag(&self, id: i64) -> Option<&Infotag> {
        self.infotags.iter().find(|one| one.id == id)
    }

    fn infotag_named(&self, name: &str) -> Option<&Infotag> {
        self.infotags.iter().find(|one| one.name == name)
    }

    pub(crate) fn item(&self, list: &str, id: i64) -> Option<&ListItem> {
        self.listitems.iter().find(|one| one.id == id && one.name == list)
    }

    pub(crate) fn item_valued(&self, list: &str, value: &str) -> Option<&ListItem> {
        self.listitems
            .iter()
            .find(|one| one.value == value && one.name == list)
    }

    /// The value of a field, in words: the text, or the value of the list's item.
    pub(crate) fn words<'a>(&'a self, tag: &Infotag, value: &'a str) -> Option<&'a str> {
        match tag.kind {
            InfotagKind::Text => Some(value),
            InfotagKind::List => self
                .item(&tag.list, value.parse().ok()?)
                .map(|item| item.value.as_str()),
        }
    }

    /// The name of the group that a kink is in.
    pub(crate) fn kink_group(&self, id: i64) -> &str {
        self.kink_groups
            .iter()
            .find(|one| one.id == id)
            .map_or("", |one| &one.name)
    }

    /// The name of the group that a field is in.
    pub(crate) fn infotag_group(&self, id: i64) -> &str {
        self.infotag_groups
            .iter()
            .find(|one| one.id == id)
            .map_or("", |one| &one.name)
    }

    /// Numbers and names of the groups of fields, in their order.
    pub(crate) fn infotag_groups(&self) -> impl Iterator<Item = (i64, &str)> {
        self.infotag_groups.iter().map(|one| (one.id, one.name.as_str()))
    }

    /// The answer of `mapping-list`.
    pub(crate) fn mapping_list(&self) -> Bytes {
        self.written().mapping.clone()
    }

    /// The answer of `kink-list`.
    pub(crate) fn kink_list(&self) -> Bytes {
        self.written().kinks.clone()
    }

    /// The answer of `info-list`.
    pub(crate) fn info_list(&self) -> Bytes {
        self.written().infos.clone()
    }

    fn written(&self) -> &Written {
        self.written.get_or_init(|| {
            let mut mapping = json!(self);
            if let Some(object) = mapping.as_object_mut() {
                object.insert("error".to_owned(), json!(""));
            }
            Written {
                mapping: Bytes::from(mapping.to_string()),
                kinks: Bytes::from(json!({ "error": "", "kinks": self.grouped_kinks() }).to_string()),
                infos: Bytes::from(json!({ "error": "", "info": self.grouped_infotags() }).to_string()),
            }
        })
    }

    fn grouped_kinks(&self) -> Map<String, Value> {
        let mut groups = Groups::default();
        for kink in &self.kinks {
            let item = json!({ "kink_id": kink.id, "name": kink.name, "description": kink.description });
            groups.add(kink.group_id, self.kink_group(kink.group_id), item);
        }
        groups.0
    }

    fn grouped_infotags(&self) -> Map<String, Value> {
        let mut lists: HashMap<&str, Vec<&str>> = HashMap::new();
        for item in &self.listitems {
            lists.entry(&item.name).or_default().push(&item.value);
        }
        let mut groups = Groups::default();
        for tag in &self.infotags {
            let item = match lists.get(tag.list.as_str()) {
                Some(list) if tag.kind == InfotagKind::List => {
                    json!({ "id": tag.id, "name": tag.name, "type": "list", "list": list })
                }
                _ => json!({ "id": tag.id, "name": tag.name, "type": "text" }),
            };
            groups.add(tag.group_id, self.infotag_group(tag.group_id), item);
        }
        groups.0
    }
}

/// Objects `{number: {group, items}}`, as the older endpoints have them.
#[derive(Debug, Default)]
pub(crate) struct Groups(pub(crate) Map<String, Value>);

impl Groups {
    pub(crate) fn add(&mut self, id: i64, name: &str, item: Value) {
        let group = self
            .0
            .entry(id.to_string())
            .or_insert_with(|| json!({ "group": name, "items": [] }));
        if let Some(items) = group.get_mut("items").and_then(Value::as_array_mut) {
            items.push(item);
        }
    }
}

fn unique(table: &str, ids: impl Iterator<Item = i64>) -> Result<(), String> {
    let mut seen = HashSet::new();
    for id in ids {
        if !(1..=i64::from(i32::MAX)).contains(&id) {
            return Err(format!("{table}: the id {id} must be between 1 and {}", i32::MAX));
        }
        if !seen.insert(id) {
            return Err(format!("{table}: the id {id} is there twice"));
        }
    }
    if seen.len() > ROWS_MAX {
        return Err(format!("{table}: there are more than {ROWS_MAX} rows"));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(i64),
    Text(String),
}

fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    match NumberOrText::deserialize(deserializer)? {
        NumberOrText::Number(number) => Ok(number),
        NumberOrText::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

/// Numbers are texts in `mapping-list`: some clients compare them as texts, and XarChat refuses anything else.
mod number_as_text {
    pub(super) fn serialize<S: serde::Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        super::number(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_tables_are_whole() {
        let tables = Catalogue::read(BUILTIN).unwrap();
        for field in ProfileField::ALL {
            let tag = tables.infotag_named(field.name()).unwrap();
            assert_eq!(tag.kind, InfotagKind::List, "{}", tag.name);
        }
        let again = Catalogue::read(std::str::from_utf8(&tables.mapping_list()).unwrap()).unwrap();
        assert_eq!(
            again.kinks, tables.kinks,
            "what is given out can be read in again"
        );
    }

    #[test]
    fn genders_are_those_of_the_configuration() {
        let genders = ["None", "Male", "Robot"].map(str::to_owned);
        let tables = Catalogue::builtin().with_genders(&genders);
        let mut values: Vec<_> = tables
            .listitems
            .iter()
            .filter(|item| item.name == "gender")
            .map(|item| item.value.as_str())
            .collect();
        values.sort_unstable();
        assert_eq!(values, ["Male", "None", "Robot"]);
    }

    #[test]
    fn broken_tables_are_told() {
        for (change, told) in [
            (r#""group_id": 9"#, "group 9"),
            (r#""group_id": "x""#, "invalid digit"),
            (r#""group_id": 1}, {"id": 1, "name": "b", "group_id": 1"#, "twice"),
            (r#""id": 2, "group_id": 1"#, "duplicate field"),
        ] {
            let text = format!(
                r#"{{"kinks": [{{"id": "1", "name": "a", {change}}}], "kink_groups": [{{"id": 1, "name": "g"}}],
                     "infotags": [], "infotag_groups": [], "listitems": []}}"#
            );
            let error = Catalogue::read(&text).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
        assert!(
            Catalogue::read(&"[".repeat(100_000))
                .unwrap_err()
                .contains("recursion")
        );
    }
}
