//! The refusals of the account service, with the sentences that people read.

use fchatd_protocol::duration::in_words;
use fchatd_store::{AccountsError, NameError, StoreError};

/// Why the account service refused. The texts are shown to people by the clients.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Unknown account or wrong password: one text for both, so that it does not tell which accounts exist.
    // The words are those that pidgin's plug-in looks for; it retries for ever after any others.
    #[error("Password mismatch.")]
    WrongPassword,
    /// A rate limit.
    #[error("Too many attempts. Please try again in {}.", in_words(*seconds))]
    TooManyAttempts {
        /// How long to wait.
        seconds: u64,
    },
    /// An account has written as many notes as it may for now.
    #[error("You have written many notes. Please wait {} before the next one.", in_words(*seconds))]
    TooManyNotes {
        /// How long to wait.
        seconds: u64,
    },
    /// An account has written notes to as many characters as it may in a day.
    #[error(
        "You have written to many characters today. Please wait {} before you write to another one.",
        in_words(*seconds)
    )]
    TooManyRecipients {
        /// How long to wait.
        seconds: u64,
    },
    /// Not a ticket of this account. Clients compare this text (docs/clients.md).
    #[error("Invalid ticket.")]
    InvalidTicket,
    /// The ticket has expired. Clients compare this text, too, with any lifetime of a ticket.
    #[error("Your login ticket has expired (five minutes) or no ticket requested.")]
    TicketExpired,
    /// No person is signed in on the website with this session.
    #[error("You are not signed in, or not any more. Please sign in.")]
    SessionOver,
    /// The device is not signed in, or not any more.
    #[error("You are not signed in on this device any more. Please sign in.")]
    DeviceOver,
    /// The password was entered too long ago for this.
    #[error("Please enter your password once more: you entered it too long ago for this.")]
    NotFresh,
    /// The account has a second factor, and no code was given. The page looks for this text.
    #[error("Please enter a code of your second factor.")]
    NeedsCode,
    /// The code is wrong, was used before, or its time is over.
    #[error(
        "This code is not valid, or was used before. Please enter the code that your app shows now, or a recovery code."
    )]
    WrongCode,
    /// The account has a second factor, for which clients have no field.
    #[error(
        "This account has a second factor. Please use an application password here: the page of this server makes one in \
         Settings, Account."
    )]
    NeedsApplicationPassword,
    /// A link to set a new password that is not good.
    #[error("This link is not valid, or not any more. Please ask for another one.")]
    LinkOver,
    /// Only the operator makes accounts.
    #[error("New accounts are made by the operator of this site only.")]
    RegistrationClosed,
    /// The operator has paused registration.
    #[error("New accounts can't be made at the moment: registration is paused. Please try again later.")]
    RegistrationPaused,
    /// The password is too short or too long to be set.
    #[error("Please choose a password of at least 8 characters and at most 256 bytes.")]
    PasswordLength,
    /// A field of the profile cannot be kept.
    #[error("The field \"{field}\" must be a single line of 1 to 64 characters.")]
    ProfileField {
        /// The field's name in the form.
        field: &'static str,
    },
    /// The name breaks a rule.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The account name is taken.
    #[error("This account name is already taken. Please choose another one.")]
    AccountNameTaken,
    /// The character name is taken.
    #[error("This character name is already taken. Please choose another one.")]
    CharacterNameTaken,
    /// Another account has a character with a name that looks the same.
    #[error("This name looks too much like one that is already taken. Please choose another one.")]
    CharacterNameLooksTaken,
    /// The name has a role in the chat. Only the operator can give it to an account.
    #[error(
        "This name, or one that looks the same, belongs to somebody with a role in this chat. If it is yours, ask the \
         operator of this site for it; else please choose another one."
    )]
    CharacterNameHasRole,
    /// The name is in the list of reserved names.
    #[error("This name is reserved for the staff of this site. Please choose another one.")]
    ReservedName,
    /// The account has as many characters as it may have.
    #[error("An account can have at most {limit} characters.")]
    TooManyCharacters {
        /// The limit.
        limit: u32,
    },
    /// There is no such account; only told to the operator.
    #[error("There is no such account.")]
    NoSuchAccount,
    /// The character is not one of the account's.
    #[error("This account has no character of that name.")]
    NoSuchCharacter,
    /// No account has that character.
    #[error("There is no such character.")]
    UnknownCharacter,
    /// No invitation has this code, or it is used up or over.
    #[error("This invitation code is not valid, or not any more. Please check it, or ask for another one.")]
    NotInvited,
    /// The account may not use the site.
    #[error("This account is banned{}.{}", for_how_long(*seconds), reason_given(reason))]
    Banned {
        /// For how long; 0 for good.
        seconds: u64,
        /// Why; empty where nothing was said.
        reason: String,
    },
    /// The moderators of the chat keep the account out.
    #[error("This account is banned by the moderators of the chat{}.", for_how_long(*seconds))]
    BannedInChat {
        /// For how long; 0 for good.
        seconds: u64,
    },
    /// A field of a request cannot be kept or done; the text names the reason.
    #[error("{0}")]
    Refused(String),
    /// The accounts are those of a website, which has the service for this.
    #[error("This server keeps no accounts of its own: please get a ticket from the website it belongs to.")]
    KeptElsewhere,
    /// Each account exists, and nothing is kept (`--dev`).
    #[error("This server lets everybody in and keeps nothing.")]
    NothingKept,
    /// Each account and each character exists, so there is no need to make one (`--dev`).
    #[error("This server lets everybody in: use any account and character name.")]
    NothingNeeded,
    /// Too much is waiting.
    #[error("The server is busy. Please try again in a moment.")]
    Busy,
    /// The server failed; the log has the reason.
    #[error("The account service has a problem. Please try again later.")]
    Failed(#[source] Option<StoreError>),
}

impl From<AccountsError> for AccountError {
    fn from(error: AccountsError) -> Self {
        match error {
            AccountsError::Name(error) => Self::Name(error),
            AccountsError::AccountNameTaken => Self::AccountNameTaken,
            AccountsError::CharacterNameTaken => Self::CharacterNameTaken,
            AccountsError::CharacterNameLooksTaken => Self::CharacterNameLooksTaken,
            AccountsError::CharacterNameHasRole => Self::CharacterNameHasRole,
            AccountsError::TooManyCharacters { limit } => Self::TooManyCharacters { limit },
            AccountsError::NoSuchAccount => Self::NoSuchAccount,
            AccountsError::NotInvited => Self::NotInvited,
            AccountsError::NoSuchCharacter => Self::NoSuchCharacter,
            AccountsError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for AccountError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the account store failed");
        Self::Failed(Some(error))
    }
}

fn for_how_long(seconds: u64) -> String {
    match seconds {
        0 => String::new(),
        seconds => format!(" for another {}", in_words(seconds)),
    }
}

fn reason_given(reason: &str) -> String {
    match reason {
        "" => String::new(),
        reason => format!(" The reason given: {reason}"),
    }
}
