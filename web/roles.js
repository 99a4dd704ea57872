// The rights of this character, as far as the server has told. The server decides; this only hides useless buttons.

import { fold } from './text.js';
import { findChannel, roleIn, state } from './state.js';

const ADMINISTRATOR = 1;

/** Moderators of public channels, and everyone above them, are brought into this room by the server. */
const STAFF_ROOM = 'ADH-UBERAWESOMESTAFFROOM';

export const isRoom = target => target.name.startsWith('ADH-');
export const isAdmin = () => (state.vars.permissions & ADMINISTRATOR) !== 0;
export const isStaff = () => isAdmin() || state.staff.has(fold(state.me));
const isInStaffRoom = () => findChannel(STAFF_ROOM)?.joined === 'yes';
export const takesReports = () => isStaff() || isInStaffRoom() || [...state.calls.values()].some(call => !call.taken);

/** May throw out and ban here, and write the description. */
export function mayModerate(target) {
  const role = roleIn(target, state.me);
  return role === 'owner' || role === 'moderator' || isStaff() || (!isRoom(target) && isInStaffRoom());
}

/** May choose moderators, the mode, and who may come in. */
export const mayOwn = target => roleIn(target, state.me) === 'owner' || isStaff();
