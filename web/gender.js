// The gender of a character online as a word for style sheets, where names are coloured by it.

import { person } from './state.js';
import { settings } from './settings.js';

/** Genders that people may have; others are told by the server, and get no colour of their own. */
const GENDERS = new Set(['male', 'female', 'transgender', 'herm', 'shemale', 'male-herm', 'cunt-boy']);

/** The word for `data-gender`, or an empty text. The colour is never the only sign: the card and the list of members name the gender. */
export function genderOf(name) {
  const gender = settings.genderColours ? String(person(name)?.gender ?? '').toLowerCase() : '';
  return GENDERS.has(gender) ? gender : '';
}
