// RFC 7692 §5 and §7.1: what is offered, answered and refused, as header lines on real sockets.
import { afterEach, describe, expect, it } from 'vitest';
import { dial } from '../../src/handshake/dial.js';
import type { PerMessageDeflateOptions } from '../../src/options.js';
import { answerLines, Encounter, RawServer } from './encounter.js';

const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const KEEPS_WINDOWS = { serverNoContextTakeover: false, clientNoContextTakeover: false };

/** What the server answers to these offers; undefined = no extension. */
async function answerTo(offers: string, given: PerMessageDeflateOptions = {}): Promise<string | undefined> {
  const met = await Encounter.open('server', {
    options: { perMessageDeflate: { ...KEEPS_WINDOWS, ...given } },
    lines: [`Sec-WebSocket-Extensions: ${offers}`],
  });
  await met.stop();
  return /^sec-websocket-extensions: (.*)\r$/im.exec(met.handshake)?.[1];
}

/** What the client offers, and what it makes of this answer. */
async function clientWith(answer: string | undefined, given: PerMessageDeflateOptions = {}) {
  const server = await RawServer.start();
  closers.push(() => server.stop());
  const options = { perMessageDeflate: { ...KEEPS_WINDOWS, ...given } };
  const outcome = dial(server.url, { handler: {}, options }).then(
    (connection) => {
      closers.push(() => connection.terminate());
      return connection.extensions;
    },
    (error: { code: string }) => error.code,
  );
  const wire = await server.wire();
  const request = await wire.httpHeader();
  const lines = answer === undefined ? [] : [`Sec-WebSocket-Extensions: ${answer}`];
  wire.send(`${[...answerLines(request), ...lines].join('\r\n')}\r\n\r\n`);
  return { offer: /^sec-websocket-extensions: (.*)\r$/im.exec(request)?.[1], outcome: await outcome };
}

describe('the server', () => {
  it('declines an offer with a parameter that is unknown, wrongly valued or there twice', async () => {
    for (const parameters of [
      'x_unknown',
      'server_no_context_takeover=1',
      'client_no_context_takeover="true"',
      'server_max_window_bits',
      'server_max_window_bits=7',
      'server_max_window_bits=16',
      'server_max_window_bits=010',
      'server_max_window_bits=+9',
      'client_max_window_bits=0',
      'client_max_window_bits=1x',
      'client_max_window_bits; client_max_window_bits',
      'server_no_context_takeover; server_no_context_takeover',
    ]) {
      expect(await answerTo(`permessage-deflate; ${parameters}`), parameters).toBeUndefined();
    }
  });

  it('passes over offers that it declines and takes the first that it can', async () => {
    expect(
      await answerTo('x-webkit-deflate-frame, permessage-deflate; x=1, permessage-deflate; server_max_window_bits=9'),
    ).toBe('permessage-deflate; server_max_window_bits=9');
    expect(await answerTo('permessage-deflate, permessage-deflate; server_max_window_bits=9')).toBe(
      'permessage-deflate',
    );
  });

  it('answers server_no_context_takeover when asked, and may without being asked', async () => {
    expect(await answerTo('permessage-deflate; server_no_context_takeover')).toBe(
      'permessage-deflate; server_no_context_takeover',
    );
    expect(await answerTo('permessage-deflate', { serverNoContextTakeover: true })).toBe(
      'permessage-deflate; server_no_context_takeover',
    );
  });

  it('answers client_no_context_takeover if it was offered, or if clientNoContextTakeover is true', async () => {
    const hinted = 'permessage-deflate; client_no_context_takeover';
    for (const clientNoContextTakeover of [undefined, false, true]) {
      expect(await answerTo(hinted, { clientNoContextTakeover }), `${clientNoContextTakeover}`).toBe(hinted);
    }
    expect(await answerTo('permessage-deflate', { clientNoContextTakeover: true })).toBe(hinted);
    for (const clientNoContextTakeover of [undefined, false]) {
      expect(await answerTo('permessage-deflate; client_max_window_bits', { clientNoContextTakeover })).toBe(
        'permessage-deflate',
      );
    }
  });

  it('answers server_max_window_bits with the same or a smaller value, and never unasked', async () => {
    for (const bits of [8, 9, 12, 15]) {
      expect(await answerTo(`permessage-deflate; server_max_window_bits=${bits}`)).toBe(
        `permessage-deflate; server_max_window_bits=${bits}`,
      );
    }
    expect(await answerTo('permessage-deflate; server_max_window_bits=12', { serverMaxWindowBits: 10 })).toBe(
      'permessage-deflate; server_max_window_bits=10',
    );
    expect(await answerTo('permessage-deflate', { serverMaxWindowBits: 10 })).toBe('permessage-deflate');
  });

  it('never answers client_max_window_bits to an offer without it', async () => {
    expect(await answerTo('permessage-deflate', { clientMaxWindowBits: 9 })).toBe('permessage-deflate');
    expect(await answerTo('permessage-deflate; client_max_window_bits', { clientMaxWindowBits: 9 })).toBe(
      'permessage-deflate; client_max_window_bits=9',
    );
    expect(await answerTo('permessage-deflate; client_max_window_bits=8', { clientMaxWindowBits: 9 })).toBe(
      'permessage-deflate; client_max_window_bits=8',
    );
  });
});

describe('the client', () => {
  it('offers parameters without a value where they have none, and whole numbers without zeroes', async () => {
    expect((await clientWith(undefined)).offer).toBe('permessage-deflate; client_max_window_bits');
    const asked = { serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 9 };
    expect((await clientWith(undefined, { ...asked, clientMaxWindowBits: 10 })).offer).toBe(
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; ' +
        'server_max_window_bits=9; client_max_window_bits=10',
    );
  });

  it('continues without compression when its offer is declined', async () => {
    expect((await clientWith(undefined, { serverNoContextTakeover: true })).outcome).toBe('');
  });

  it('takes every answer that its offer allows', async () => {
    for (const answer of [
      'permessage-deflate',
      'permessage-deflate; server_no_context_takeover',
      'permessage-deflate; client_no_context_takeover',
      'permessage-deflate; server_max_window_bits=8',
      'permessage-deflate; client_max_window_bits=8',
      'permessage-deflate;server_max_window_bits="15";client_max_window_bits="15"',
    ]) {
      expect((await clientWith(answer)).outcome).toBe(answer);
    }
  });

  it('fails on an answer with a parameter that is unknown, wrongly valued or there twice', async () => {
    for (const parameters of [
      'x_unknown',
      'server_no_context_takeover=1',
      'client_no_context_takeover=0',
      'server_max_window_bits',
      'server_max_window_bits=16',
      'client_max_window_bits',
      'client_max_window_bits=7',
      'client_max_window_bits=08',
      'client_no_context_takeover; client_no_context_takeover',
    ]) {
      expect((await clientWith(`permessage-deflate; ${parameters}`)).outcome, parameters).toBe('handshake_invalid');
    }
  });

  it('fails on an answer that does not grant what it asked of the server', async () => {
    expect((await clientWith('permessage-deflate', { serverNoContextTakeover: true })).outcome).toBe(
      'handshake_invalid',
    );
    for (const answer of ['permessage-deflate', 'permessage-deflate; server_max_window_bits=11']) {
      expect((await clientWith(answer, { serverMaxWindowBits: 10 })).outcome).toBe('handshake_invalid');
    }
    const smaller = 'permessage-deflate; server_max_window_bits=9';
    expect((await clientWith(smaller, { serverMaxWindowBits: 10 })).outcome).toBe(smaller);
  });

  it('fails on an answer with an extension or a second one that it did not offer', async () => {
    for (const answer of ['x-unknown', 'permessage-deflate, x-unknown', 'permessage-deflate, permessage-deflate']) {
      expect((await clientWith(answer)).outcome).toBe('handshake_invalid');
    }
  });
});
