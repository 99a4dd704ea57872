// Throwing dice and spinning the bottle without typing a command.

import { byId, el, fold } from './text.js';
import { active } from './state.js';
import { roll } from './talking.js';
import { isRoom } from './roles.js';
import { makeDialog, show } from './dialog.js';
import { keep, kept } from './storage.js';

const USUAL = ['1d2', '1d4', '1d6', '2d6', '1d8', '1d10', '1d12', '1d20', '1d100'];

/** The limits of the server: up to 20 terms of at most 9 dice with 2 to 500 sides, or numbers up to 10000. */
const DICE = /^-?(?:[1-9]d(?:500|[1-4]?\d{1,2})|\d{1,5})(?:[+-](?:[1-9]d(?:500|[1-4]?\d{1,2})|\d{1,5})){0,19}$/;

/** The server takes no dice in this channel. */
const WITHOUT_DICE = 'frontpage';

const LAST = 'fchatd-dice';

let dialog;
let form;

export function startDice() {
  form = el('form', { class: 'stack' },
    el('div', { class: 'dice-usual' }, ...USUAL.map(dice => el('button', { type: 'button', text: dice, click: () => throwThem(dice) }))),
    el('div', { class: 'inline-form' }, el('label', {}, 'Dice and numbers', el('input', { name: 'dice', autocomplete: 'off', autocapitalize: 'none',
      spellcheck: 'false', placeholder: '2d6+1d4+3', maxlength: '120', required: true, 'aria-describedby': 'dice-help' })),
    el('button', { type: 'submit', class: 'primary', text: 'Roll' })),
    el('p', { id: 'dice-help', class: 'muted', role: 'status', text: 'Up to 9 dice of a kind, with 2 to 500 sides.' }),
    el('div', { class: 'actions actions-low' }, el('button', { type: 'button', id: 'bottle', text: 'Spin the bottle', click: () => throwThem('bottle') })));
  dialog = makeDialog('dice-dialog', 'Roll dice', form);
  form.addEventListener('submit', event => {
    event.preventDefault();
    const dice = form.elements.dice.value.replace(/\s/g, '').toLowerCase();
    if (!DICE.test(dice)) {
      byId('dice-help').textContent = 'That is no roll. Write it like 2d6+3: up to 9 dice of a kind, with 2 to 500 sides.';
      return;
    }
    keep(LAST, dice);
    throwThem(dice);
  });
}

/** Dice count as messages, and one channel has none. */
export const diceAreAllowed = target => target.kind === 'private'
  || (target.kind === 'channel' && target.mode !== 'ads' && fold(target.name) !== WITHOUT_DICE);

export function openDice() {
  const target = active();
  if (!diceAreAllowed(target)) return;
  form.elements.dice.value = kept(LAST, '');
  byId('dice-help').textContent = 'Up to 9 dice of a kind, with 2 to 500 sides.';
  byId('bottle').hidden = target.kind === 'channel' && !isRoom(target);
  show(dialog);
}

function throwThem(dice) {
  dialog.close();
  roll(active(), dice);
}
