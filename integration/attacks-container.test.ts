import { describeComingBack } from '../attacks/suites/coming-back.js';
import { describeContainerAttacks } from '../attacks/suites/containers.js';

describeContainerAttacks({
  silentSessions: 100,
  handshakes: 300,
  maxPendingHandshakes: 50,
  races: 50,
  pongs: 5_000,
  floodMegabytes: 32,
  stalled: 3,
  reading: 5,
  tricklers: 2,
  connections: 250,
});
describeComingBack({ clients: 100, maxPendingHandshakes: 20, withinMs: 20_000 });
