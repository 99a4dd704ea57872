// The values that the browser keeps for this page, as JSON. A full or forbidden storage only costs comfort, so it never throws.

/** Keep a value until the tab ends (`tab`), or for good. Returns whether there was room. */
export function keep(key, value, { tab = false } = {}) {
  try {
    (tab ? sessionStorage : localStorage).setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** The kept value, else `otherwise`. */
export function kept(key, otherwise, { tab = false } = {}) {
  try {
    return JSON.parse((tab ? sessionStorage : localStorage).getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function drop(key, { tab = false } = {}) {
  try {
    (tab ? sessionStorage : localStorage).removeItem(key);
  } catch {
    // Nothing was kept, then.
  }
}
