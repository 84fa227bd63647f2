// The commands that a line typed into `longwire connect` can be.

import { WebSocketCloseCode } from '@longwire/websocket';

export type LineCommand =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'binary'; readonly data: Uint8Array }
  | { readonly kind: 'ping'; readonly data: Uint8Array }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'wrong'; readonly message: string };

/** RFC 6455 §5.5: the payload of a control frame; of a Close frame, two bytes are its code. */
const MAX_CONTROL_BYTES = 125;

export function parseLine(line: string): LineCommand {
  if (!line.startsWith('/')) return line === '' ? { kind: 'nothing' } : { kind: 'text', text: line };
  if (line.startsWith('//')) return { kind: 'text', text: line.slice(1) };
  const [word = '', ...words] = line.trimEnd().split(' ');
  const rest = words.join(' ');
  switch (word) {
    case '/ping':
      return parsePing(rest);
    case '/binary':
      return parseBinary(rest);
    case '/close':
    case '/exit':
      return parseClose(rest);
    default:
      return wrong(`Unknown command ${word}. Use /ping, /binary, /close or /exit; // sends a line that starts with /`);
  }
}

function parsePing(text: string): LineCommand {
  const data = Buffer.from(text);
  return data.length > MAX_CONTROL_BYTES
    ? wrong(`A ping carries at most ${MAX_CONTROL_BYTES} bytes`)
    : { kind: 'ping', data };
}

function parseBinary(text: string): LineCommand {
  const digits = text.replaceAll(/\s+/g, '');
  const isHex = /^(?:[\da-f]{2})*$/i.test(digits);
  return isHex ? { kind: 'binary', data: Buffer.from(digits, 'hex') } : wrong('Write bytes in hex: /binary 00 ff 10');
}

function parseClose(text: string): LineCommand {
  const match = /^(?:(\d{4}))?(?:\s+(.*))?$/.exec(text);
  const code = Number(match?.[1] ?? WebSocketCloseCode.normal);
  const reason = match?.[2] ?? '';
  // RFC 6455 §7.4: the codes that an application may send. 1005, 1006 and 1015 are never sent.
  const isAllowed =
    code === WebSocketCloseCode.normal || code === WebSocketCloseCode.goingAway || (code >= 3000 && code <= 4999);
  if (match === null || !isAllowed)
    return wrong('Write /close, or /close 4000 and a reason; the code is 1000, 1001 or 3000-4999');
  if (Buffer.byteLength(reason) > MAX_CONTROL_BYTES - 2)
    return wrong(`A close reason has at most ${MAX_CONTROL_BYTES - 2} bytes`);
  return { kind: 'close', code, reason };
}

function wrong(message: string): LineCommand {
  return { kind: 'wrong', message };
}
