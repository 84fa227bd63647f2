// A client without a browser: keeps what it is sent, and says how its connection ended.
import { type CloseDetails, dial, type WebSocketConnection } from '@longwire/websocket';
import { vi } from 'vitest';

const withinMs = 20_000;

export class WireClient {
  readonly messages: string[] = [];
  readonly connection: WebSocketConnection;
  /** How it ended, once it has. */
  readonly closed: Promise<CloseDetails>;

  /** Resolves when the connection is open; rejects with the status of a refusal. */
  static async connect(url: string, headers: Readonly<Record<string, string>> = {}): Promise<WireClient> {
    const messages: string[] = [];
    let ended: (reason: CloseDetails) => void = () => {};
    const closed = new Promise<CloseDetails>((resolve) => {
      ended = resolve;
    });
    const handler = {
      onText: (_: WebSocketConnection, text: string) => messages.push(text),
      onClose: (_: WebSocketConnection, reason: CloseDetails) => ended(reason),
    };
    return new WireClient(await dial(url, { handler, headers }), messages, closed);
  }

  private constructor(connection: WebSocketConnection, messages: string[], closed: Promise<CloseDetails>) {
    this.connection = connection;
    this.messages = messages;
    this.closed = closed;
  }

  send(text: string): void {
    this.connection.sendText(text);
  }

  /** Resolves with the first `count` messages once that many have come. */
  async received(count: number): Promise<string[]> {
    await vi.waitUntil(() => this.messages.length >= count, { timeout: withinMs, interval: 5 });
    return this.messages.slice(0, count);
  }

  /** Closes and resolves when it is over. */
  async close(): Promise<CloseDetails> {
    this.connection.close();
    return this.closed;
  }
}
