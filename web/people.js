// Starts the modules about people and the own account, and has the actions of a person's card.

import { byId, wantPictures } from './text.js';
import { session } from './api.js';
import { onSetting, settings } from './settings.js';
import { changed, state } from './state.js';
import { askFriend, answerRequest, forgetRelations, friendship, hasRelations, incomingFrom, isBookmarked, outgoingTo, readRelations, removeFriend, setBookmark, startRelations } from './relations.js';
import { startFriends, trying } from './friends.js';
import { openProfile, startProfile } from './profile.js';
import { editProfile, startProfileEdit } from './profile-edit.js';
import { forgetNotes, readUnread } from './notes.js';
import { forgetDrafts, startNoteViews, writeNote } from './note-views.js';
import { startSearch } from './search.js';
import { openReport, startReport } from './report.js';
import { openAccount, startAccount } from './account.js';
import { startSettings } from './settings-dialog.js';
import { startNotify } from './notify.js';
import { ask, toast } from './dialog.js';

export function startPeopleParts({ connection, openPerson, leaveChat }) {
  wantPictures(() => settings.pictures && session.accounts === 'embedded');
  onSetting(name => name === 'pictures' && changed('self', 'conversations', 'members'));
  startRelations();
  startFriends({ connection, openPerson });
  startProfile({ edit: editProfile });
  startProfileEdit();
  startSearch({ connection, openPerson });
  startReport({ connection });
  startNoteViews({ openPerson });
  startAccount({ leaveChat });
  startSettings({ openAccount, editProfile: () => editProfile(state.me) });
  startNotify();
}

/** On entering the chat, and after each log-in. */
export function enterPeople() {
  forgetRelations();
  forgetNotes();
  forgetDrafts();
  for (const id of ['search-people', 'open-notes']) byId(id).hidden = !hasRelations();
}

export function refreshPeople() {
  readRelations();
  readUnread();
}

/** The actions about somebody, as buttons: `action(label, run, attributes)` makes one. */
export function relationActions(name, action) {
  if (!hasRelations()) return;
  const done = (work, text) => async () => {
    if (await trying(work)) toast(text);
  };
  const marked = isBookmarked(name);
  action(marked ? 'Remove bookmark' : 'Bookmark', done(() => setBookmark(name, !marked), marked ? `${name} is no longer bookmarked.` : `${name} is bookmarked.`));
  const friend = friendship(name);
  const came = incomingFrom(name);
  if (friend) {
    action('End friendship', async () => {
      if (await ask('End the friendship?', `${name} is told that you are no longer friends.`, 'End friendship')) trying(() => removeFriend(friend));
    });
  } else if (came) {
    action('Accept as a friend', done(() => answerRequest(came.id, true), `${name} is your friend now.`));
  } else if (outgoingTo(name)) {
    action('Friendship is asked for', () => {}, { disabled: true });
  } else {
    action('Ask for friendship', done(() => askFriend(name), `${name} is asked.`));
  }
}

export const reportAction = (name, action) => action('Report', () => openReport(name));

export const noteAction = (name, action) => hasRelations() && action('Write a note', () => writeNote(name));

export const profileAction = (name, action) => hasRelations() && action('Profile', () => openProfile(name));
export const editAction = (name, action) => hasRelations() && action('Edit your profile', () => editProfile(name));
