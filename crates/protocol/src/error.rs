//! The error numbers of the protocol and our texts for them (docs/protocol.md). The numbers are the contract;
//! the texts are ours, and name the remedy.

macro_rules! errors {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        $(#[doc = $text] pub const $name: i32 = $number;)*

        /// Every error as (name, number, text). Scripts see them as `const.FERR_<name>`.
        pub const ALL: &[(&str, i32, &str)] = &[$((stringify!($name), $number, $text)),*];

        /// The numbers as text, in the order of [`ALL`].
        pub const NUMBERS: &[&str] = &[$(stringify!($number)),*];
    };
}

errors! {
    OK = 0, "All is well.";
    BAD_SYNTAX = 1, "This command was not understood. Check its fields.";
    SERVER_FULL = 2, "The server is full. Please try again later.";
    REQUIRES_IDENT = 3, "This command needs you to be logged in first.";
    IDENT_FAILED = 4, "The log-in was refused. Check account, ticket and character, and get a new ticket.";
    THROTTLE_MESSAGE = 5, "You are sending messages too quickly. Wait a moment and send it again.";
    USER_NOT_FOUND = 6, "The character you named is not online.";
    THROTTLE_PROFILE = 7, "You are asking for profiles too quickly. Wait a moment.";
    UNKNOWN_COMMAND = 8, "This command is unknown.";
    BANNED_FROM_SERVER = 9, "You are banned from this server.";
    NOT_ADMIN = 10, "Only administrators may do this.";
    ALREADY_IDENT = 11, "You are logged in already, or a log-in is under way.";
    THROTTLE_KINKS = 13, "You are asking for kinks too quickly. Wait a moment.";
    THROTTLE_STATUS = 14, "You are changing your status too quickly. Wait a moment.";
    MESSAGE_TOO_LONG = 15, "The message is too long. Shorten it.";
    ALREADY_OP = 16, "This character is a global moderator already.";
    NOT_AN_OP = 17, "This character is not a global moderator.";
    NO_SEARCH_RESULTS = 18, "The search found nobody.";
    NOT_OP = 19, "You need to be a moderator to do this.";
    IGNORED = 20, "This character ignores you.";
    DENIED_ON_OP = 21, "This can't be done to a moderator.";
    CHANNEL_NOT_FOUND = 26, "The channel was not found.";
    ALREADY_IN_CHANNEL = 28, "You are already in the requested channel.";
    TOO_MANY_FROM_IP = 30, "Too many connections come from your address. Log off elsewhere first.";
    LOGGED_IN_AGAIN = 31, "This character was logged in from somewhere else.";
    ALREADY_BANNED = 32, "This character is banned already.";
    UNKNOWN_AUTH_METHOD = 33, "This log-in method is unknown. Use the method \"ticket\".";
    BAD_ROLL_FORMAT = 36, "The dice were not understood. Use something like 2d6+3.";
    BAD_TIMEOUT_FORMAT = 38, "The time was not understood. Give minutes, 1 or more, and no more than this server allows.";
    TIMED_OUT = 39, "You have been timed out from this server.";
    KICKED = 40, "You were kicked from the server.";
    ALREADY_CHANNEL_BANNED = 41, "This character is banned from the channel already.";
    NOT_CHANNEL_BANNED = 42, "This character is not banned from the channel.";
    NOT_INVITED = 44, "You need an invitation to this room.";
    NOT_IN_CHANNEL = 45, "You are not in this channel. Join it first.";
    INVITE_TO_PUBLIC = 47, "Nobody needs an invitation to a public channel.";
    CHANNEL_BANNED = 48, "You are banned from this channel.";
    USER_NOT_IN_CHANNEL = 49, "This character is not in the channel.";
    THROTTLE_SEARCH = 50, "You are searching too quickly. Wait a moment.";
    THROTTLE_STAFF_CALL = 54, "You are reporting too quickly. Wait before you call the staff again.";
    THROTTLE_AD = 56, "You are posting ads here too quickly. Wait before you post the next one.";
    CHAT_ONLY = 59, "This channel takes no ads.";
    ADS_ONLY = 60, "This channel takes only ads.";
    TOO_MANY_SEARCH_TERMS = 61, "The search has too many terms. Use fewer.";
    NO_LOGIN_SLOT = 62, "Too many people are logging in at this moment. Please try again.";
    IGNORE_LIST_FULL = 64, "Your ignore list is full. Remove somebody first.";
    BAD_CHANNEL_TITLE = 67, "The title must have 1 to 64 characters that can be seen, on one line.";
    TOO_MANY_SEARCH_RESULTS = 72, "The search found too many. Narrow it down.";
    TOO_MANY_CHANNELS = 73, "You are in too many channels. Leave one first.";
    TOO_MANY_CHANNEL_BANS = 74, "The channel has too many bans. Lift one first.";
    DESCRIPTION_TOO_LONG = 75, "The description is too long. Shorten it.";
    FATAL_INTERNAL = -1, "The server failed inside. Please log in again.";
    LUA = -2, "A rule of this server failed. Tell its operator the incident number.";
    NOT_IMPLEMENTED = -3, "This server does not have this command.";
    LOGIN_TIMED_OUT = -4, "The log-in check did not answer. Please try again.";
    UNKNOWN = -5, "Something unknown went wrong.";
    NOT_SAVED = -6, "Your change is in force, but it could not be saved: it lasts until the server stops, and for good if \
                     the server's disk can be written again before that. Tell its operator.";
    DICE_NOT_ALLOWED = -10, "Dice can't be rolled here.";
}

/// The text for an error number; unknown numbers get the text of [`UNKNOWN`].
pub fn message(number: i32) -> &'static str {
    let text = |wanted: i32| ALL.iter().find(|row| row.1 == wanted).map(|row| row.2);
    text(number).or_else(|| text(UNKNOWN)).unwrap_or_default()
}

/// The place of an error number in [`ALL`]; unknown numbers have that of [`UNKNOWN`].
pub fn place(number: i32) -> usize {
    let place = |wanted: i32| ALL.iter().position(|row| row.1 == wanted);
    place(number).or_else(|| place(UNKNOWN)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_texts_are_sentences() {
        let mut numbers: Vec<i32> = ALL.iter().map(|row| row.1).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), ALL.len());
        assert!(ALL.iter().all(|row| row.2.ends_with('.')));
        assert_eq!(message(12345), message(UNKNOWN));
        let texts: Vec<String> = ALL.iter().map(|row| row.1.to_string()).collect();
        assert_eq!(texts, NUMBERS);
        assert_eq!(place(-10), NUMBERS.len() - 1);
        assert_eq!(place(12345), place(UNKNOWN));
    }
}
