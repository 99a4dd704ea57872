//! Friends and requests for friendship, with their limits and the events for both sides.

use fchatd_store::{AccountId, CharacterKey, FriendLink, FriendOutcome, FriendRequestLink, Someone};

use super::refused;
use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::event::AccountEvent;

/// The side of a request on which a person must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Source,
    Target,
}

/// The result of a request for friendship, as clients show it.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    Request(FriendRequestLink),
    Friend(FriendLink),
}

impl AccountDesk {
    /// One of the account's own characters.
    pub(crate) fn own(&mut self, account: AccountId, key: &CharacterKey) -> Result<Someone, AccountError> {
        self.accounts
            .find_someone(key)?
            .filter(|character| character.account == account)
            .ok_or(AccountError::NoSuchCharacter)
    }

    /// A character's friends, where others may see them.
    pub(crate) fn visible_friends(
        &mut self,
        viewer: AccountId,
        key: &CharacterKey,
    ) -> Result<Vec<FriendLink>, AccountError> {
        let head = self.page(key)?;
        if head.character.account != viewer && !head.page.settings.show_friends {
            return Ok(Vec::new());
        }
        Ok(self.accounts.friends_of_character(head.character.id)?)
    }

    pub(crate) fn ask_friend(
        &mut self,
        account: AccountId,
        source: &CharacterKey,
        target: &CharacterKey,
    ) -> Result<Asked, AccountError> {
        let source = self.own(account, source)?;
        let target = self.someone(target)?;
        if source.id == target.id {
            return Err(refused("A character cannot be its own friend."));
        }
        // A person that is ignored, or hell-banned in the chat, does not disturb, and is not told so.
        let unheard = self
            .accounts
            .ignores(target.account)?
            .contains(&source.name.to_lowercase())
            || self.accounts.is_hellbanned(account)?;
        let most = self.live.quotas().friends;
        match self.accounts.ask_friend(&source, &target, most, self.now())? {
            FriendOutcome::Asked(request) => {
                if !unheard {
                    self.tell(AccountEvent::FriendRequested(target.account, source.name));
                }
                Ok(Asked::Request(request))
            }
            FriendOutcome::Befriended(link) => {
                self.tell_friends(&link);
                Ok(Asked::Friend(link))
            }
            FriendOutcome::AlreadyAsked => Err(refused("You have asked this character already.")),
            FriendOutcome::AlreadyFriends => Err(refused("You are friends already.")),
            FriendOutcome::Full => Err(refused(format!(
                "A character can have at most {most} friends and open requests."
            ))),
        }
    }

    pub(crate) fn accept_friend(&mut self, account: AccountId, request: i64) -> Result<(), AccountError> {
        let request = self.open_request(account, request, Side::Target)?;
        let link = self
            .accounts
            .accept_friend(&request, self.now())?
            .ok_or_else(no_request)?;
        self.tell_friends(&link);
        Ok(())
    }

    /// The source cancels, or the target denies.
    pub(crate) fn drop_request(
        &mut self,
        account: AccountId,
        request: i64,
        side: Side,
    ) -> Result<(), AccountError> {
        let request = self.open_request(account, request, side)?;
        self.accounts.drop_friend_request(request.id)?;
        Ok(())
    }

    pub(crate) fn remove_friend(
        &mut self,
        account: AccountId,
        own: &CharacterKey,
        other: &CharacterKey,
    ) -> Result<(), AccountError> {
        let own = self.own(account, own)?;
        let other = self.someone(other)?;
        if !self.accounts.remove_friend(own.id, other.id)? {
            return Err(refused("You are not friends."));
        }
        // Clients keep one list for the account: a name leaves it with the last friendship.
        for (account, name) in [(own.account, &other.name), (other.account, &own.name)] {
            if !self.accounts.friend_names(account)?.contains(name) {
                self.tell(AccountEvent::FriendRemoved(account, name.clone()));
            }
        }
        Ok(())
    }

    fn open_request(
        &mut self,
        account: AccountId,
        request: i64,
        side: Side,
    ) -> Result<FriendRequestLink, AccountError> {
        self.accounts
            .friend_request(request)?
            .filter(|request| match side {
                Side::Source => request.source.account == account,
                Side::Target => request.target.account == account,
            })
            .ok_or_else(no_request)
    }

    fn tell_friends(&mut self, link: &FriendLink) {
        for (one, other) in [(&link.own, &link.friend), (&link.friend, &link.own)] {
            self.tell(AccountEvent::FriendAdded(one.account, other.name.clone()));
        }
    }
}

fn no_request() -> AccountError {
    refused("There is no such friend request.")
}
