// The words of the server itself: greetings, broadcasts, notices, errors, reports to the staff, and events of the website.

import { decode, isolated, titleText } from './text.js';
import { addLine, changed, findChannel, findPrivate, server, state, tell } from './state.js';
import { onFrames } from './frames.js';

const EVENTS = {
  note: 'sent you a note', friendrequest: 'asks to be your friend', friendadd: 'is now your friend', friendremove: 'is no longer your friend',
};

onFrames({
  HLO({ message }) {
    const text = decode(message);
    if (!server().lines.some(line => line.text === text)) addLine(server(), { kind: 'notice', text, own: true });
  },
  BRO: ({ message }) => tell('notice', decode(message), { mention: true }),
  SYS({ message, channel: name }) {
    const target = findChannel(name);
    if (target) addLine(target, { kind: 'notice', text: decode(message), own: true });
    else tell('notice', decode(message));
  },
  RTB({ type, name, sender, subject }) {
    const isNote = type === 'note';
    changed(isNote ? 'note-news' : 'relations');
    const event = EVENTS[type];
    if (event) tell('notice', `${name ?? sender} ${event}${subject ? `: “${isolated(titleText(subject))}”` : ''}.`, { mention: isNote });
  },
  SFC({ action, character, moderator, report, tab }) {
    const text = action === 'report' ? `Report by ${character} (${decode(tab)}): ${decode(report)}` : `${moderator} takes care of the report by ${character}.`;
    addLine(server(), { kind: 'notice', text, mention: action === 'report' });
  },
  ZZZ: ({ message }) => tell('notice', decode(message)),
  ERR({ command, channel: name, character, message }) {
    const place = command === undefined ? undefined : findChannel(name) ?? findPrivate(character);
    if (place && place.id === state.active) addLine(place, { kind: 'error', text: decode(message) });
    else tell('error', decode(message));
  },
});
