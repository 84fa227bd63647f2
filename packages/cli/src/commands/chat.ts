// `longwire chat`: a conversation in the terminal.

import { type LongwireClient, LongwireError, type LongwireMessage } from '@longwire/client';
import { parseUserId } from '@longwire/protocol';
import { Command, InvalidArgumentError } from 'commander';
import { addClientOptions, type ClientOptions, openClient, serverUrl } from '../client-options.js';
import { CliFailure, ExitCode } from '../exit-code.js';
import { LineDialog } from '../line-dialog.js';
import { messageText } from '../message-text.js';
import { signIn } from '../sign-in.js';
import { type Paint, painter, printable, type Terminal, usesColor } from '../terminal.js';

interface ChatOptions extends ClientOptions {
  readonly to?: string;
}

export function chatCommand(terminal: Terminal): Command {
  const command = new Command('chat')
    .description('talk with others: type a line to send it, /to <user> to choose whom with, /exit to leave')
    .option('--to <user>', 'whom to talk with first', parsePeer);
  return addClientOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (options: ChatOptions) => {
      const client = openClient(options, terminal, { device: { kind: 'kept', command: 'chat' }, ackMode: 'auto' });
      await signIn(client, serverUrl(options, terminal));
      await new Chat(client, terminal, options.to).run();
    });
}

/** Well below what the SDK holds (1 000 sends of 16 MiB together), beyond which it would refuse lines. */
const MAX_WAITING_SENDS = 500;
/** Each may take 6 characters of JSON, and each of those 2 bytes. */
const MAX_WAITING_CHARACTERS = 1024 * 1024;

class Chat {
  readonly #client: LongwireClient;
  readonly #dialog: LineDialog;
  readonly #paint: Paint;
  readonly #user: string;
  /** Sends that were neither stored nor refused yet. */
  readonly #sends = new Set<Promise<void>>();
  /** Of those sends. */
  #waitingCharacters = 0;
  #onSettled: () => void = () => undefined;
  #failed = 0;
  #peer: string | undefined;

  constructor(client: LongwireClient, terminal: Terminal, peer: string | undefined) {
    this.#client = client;
    this.#paint = painter(usesColor(terminal, terminal.stdout));
    this.#dialog = new LineDialog(terminal);
    this.#user = client.session?.user ?? '';
    this.#turnTo(peer);
  }

  async run(): Promise<void> {
    const client = this.#client;
    this.#note(`You are ${this.#user}. /to <user> chooses whom to talk with, /help tells more.`);
    client.on('message', (message) => this.#show(message));
    client.on('gap', ({ channel, from, to, reason }) =>
      this.#note(`${channel}: ${from}-${to} are not here (${reason})`),
    );
    client.on('error', (error) => this.#note(`${error.code}: ${error.message}`));
    client.on('state', (change) => {
      if (change.state === 'connected') this.#note('Connected again.');
      if (change.state !== 'disconnected') return;
      this.#note(
        `Disconnected: ${change.reason || `code ${change.code}`}.${change.willReconnect ? ' Trying again.' : ''}`,
      );
      if (!change.willReconnect) this.#dialog.end();
    });
    for await (const line of this.#dialog.lines()) {
      if (line === '/exit' || line === '/quit') break;
      await this.#roomFor(line);
      this.#take(line);
    }
    await Promise.all(this.#sends);
    this.#dialog.end();
    await client.close();
    if (this.#failed > 0) throw new CliFailure(ExitCode.failed, `${this.#failed} of your messages were not sent`);
  }

  #take(line: string): void {
    const text = line.trim();
    if (text === '') return;
    const [word, argument = ''] = text.split(/\s+/, 2);
    if (word === '/help')
      this.#note('/to <user>  talk with somebody\n/who        whom you talk with\n/exit       leave');
    else if (word === '/who') this.#note(this.#peer === undefined ? 'Nobody yet.' : `You talk with ${this.#peer}.`);
    else if (word === '/to') this.#chooseFrom(argument);
    // Two slashes send a line that begins with one.
    else if (text.startsWith('/') && !text.startsWith('//')) this.#note(`There is no ${word}. See /help.`);
    else this.#send(text.startsWith('//') ? text.slice(1) : text);
  }

  /** Resolves when the SDK has room for the line. As long as nobody asks for lines, stdin is not read on. */
  async #roomFor(line: string): Promise<void> {
    while (this.#sends.size > 0 && !this.#hasRoomFor(line)) {
      await new Promise<void>((resolve) => {
        this.#onSettled = resolve;
      });
    }
  }

  #hasRoomFor(line: string): boolean {
    return this.#sends.size < MAX_WAITING_SENDS && this.#waitingCharacters + line.length <= MAX_WAITING_CHARACTERS;
  }

  #chooseFrom(argument: string): void {
    const user = parseUserId(argument);
    if (user === undefined) this.#note('Write /to and the id of a user, such as /to bob.');
    else this.#turnTo(user);
  }

  #turnTo(peer: string | undefined): void {
    this.#peer = peer;
    this.#dialog.setPrompt(peer === undefined ? '> ' : `${this.#user} → ${peer} > `);
  }

  #send(text: string): void {
    const peer = this.#peer;
    if (peer === undefined) {
      this.#note('Say whom to talk with first: /to bob');
      return;
    }
    const sent = this.#client
      .user(peer)
      .send({ text })
      .then(
        () => undefined,
        (error: unknown) => {
          this.#failed += 1;
          const why = error instanceof LongwireError ? `${error.code}: ${error.message}` : String(error);
          this.#note(`Not sent to ${peer}: "${printable(text)}" (${why})`);
        },
      )
      .finally(() => {
        this.#sends.delete(sent);
        this.#waitingCharacters -= text.length;
        this.#onSettled();
      });
    this.#sends.add(sent);
    this.#waitingCharacters += text.length;
  }

  #show(message: LongwireMessage): void {
    const who = message.own ? `${this.#user} → ${peerOf(message)}` : message.from;
    this.#dialog.print(`${this.#paint(message.own ? 'dim' : 'cyan', printable(who))}: ${messageText(message)}`);
    const isBeingRead = !message.own && message.from === this.#peer;
    // That it was read is a courtesy: if it cannot be told now, the next one tells it.
    if (isBeingRead)
      this.#client
        .channel(message.channel)
        .read(message)
        .catch(() => undefined);
  }

  #note(text: string): void {
    this.#dialog.print(
      text
        .split('\n')
        .map((line) => this.#paint('dim', `* ${printable(line)}`))
        .join('\n'),
    );
  }
}

/** `user/bob` → `bob`. */
function peerOf({ channel }: LongwireMessage): string {
  return channel.slice(channel.indexOf('/') + 1);
}

function parsePeer(text: string): string {
  if (parseUserId(text) !== undefined) return text;
  throw new InvalidArgumentError('A user id has 1-128 bytes without spaces, control characters or "/".');
}

const EXAMPLES = `
Examples:
  longwire chat --as alice --to bob
  longwire chat --token "$TOKEN" --url https://chat.example.org`;
