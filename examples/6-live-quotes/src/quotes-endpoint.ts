// `/quotes`: everybody gets what they subscribed to, as fast as they take it, and always the newest.
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
interface Wish {
  readonly subscribe?: readonly string[];
  readonly unsubscribe?: readonly string[];
}

function isWish(value: unknown): value is Wish {
  if (typeof value !== 'object' || value === null) return false;
  const { subscribe = [], unsubscribe = [] } = value as Record<string, unknown>;
  return [subscribe, unsubscribe].every((list) => Array.isArray(list) && list.every((one) => typeof one === 'string'));
}

/** One instance for each connection: what it watches, and what it has not been sent yet. */
@ServerEndpoint('/quotes', { decoders: [jsonDecoder(isWish)], encoders: [jsonEncoder] })
export class QuotesEndpoint {
  #session!: Session;
  /** By symbol: a newer quote takes the place of an older one that has not been sent. */
  readonly #unsent = new Map<string, Quote>();
  #isUnderWay = false;

  @OnOpen()
  opened(session: Session) {
    this.#session = session;
    session.sendObject({ symbols: market.symbols });
  }

  @OnMessage({ kind: 'object' })
  wished({ subscribe = [], unsubscribe = [] }: Wish) {
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
   * One message at a time: the next one when the client has this one, which the pong of the ping behind it says. So a
   * slow reader is behind by one message, not by what the buffers of two kernels hold.
   */
  #sendNewest(): void {
    if (this.#isUnderWay || this.#unsent.size === 0) return;
    this.#isUnderWay = true;
    const quotes = [...this.#unsent.values()];
    this.#unsent.clear();
    this.#session.sendAsync(JSON.stringify({ quotes })).then(
      () => this.#session.isOpen && this.#session.ping(),
      () => {}, // It has ended: closed() follows.
    );
  }

  @OnMessage({ kind: 'pong' })
  arrived() {
    this.#isUnderWay = false;
    this.#sendNewest();
  }

  @OnError()
  failed(error: unknown, session: Session) {
    const isNoWish = error instanceof EndpointError && error.code === 'decode_failed';
    if (isNoWish) session.sendObject({ error: 'no_wish', expected: { subscribe: ['WIRE'], unsubscribe: ['LOOP'] } });
    else console.error(`${session.id}: ${error}`);
  }

  @OnClose()
  closed() {
    for (const symbol of market.symbols) market.unwatch(symbol, this.#moved);
  }
}
