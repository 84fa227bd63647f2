import { describeComingBack } from './suites/coming-back.js';
import { describeContainerAttacks } from './suites/containers.js';

describeContainerAttacks({
  silentSessions: 1_000,
  handshakes: 5_000,
  maxPendingHandshakes: 1_000,
  races: 5_000,
  pongs: 200_000,
  floodMegabytes: 200,
  stalled: 100,
  reading: 50,
  tricklers: 10,
  connections: 1_000,
});
describeComingBack({ clients: 1_000, maxPendingHandshakes: 100, withinMs: 20_000 });
