// An app for browsers whose `lib` knows nothing of `Symbol.asyncDispose`, and which checks the declarations it uses.

import { connect, LongwireError, type SendResult } from '@longwire/client';

const client = connect({
  getToken: async ({ signal }) => (await fetch('/token', { signal })).text(),
});

export function send(text: string): Promise<SendResult> {
  interface Body {
    readonly text: string;
  }
  const body: Body = { text };
  return client.user('bob').send(body);
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof LongwireError ? error.code : undefined;
}
