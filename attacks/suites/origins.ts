// Pages of other origins, which bring a user's cookies and run on the user's machine. Rows 8 and 9 of
// docs/fault-catalogue.md.

import { ServerProcess } from '@longwire/test-support/server-process';
import { signedToken } from '@longwire/test-support/signed-token';
import { until } from '@longwire/test-support/until';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textFrame } from '../harness/frame-writer.js';
import { upgradeRequest } from '../harness/handshake-text.js';
import { RawSocket } from '../harness/raw-socket.js';
import { Target } from '../harness/target.js';

const SECRET = 'a secret that only the tests of attacks know';
const LISTED = 'https://app.example.org';

/** Origins that look like the server's own or a listed one and are neither. */
export function foreignOrigins(port: number): readonly string[] {
  return [
    'null',
    '',
    '*',
    'http://evil.example',
    'HTTP://EVIL.EXAMPLE',
    `http://127.0.0.1:${port}.evil.example`,
    `http://127.0.0.1.evil.example:${port}`,
    `http://127.0.0.1:${port === 65_535 ? port - 1 : port + 1}`,
    'http://127.0.0.1',
    `http://localhost:${port}`,
    `http://[::1]:${port}`,
    `http://127.1:${port}`,
    `http://2130706433:${port}`,
    `http://user@127.0.0.1:${port}`,
    `http://127.0.0.1:${port}/`,
    `http://127.0.0.1:${port}@evil.example`,
    `http://evil.example/http://127.0.0.1:${port}`,
    `ws://127.0.0.1:${port}`,
    `file://127.0.0.1:${port}`,
    'file://',
    'chrome-extension://abcdefghijklmnop',
    'http://app.example.org',
    'https://app.example.org:444',
    'https://app.example.org.evil.example',
    'https://evil-app.example.org',
    'https://app.example.org@evil.example',
    `${LISTED}, http://evil.example`,
    `http://evil.example, http://127.0.0.1:${port}`,
    'https://\xe0pp.example.org',
  ];
}

type Credential = 'bearer header' | 'bearer subprotocol' | 'cookie' | 'command';

function credentialLines(kind: Credential, token: string): readonly string[] {
  switch (kind) {
    case 'bearer header':
      return [`Authorization: Bearer ${token}`];
    case 'bearer subprotocol':
      return [`Sec-WebSocket-Protocol: longwire.v1.json, bearer.${token}`];
    case 'cookie':
      return [`Cookie: token=${token}; session=${token}; Authorization=Bearer ${token}`];
    case 'command':
      return [];
  }
}

const credentials: readonly Credential[] = ['bearer header', 'bearer subprotocol', 'cookie', 'command'];

export function describeOriginAttacks(): void {
  describe('handshakes with an Origin', () => {
    let target: Target;
    let jwtServer: ServerProcess;
    const token = signedToken(SECRET, { sub: 'alice', exp: Math.floor(Date.now() / 1_000) + 600 });

    beforeAll(async () => {
      target = await Target.gateway();
      jwtServer = await ServerProcess.start({
        LONGWIRE_AUTH: 'jwt',
        LONGWIRE_JWT_SECRET: SECRET,
        LONGWIRE_ALLOWED_ORIGINS: LISTED,
        LONGWIRE_LOG_LEVEL: 'debug',
      });
    });
    afterAll(async () => {
      await target.stop();
      await jwtServer.remove();
    });

    it.each(credentials)('that is foreign get 403 also with a valid %s (row 8)', async (kind) => {
      const { port } = jwtServer;
      const statuses: Record<string, number> = {};
      for (const origin of foreignOrigins(port)) {
        statuses[origin] = await statusOf(port, [`Origin: ${origin}`, ...credentialLines(kind, token)]);
      }
      expect(statuses).toEqual(Object.fromEntries(foreignOrigins(port).map((origin) => [origin, 403])));
    });

    it.each([
      ['the own page', (port: number) => [`Origin: http://127.0.0.1:${port}`]],
      ['a page on the list', () => [`Origin: ${LISTED}`]],
      ['a program without an Origin', () => []],
    ] as const)('that is allowed get 101: %s (row 8)', async (_who, lines) => {
      for (const kind of credentials) {
        const allLines = [...lines(jwtServer.port), ...credentialLines(kind, token)];
        const peer = await RawSocket.upgrade(jwtServer.port, { lines: allLines });
        const command = kind === 'command' ? { id: 1, type: 'connect', token } : { id: 1, type: 'connect' };
        peer.send(textFrame(JSON.stringify(command)));
        await until(() => peer.frames.length > 0, 'an answer to connect');
        const answer = String(peer.frames[0]?.payload);
        // A cookie is not a credential: it would be sent by every page that the user visits.
        if (kind === 'cookie') expect(await peer.closeCode()).toBe(4100);
        else expect(answer).toContain('"type":"connected"');
        peer.destroy();
      }
    });

    it('leave no token in the log (row 8)', () => {
      expect(jwtServer.output).not.toContain(token.slice(0, 40));
      expect(jwtServer.output).not.toContain(SECRET);
    });

    it('that is foreign get 403 from --auth dev on loopback (row 9)', async () => {
      await target.unharmed(async () => {
        const statuses: Record<string, number> = {};
        for (const origin of foreignOrigins(target.port)) {
          statuses[origin] = await statusOf(target.port, [`Origin: ${origin}`]);
        }
        expect(statuses).toEqual(Object.fromEntries(foreignOrigins(target.port).map((origin) => [origin, 403])));
      });
    });

    it.each([
      ['a foreign Host that resolves to 127.0.0.1', { without: ['host'], lines: ['Host: evil.example'] }],
      [
        'a foreign Host that is the Origin too',
        { without: ['host'], lines: ['Host: evil.example', 'Origin: http://evil.example'] },
      ],
      ['a tunnel with X-Forwarded-For', { lines: ['X-Forwarded-For: 127.0.0.1'] }],
      ['a proxy with Forwarded', { lines: ['Forwarded: for=127.0.0.1;host=127.0.0.1'] }],
      ['a proxy with Via', { lines: ['Via: 1.1 proxy'] }],
      ['a proxy with X-Real-IP', { lines: ['X-Real-IP: 203.0.113.9'] }],
      ['a service with CF-Connecting-IP', { lines: ['CF-Connecting-IP: 203.0.113.9'] }],
      ['a service with True-Client-IP', { lines: ['True-Client-IP: 203.0.113.9'] }],
    ])('get 403 from --auth dev through %s (row 9)', async (_way, parts) => {
      const peer = new RawSocket(target.port);
      peer.send(upgradeRequest(target.port, parts));
      expect((await peer.answer()).status).toBe(403);
      peer.destroy();
    });
  });
}

export async function statusOf(port: number, lines: readonly string[], path?: string): Promise<number> {
  const peer = new RawSocket(port);
  peer.send(Buffer.from(upgradeRequest(port, { lines, path }), 'latin1'));
  const { status } = await peer.answer();
  peer.destroy();
  return status;
}
