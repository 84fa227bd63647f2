import { StandardCloseCode } from '@longwire/protocol';
import { WebSocketCloseCode } from '@longwire/websocket';
import { expect, it } from 'vitest';

it('StandardCloseCode of the protocol has the codes of WebSocketCloseCode of the engine', () => {
  expect(WebSocketCloseCode).toMatchObject(StandardCloseCode);
});
