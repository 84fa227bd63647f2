// Bytes are a Buffer wherever a program is given them, and every form of a handler may name it so or as a Uint8Array.
import {
  type BinaryMessageDecoder,
  defineEndpoint,
  type MessageStream,
  OnMessage,
  ServerEndpoint,
  type Session,
} from '@longwire/endpoint';

@ServerEndpoint('/buffer')
export class TakesBuffers {
  @OnMessage({ kind: 'binary' }) whole(data: Buffer) {
    return data.readUInt8(0) > 0 ? data : undefined;
  }
  @OnMessage({ kind: 'pong' }) pong(_payload: Buffer) {}
}

@ServerEndpoint('/array')
export class TakesArrays {
  @OnMessage({ kind: 'binary', delivery: 'parts' }) part(_part: Uint8Array, _isLast: boolean) {}
  @OnMessage({ kind: 'pong' }) pong(_payload: Uint8Array) {}
}

export class TakesParts {
  @OnMessage({ kind: 'binary', delivery: 'parts' }) part(_part: Buffer, _isLast: boolean) {}
}

export class TakesStreams {
  @OnMessage({ kind: 'binary', delivery: 'stream' }) stream(_message: MessageStream<Buffer>) {}
}

export class TakesStreamsOfArrays {
  @OnMessage({ kind: 'binary', delivery: 'stream' }) stream(_message: MessageStream<Uint8Array>) {}
}

export class TakesText {
  // @ts-expect-error bytes are no text
  @OnMessage({ kind: 'binary' }) whole(_data: string) {}
}

export const object = defineEndpoint('/x', {
  onBinary: (data) => data.toString('hex'),
  onPong: (payload) => void payload.readUInt8(0),
});
export const inParts = defineEndpoint('/x', { onBinaryPart: (part) => part.toString('hex') });
export const ofArrays = defineEndpoint('/x', { onBinary: (data: Uint8Array) => data });
export const aClass = defineEndpoint(
  '/x',
  class {
    onBinary(data: Buffer) {
      return data;
    }
  },
);

export function add(session: Session): void {
  session.addMessageHandler({ kind: 'binary' }, (data) => data.toString('hex'));
  session.addMessageHandler({ kind: 'binary' }, (data: Uint8Array) => data);
  session.addMessageHandler({ kind: 'binary', delivery: 'stream' }, async (message: MessageStream<Uint8Array>) => {
    for await (const part of message) session.send(part);
  });
}

export const decoders: BinaryMessageDecoder<number>[] = [
  { kind: 'binary', decode: (message) => message.readUInt8(0) },
  { kind: 'binary', decode: (message: Uint8Array) => message.length },
];
