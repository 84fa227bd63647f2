// Sec-WebSocket-Extensions, RFC 6455 §9.1: one pass, each character looked at once, no regular expression over the whole.

export interface ExtensionParameter {
  readonly name: string;
  /** Without quotes; undefined when the parameter has none. */
  readonly value: string | undefined;
}

export interface ExtensionOffer {
  readonly name: string;
  readonly parameters: readonly ExtensionParameter[];
}

const SEPARATORS = new Set(Array.from('"(),/:;<=>?@[\\]{}', (character) => character.charCodeAt(0)));
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** All offers in order, or undefined if the header breaks the grammar. */
export function parseExtensions(header: string): readonly ExtensionOffer[] | undefined {
  return new ExtensionParser(header).parse();
}

/** Whether this is a character of a token (RFC 9110 §5.6.2). */
export function isTokenCode(code: number): boolean {
  return code > 0x20 && code < 0x7f && !SEPARATORS.has(code);
}

class ExtensionParser {
  readonly #header: string;
  #at = 0;

  constructor(header: string) {
    this.#header = header;
  }

  parse(): readonly ExtensionOffer[] | undefined {
    const offers: ExtensionOffer[] = [];
    for (;;) {
      this.#skipSpaces();
      const offer = this.#offer();
      if (offer === undefined) return undefined;
      offers.push(offer);
      if (this.#at === this.#header.length) return offers;
      if (!this.#take(COMMA)) return undefined;
    }
  }

  #offer(): ExtensionOffer | undefined {
    const name = this.#token();
    if (name === '') return undefined;
    const parameters: ExtensionParameter[] = [];
    this.#skipSpaces();
    while (this.#take(SEMICOLON)) {
      this.#skipSpaces();
      const parameter = this.#parameter();
      if (parameter === undefined) return undefined;
      parameters.push(parameter);
      this.#skipSpaces();
    }
    return { name, parameters };
  }

  #parameter(): ExtensionParameter | undefined {
    const name = this.#token();
    if (name === '') return undefined;
    this.#skipSpaces();
    if (!this.#take(EQUALS)) return { name, value: undefined };
    this.#skipSpaces();
    const value = this.#take(QUOTE) ? this.#quoted() : this.#token();
    return value === undefined || value === '' ? undefined : { name, value };
  }

  /** RFC 6455 §9.1: the value between quotes must be a token as well, after unescaping. */
  #quoted(): string | undefined {
    let value = '';
    while (this.#at < this.#header.length) {
      let code = this.#header.charCodeAt(this.#at++);
      if (code === QUOTE) return value;
      if (code === BACKSLASH) code = this.#header.charCodeAt(this.#at++);
      if (!isTokenCode(code)) return undefined;
      value += String.fromCharCode(code);
    }
    return undefined;
  }

  #token(): string {
    const start = this.#at;
    while (this.#at < this.#header.length && isTokenCode(this.#header.charCodeAt(this.#at))) this.#at++;
    return this.#header.slice(start, this.#at);
  }

  #skipSpaces(): void {
    while (this.#at < this.#header.length) {
      const code = this.#header.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x09) return;
      this.#at++;
    }
  }

  #take(code: number): boolean {
    if (this.#header.charCodeAt(this.#at) !== code) return false;
    this.#at++;
    return true;
  }
}
