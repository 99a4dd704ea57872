// The register of server frames (docs/protocol.md, docs/clients.md). Modules register their handlers here. This module knows none of
// the frames and none of the other modules.

const takers = new Map();
const handlers = new Map();

function register(kind, command, handler) {
  if (!kind.has(command)) kind.set(command, []);
  kind.get(command).push(handler);
}

/** Call `handler` with the body of each frame of this command. Several modules may handle the same command. */
export const onFrame = (command, handler) => register(handlers, command, handler);

/** Call `taker` before the handlers of this command. When it returns true, no other taker and no handler gets the frame. */
export const takeFrame = (command, taker) => register(takers, command, taker);

/** `onFrame` for a table of handlers. */
export function onFrames(table) {
  for (const [command, handler] of Object.entries(table)) onFrame(command, handler);
}

/** A frame with unknown fields must not end the session, and must not keep the frame from other handlers. */
function attempt(command, handler, body) {
  try {
    return handler(body);
  } catch (error) {
    console.warn(`A ${command} frame could not be understood.`, error);
    return undefined;
  }
}

/** Give a frame to the modules that registered for it, in the order of their registration. */
export function handleFrame(command, body) {
  if ((takers.get(command) ?? []).some(taker => attempt(command, taker, body) === true)) return;
  for (const handler of handlers.get(command) ?? []) attempt(command, handler, body);
}
