//! The end of a run: all people that are there to the last get the script's farewell, and the durable state stays as it was.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use crate::support::play::{Play, site};
use fchatd_protocol::exchange::{Departure, Outputs, Request};
use fchatd_script::builtin;
use fchatd_world::Settings;
use fchatd_world::settings::Value as Setting;

/// The characters with a logged departure.
fn end(play: &mut Play) -> Vec<String> {
    let mut outputs = Outputs::default();
    play.chat.core.turn();
    play.chat.core.take_leave(play.chat.now, &mut outputs);
    let entries = outputs.requests.into_iter().filter_map(|request| match request {
        Request::Log(entry) if entry.kind == "disconnect" => Some(entry.from.character.clone()),
        _ => None,
    });
    entries.collect()
}

fn logging() -> Settings {
    let mut settings = Settings::default();
    settings.set("log_start", Setting::Boolean(true)).unwrap();
    settings
}

fn say_farewell(play: &mut Play, how: &str) {
    let mut scripts = builtin::scripts();
    let end =
        format!("\nlocal before = event.pre_disconnect\nfunction event.pre_disconnect(con) {how} end\n");
    scripts.main.push_str(&end);
    play.chat.replace_scripts(scripts);
}

#[test]
fn everybody_has_one_farewell_and_rooms_stay() {
    let mut play = Play::on(&site(), logging(), &["Owner", "Alice", "Bob", "Cleo"]);
    // Not even a room that ends with its last member.
    play.private_room("Owner", &["Alice"]);
    play.leave("Cleo");
    play.chat.end(play.id("Bob"), Departure::Lost);
    let before = play.chat.core.snapshot();
    let channels = play.chat.core.world().channel_count();
    assert_eq!(end(&mut play), ["Owner", "Alice", "Bob"]);
    assert_eq!(play.chat.core.snapshot(), before);
    assert_eq!(play.chat.core.world().channel_count(), channels);
}

#[test]
fn changes_of_a_farewell_last() {
    let mut play = Play::on(&site(), logging(), &["Alice"]);
    say_farewell(
        &mut play,
        "local _, garden = c.getChannel('garden') c.setDescription(garden, 'Last seen: ' .. u.getName(con))",
    );
    end(&mut play);
    let channels = play.chat.core.snapshot().channels;
    let garden = channels.iter().find(|channel| channel.head.name == "Garden");
    assert_eq!(garden.unwrap().head.description, "Last seen: Alice");
}

#[test]
fn whom_a_farewell_throws_out_has_no_second_one() {
    for close in ["close", "closef"] {
        let mut play = Play::on(&site(), logging(), &["Alice", "Bob", "Cleo"]);
        say_farewell(
            &mut play,
            &format!(
                "before(con) for _, name in {{'alice', 'bob', 'cleo'}} do \
                 local found, other = u.getConnection(name) if found then u.{close}(other) end end"
            ),
        );
        assert_eq!(end(&mut play), ["Alice", "Bob", "Cleo"], "{close}");
    }
}

#[test]
fn farewells_without_an_end_do_not_hold_it_up() {
    let people = ["Alice", "Bob", "Cleo", "Dora", "Eve", "Fay"];
    let mut play = Play::watched(logging(), &people);
    say_farewell(&mut play, "before(con) while true do end");
    assert_eq!(end(&mut play), people[..3]);
}
