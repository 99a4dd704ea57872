// The people online, the staff, and the ignore list, as the server's frames tell them.

import { decode, fold } from './text.js';
import { changed, isMe, person, state } from './state.js';
import { onFrames } from './frames.js';

function addPerson(name, gender, status, statusmsg) {
  state.people.set(fold(name), { name, gender, status, statusmsg: decode(statusmsg) });
}

onFrames({
  IDN() {
    state.people = new Map();
    state.staff = new Set();
    state.calls = new Map();
    changed('calls');
  },
  VAR({ variable, value }) {
    if (Object.hasOwn(state.vars, variable)) state.vars[variable] = Number(value);
    if (variable === 'permissions') changed('roles');
  },
  ADL({ ops }) {
    state.staff = new Set(ops.map(fold));
    changed('members');
  },
  AOP({ character }) {
    state.staff.add(fold(character));
    changed('members');
  },
  DOP({ character }) {
    state.staff.delete(fold(character));
    changed('members');
  },
  IGN({ action, characters, character }) {
    if (action === 'init' || action === 'list') state.ignored = new Set(characters.map(fold));
    else if (action === 'add') state.ignored.add(fold(character));
    else if (action === 'delete') state.ignored.delete(fold(character));
    changed('members');
  },
  LIS({ characters }) {
    for (const row of characters) addPerson(...row);
    changed('people', 'members', 'self');
  },
  NLN({ identity, gender, status }) {
    // The own row of the list has the status that the server kept over a short absence. NLN always says online.
    if (!isMe(identity) || !person(identity)) addPerson(identity, gender, status, '');
    changed('people', 'self', 'conversations', 'active-state');
  },
  FLN({ character }) {
    state.people.delete(fold(character));
    changed('people', 'conversations', 'active-state');
  },
  STA({ character, status, statusmsg }) {
    const known = person(character);
    if (!known) return;
    Object.assign(known, { status, statusmsg: decode(statusmsg) });
    changed('people', 'members', 'active-state');
    if (isMe(character)) changed('self');
  },
});
