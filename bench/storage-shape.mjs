// What it costs to hand appends to another thread, by the shape of the message. node bench/storage-shape.mjs [entries per batch]

import { randomUUID } from 'node:crypto';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';

const size = Number(process.argv[2] ?? 50);
const rounds = Math.floor(200_000 / size);
const requests = Array.from({ length: size }, (_, index) => ({
  channel: `direct/user-${index}/user-${index + 1_000}`,
  from: `user-${index}`,
  body: JSON.stringify({ text: 'x'.repeat(110) }),
  key: randomUUID(),
  at: Date.now(),
  kind: 'message',
  bodyFormat: 'json',
  slot: undefined,
  headers: undefined,
  contentType: undefined,
  replyTo: undefined,
  since: undefined,
  guard: { rightsVersion: 0, isRefused: false },
  mustExist: [],
}));

/** Each shape: a batch to a message, and what the receiver must do before it has the fields. */
const shapes = {
  objects: { pack: (batch) => batch, unpack: (message) => message.length },
  json: { pack: (batch) => JSON.stringify(batch), unpack: (message) => JSON.parse(message).length },
  columns: {
    pack: (batch) => ({
      channel: batch.map((request) => request.channel),
      from: batch.map((request) => request.from),
      body: batch.map((request) => request.body),
      key: batch.map((request) => request.key),
      at: Float64Array.from(batch, (request) => request.at),
    }),
    unpack: (message) => message.channel.length,
  },
  flat: {
    pack: (batch) => {
      const list = [];
      for (const { channel, from, body, key, at } of batch) list.push(channel, from, body, key, at);
      return list;
    },
    unpack: (message) => message.length,
  },
};

const { port1, port2 } = new MessageChannel();
for (let pass = 0; pass < 3; pass += 1) {
  for (const [shape, { pack, unpack }] of Object.entries(shapes)) {
    let sendMs = 0;
    let receiveMs = 0;
    for (let round = 0; round < rounds; round += 1) {
      const start = performance.now();
      port1.postMessage(pack(requests));
      const sent = performance.now();
      unpack(receiveMessageOnPort(port2).message);
      receiveMs += performance.now() - sent;
      sendMs += sent - start;
    }
    const perEntry = (ms) => Number(((ms * 1_000) / rounds / size).toFixed(3));
    const figures = { shape, batch: size, sendUsPerEntry: perEntry(sendMs), receiveUsPerEntry: perEntry(receiveMs) };
    // The first pass warms up.
    if (pass > 0) process.stdout.write(`${JSON.stringify(figures)}\n`);
  }
}
port1.close();
