import { stretched } from '@longwire/test-support/stretched';
import { describeOddRequests } from '../attacks/suites/odd-requests.js';
import { describeOriginAttacks } from '../attacks/suites/origins.js';
import { describeSlowAndManyHandshakes } from '../attacks/suites/slow-and-many-handshakes.js';

describeSlowAndManyHandshakes({
  handshakeTimeoutMs: stretched(700),
  connectTimeoutMs: stretched(1_000),
  slowSockets: 100,
  silentSockets: 100,
  floodAttempts: 300,
  maxWaitingPerAddress: 50,
});

describeOddRequests({ cutRounds: 200, strangeUpgrades: 50 });
describeOriginAttacks();
