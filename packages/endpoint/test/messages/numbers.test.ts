// Numbers are no messages: a decoder makes them of text, an encoder text of them.

import { until } from '@longwire/test-support/until';
import { expect, it } from 'vitest';
import { defineEndpoint, type Encoder, type EndpointError, type TextMessageDecoder } from '../../src/index.js';
import { serve } from '../serving.js';

const wholeNumber: TextMessageDecoder<number> = {
  willDecode: (message) => /^-?\d+$/.test(message),
  decode: Number,
};
const asText: Encoder<number> = { willEncode: (value) => typeof value === 'number', encode: String };

it('a handler takes and returns numbers through a decoder and an encoder, and hears of text that is none', async () => {
  const errors: EndpointError[] = [];
  const endpoint = defineEndpoint('/x', {
    decoders: [wholeNumber],
    encoders: [asText],
    onObject: (count) => count + 1,
    onError: (error) => void errors.push(error as EndpointError),
  });
  const serving = await serve([endpoint]);
  const client = await serving.connect('/x');
  for (const message of ['41', 'many', '-1']) client.send(message);
  expect(await client.received(2)).toEqual(['42', '0']);
  await until(() => errors.length === 1);
  expect(errors[0]).toMatchObject({ code: 'decode_failed', received: 'many' });
});
