// What compilers say of common mistakes: the message has to name what is wrong, in TypeScript 5.9, 6 and 7. Of several
// overloads TypeScript 7 shows only the last one's error, whatever was meant.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const { resolve } = createRequire(import.meta.url);
const compilers = [
  ['TypeScript 5.9', 'typescript-5.9'],
  ['TypeScript 6', 'typescript-6'],
  ['TypeScript 7', 'typescript'],
] as const;

const head = `
import { defineClientEndpoint, defineEndpoint, EndpointContainer, jsonDecoder, OnMessage, OnOpen, ServerEndpoint } from '@longwire/endpoint';
import type { Session } from '@longwire/endpoint';
interface Order { symbol: string }
declare const isOrder: (value: unknown) => value is Order;
const container = new EndpointContainer();
`;

/** A mistake on one line, and what the message has to say. */
const mistakes: [what: string, line: string, says: RegExp][] = [
  [
    'a misspelt handler',
    "defineEndpoint('/a', { onTekst: (text: string) => text });",
    /^Object literal may only specify known properties, and 'onTekst' does not exist in type .*EndpointObject</,
  ],
  [
    'the handler of other libraries',
    "defineEndpoint('/a', { onMessage: (text: string) => text });",
    /^Object literal may only specify known properties, and 'onMessage' does not exist in type .*EndpointObject</,
  ],
  [
    'a misspelt option',
    "defineEndpoint('/a', { onText: (text) => text, idelTimeoutMs: 5 });",
    /^Object literal may only specify known properties, and 'idelTimeoutMs' does not exist in type .*EndpointObject</,
  ],
  [
    'an option of another type',
    "defineEndpoint('/a', { onText: (text) => text, maxTextBytes: '64kb' });",
    /^Type 'string' is not assignable to type 'number'/,
  ],
  [
    'a number as an answer',
    "defineEndpoint('/a', { onText: (text) => text.length });",
    /^Type '\(text: string\) => number' is not assignable to .*MessageResult.*Type 'number' is not assignable/s,
  ],
  [
    'an object as an answer, without an encoder',
    "defineEndpoint('/a', { onText: (text) => ({ text }) });",
    /^Type '\(text: string\) => \{ text: string; \}' is not assignable to .*MessageResult/,
  ],
  [
    'parameters in the wrong order',
    "defineEndpoint('/a', { onText: (session: Session, text: string) => text });",
    /Types of parameters 'session' and 'message' are incompatible/,
  ],
  [
    'a variable that the path does not have',
    "defineEndpoint('/chat/{room}', { onText: (text, session) => session.path.rom });",
    /^Property 'rom' does not exist on type 'PathParameters<"\/chat\/\{room\}">'. Did you mean 'room'\?/,
  ],
  [
    'a session of another path',
    "defineEndpoint('/chat/{room}', { onOpen: (session: Session<'/news/{topic}'>) => {} });",
    /Type 'Session<"\/chat\/\{room\}">' is not assignable to type 'Session<"\/news\/\{topic\}">'/,
  ],
  [
    'an object handler for what no decoder makes',
    "defineEndpoint('/a', { decoders: [jsonDecoder(isOrder)], onObject: (order: { amount: number }) => 'ok' });",
    /Property 'amount' is missing in type 'Order' but required in type '\{ amount: number; \}'/,
  ],
  [
    'authenticate that returns undefined',
    "defineEndpoint('/a', { configurator: { authenticate: () => undefined } });",
    /Type 'undefined' is not assignable to type 'OrRefusal<(Principal \| Guest|Guest \| Principal)>'/,
  ],
  [
    'a class with a handler for another message',
    "defineEndpoint('/a', class { onText(text: number) { return String(text); } });",
    /Types of parameters 'text' and 'message' are incompatible/,
  ],
  [
    'a misspelt option of a class',
    "defineEndpoint('/a', class { onText(text: string) { return text; } }, { idelTimeoutMs: 5 });",
    /'idelTimeoutMs' does not exist in type .*Did you mean to write 'idleTimeoutMs'\?/,
  ],
  [
    'options beside an object',
    "defineEndpoint('/a', { onText: (text) => text }, { idleTimeoutMs: 5 });",
    /^Expected 2 arguments, but got 3/,
  ],
  [
    'a misspelt handler of a client endpoint',
    'defineClientEndpoint({ onTekst: (text: string) => text });',
    /'onTekst' does not exist in type .*ClientEndpointObject</,
  ],
  [
    'handlers given to container.add',
    'container.add({ onText: (text: string) => text });',
    /'onText' does not exist in type .*EndpointDefinition<string>/,
  ],
  [
    'a kind of message that does not exist',
    "export class A { @OnMessage({ kind: 'binaryy' }) bytes(data: Uint8Array) {} }",
    /^Type '"binaryy"' is not assignable to type .*"binary".* Did you mean '"binary"'\?/,
  ],
  [
    'a decorated method for another message',
    'export class B { @OnMessage() text(text: number) {} }',
    /Types of parameters 'text' and 'message' are incompatible/,
  ],
  [
    'a decorated method that returns a number',
    'export class C { @OnMessage() text(text: string) { return text.length; } }',
    /Type 'number' is not assignable to type 'AnyResult'/,
  ],
  [
    'a decorated class that takes sessions of another path',
    "@ServerEndpoint('/chat/{room}') export class D { @OnOpen() open(session: Session<'/news/{topic}'>) {} }",
    /takes a Session of another path template than the class/,
  ],
  [
    'a stream of bytes as text',
    "defineEndpoint('/a', { onOpen: (session) => void session.sendStream('text', [new Uint8Array(1)]) });",
    /Type 'Uint8Array<ArrayBuffer>' is not assignable to type 'string'/,
  ],
];

/** What the compiler prints for each line of the source. */
async function messagesOf(compiler: string, source: string): Promise<Map<number, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'longwire-messages-'));
  try {
    await writeFile(join(folder, 'mistakes.ts'), source);
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(root, 'tsconfig.base.json'),
        compilerOptions: {
          noEmit: true,
          composite: false,
          declaration: false,
          declarationMap: false,
          noUnusedLocals: false,
          noUnusedParameters: false,
          customConditions: ['longwire-source'],
          paths: { '@longwire/endpoint': [join(root, 'packages/endpoint/src/index.ts')] },
          typeRoots: [join(root, 'node_modules/@types')],
        },
        files: ['mistakes.ts'],
      }),
    );
    const tsc = join(dirname(resolve(`${compiler}/package.json`)), 'bin/tsc');
    const output = await new Promise<string>((done) => {
      const options = { cwd: folder };
      execFile(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], options, (_error, printed) => done(printed));
    });
    const messages = new Map<number, string>();
    for (const error of output.split(/\n(?=\S)/)) {
      const [, line, message] = /^mistakes\.ts\((\d+),\d+\): error TS\d+: (.*)/s.exec(error) ?? [];
      // Anything else is an error of the packages or of this test.
      if (message === undefined) throw new Error(output);
      messages.set(Number(line), message);
    }
    return messages;
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe.each(compilers)('%s names what is wrong of', { timeout: 300_000 }, (_name, compiler) => {
  const source = [...head.split('\n'), ...mistakes.map(([, line]) => line)];
  const messages = messagesOf(compiler, source.join('\n'));

  it.each(mistakes)('%s', async (_what, line, says) => {
    const message = (await messages).get(source.indexOf(line) + 1);
    expect(message).toMatch(says);
    expect(message).not.toContain('No overload matches this call.\n  Overload');
  });

  it('nothing else', async () => {
    const lines = mistakes.map(([, line]) => source.indexOf(line) + 1);
    expect([...(await messages).keys()].filter((line) => !lines.includes(line))).toEqual([]);
  });
});
