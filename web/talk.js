// Starts the modules of rooms and talk, and restores them after a reload.

import { startChannels } from './channels.js';
import { startRoom } from './room.js';
import { startModeration } from './moderation.js';
import { startCommands } from './commands.js';
import { startDice } from './dice.js';
import { forgetAds, recallAds, startAds } from './ads.js';
import { forget, recall, startMemory } from './memory.js';
import { startFind } from './find.js';
import { startStaff } from './staff.js';
import { focusComposer } from './composer.js';
import { send, startTalking } from './talking.js';
import { startMembership } from './membership.js';
import { startIdle } from './idle.js';
import { startOlder } from './older.js';
import { recallMuted } from './mute.js';
import { enterArchive, leaveArchive, prune } from './archive.js';
import './presence.js';
import './announcements.js';

export function startTalk({ connection, outbox, setStatus, openPerson }) {
  startTalking({ connection, outbox });
  startMembership({ connection, outbox });
  startChannels({ connection });
  startRoom({ connection, openPerson });
  startModeration({ connection });
  startCommands({ connection, setStatus, focus: focusComposer });
  startDice();
  startAds({ connection });
  startFind();
  startStaff({ connection, openPerson });
  startMemory();
  startIdle({ setStatus });
  startOlder();
}

/** After a reload: drafts, lines and running ads of this character. Lines that were never sent are sent. */
export function recallTalk() {
  enterArchive();
  recallMuted();
  recall(send);
  recallAds();
  // Without a storage there is nothing to remove.
  prune().catch(() => {});
}

/** On leaving the chat. */
export function forgetTalk() {
  forget();
  forgetAds();
  leaveArchive();
}
