import { MemorySocket } from '@longwire/test-support/memory-socket';
import { expect, it } from 'vitest';
import { WebSocketConnection } from '../src/connection/connection.js';
import { encodeTextFrame } from '../src/frame/frame-encoder.js';
import { resolveWebSocketOptions } from '../src/options.js';
import { TurnTasks } from '../src/turn-tasks.js';

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock that each task moves on. */
function tasksOf(
  taskMs: number,
  tasksPerClockRead = 1,
): { tasks: TurnTasks<string>; ran: string[]; slices: string[][] } {
  let nowMs = 1_000;
  const ran: string[] = [];
  const slices: string[][] = [];
  const tasks = new TurnTasks<string>(
    (task) => {
      ran.push(task);
      nowMs += taskMs;
    },
    { tasksPerClockRead, now: () => nowMs, afterSlice: () => slices.push(ran.splice(0)) },
  );
  return { tasks, ran, slices };
}

const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `t${n}`);

it('TurnTasks runs short tasks of a turn in one slice, in the order of add', async () => {
  const { tasks, slices } = tasksOf(0.001);
  for (const name of names(2_000)) tasks.add(name);
  expect(slices).toEqual([]);
  await immediate();
  expect(slices).toEqual([names(2_000)]);
});

it('TurnTasks cuts what takes longer than 5 ms into slices, between which other immediates run', async () => {
  const { tasks, slices } = tasksOf(2);
  const between: number[] = [];
  for (const name of names(7)) tasks.add(name);
  for (let n = 0; n < 3; n++) {
    await immediate();
    between.push(slices.flat().length);
  }
  expect(between).toEqual([3, 6, 7]);
  expect(slices.flat()).toEqual(names(7));
});

it('TurnTasks reads the clock once per tasksPerClockRead tasks', async () => {
  const { tasks, slices } = tasksOf(2, 4);
  for (const name of names(10)) tasks.add(name);
  for (let n = 0; n < 3; n++) await immediate();
  expect(slices.map(({ length }) => length)).toEqual([4, 4, 2]);
});

it('TurnTasks runs what is added during a slice in a later one, behind what is left of it', async () => {
  const ran: string[] = [];
  let nowMs = 0;
  const tasks = new TurnTasks<string>(
    (task) => {
      ran.push(task);
      nowMs += 3;
      if (task === 't0') tasks.add('added');
    },
    { now: () => nowMs },
  );
  for (const name of names(4)) tasks.add(name);
  await immediate();
  expect(ran).toEqual(['t0', 't1']);
  await immediate();
  expect(ran).toEqual(['t0', 't1', 't2', 't3']);
  await immediate();
  expect(ran).toEqual(['t0', 't1', 't2', 't3', 'added']);
});

it('TurnTasks calls addFirst callbacks before the tasks of the slice, once, also without a task', async () => {
  const { tasks, ran, slices } = tasksOf(0);
  tasks.addFirst(() => ran.push('first'));
  await immediate();
  tasks.add('task');
  tasks.addFirst(() => ran.push('first again'));
  await immediate();
  await immediate();
  expect(slices).toEqual([['first'], ['first again', 'task']]);
});

it('keeps the order of each connection when its flush waits for a later slice', async () => {
  const sockets = Array.from({ length: 200 }, () => new MemorySocket());
  const connections = sockets.map(
    (socket) =>
      new WebSocketConnection({
        role: 'server',
        socket,
        head: Buffer.alloc(0),
        options: resolveWebSocketOptions(),
        handler: {},
        subprotocol: '',
        extensions: '',
        deflate: undefined,
      }),
  );
  const sent: string[] = [];
  for (let n = 0; n < 20; n++) {
    sent.push(`message ${n}`);
    for (const connection of connections) connection.sendText(`message ${n}`);
    // So that the flush of some turns meets the sends of the next ones, however the slices fall.
    if (n % 3 === 0) await immediate();
  }
  const expected = Buffer.concat(sent.map((text) => encodeTextFrame('server', text)));
  while (connections.some(({ bufferedBytes }) => bufferedBytes > 0)) await immediate();
  for (const socket of sockets) expect(socket.bytes.equals(expected)).toBe(true);
  for (const connection of connections) connection.terminate();
});
