//! The table of endpoints: path, method, scope, fields and handler of each. Requests find their handler here and nowhere else, and
//! docs/admin-api.md and docs/admin-openapi.json are generated from the same rows.

use fchatd_accounts::AdminScope::{Accounts, Backup, Moderation, Read, Settings};
use serde_json::Value;

use super::endpoint::Endpoint;
use super::fields::{Field, Kind};
use super::reply::Refusal;
use super::work::Work;
use super::{accounts, actions, backup, bans, channels, invitations};
use super::{logs, now, people, reports, scripts, settings};

const fn needed(name: &'static str, kind: Kind, meaning: &'static str) -> Field {
    Field {
        name,
        kind,
        is_needed: true,
        meaning,
    }
}

const fn optional(name: &'static str, kind: Kind, meaning: &'static str) -> Field {
    Field {
        is_needed: false,
        ..needed(name, kind, meaning)
    }
}

const CODE: Field = optional(
    "code",
    Kind::Text,
    "a code of the second factor, where the account has one",
);
const SEARCH: Field = optional("search", Kind::Text, "a part of the name");
const AFTER: Field = optional("after", Kind::Text, "the value of `next` of the page before");
const LIMIT: Field = optional("limit", Kind::Whole, "rows at most, 1 to 200 (50 without it)");
const ACCOUNT: Field = needed("account", Kind::Text, "the name of the account");
const SECONDS: Field = optional("seconds", Kind::Whole, "its length; without it, it has no end");
const REASON: Field = optional("reason", Kind::Text, "the reason, which the person is told");
const NETWORK: Field = needed("network", Kind::Text, "an address or a CIDR block");
const CHANNEL: Field = needed("channel", Kind::Text, "the canonical name of the channel");

/// The answer to all changes.
const DONE: &str = "`done`: a sentence about the result";

macro_rules! get {
    ($path:literal, $scope:expr, $summary:literal, $fields:expr, $answer:expr, $handler:path) => {
        Endpoint {
            path: concat!("/admin/api/", $path),
            is_post: false,
            scope: $scope,
            summary: $summary,
            fields: $fields,
            answer: $answer,
            handler: |work| Box::pin($handler(work)),
        }
    };
}

macro_rules! post {
    ($path:literal, $scope:expr, $summary:literal, $fields:expr, $answer:expr, $handler:path) => {
        Endpoint {
            is_post: true,
            ..get!($path, $scope, $summary, $fields, $answer, $handler)
        }
    };
}

/// All endpoints, in the order of the documents.
pub(super) static ENDPOINTS: &[Endpoint] = &[
    post!(
        "sign-in",
        Read,
        "Signs an administrator in: the answer sets the cookie of a session.",
        &[
            ACCOUNT,
            needed("password", Kind::Text, "the password of the account"),
            CODE
        ],
        "as `session`",
        nobody
    ),
    post!(
        "confirm",
        Read,
        "Takes the password of a session again, so that it can change things.",
        &[
            needed("password", Kind::Text, "the password of the account"),
            CODE
        ],
        "as `session`",
        nobody
    ),
    post!("sign-out", Read, "Ends a session.", &[], DONE, nobody),
    get!(
        "openapi",
        Read,
        "Describes this interface as an OpenAPI document.",
        &[],
        "the document",
        nobody
    ),
    get!(
        "session",
        Read,
        "Describes the caller.",
        &[],
        "`name` in the action log, `account` of a session, `scopes`, `fresh_seconds` in which a session can change things",
        nobody
    ),
    get!(
        "status",
        Read,
        "Describes the state of the server now, with the figures of the last hour.",
        &[],
        "`version`, `uptime_seconds`, `trouble` with the state on disk, `registration` and `registration_paused`, `now` with figures by \
         their short names, and `series`: `seconds_each` between points, and the points of each figure, the oldest first",
        now::status
    ),
    get!(
        "figures",
        Read,
        "Lists all figures (docs/figures.md).",
        &[],
        "`figures`: `name`, `labels`, `value`; of durations `count` and `sum`",
        now::all_figures
    ),
    get!(
        "people",
        Read,
        "Lists the characters online by name.",
        &[SEARCH, AFTER, LIMIT],
        "`people`: `character`, `account`, `address`, `status`, `channels`, `roles`, `away`; `total`, `next`",
        people::list
    ),
    get!(
        "accounts",
        Read,
        "Lists accounts by name; the search finds names of characters, too.",
        &[
            SEARCH,
            AFTER,
            LIMIT,
            optional("banned", Kind::Flag, "only accounts that an operator has banned")
        ],
        "`accounts`: `id`, `name`, `admin`, `banned`, `ban_reason`, `banned_until`, `created_at`; `next`",
        accounts::list
    ),
    get!(
        "account",
        Read,
        "Shows one account.",
        &[ACCOUNT],
        "as in the list, and `tickets`, `banned_in_chat`, `characters`: `id`, `name`, `online`",
        accounts::show
    ),
    post!(
        "accounts/ban",
        Accounts,
        "Bans an account: its tickets end, and its characters online are removed.",
        &[ACCOUNT, SECONDS, REASON],
        DONE,
        accounts::ban
    ),
    post!(
        "accounts/unban",
        Accounts,
        "Lets a banned account log in again.",
        &[ACCOUNT],
        DONE,
        accounts::unban
    ),
    post!(
        "accounts/unlock",
        Accounts,
        "Forgives wrong passwords, so that the owner of an account can log in at once.",
        &[ACCOUNT],
        DONE,
        accounts::unlock
    ),
    post!(
        "accounts/admin",
        Accounts,
        "Makes an account an administrator, or takes that right away.",
        &[ACCOUNT, needed("admin", Kind::Flag, "whether it is to be one")],
        DONE,
        accounts::set_admin
    ),
    post!(
        "accounts/delete",
        Accounts,
        "Deletes an account with its characters, notes and pictures, for good.",
        &[ACCOUNT],
        DONE,
        accounts::delete
    ),
    get!(
        "bans/networks",
        Read,
        "Lists the banned networks, the newest first.",
        &[
            optional(
                "network",
                Kind::Text,
                "only bans that overlap with this address or network"
            ),
            LIMIT
        ],
        "`bans`: `network`, `until` (0 for no end), `reason`, `by`, `time`; `total`",
        bans::networks
    ),
    post!(
        "bans/networks/add",
        Moderation,
        "Bans a network: its sessions end, and nothing from it is answered.",
        &[
            NETWORK,
            SECONDS,
            REASON,
            optional(
                "force",
                Kind::Flag,
                "also when it holds the server's own machine or its proxies"
            )
        ],
        DONE,
        bans::add_network
    ),
    post!(
        "bans/networks/lift",
        Moderation,
        "Lifts the ban of a network.",
        &[NETWORK],
        DONE,
        bans::lift_network
    ),
    get!(
        "bans/chat",
        Read,
        "Lists the bans, timeouts and hell-bans that moderators have made in the chat.",
        &[SEARCH, AFTER, LIMIT],
        "`bans`: `kind` (`ban`, `timeout`, `hellban`), `character`, `account`, `until` (0 for no end); `total`, `next`",
        bans::chat
    ),
    post!(
        "bans/chat/lift",
        Moderation,
        "Lifts a ban, timeout or hell-ban of the chat.",
        &[
            needed(
                "character",
                Kind::Text,
                "the character under whose name it is kept"
            ),
            needed("kind", Kind::Text, "`ban`, `timeout` or `hellban`")
        ],
        DONE,
        bans::lift_chat
    ),
    get!(
        "actions",
        Read,
        "Lists the action log, the newest first.",
        &[
            optional("by", Kind::Text, "only actions by this character or operator"),
            optional("against", Kind::Text, "only actions against this character"),
            optional("channel", Kind::Text, "only actions in this channel"),
            optional("code", Kind::Text, "only actions with this code, such as `ACB`"),
            optional("before", Kind::Whole, "the value of `next` of the page before"),
            LIMIT
        ],
        "`actions`: `id`, `time`, `by`, `code`, `against`, `channel`, `reason`, `until`, `arguments`, `undoable`; `next`",
        actions::list
    ),
    post!(
        "actions/undo",
        Moderation,
        "Undoes an action of the action log: a ban, a timeout or a hell-ban.",
        &[needed("id", Kind::Whole, "the number of the action")],
        DONE,
        actions::undo
    ),
    get!(
        "reports",
        Moderation,
        "Lists the open reports to the staff, the oldest first.",
        &[],
        "`reports`: `id`, `character`, `account`, `time`, `tab`, `log`, `report`",
        reports::list
    ),
    post!(
        "reports/drop",
        Moderation,
        "Drops an open report; the staff online is told.",
        &[needed("id", Kind::Text, "the id of the report")],
        DONE,
        reports::drop_one
    ),
    get!(
        "channels",
        Read,
        "Lists public channels and rooms by name.",
        &[SEARCH, AFTER, LIMIT],
        "`channels`: `name`, `title`, `kind`, `mode`, `members`, `owner`, `bans`, `locked`; `total`, `next`",
        channels::list
    ),
    get!(
        "channel",
        Read,
        "Shows one channel.",
        &[CHANNEL],
        "as in the list, and `description`, `topic`, `moderators`, `people`, `ban_list`: `character`, `by`, `time`, `until`",
        channels::show
    ),
    post!(
        "channels/unban",
        Moderation,
        "Lifts the ban of a character from a channel.",
        &[CHANNEL, needed("character", Kind::Text, "the banned character")],
        DONE,
        channels::unban
    ),
    get!(
        "invitations",
        Read,
        "Lists invitations, also those that are over.",
        &[],
        "`invitations`: `id`, `uses_left`, `expires_at` (0 for no end), `note`; `registration`, `registration_paused`",
        invitations::list
    ),
    post!(
        "invitations/add",
        Accounts,
        "Makes an invitation. Its code is shown only this once.",
        &[
            optional(
                "uses",
                Kind::Whole,
                "accounts that can be made with it, 1 to 10000 (1 without it)"
            ),
            SECONDS,
            optional("note", Kind::Text, "a note about the invited person")
        ],
        "`id`, `code`, `done`",
        invitations::add
    ),
    post!(
        "invitations/revoke",
        Accounts,
        "Revokes an invitation.",
        &[needed("id", Kind::Whole, "the number of the invitation")],
        DONE,
        invitations::revoke
    ),
    post!(
        "registration",
        Accounts,
        "Pauses the registration of accounts, or resumes it.",
        &[needed("paused", Kind::Flag, "whether it is to be paused")],
        DONE,
        invitations::pause
    ),
    get!(
        "settings",
        Read,
        "Lists all settings. Of a secret one, only whether it is set.",
        &[],
        "`settings`: `key`, `section`, `meaning`, `rule`, `default`, `value` in force, `waiting` for the next restart, `source`, \
         `live`, `secret`; `warnings`",
        settings::list
    ),
    post!(
        "settings/set",
        Settings,
        "Sets a setting in DIR/data/settings.lua, which overrides startup_config.lua, and puts it in force where that needs no restart.",
        &[
            needed("key", Kind::Text, "the name of the setting"),
            optional(
                "value",
                Kind::Text,
                "its value as after `--set KEY=`; empty for an empty text"
            )
        ],
        DONE,
        settings::set
    ),
    post!(
        "settings/unset",
        Settings,
        "Takes a setting out of DIR/data/settings.lua again.",
        &[needed("key", Kind::Text, "the name of the setting")],
        DONE,
        settings::unset
    ),
    get!(
        "scripts",
        Read,
        "Lists the files of the scripts.",
        &[],
        "`own`: whether they are the operator's own; `files`: `name`, `bytes`",
        scripts::list
    ),
    post!(
        "scripts/check",
        Settings,
        "Checks the scripts and starts them in a world beside the chat, without any effect on it.",
        &[],
        "`done`, `remarks`",
        scripts::check
    ),
    post!(
        "scripts/reload",
        Settings,
        "Does the same, and then puts the scripts in force.",
        &[],
        "`done`, `remarks`",
        scripts::reload
    ),
    get!(
        "log",
        Read,
        "Gives the latest lines of the log.",
        &[
            optional("after", Kind::Whole, "only lines after the one of this number"),
            optional("lines", Kind::Whole, "lines at most, 1 to 2000 (500 without it)")
        ],
        "`lines`: `number`, `text`; `last`, the number of the last line",
        logs::tail
    ),
    get!(
        "backups",
        Read,
        "Lists the backups in DIR/backups.",
        &[],
        "`folder`, `backups`: `name`, `bytes`, `time`",
        backup::list
    ),
    post!(
        "backups/add",
        Backup,
        "Makes a backup in DIR/backups and reads it again to see that it is whole.",
        &[],
        "`done`, `name`, `bytes`",
        backup::add
    ),
];

/// The endpoint at a path.
pub(super) fn find(path: &str) -> Option<&'static Endpoint> {
    ENDPOINTS.iter().find(|endpoint| endpoint.path == path)
}

/// The endpoints about sessions are answered before a caller is known, and the description of all endpoints beside this table.
async fn nobody(_: Work) -> Result<Value, Refusal> {
    Err(Refusal::not_found())
}
