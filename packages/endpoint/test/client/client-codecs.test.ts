// Objects through a client endpoint: its decoders and encoders are asked as those of a server's endpoint are.

import { until } from '@longwire/test-support/until';
import { afterEach, expect, it } from 'vitest';
import {
  ClientEndpoint,
  defineEndpoint,
  type Encoder,
  EndpointContainer,
  OnMessage,
  type Session,
  type TextMessageDecoder,
} from '../../src/index.js';
import { serve } from '../serving.js';

const container = new EndpointContainer();
afterEach(() => container.close({ withinMs: 200 }));

class Point {
  readonly x: number;
  constructor(x: number) {
    this.x = x;
  }
}

let made = 0;
class PointDecoder implements TextMessageDecoder<Point> {
  readonly number = made++;
  willDecode(message: string): boolean {
    return message.startsWith('point ');
  }
  decode(message: string): Point {
    decodedBy.push(this.number);
    return new Point(Number(message.slice(6)));
  }
}
const decodedBy: number[] = [];

class PointEncoder implements Encoder<Point> {
  willEncode(value: unknown): boolean {
    return value instanceof Point;
  }
  encode(point: Point): string {
    return `point ${point.x}`;
  }
}

const got: unknown[] = [];

@ClientEndpoint({ decoders: [PointDecoder], encoders: [PointEncoder] })
class Plotter {
  @OnMessage({ kind: 'object' }) point(point: Point, _session: Session) {
    got.push(point);
    return point.x < 2 ? new Point(point.x + 1) : undefined;
  }
  @OnMessage() text(text: string) {
    got.push(text);
  }
}

it('a client endpoint encodes what it sends, and its own decoders take the messages that they say they take', async () => {
  const serving = await serve([defineEndpoint('/echo', { onText: (text) => text })]);
  const first = await container.connect(Plotter, serving.url('/echo'));
  first.session!.sendObject(new Point(1));
  await until(() => got.length === 2);
  first.session!.send('no point');
  await until(() => got.length === 3);
  expect(got).toEqual([new Point(1), new Point(2), 'no point']);
  expect(got[0]).toBeInstanceOf(Point);
  const second = await container.connect(Plotter, serving.url('/echo'));
  second.session!.sendObject(new Point(5));
  await until(() => got.length === 4);
  expect(decodedBy[0]).toBe(decodedBy[1]);
  expect(decodedBy[2]).not.toBe(decodedBy[0]);
});
