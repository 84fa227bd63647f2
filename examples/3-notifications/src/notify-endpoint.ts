// `/notify?erp=<id>`: one session for each user, which gets what waits in the user's mailbox, in order.
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
import { mayBe } from './credential.js';
import { Mailbox } from './mailbox.js';

/** This many letters are under way to a client that has not said that it has them. */
const maxUnderWay = 100;

const mailbox = new Mailbox(process.env['LONGWIRE_DATA'] ?? './data');
const online = new Map<string, NotifyEndpoint>();
const everybody = new Broadcast({ slow: 'close' });

/** Resolves once the message is on disk; whoever is there gets it at once, others when they come. In order. */
export async function notify(user: string, text: string): Promise<void> {
  await mailbox.put(user, text);
  online.get(user)?.deliver();
}

/** For all who are there now. */
export function notifyAll(text: string): void {
  everybody.send(text);
}

/** One object for all handshakes, many at once: what belongs to one of them goes into its user properties. */
class NotifyConfigurator implements Configurator {
  checkOrigin(origin: string | undefined, request: HandshakeRequest): boolean {
    return isSameHostOrigin(origin, request);
  }

  authenticate({ query, remoteAddress, headers }: HandshakeRequest) {
    const user = query.get('erp');
    if (!user) return closeWith(4400, 'say who you are: /notify?erp=<id>');
    if (mayBe(user, { remoteAddress, headers, token: query.get('token') })) return { name: user };
    return closeWith(4401, 'to be this user takes a signed link');
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
    // The new one first: the close of the older one must find that its place is taken.
    online.set(this.#user, this);
    if (older !== undefined) older.#session.close(4001, 'signed in elsewhere');
    everybody.add(session);
    console.log(`Online: ${online.size} (${this.#user} came)`);
    session.send('连接成功');
    const waiting = mailbox.waitingFor(this.#user).length;
    if (waiting > 0) session.send(`While you were away: ${waiting} notification${waiting === 1 ? '' : 's'}.`);
    this.deliver();
  }

  /** Sends what the session has not been sent yet, as far as the client keeps up. */
  deliver(): void {
    const underWay = mailbox.waitingFor(this.#user).slice(0, maxUnderWay);
    for (const { id, text } of underWay) {
      if (id <= this.#sentUpTo) continue;
      this.#sentUpTo = id;
      this.#session.sendAsync(text).then(
        () => this.#handedOver(id),
        () => console.log(`Not delivered, kept: ${id} for ${this.#user}`),
      );
    }
  }

  /** The operating system has it, which is not yet the client: a ping behind it asks. */
  #handedOver(id: number): void {
    this.#handedOverUpTo = id;
    if (id === this.#sentUpTo) this.#askWhetherAllArrived();
  }

  #askWhetherAllArrived(): void {
    if (this.#session.isOpen) this.#session.ping(Buffer.from(String(this.#handedOverUpTo)));
  }

  /** Only now has the client what it was sent, and the mailbox may forget it. */
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
    // A session that was closed for a newer one is counted out already.
    if (online.get(this.#user) !== this) return;
    online.delete(this.#user);
    console.log(`Online: ${online.size} (${this.#user} left)`);
  }
}
