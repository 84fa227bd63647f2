// `/quotes`: each client gets the symbols that it subscribed to, as fast as it reads, and always the newest value.
import {
  EndpointError,
  jsonDecoder,
  jsonEncoder,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  type Session,
} from '@longwire/endpoint';
import { Market, type Quote } from './market.js';

const market = new Market(Number(process.env['QUOTES_EVERY_MS'] ?? 100));

/** What a page sends: `{"subscribe": ["WIRE", "LOOP"]}`, `{"unsubscribe": ["WIRE"]}`, or both. */
interface Subscription {
  readonly subscribe?: readonly string[];
  readonly unsubscribe?: readonly string[];
}

function isSubscription(value: unknown): value is Subscription {
  if (typeof value !== 'object' || value === null) return false;
  const { subscribe = [], unsubscribe = [] } = value as Record<string, unknown>;
  return [subscribe, unsubscribe].every((list) => Array.isArray(list) && list.every((one) => typeof one === 'string'));
}

/** One instance per connection, with the quotes that were not sent yet. */
@ServerEndpoint('/quotes', { decoders: [jsonDecoder(isSubscription)], encoders: [jsonEncoder] })
export class QuotesEndpoint {
  #session!: Session;
  /** By symbol: a newer quote replaces an older one that was not sent. */
  readonly #unsent = new Map<string, Quote>();
  #isInFlight = false;

  @OnOpen()
  opened(session: Session) {
    this.#session = session;
    session.sendObject({ symbols: market.symbols });
  }

  @OnMessage({ kind: 'object' })
  changed({ subscribe = [], unsubscribe = [] }: Subscription) {
    for (const symbol of unsubscribe) {
      market.unwatch(symbol, this.#moved);
      this.#unsent.delete(symbol);
    }
    for (const symbol of subscribe) market.watch(symbol, this.#moved);
    const unknown = subscribe.find((symbol) => !market.symbols.includes(symbol));
    return unknown === undefined ? undefined : { error: 'unknown_symbol', symbol: unknown };
  }

  readonly #moved = (quote: Quote): void => {
    this.#unsent.set(quote.symbol, quote);
    this.#sendNewest();
  };

  /**
   * One message at a time: the pong of the ping that follows a message says that the client has it, and only then the
   * next one is sent. So a slow reader is behind by one message, not by what the buffers of two kernels hold.
   */
  #sendNewest(): void {
    if (this.#isInFlight || this.#unsent.size === 0) return;
    this.#isInFlight = true;
    const quotes = [...this.#unsent.values()];
    this.#unsent.clear();
    this.#session.sendAsync(JSON.stringify({ quotes })).then(
      () => this.#session.isOpen && this.#session.ping(),
      () => {}, // It has ended: closed() follows.
    );
  }

  @OnMessage({ kind: 'pong' })
  arrived() {
    this.#isInFlight = false;
    this.#sendNewest();
  }

  @OnError()
  failed(error: unknown, session: Session) {
    const isInvalid = error instanceof EndpointError && error.code === 'decode_failed';
    if (isInvalid)
      session.sendObject({ error: 'invalid_message', expected: { subscribe: ['WIRE'], unsubscribe: ['LOOP'] } });
    else console.error(`${session.id}: ${error}`);
  }

  @OnClose()
  closed() {
    for (const symbol of market.symbols) market.unwatch(symbol, this.#moved);
  }
}
