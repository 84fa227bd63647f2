// A second codec: binary data, each object as its length in four bytes and its JSON text. It shows that nothing above the
// codec knows how it is written.

import type { Codec, Payload } from '../../src/delivery/codec.js';
import { jsonCodec } from '../../src/delivery/json-codec.js';

export const binaryCodec: Codec = {
  entry: (...args) => framed(jsonCodec.entry(...args)),
  receipt: (...args) => framed(jsonCodec.receipt(...args)),
  signal: (...args) => framed(jsonCodec.signal(...args)),
  presence: (...args) => framed(jsonCodec.presence(...args)),
  channel: (...args) => framed(jsonCodec.channel(...args)),
  joined: (...args) => framed(jsonCodec.joined(...args)),
  removed: (...args) => framed(jsonCodec.removed(...args)),
  gap: (...args) => framed(jsonCodec.gap(...args)),
  invitation: (...args) => framed(jsonCodec.invitation(...args)),
  invitationEnded: (...args) => framed(jsonCodec.invitationEnded(...args)),
  goodbye: (...args) => framed(jsonCodec.goodbye(...args)),
  join: (payloads) => Buffer.concat(payloads.map((payload) => payload as Uint8Array)),
};

/** The JSON texts of the objects in one payload of a codec. */
export function objectsIn(payload: Payload, codec: Codec): string[] {
  if ((typeof payload === 'string') !== (codec === jsonCodec)) throw new Error('a payload of another codec');
  if (typeof payload === 'string') return payload.split('\n');
  const bytes = Buffer.from(payload);
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    texts.push(bytes.toString('utf8', at + 4, end));
    at = end;
  }
  return texts;
}

function framed(text: Payload): Uint8Array {
  const body = Buffer.from(text as string);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}
