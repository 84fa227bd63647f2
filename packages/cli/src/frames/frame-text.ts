// The events of a raw WebSocket connection, as lines for people or for programs.

import { WebSocketCloseCode } from '@longwire/websocket';
import { printable } from '../terminal/printable.js';
import type { Paint } from '../terminal/terminal.js';

type Direction = 'in' | 'out';

export type FrameEvent =
  | { readonly type: 'open'; readonly subprotocol: string; readonly extensions: string }
  | { readonly type: 'text'; readonly direction: Direction; readonly text: string }
  | { readonly type: 'binary' | 'ping' | 'pong'; readonly direction: Direction; readonly data: Uint8Array }
  | { readonly type: 'error'; readonly code: string; readonly message: string }
  | { readonly type: 'close'; readonly code: number; readonly reason: string; readonly wasClean: boolean };

const SHOWN_BYTES = 32;

/** `< hello`, `> ping "x"`, `< binary 3 bytes: 00 ff 10`, `closed 1000`. */
export function frameLine(event: FrameEvent, paint: Paint): string {
  switch (event.type) {
    case 'open': {
      const parts = [event.subprotocol && `subprotocol ${event.subprotocol}`, event.extensions].filter(Boolean);
      return paint('green', `connected${parts.length > 0 ? ` (${printable(parts.join(', '))})` : ''}`);
    }
    case 'text':
      return `${paint('cyan', arrow(event.direction))} ${printable(event.text)}`;
    case 'binary':
      return `${paint('cyan', arrow(event.direction))} ${paint('yellow', 'binary')} ${bytesText(event.data)}`;
    case 'ping':
    case 'pong':
      return paint('dim', `${arrow(event.direction)} ${event.type} ${printable(JSON.stringify(utf8(event.data)))}`);
    case 'error':
      return paint('red', `error ${event.code}: ${printable(event.message)}`);
    case 'close': {
      const reason = event.reason === '' ? '' : ` ${printable(event.reason)}`;
      return paint(
        event.code === WebSocketCloseCode.normal ? 'green' : 'yellow',
        `closed ${event.code}${reason}${event.wasClean ? '' : ' (not clean)'}`,
      );
    }
  }
}

/** One JSON object; bytes in hex for binary messages, as UTF-8 text for pings and pongs. */
export function frameJson(event: FrameEvent): string {
  return printable(JSON.stringify(jsonValue(event)));
}

function jsonValue(event: FrameEvent): object {
  switch (event.type) {
    case 'binary':
      return { type: event.type, direction: event.direction, hex: Buffer.from(event.data).toString('hex') };
    case 'ping':
    case 'pong':
      return { type: event.type, direction: event.direction, text: utf8(event.data) };
    default:
      return event;
  }
}

function bytesText(data: Uint8Array): string {
  const shown = [...data.subarray(0, SHOWN_BYTES)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const count = `${data.length} byte${data.length === 1 ? '' : 's'}`;
  return data.length === 0 ? count : `${count}: ${shown}${data.length > SHOWN_BYTES ? ' …' : ''}`;
}

function utf8(data: Uint8Array): string {
  return Buffer.from(data).toString('utf8');
}

function arrow(direction: Direction): string {
  return direction === 'in' ? '<' : '>';
}
