import { describeOddRequests } from './suites/odd-requests.js';
import { describeSlowAndManyHandshakes } from './suites/slow-and-many-handshakes.js';

describeSlowAndManyHandshakes({
  handshakeTimeoutMs: 10_000,
  connectTimeoutMs: 10_000,
  slowSockets: 2_000,
  silentSockets: 1_000,
  floodAttempts: 5_000,
  maxWaitingPerAddress: 1_000,
});

describeOddRequests({ cutRounds: 1_000, strangeUpgrades: 2_000 });
