// The looks of the page: theme, size, font, layout. A theme of one's own is three colours; all others are made from them, and the theme is
// applied only if all text can be read.

export const THEMES = { device: 'As the device', light: 'Light', dark: 'Dark', contrast: 'High contrast', own: 'My own' };
export const SIZES = { small: 'Small', medium: 'Medium', large: 'Large', huge: 'Very large' };
export const LAYOUTS = { comfortable: 'Comfortable', compact: 'Compact', bubbles: 'Bubbles' };
export const FONTS = { system: 'Of the device', serif: 'With serifs', mono: 'Of one width', wide: 'Wide and spaced' };

export const OWN_COLOURS = { ownPage: 'Background', ownInk: 'Text', ownAccent: 'Buttons and links' };

/** In percent of what the browser is set to. */
const PERCENT = { small: 90, medium: 100, large: 115, huge: 130 };

/** The least contrast of text (WCAG 2.2, AA). */
export const LEAST_CONTRAST = 4.5;

/** The luminance that a background needs so that names in colour can be read on it: at least the one, or at most the other. */
const LIGHT = 0.8;
const DARK = 0.045;

const VARIABLES = ['page', 'panel', 'raised', 'hover', 'ink', 'muted', 'line', 'edge', 'accent', 'accent-strong', 'on-accent', 'accent-soft', 'mention', 'ad'];

const more = matchMedia('(prefers-contrast: more)');

/** A colour `#rrggbb` as three numbers up to 255; null when it is none. */
function channels(colour) {
  const [, ...parts] = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour) ?? [];
  return parts.length === 3 ? parts.map(part => Number.parseInt(part, 16)) : null;
}

function luminance(colour) {
  const [red, green, blue] = channels(colour).map(value => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The contrast of two colours, from 1 to 21. */
export function contrast(one, other) {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

/** The first colour with a share of the second one in it. */
function mix(one, other, share) {
  const [from, to] = [channels(one), channels(other)];
  return `#${from.map((value, index) => Math.round(value + (to[index] - value) * share).toString(16).padStart(2, '0')).join('')}`;
}

const least = (colour, surfaces) => Math.min(...surfaces.map(surface => contrast(colour, surface)));

/** The colour itself, or as much of `towards` in it as it needs to be read on these surfaces. */
function readable(colour, towards, surfaces) {
  const shares = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
  return shares.map(share => mix(colour, towards, share)).find(each => least(each, surfaces) >= LEAST_CONTRAST) ?? towards;
}

/** All colours of a theme from three: { scheme, colours, problems }. `problems` are sentences for people; empty when it can be read. */
export function ownTheme(page, ink, accent) {
  if (![page, ink, accent].every(channels)) return { scheme: 'light', colours: {}, problems: ['A colour is missing.'] };
  const scheme = luminance(page) > 0.2 ? 'light' : 'dark';
  const colours = { page, panel: mix(page, ink, 0.02), raised: mix(page, ink, 0.04), hover: mix(page, ink, 0.09), ink, line: mix(page, ink, 0.2),
    edge: mix(page, ink, 0.55), 'accent-soft': mix(page, accent, 0.12), mention: mix(page, '#c89a20', 0.14), ad: mix(page, '#7a6bd0', 0.1) };
  const surfaces = ['page', 'panel', 'raised', 'hover', 'accent-soft', 'mention', 'ad'].map(name => colours[name]);
  const problems = [];
  const ratio = least(ink, surfaces);
  if (ratio < LEAST_CONTRAST) problems.push(`Text on its background has a contrast of ${ratio.toFixed(1)}; it needs ${LEAST_CONTRAST}.`);
  const bright = luminance(page);
  if (bright < LIGHT && bright > DARK) problems.push('The background is neither light nor dark: names in colour could not be read on it.');
  const accentRatio = least(accent, surfaces);
  if (accentRatio < LEAST_CONTRAST) problems.push(`Buttons and links have a contrast of ${accentRatio.toFixed(1)}; they need ${LEAST_CONTRAST}.`);
  colours.muted = readable(mix(ink, page, 0.3), ink, surfaces);
  colours.accent = accent;
  colours['accent-strong'] = readable(accent, ink, surfaces);
  colours['on-accent'] = contrast('#ffffff', accent) >= contrast('#000000', accent) ? '#ffffff' : '#000000';
  return { scheme, colours, problems };
}

/** The theme that is in effect: a device that is set to more contrast gets it. */
const effective = theme => (theme === 'device' && more.matches ? 'contrast' : theme);

export function applyLooks(settings) {
  const root = document.documentElement;
  const theme = effective(settings.theme);
  if (theme === 'device') delete root.dataset.theme;
  else root.dataset.theme = theme;
  const { scheme, colours, problems } = ownTheme(settings.ownPage, settings.ownInk, settings.ownAccent);
  const isOwn = theme === 'own' && problems.length === 0;
  root.style.colorScheme = isOwn ? scheme : '';
  for (const name of VARIABLES) {
    if (isOwn) root.style.setProperty(`--${name}`, colours[name]);
    else root.style.removeProperty(`--${name}`);
  }
  root.style.fontSize = settings.size === 'medium' ? '' : `${PERCENT[settings.size]}%`;
  root.dataset.layout = settings.layout;
  root.dataset.font = settings.font;
}

/** Call `listener()` when the device asks for more or less contrast. */
export const onContrast = listener => more.addEventListener('change', listener);
