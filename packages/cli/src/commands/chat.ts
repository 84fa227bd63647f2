// `longwire chat`: a conversation in the terminal.

import {
  type GroupChange,
  type LongwireClient,
  LongwireError,
  type LongwireMessage,
  type MemberChange,
} from '@longwire/client';
import { Command } from 'commander';
import { parseRecipientArgument, recipientAddress, recipientFault } from '../arguments/id-arguments.js';
import { addClientOptions, type ClientOptions, openClient, serverUrl } from '../client/client-options.js';
import { groupChangeText, memberChangeText } from '../client/group-text.js';
import { messageText } from '../client/message-text.js';
import { presenceText } from '../client/presence-text.js';
import { signIn } from '../client/sign-in.js';
import { nameIn, userText, userTextsIn } from '../client/user-names.js';
import { CliFailure, ExitCode } from '../exit-code.js';
import { LineDialog } from '../terminal/line-dialog.js';
import { printable } from '../terminal/printable.js';
import { stopSignal } from '../terminal/stop-signal.js';
import { type Paint, painter, type Terminal, usesColor, writeError } from '../terminal/terminal.js';

interface ChatOptions extends ClientOptions {
  readonly to?: string;
}

export function chatCommand(terminal: Terminal): Command {
  const command = new Command('chat')
    .description(
      'chat with users and in groups: type a line to send it, /to <user> to choose a recipient, /exit to leave',
    )
    .option('--to <recipient>', 'the first recipient: a user, or a group such as group/eng', parseRecipientArgument);
  return addClientOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (options: ChatOptions) => {
      const client = openClient(options, terminal, { device: { kind: 'kept', command: 'chat' }, ackMode: 'manual' });
      const stop = stopSignal();
      try {
        await signIn(client, serverUrl(options, terminal), { interrupted: stop.interrupted });
        await new Chat(client, terminal, stop.received, options.to).run();
      } finally {
        await client.close();
        stop.release();
      }
    });
}

/** Well below what the SDK holds (1 000 sends of 16 MiB together), beyond which it would refuse lines. */
const MAX_WAITING_SENDS = 500;
/** Each may take 6 characters of JSON, and each of those 2 bytes. */
const MAX_WAITING_CHARACTERS = 1024 * 1024;
const LISTED_CHANNELS = 200;
/** Of a change of many members, so many are shown with their names. */
const NAMED_MEMBERS = 20;
/** After Ctrl+C; at the end of the input, sends are waited for as long as it takes. */
const INTERRUPTED_WAIT_MS = 2_000;

class Chat {
  readonly #client: LongwireClient;
  readonly #terminal: Terminal;
  readonly #stopped: Promise<NodeJS.Signals>;
  readonly #dialog: LineDialog;
  readonly #paint: Paint;
  readonly #user: string;
  /** Sends that are neither stored nor refused yet. */
  readonly #sends = new Set<Promise<void>>();
  /** Of those sends. */
  #waitingCharacters = 0;
  #onSettled: () => void = () => undefined;
  #failed = 0;
  /** Why the session ended for good; undefined while it may go on. */
  #sessionEnd: string | undefined;
  /** The address of the recipient. */
  #to: string | undefined;
  /** Who is typing where: `user/bob bob`. */
  readonly #typing = new Set<string>();

  constructor(client: LongwireClient, terminal: Terminal, stopped: Promise<NodeJS.Signals>, to: string | undefined) {
    this.#client = client;
    this.#terminal = terminal;
    this.#stopped = stopped;
    this.#paint = painter(usesColor(terminal, terminal.stdout));
    this.#dialog = new LineDialog(terminal, stopped);
    this.#user = client.session?.user ?? '';
    this.#dialog.onTyping = (text) => this.#type(text);
    this.#turnTo(to);
  }

  /**
   * Resolves when the user leaves and every line is stored.
   * @throws Interrupted  by Ctrl+C or a signal
   * @throws CliFailure  lines were not stored, or the server ended the session
   * @throws OutputError  stdout failed
   */
  async run(): Promise<void> {
    this.#listen();
    this.#note(
      `You are ${this.#user}. Choose a recipient with /to <user> or /to group/<id>; /help lists the commands.`,
    );
    try {
      for await (const line of this.#dialog.lines()) {
        if (line === '/exit' || line === '/quit') break;
        await Promise.race([this.#roomFor(line), this.#stopped]);
        this.#take(line);
      }
    } finally {
      await this.#settleSends();
      this.#dialog.end();
    }
    const unsent = this.#failed + this.#sends.size;
    const failure = unsent > 0 ? `${unsent} of your messages were not sent, or not confirmed` : this.#sessionEnd;
    if (this.#dialog.interrupted.aborted && failure !== undefined) writeError(this.#terminal, printable(failure));
    this.#dialog.interrupted.throwIfAborted();
    await this.#dialog.flush();
    if (failure !== undefined) throw new CliFailure(ExitCode.failed, failure);
  }

  #listen(): void {
    const client = this.#client;
    client.on('message', (message) => this.#show(message));
    client.on('member', (change) =>
      this.#showChange(change, change.users, (textOf) => memberChangeText(change, textOf)),
    );
    client.on('group', (change) => this.#showChange(change, [], (textOf) => groupChangeText(change, textOf)));
    client.on('invitation', (invitation) => {
      if (invitation.ended === true) return;
      const { group, by, title } = invitation;
      this.#note(
        `${by} invites you to group/${group}${title === undefined ? '' : ` (${title})`}: longwire group accept ${group}`,
      );
    });
    client.on('gap', ({ channel, from, to, reason }) =>
      this.#note(`${channel}: messages ${from}-${to} are not available (${reason})`),
    );
    client.on('typing', ({ channel, user, isTyping }) => {
      if (isTyping) this.#typing.add(`${channel} ${user}`);
      else this.#typing.delete(`${channel} ${user}`);
      if (channel === this.#to) this.#drawPrompt();
    });
    client.on('error', (error) => this.#note(`${error.code}: ${error.message}`));
    client.on('state', (change) => {
      if (change.state === 'connected') this.#note('Reconnected.');
      if (change.state !== 'disconnected') return;
      const why = change.reason || `code ${change.code}`;
      if (change.willReconnect) {
        this.#note(`Disconnected: ${why}. Reconnecting.`);
      } else {
        this.#sessionEnd = `The server ended the session: ${why}`;
        this.#dialog.end();
      }
    });
  }

  /** Waits for the sends, after Ctrl+C or a signal for a short time only. */
  async #settleSends(): Promise<void> {
    const settled = Promise.all(this.#sends);
    if (!this.#dialog.interrupted.aborted) {
      await Promise.race([settled, this.#stopped]);
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, INTERRUPTED_WAIT_MS);
    });
    await Promise.race([settled, late]);
    clearTimeout(timer);
  }

  #take(line: string): void {
    if (line.trim() === '') return;
    // Two slashes send a line that starts with one.
    if (line.startsWith('//')) this.#send(line.slice(1));
    else if (line.startsWith('/')) this.#obey(line.trim());
    else this.#send(line);
  }

  #obey(text: string): void {
    const [word, argument = ''] = text.split(/\s+/, 2);
    switch (word) {
      case '/help':
        this.#note(
          '/to <user>      choose the recipient\n/to group/<id>  write to a group\n/who            show the recipient, and whether they are online\n/unread         list the channels with unread messages\n/exit           leave',
        );
        return;
      case '/who':
        void this.#describeRecipient();
        return;
      case '/unread':
        void this.#listUnread();
        return;
      case '/to':
        this.#chooseFrom(argument);
        return;
      default:
        this.#note(`Unknown command ${word}. See /help.`);
    }
  }

  /** Resolves when the SDK has room for the line. While no line is requested, stdin is not read. */
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
    const address = recipientAddress(argument);
    if (argument === '') this.#note('Write /to and a user id or a group, for example /to bob or /to group/eng.');
    else if (address === undefined) this.#note(`${recipientFault(argument)}.`);
    else this.#turnTo(address);
  }

  #turnTo(address: string | undefined): void {
    this.#to = address;
    this.#setPrompt();
  }

  #setPrompt(): void {
    const to = this.#to;
    const typing = [...this.#typing].filter((each) => each.startsWith(`${to} `));
    // In a group it is the question who.
    const who = to !== undefined && isGroup(to) ? `${typing.map((each) => each.split(' ')[1]).join(', ')} ` : '';
    const state = typing.length === 0 ? '' : ` (${who}typing…)`;
    this.#dialog.setPrompt(to === undefined ? '> ' : printable(`${this.#user} → ${nameOf(to)}${state} > `));
  }

  #drawPrompt(): void {
    this.#setPrompt();
    this.#dialog.redraw();
  }

  /** The line so far; commands are no messages. */
  #type(text: string): void {
    if (this.#to === undefined || text.startsWith('/')) return;
    const channel = this.#client.channel(this.#to);
    if (text === '') channel.stopTyping();
    else channel.typing();
  }

  async #describeRecipient(): Promise<void> {
    const to = this.#to;
    if (to === undefined) {
      this.#note('No recipient chosen yet.');
      return;
    }
    const name = nameOf(to);
    try {
      this.#note(`The recipient is ${name} (${await this.#stateOf(to)}).`);
    } catch {
      this.#note(`The recipient is ${name}.`);
    }
  }

  /** Those on the first page of the user's channels, which has the newest. */
  async #listUnread(): Promise<void> {
    try {
      const { channels } = await this.#client.channels({ limit: LISTED_CHANNELS });
      const unread = channels.filter((channel) => channel.unread > 0);
      const texts = unread.map((channel) => `${nameOf(channel.address)}: ${channel.unread}`);
      this.#note(texts.length === 0 ? 'Nothing is unread.' : `Unread: ${texts.join(', ')}`);
    } catch (error) {
      this.#note(`Not listed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Whether a user is online, or who is in a group. */
  async #stateOf(address: string): Promise<string> {
    const id = idOf(address);
    if (!isGroup(address)) {
      const state = (await this.#client.presence([id])).get(id);
      return [state?.name, presenceText(state)].filter(Boolean).join(', ');
    }
    const { members, more, total } = await this.#client.group(id).members();
    return `${total} members: ${members.map(({ user, name }) => userText(user, name)).join(', ')}${more ? ', …' : ''}`;
  }

  #send(text: string): void {
    const to = this.#to;
    if (to === undefined) {
      this.#note('Choose a recipient first: /to bob');
      return;
    }
    const sent = this.#client
      .channel(to)
      .send({ text })
      .then(
        () => undefined,
        (error: unknown) => {
          this.#failed += 1;
          const why = error instanceof LongwireError ? `${error.code}: ${error.message}` : String(error);
          this.#note(`Not sent to ${nameOf(to)}: "${text}" (${why})`);
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

  async #show(message: LongwireMessage): Promise<void> {
    const { channel } = message;
    const sender = await this.#senderOf(message);
    const senderHere = channel.startsWith('user/') ? sender : `${sender} in ${channel}`;
    const who = message.own ? `${this.#user} → ${nameOf(channel)}` : senderHere;
    // Indented, so that no line of a message looks like a message of its own.
    const text = messageText(message).replaceAll('\n', '\n    ');
    try {
      await this.#dialog.print(`${this.#paint(message.own ? 'dim' : 'cyan', printable(who))}: ${text}`);
    } catch {
      // Not shown, so not acknowledged; the dialog has ended.
      return;
    }
    this.#client.ack(message);
    const isBeingRead = !message.own && channel === this.#to;
    // A read receipt that fails is covered by the next one.
    if (isBeingRead)
      this.#client
        .channel(channel)
        .read(message)
        .catch(() => undefined);
  }

  /** Own messages are shown without a name: the user knows who they are. */
  async #senderOf({ channel, from, by, own }: LongwireMessage): Promise<string> {
    if (from === undefined || own) return from ?? by ?? '?';
    return userText(from, await nameIn(this.#client, channel, from));
  }

  async #showChange(
    change: MemberChange | GroupChange,
    users: readonly string[],
    textFrom: (textOf: (user: string) => string) => string,
  ): Promise<void> {
    const { channel, from } = change;
    const named = new Set([...(from === undefined ? [] : [from]), ...users.slice(0, NAMED_MEMBERS)]);
    named.delete(this.#user);
    const textOf = await userTextsIn(this.#client, channel, [...named]);
    try {
      await this.#print(`${channel}: ${textFrom(textOf)}`);
    } catch {
      // As in `show`.
      return;
    }
    this.#client.ack(change);
  }

  #note(text: string): void {
    void this.#print(text);
  }

  #print(text: string): Promise<void> {
    const lines = text.split('\n').map((line) => this.#paint('dim', `* ${printable(line)}`));
    return this.#dialog.print(lines.join('\n'));
  }
}

function isGroup(address: string): boolean {
  return address.startsWith('group/');
}

/** `user/bob` → `bob`. */
function idOf(address: string): string {
  return address.slice(address.indexOf('/') + 1);
}

/** A user by their id, other channels by their address. */
function nameOf(address: string): string {
  return address.startsWith('user/') ? idOf(address) : address;
}

const EXAMPLES = `
Ctrl+D and /exit leave after every line is stored. Ctrl+C waits for them up to 2 s and exits with 130.

Examples:
  longwire chat --as alice --to bob
  longwire chat --as alice --to group/eng
  longwire chat --token "$TOKEN" --url https://chat.example.org`;
