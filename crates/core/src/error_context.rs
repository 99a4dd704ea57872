//! The context of an `ERR` frame (setting `error_context`, docs/beyond.md): the command, the channel and the character
//! that the refused message named.

use fchatd_protocol::command::Code;
use fchatd_protocol::name;
use fchatd_protocol::text::escape_html;
use fchatd_world::settings::keys;

use crate::Core;

/// Longer names, in bytes, are no names, and are not sent back.
const NAME_MAX: usize = name::TITLE_BYTES_MAX;

impl Core {
    /// The command at hand has ended: completes the errors that answer it, if there are any.
    pub(crate) fn explain_errors(&mut self, code: Option<Code>, payload: &str) {
        if !self.world.has_errors() || !self.world.settings.flag(keys::ERROR_CONTEXT) {
            return;
        }
        let is_json = self.tape.parse(payload).is_ok();
        let named = |keys: &[&str]| {
            let texts = keys.iter().filter_map(|key| self.tape.get(key)?.text());
            let mut names = texts.filter(|name| is_json && name.len() <= NAME_MAX && name::is_visible(name));
            names.next().map(|name| name.into_owned())
        };
        let (mut context, mut title) = (Vec::new(), None);
        if let Some(code) = &code {
            context.push(("command", code.as_str().to_owned()));
        }
        if let Some(name) = named(&["channel"]) {
            let found = self
                .world
                .find_channel(&name)
                .and_then(|key| self.world.channel(key));
            title = Some(match found {
                Some(channel) => channel.title.to_string(),
                None => escape_html(&name).into_owned(),
            });
            context.push(("channel", found.map_or(name, |channel| channel.name.to_string())));
        }
        if let Some(name) = named(&["character", "recipient"]) {
            let found = self.world.find_character(&name);
            let found = found.and_then(|key| self.world.connection(key));
            context.push(("character", found.map_or(name, |online| online.name.to_string())));
        }
        let context: Vec<(&str, &str)> = context
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        self.world.end_command(&context, title.as_deref());
    }
}
