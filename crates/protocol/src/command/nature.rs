//! The nature of a command: the properties by which the server treats it before and after the script's function runs.
//! The table of all known commands is in [`super::table`]; a script adds commands of its own with `s.declare`.
//!
//! A look-up is an index into an array, so it costs the same for a declared command as for `MSG`.

use std::fmt;

use super::Code;
use super::table::TABLE;

/// The number of codes of three letters.
pub(super) const CODES: usize = 26 * 26 * 26;

/// The largest number of commands that scripts declare.
pub const DECLARED_MAX: usize = 64;

/// The largest weight of a command.
pub const WEIGHT_MAX: u8 = 10;

const TALK: u16 = 1;
const HELD: u16 = 1 << 1;
const PRESENCE: u16 = 1 << 2;
const KNOWN: u16 = 1 << 3;
const ORDER: u16 = 0b111 << 4;
const ORDER_SHIFT: u32 = 4;
const NAMES: u16 = 0b11 << 7;
const NAMES_SHIFT: u32 = 7;
const WEIGHT_SHIFT: u32 = 9;

/// The place of a command among commands of the same client that wait (`flood_mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// It is handled at once.
    Free,
    /// It is a message: it waits behind the messages before it.
    Message,
    /// It waits behind the messages before it, and later messages do not wait for it.
    Behind,
    /// As [`Order::Behind`], while an `LCH` waits.
    BehindLeave,
    /// As [`Order::Behind`], where its `character` is the sender.
    BehindToSelf,
}

/// The check of the fields `character` and `recipient`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// The command looks a name up: any text of the size and the letters of a name passes.
    LookedUp,
    /// The command keeps or relays a name: a character of this site must be able to have it.
    Kept,
    /// As [`Names::Kept`], where `action` is `add`.
    KeptWhenAdded,
}

/// The properties of one command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Nature(u16);

impl Nature {
    /// A command without special properties: not talk, not held, handled at once, of weight 1.
    pub const PLAIN: Self = Self(1 << WEIGHT_SHIFT);

    const fn with(self, bit: u16, is_so: bool) -> Self {
        Self(if is_so { self.0 | bit } else { self.0 & !bit })
    }

    /// With or without talk: its answers do not wait for commits of other commands.
    pub const fn with_talk(self, is_so: bool) -> Self {
        self.with(TALK, is_so)
    }

    /// With or without held: characters that are away get its frames when they are back.
    pub const fn with_held(self, is_so: bool) -> Self {
        self.with(HELD, is_so)
    }

    pub(super) const fn talk(self) -> Self {
        self.with_talk(true)
    }

    pub(super) const fn held(self) -> Self {
        self.with_held(true)
    }

    /// Its frames tell only of presence: they pass although their character is hell-banned.
    pub(super) const fn presence(self) -> Self {
        self.with(PRESENCE, true)
    }

    pub(super) const fn known(self) -> Self {
        self.with(KNOWN, true)
    }

    /// With this order.
    pub const fn ordered(self, order: Order) -> Self {
        Self(self.0 & !ORDER | (order as u16) << ORDER_SHIFT)
    }

    /// With this check of names.
    pub const fn names(self, names: Names) -> Self {
        Self(self.0 & !NAMES | (names as u16) << NAMES_SHIFT)
    }

    /// With this weight, which is at most [`WEIGHT_MAX`].
    pub const fn weighing(self, weight: u8) -> Self {
        let weight = if weight > WEIGHT_MAX { WEIGHT_MAX } else { weight };
        Self(self.0 & ((1 << WEIGHT_SHIFT) - 1) | (weight as u16) << WEIGHT_SHIFT)
    }

    /// Whether it is talk: it shows nothing that is kept on disk, so its answers do not wait for commits.
    pub const fn is_talk(self) -> bool {
        self.0 & TALK != 0
    }

    /// Whether its frames are held for characters that are away, and sent when they are back.
    pub const fn is_held(self) -> bool {
        self.0 & HELD != 0
    }

    /// Whether its frames tell only that a character is there or has gone.
    pub const fn is_presence(self) -> bool {
        self.0 & PRESENCE != 0
    }

    /// Whether the server or its own scripts use the code, so that a declaration may not change it.
    pub const fn is_known(self) -> bool {
        self.0 & KNOWN != 0
    }

    /// See [`Order`].
    pub const fn order(self) -> Order {
        match (self.0 & ORDER) >> ORDER_SHIFT {
            0 => Order::Free,
            1 => Order::Message,
            2 => Order::Behind,
            3 => Order::BehindLeave,
            _ => Order::BehindToSelf,
        }
    }

    /// See [`Names`].
    pub const fn names_check(self) -> Names {
        match (self.0 & NAMES) >> NAMES_SHIFT {
            0 => Names::LookedUp,
            1 => Names::Kept,
            _ => Names::KeptWhenAdded,
        }
    }

    /// The basic price in plain commands: more for a command that asks for the attention of a person, or changes
    /// something on disk.
    pub const fn weight(self) -> u8 {
        (self.0 >> WEIGHT_SHIFT) as u8
    }
}

impl Default for Nature {
    fn default() -> Self {
        Self::PLAIN
    }
}

impl fmt::Debug for Nature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Nature")
            .field("talk", &self.is_talk())
            .field("held", &self.is_held())
            .field("presence", &self.is_presence())
            .field("known", &self.is_known())
            .field("order", &self.order())
            .field("names", &self.names_check())
            .field("weight", &self.weight())
            .finish()
    }
}

/// The natures without declarations of scripts, by [`Code::index`].
static KNOWN_NATURES: [Nature; CODES] = known();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which refuses an index out of bounds"
)]
const fn known() -> [Nature; CODES] {
    let mut natures = [Nature::PLAIN; CODES];
    let mut at = 0;
    while at < TABLE.len() {
        let (code, nature) = TABLE[at];
        let index = code.index();
        assert!(!natures[index].is_known(), "a code stands in the table twice");
        natures[index] = nature.known();
        at += 1;
    }
    natures
}

/// A declaration that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The code belongs to the server; a declaration may only raise its weight.
    Known,
    /// Scripts have declared [`DECLARED_MAX`] commands already.
    TooMany,
}

/// The natures of all commands.
#[derive(Clone)]
pub struct Natures {
    all: Box<[Nature; CODES]>,
    /// The codes that scripts have declared.
    declared: Vec<Code>,
    /// Whether scripts are being loaded, so that they may declare commands.
    pub may_declare: bool,
}

impl Natures {
    /// The nature of a command.
    #[inline]
    pub fn of(&self, code: Code) -> Nature {
        self.all.get(code.index()).copied().unwrap_or_default()
    }

    /// The nature of the command that a frame has: code, space and object, or the code alone.
    #[inline]
    pub fn of_frame(&self, frame: &[u8]) -> Nature {
        let code = match *frame {
            [first, second, third] | [first, second, third, b' ', ..] => Code::of([first, second, third]),
            _ => None,
        };
        code.map_or(Nature::PLAIN, |code| self.of(code))
    }

    /// The nature of a command as a client sends it.
    pub fn of_message(&self, text: &str) -> Nature {
        let code = super::split(text).ok().and_then(|message| message.code);
        code.map_or(Nature::PLAIN, |code| self.of(code))
    }

    /// The nature of a command without declarations: a declaration begins with it.
    pub fn base(code: Code) -> Nature {
        KNOWN_NATURES.get(code.index()).copied().unwrap_or_default()
    }

    /// Gives a command this nature until [`Natures::reset`].
    ///
    /// # Errors
    /// See [`Refused`]; then nothing changes.
    pub fn declare(&mut self, code: Code, nature: Nature) -> Result<(), Refused> {
        let base = Self::base(code);
        let may_change =
            |base: Nature| nature.weighing(0) == base.weighing(0) && nature.weight() >= base.weight();
        if base.is_known() && !may_change(base) {
            return Err(Refused::Known);
        }
        if !self.declared.contains(&code) {
            if self.declared.len() >= DECLARED_MAX {
                return Err(Refused::TooMany);
            }
            self.declared.push(code);
        }
        if let Some(place) = self.all.get_mut(code.index()) {
            *place = nature;
        }
        Ok(())
    }

    /// Takes all declarations back.
    pub fn reset(&mut self) {
        for code in std::mem::take(&mut self.declared) {
            if let Some(place) = self.all.get_mut(code.index()) {
                *place = Self::base(code);
            }
        }
    }

    /// The codes that scripts have declared, in their order.
    pub fn declared(&self) -> &[Code] {
        &self.declared
    }
}

impl Default for Natures {
    fn default() -> Self {
        Self {
            all: Box::new(KNOWN_NATURES),
            declared: Vec::new(),
            may_declare: false,
        }
    }
}

impl fmt::Debug for Natures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let declared = self.declared.iter().map(|&code| (code, self.of(code)));
        formatter.debug_map().entries(declared).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Code = Code::new(b"XAA");
    const LAST: Code = Code::new(b"ZZZ");

    #[test]
    fn properties_come_back_and_do_not_touch_each_other() {
        for order in [
            Order::Free,
            Order::Message,
            Order::Behind,
            Order::BehindLeave,
            Order::BehindToSelf,
        ] {
            for names in [Names::LookedUp, Names::Kept, Names::KeptWhenAdded] {
                for weight in [0, 1, WEIGHT_MAX] {
                    let nature = Nature::PLAIN.weighing(weight).held().ordered(order).names(names);
                    assert_eq!(nature.order(), order);
                    assert_eq!(nature.names_check(), names);
                    assert_eq!(nature.weight(), weight);
                    assert!(nature.is_held() && !nature.is_talk() && !nature.is_presence());
                    assert!(nature.talk().is_talk() && nature.presence().is_presence());
                }
            }
        }
        assert_eq!(Nature::PLAIN.weighing(200).weight(), WEIGHT_MAX);
    }

    #[test]
    fn every_code_has_an_index_of_its_own() {
        let letters = || b'A'..=b'Z';
        let mut indexes: Vec<usize> = letters()
            .flat_map(|first| {
                letters().flat_map(move |second| letters().map(move |third| [first, second, third]))
            })
            .map(|bytes| Code::of(bytes).unwrap().index())
            .collect();
        indexes.sort_unstable();
        indexes.dedup();
        assert_eq!(indexes.len(), CODES);
        assert_eq!(indexes.last(), Some(&(CODES - 1)));
    }

    #[test]
    fn frames_are_known_by_their_code() {
        let natures = Natures::default();
        assert!(natures.of_frame(b"MSG {}").is_held());
        assert!(natures.of_frame(b"MSG").is_held());
        for other in [&b"MSGX{}"[..], b"msg {}", b"MS", b"", b"STA {}"] {
            assert!(!natures.of_frame(other).is_held());
        }
        assert!(natures.of_message("PIN").is_talk());
        assert!(!natures.of_message("pin").is_talk());
        assert_eq!(natures.of(LAST), Nature::PLAIN.known());
    }

    #[test]
    fn a_declaration_holds_until_the_reset() {
        let mut natures = Natures::default();
        let nature = Nature::PLAIN.talk().held();
        assert_eq!(natures.of(NEW), Nature::PLAIN);
        assert_eq!(natures.declare(NEW, nature), Ok(()));
        assert_eq!(natures.of(NEW), nature);
        assert_eq!(natures.declared(), [NEW]);
        natures.reset();
        assert_eq!(natures.of(NEW), Nature::PLAIN);
        assert!(natures.declared().is_empty());
    }

    #[test]
    fn only_the_weight_of_a_known_command_can_be_raised() {
        let mut natures = Natures::default();
        let message = Code::new(b"MSG");
        let known = natures.of(message);
        assert_eq!(natures.declare(message, Nature::PLAIN), Err(Refused::Known));
        assert_eq!(natures.declare(message, known.presence()), Err(Refused::Known));
        assert_eq!(natures.declare(message, known.weighing(0)), Err(Refused::Known));
        assert_eq!(natures.of(message), known);
        assert_eq!(natures.declare(message, known.weighing(4)), Ok(()));
        assert_eq!(natures.of(message).weight(), 4);
        natures.reset();
        assert_eq!(natures.of(message), known);
    }

    #[test]
    fn declarations_have_a_bound_and_may_be_repeated() {
        let mut natures = Natures::default();
        let code =
            |number: usize| Code::of([b'X', b'A' + (number / 26) as u8, b'A' + (number % 26) as u8]).unwrap();
        for _ in 0..2 {
            for number in 0..DECLARED_MAX {
                assert_eq!(natures.declare(code(number), Nature::PLAIN.held()), Ok(()));
            }
        }
        assert_eq!(
            natures.declare(code(DECLARED_MAX), Nature::PLAIN.held()),
            Err(Refused::TooMany)
        );
        assert_eq!(natures.of(code(DECLARED_MAX)), Nature::PLAIN);
    }
}
