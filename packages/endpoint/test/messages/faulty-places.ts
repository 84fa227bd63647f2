// Every place where something of the program can fail while messages come and go: decoders, encoders, handlers, sources.

import type { WebSocketClient } from '@longwire/test-support/websocket-client';
import { type EndpointHandlers, type EndpointOptions, jsonDecoder, jsonEncoder } from '../../src/index.js';
import type { Failing } from '../ways-to-fail.js';

/** Somewhere that something of the program can fail while a message comes or goes. */
export interface Place {
  readonly declare: (fail: Failing) => EndpointHandlers & EndpointOptions;
  readonly provoke: (client: WebSocketClient) => void;
  /** The error that onError gets; undefined: what was thrown, as it is. */
  readonly code?: 'decode_failed' | 'encode_failed' | 'stream_failed';
  /** What the client sees: nothing, unless the session cannot go on. */
  readonly closes?: number;
  /** Nobody can wait here: a promise is the fault, not what becomes of it. */
  readonly mustAnswerAtOnce?: boolean;
  /** Only synchronous throws exist here. */
  readonly isSynchronous?: boolean;
}

const never = async function* (fail: Failing): AsyncGenerator<string> {
  yield fail();
};
const begun = async function* (fail: Failing): AsyncGenerator<string> {
  yield 'the beginning';
  yield await fail();
};
const list = function* (fail: Failing): Generator<string> {
  yield 'the beginning';
  yield fail();
};
/** The declaration of an endpoint that adds its handler when a session opens. */
const adding = (
  options: { kind: 'text' | 'binary' | 'pong' | 'object'; delivery?: 'parts' | 'stream' },
  handler: Failing,
): EndpointHandlers => ({ onOpen: (session) => session.addMessageHandler(options, handler) });
const sendText = (client: WebSocketClient): void => client.send('x');
const sendBytes = (client: WebSocketClient): void => client.send(Buffer.from('x'));
const sendJson = (client: WebSocketClient): void => client.send('{}');
const fragment = (client: WebSocketClient): void => client.socket.send('x', { fin: false });

export const places: Record<string, Place> = {
  'a decoder': {
    declare: (fail) => ({ decoders: [{ decode: fail }], onObject: () => {} }),
    provoke: sendText,
    code: 'decode_failed',
  },
  "a decoder's willDecode": {
    declare: (fail) => ({ decoders: [{ willDecode: fail, decode: String }], onObject: () => {} }),
    provoke: sendText,
    code: 'decode_failed',
    mustAnswerAtOnce: true,
  },
  'a handler for objects': {
    declare: (fail) => ({ decoders: [{ decode: (message: string) => message }], onObject: fail }),
    provoke: sendText,
  },
  'a handler for objects, after a decoder that took its time': {
    declare: (fail) => ({ decoders: [{ decode: (message: string) => Promise.resolve(message) }], onObject: fail }),
    provoke: sendText,
  },
  'a decoder of bytes': {
    declare: (fail) => ({ decoders: [{ kind: 'binary', decode: fail }], onObject: () => {} }),
    provoke: sendBytes,
    code: 'decode_failed',
  },
  'a guard of jsonDecoder': {
    declare: (fail) => ({ decoders: [jsonDecoder(fail as unknown as (value: unknown) => value is 7)], onObject() {} }),
    provoke: sendJson,
    code: 'decode_failed',
    mustAnswerAtOnce: true,
  },
  'a schema of jsonDecoder': {
    declare: (fail) => ({
      decoders: [jsonDecoder({ '~standard': { version: 1, vendor: 'test', validate: fail } })],
      onObject: () => {},
    }),
    provoke: sendJson,
    code: 'decode_failed',
  },
  'what jsonEncoder is given': {
    declare: (fail) => ({ encoders: [jsonEncoder], onText: () => ({ toJSON: fail }) as never }),
    provoke: sendText,
    code: 'encode_failed',
    isSynchronous: true,
  },
  'the encoder of an answer': {
    declare: (fail) => ({ encoders: [{ willEncode: () => true, encode: fail }], onText: () => ({}) as never }),
    provoke: sendText,
    code: 'encode_failed',
  },
  'the encoder of an answer that came later': {
    declare: (fail) => ({
      encoders: [{ willEncode: () => true, encode: fail }],
      onText: () => Promise.resolve({}) as never,
    }),
    provoke: sendText,
    code: 'encode_failed',
  },
  "an encoder's willEncode": {
    declare: (fail) => ({ encoders: [{ willEncode: fail, encode: String }], onText: () => ({}) as never }),
    provoke: sendText,
    code: 'encode_failed',
    mustAnswerAtOnce: true,
  },
  'the encoder of what sendObject was given': {
    declare: (fail) => ({
      encoders: [{ willEncode: () => true, encode: fail }],
      onText: (_message, session) => session.sendObject({}),
    }),
    provoke: sendText,
    code: 'encode_failed',
  },
  'a handler for parts of text': { declare: (fail) => ({ onTextPart: fail }), provoke: sendText },
  'a handler for parts of bytes': {
    declare: (fail) => ({ onBinaryPart: fail }),
    provoke: sendBytes,
  },
  'a handler for streams': { declare: (fail) => ({ onTextStream: fail }), provoke: sendText },
  'a handler for streams whose message goes on': { declare: (fail) => ({ onTextStream: fail }), provoke: fragment },
  'the loop over a stream': {
    declare: (fail) => ({
      async onBinaryStream(message) {
        for await (const _part of message) await fail();
      },
    }),
    provoke: (client) => client.socket.send(Buffer.from('x'), { fin: false }),
  },
  'where a web stream is written to': {
    declare: (fail) => ({ onBinaryStream: (message) => message.readable.pipeTo(new WritableStream({ write: fail })) }),
    provoke: sendBytes,
  },
  'a handler that was added for text': { declare: (fail) => adding({ kind: 'text' }, fail), provoke: sendText },
  'a handler that was added for bytes': { declare: (fail) => adding({ kind: 'binary' }, fail), provoke: sendBytes },
  'a handler that was added for pongs': {
    declare: (fail) => adding({ kind: 'pong' }, fail),
    provoke: (client) => client.socket.pong(),
  },
  'a handler that was added for objects': {
    declare: (fail) => ({ decoders: [jsonDecoder()], ...adding({ kind: 'object' }, fail) }),
    provoke: sendJson,
  },
  'a handler that was added for parts': {
    declare: (fail) => adding({ kind: 'text', delivery: 'parts' }, fail),
    provoke: sendText,
  },
  'a handler that was added for streams': {
    declare: (fail) => adding({ kind: 'binary', delivery: 'stream' }, fail),
    provoke: sendBytes,
  },
  'a source that cannot be begun': {
    declare: (fail) => ({ onText: (_message, session) => session.sendStream('text', { [Symbol.iterator]: fail }) }),
    provoke: sendText,
    code: 'stream_failed',
    isSynchronous: true,
  },
  'a list that ends in the middle of its message': {
    declare: (fail) => ({ onText: (_message, session) => session.sendStream('text', list(fail)) }),
    provoke: sendText,
    code: 'stream_failed',
    closes: 1011,
  },
  'a web stream as a source': {
    declare: (fail) => ({
      onText: (_message, session) => session.sendStream('text', new ReadableStream({ pull: fail })),
    }),
    provoke: sendText,
    code: 'stream_failed',
  },
  'a source that has given nothing, awaited': {
    declare: (fail) => ({ onText: (_message, session) => session.sendStream('text', never(fail)) }),
    provoke: sendText,
    code: 'stream_failed',
  },
  'a source that has given nothing, not awaited': {
    declare: (fail) => ({ onText: (_message, session) => void session.sendStream('text', never(fail)) }),
    provoke: sendText,
    code: 'stream_failed',
  },
  'a source in the middle of its message, awaited': {
    declare: (fail) => ({ onText: (_message, session) => session.sendStream('text', begun(fail)) }),
    provoke: sendText,
    code: 'stream_failed',
    closes: 1011,
  },
  'a source in the middle of its message, not awaited': {
    declare: (fail) => ({ onText: (_message, session) => void session.sendStream('text', begun(fail)) }),
    provoke: sendText,
    code: 'stream_failed',
    closes: 1011,
  },
  'a batch': { declare: (fail) => ({ onText: (_message, session) => session.batch(fail) }), provoke: sendText },
};
