// Connections: those of WebSocket libraries, and those that two clients make by hand from a TCP socket.

import { randomBytes } from 'node:crypto';
import net from 'node:net';
import WebSocket from 'ws';

import { Difference, Unreachable } from './base.mjs';

/**
 * Opens a WebSocket with a library. `receive(text)` gets each message, `closed(clean)` the end, where `clean` says whether
 * there was a close frame, and `fault(error)` a message that is no text.
 */
export function library(stage, path, handlers, { origin, deflate = false } = {}) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(new URL(path, stage.chat), { origin, perMessageDeflate: deflate });
    let open = false;
    socket.on('open', () => {
      open = true;
      resolve({
        send: text => socket.readyState === WebSocket.OPEN && socket.send(text),
        close: code => socket.close(code),
        /** The process is gone, or the cable. */
        terminate: () => socket.terminate(),
        pong: () => socket.readyState === WebSocket.OPEN && socket.pong(),
      });
    });
    socket.on('message', (data, binary) => {
      if (binary) handlers.fault(new Difference('a binary frame'));
      else handlers.receive(data.toString());
    });
    socket.on('error', error => {
      if (!open) reject(new Unreachable(`WebSocket: ${error.message}`));
    });
    // 1006: without a close frame.
    socket.on('close', code => {
      if (open) handlers.closed(code !== 1006, code);
      else reject(new Unreachable('WebSocket: closed before it was open'));
    });
  });
}

/**
 * Opens a WebSocket by hand: sends `request` (without its empty line), and hands each frame of the server to
 * `frame({final, reserved, opcode, masked, payload}, wire)`. `early(bytes)` gets bytes that came with the end of the answer.
 */
export function byHand(stage, request, handlers) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(stage.chat.port), stage.chat.hostname);
    let open = false;
    let bytes = Buffer.alloc(0);
    const wire = {
      send: text => socket.writable && socket.write(masked(1, Buffer.from(text))),
      pong: payload => socket.writable && socket.write(masked(10, payload)),
      close: () => socket.end(),
      terminate: () => socket.destroy(),
    };
    socket.on('connect', () => socket.write(`${request}\r\n\r\n`));
    socket.on('data', data => {
      bytes = Buffer.concat([bytes, data]);
      if (!open) {
        const end = bytes.indexOf('\r\n\r\n');
        if (end < 0) return;
        const head = bytes.subarray(0, end).toString('latin1');
        bytes = bytes.subarray(end + 4);
        open = true;
        try {
          handlers.head(head, bytes.length);
        } catch (error) {
          handlers.fault(error);
        }
        resolve(wire);
      }
      for (let next = cut(bytes); next; next = cut(bytes)) {
        bytes = bytes.subarray(next.length);
        handlers.frame(next, wire);
      }
    });
    socket.on('error', error => {
      if (!open) reject(new Unreachable(`TCP: ${error.code}`));
    });
    socket.on('close', () => {
      if (open) handlers.closed(false);
      else reject(new Unreachable('TCP: closed before the answer'));
    });
  });
}

/** A client's frame. */
function masked(opcode, payload) {
  const mask = randomBytes(4);
  const length = payload.length < 126
    ? Buffer.from([payload.length | 0x80])
    : Buffer.from([126 | 0x80, payload.length >> 8, payload.length & 0xff]);
  const body = Buffer.from(payload.map((byte, index) => byte ^ mask[index % 4]));
  return Buffer.concat([Buffer.from([0x80 | opcode]), length, mask, body]);
}

/** The first frame of these bytes, when it is whole. */
function cut(bytes) {
  if (bytes.length < 2) return null;
  let at = 2;
  let size = bytes[1] & 0x7f;
  if (size === 126) {
    if (bytes.length < 4) return null;
    size = bytes.readUInt16BE(2);
    at = 4;
  } else if (size === 127) {
    if (bytes.length < 10) return null;
    size = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  const isMasked = (bytes[1] & 0x80) !== 0;
  if (isMasked) at += 4;
  if (bytes.length < at + size) return null;
  return {
    final: (bytes[0] & 0x80) !== 0, reserved: bytes[0] & 0x70, opcode: bytes[0] & 0x0f, masked: isMasked,
    payload: bytes.subarray(at, at + size), length: at + size,
  };
}
