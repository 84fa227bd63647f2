// `/notify?erp=<id>`: one session per user, which gets the letters of the user's mailbox, in order.
import {
  Broadcast,
  type Configurator,
  closeWith,
  type HandshakeRequest,
  type HandshakeResponse,
  isSameHostOrigin,
  OnClose,
  OnMessage,
  OnOpen,
  ServerEndpoint,
  type Session,
} from '@longwire/endpoint';
import { mayActAs } from './credential.js';
import { Mailbox } from './mailbox.js';

/** Letters in flight: sent to a client that has not confirmed them yet. */
const maxInFlight = 100;

const mailbox = new Mailbox(process.env['LONGWIRE_DATA'] ?? './data');
const online = new Map<string, NotifyEndpoint>();
const onlineSessions = new Broadcast({ slow: 'close' });

/** Resolves once the message is on disk. It is delivered in order: at once if the user is online, otherwise later. */
export async function notify(user: string, text: string): Promise<void> {
  await mailbox.put(user, text);
  online.get(user)?.deliver();
}

/** To all users who are online. */
export function notifyAll(text: string): void {
  onlineSessions.send(text);
}

/** One object for all handshakes, which run at the same time: the data of one goes into its user properties. */
class NotifyConfigurator implements Configurator {
  checkOrigin(origin: string | undefined, request: HandshakeRequest): boolean {
    return isSameHostOrigin(origin, request);
  }

  authenticate({ query, remoteAddress, headers }: HandshakeRequest) {
    const user = query.get('erp');
    if (!user) return closeWith(4400, 'the user id is missing: /notify?erp=<id>');
    if (mayActAs(user, { remoteAddress, headers, token: query.get('token') })) return { name: user };
    return closeWith(4401, 'a signed link is required for this user');
  }

  modifyHandshake(request: HandshakeRequest, _: HandshakeResponse, userProperties: Map<string, unknown>): void {
    userProperties.set('user', request.principal?.name);
  }
}

@ServerEndpoint('/notify', { configurator: NotifyConfigurator })
export class NotifyEndpoint {
  #session!: Session;
  #user = '';
  /** Ids of letters. */
  #sentUpTo = 0;
  #handedOverUpTo = 0;

  @OnOpen()
  opened(session: Session): void {
    this.#session = session;
    this.#user = session.userProperties.get('user') as string;
    const older = online.get(this.#user);
    // Registered first: `closed` of the older session must find that it has been replaced.
    online.set(this.#user, this);
    if (older !== undefined) older.#session.close(4001, 'signed in elsewhere');
    onlineSessions.add(session);
    console.log(`Online: ${online.size} (${this.#user} joined)`);
    session.send('连接成功');
    const waiting = mailbox.waitingFor(this.#user).length;
    if (waiting > 0) session.send(`While you were away: ${waiting} notification${waiting === 1 ? '' : 's'}.`);
    this.deliver();
  }

  /** Sends the letters that were not sent in this session yet, as far as the client keeps up. */
  deliver(): void {
    const inFlight = mailbox.waitingFor(this.#user).slice(0, maxInFlight);
    for (const { id, text } of inFlight) {
      if (id <= this.#sentUpTo) continue;
      this.#sentUpTo = id;
      this.#session.sendAsync(text).then(
        () => this.#handedOver(id),
        () => console.log(`Not delivered, kept: ${id} for ${this.#user}`),
      );
    }
  }

  /** The operating system has the letter, which does not mean that the client has it: a ping asks. */
  #handedOver(id: number): void {
    this.#handedOverUpTo = id;
    if (id === this.#sentUpTo) this.#askWhetherAllArrived();
  }

  #askWhetherAllArrived(): void {
    if (this.#session.isOpen) this.#session.ping(Buffer.from(String(this.#handedOverUpTo)));
  }

  /** The client has received what was sent before the ping, so the mailbox may remove it. */
  @OnMessage({ kind: 'pong' })
  arrived(payload: Uint8Array): void {
    const id = Number(Buffer.from(payload).toString());
    if (id > 0 && id <= this.#handedOverUpTo) mailbox.remove(this.#user, id);
    // A client may answer only the last of several pings (RFC 6455 §5.5.3), and that may have been the heartbeat's.
    else if (mailbox.waitingFor(this.#user).length > 0) this.#askWhetherAllArrived();
    this.deliver();
  }

  @OnClose()
  closed(): void {
    // A session that was replaced by a newer one is not in the map any more.
    if (online.get(this.#user) !== this) return;
    online.delete(this.#user);
    console.log(`Online: ${online.size} (${this.#user} left)`);
  }
}
