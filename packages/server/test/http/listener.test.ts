import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { stretched } from '@longwire/test-support/stretched';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../../src/errors.js';
import { listen, listeningUrls, stopListening } from '../../src/http/listener.js';

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

describe('stopListening', () => {
  it('ends at once with idle connections, and cuts those that do not end in time', async () => {
    const server = createHttpServer((_request, response) => response.end());
    const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
    await (await fetch(`http://127.0.0.1:${port}/`)).text();
    const stuck = connect(port, '127.0.0.1');
    await new Promise((resolve) => stuck.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n', resolve));
    stuck.on('error', () => undefined);
    const begun = performance.now();
    await stopListening(server, 200);
    expect(performance.now() - begun).toBeLessThan(stretched(2_000));
    stuck.destroy();
    await stopListening(server, 200);
  });
});
