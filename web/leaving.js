// Asks before the page is left while something would be lost: a text that is not sent, or a room of one's own.

import { byId } from './text.js';
import { roleIn, state } from './state.js';
import { isRoom } from './roles.js';
import { hasNoteDraft } from './note-views.js';

const hasDraft = ({ draft, lines }) => draft.trim() !== '' || lines.some(line => line.state === 'queued');

const isOwnRoom = target => target.kind === 'channel' && target.joined === 'yes' && isRoom(target) && roleIn(target, state.me) === 'owner';

function wouldLose() {
  if (byId('chat').hidden) return false;
  return hasNoteDraft() || [...state.conversations.values()].some(each => hasDraft(each) || isOwnRoom(each));
}

export function startLeaving() {
  addEventListener('beforeunload', event => {
    if (wouldLose()) event.preventDefault();
  });
}
