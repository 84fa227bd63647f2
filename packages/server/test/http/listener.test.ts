import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../../src/errors.js';
import { listen, listeningUrls } from '../../src/http/listener.js';

describe('listen', () => {
  it('rejects with port_taken and names --port when the port is taken', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const taken = (holder.address() as { port: number }).port;
    const failure = await listen(createServer(), { host: '127.0.0.1', port: taken }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ServerError);
    expect(failure).toMatchObject({ code: 'port_taken', message: expect.stringMatching(`${taken}.*--port`) });
    await new Promise((resolve) => holder.close(resolve));
  });

  it('rejects with host_unknown and names --host for an address of another machine', async () => {
    await expect(listen(createServer(), { host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
      code: 'host_unknown',
      message: expect.stringContaining('--host'),
    });
  });
});

describe('listeningUrls', () => {
  it('returns URLs for a browser, loopback first for a wildcard address', () => {
    expect(listeningUrls({ host: '127.0.0.1', port: 80 })).toEqual(['http://127.0.0.1:80']);
    expect(listeningUrls({ host: '::1', port: 8080 })).toEqual(['http://[::1]:8080']);
    expect(listeningUrls({ host: '0.0.0.0', port: 8080 })[0]).toBe('http://127.0.0.1:8080');
  });
});
