// Friends, requests, bookmarks and ignores of this account, as the account service tells them.

import { service, session } from './api.js';
import { fold } from './text.js';
import { changed, onChange, state } from './state.js';

/** Changes often come in twos and threes; they are asked for once. */
const GATHER = 150;

const NOTHING = { friends: [], bookmarks: [], incoming: [], outgoing: [] };

/** `friends`, `incoming` and `outgoing` are { id, source, dest }: of the first and last, `source` is one's own. */
export const relations = { ...NOTHING, known: false, problem: '' };

let timer = 0;
let asked = 0;

/** Only where this server keeps the accounts. */
export const hasRelations = () => session.accounts === 'embedded';

export function startRelations() {
  onChange('relations', soon);
}

/** On entering: nothing of another account is left. */
export function forgetRelations() {
  clearTimeout(timer);
  asked += 1;
  Object.assign(relations, NOTHING, { known: false, problem: '' });
  changed('friends');
}

export function soon() {
  clearTimeout(timer);
  timer = setTimeout(() => readRelations(), GATHER);
}

export async function readRelations() {
  if (!hasRelations() || !session.ticket) return;
  asked += 1;
  const mine = asked;
  try {
    const answer = await service('friend-bookmark-lists');
    // A later question knows better.
    if (mine !== asked) return;
    Object.assign(relations, { friends: answer.friendlist ?? [], bookmarks: answer.bookmarklist ?? [], incoming: answer.requestlist ?? [],
      outgoing: answer.requestpending ?? [], known: true, problem: '' });
  } catch (error) {
    if (mine !== asked) return;
    relations.problem = error.message;
  }
  changed('friends');
}

const same = (one, other) => fold(one) === fold(other);

export const isBookmarked = name => relations.bookmarks.some(each => same(each, name));

/** The friendship of one's own present character with somebody, if there is one. */
export const friendship = name => relations.friends.find(each => same(each.dest, name) && same(each.source, state.me));

/** Whether any of one's characters is a friend of theirs. */
export const isFriend = name => relations.friends.some(each => same(each.dest, name));

/** Requests between the present character and somebody: the one that came, the one that went. */
export const incomingFrom = name => relations.incoming.find(each => same(each.source, name) && same(each.dest, state.me));
export const outgoingTo = name => relations.outgoing.find(each => same(each.dest, name) && same(each.source, state.me));

async function change(name, fields) {
  await service(name, fields);
  await readRelations();
}

export const setBookmark = (name, on) => change(on ? 'bookmark-add' : 'bookmark-remove', { name });
export const askFriend = name => change('request-send2', { source_name: state.me, dest_name: name });
export const removeFriend = ({ source, dest }) => change('friend-remove', { source_name: source, dest_name: dest });
export const answerRequest = (id, accept) => change(accept ? 'request-accept' : 'request-deny', { request_id: String(id) });
export const cancelRequest = id => change('request-cancel', { request_id: String(id) });
