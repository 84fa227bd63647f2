// Rate limits so high that no test reaches them, for tests of a load that no user should have. The limiters run all the same.

const RATE = '1000000000';

/** Settings for the environment of a server. */
export const raisedRates: Readonly<Record<string, string>> = Object.freeze({
  LONGWIRE_LIMITS_COMMANDS_PER_SECOND: RATE,
  LONGWIRE_LIMITS_SENDS_PER_SECOND: RATE,
  LONGWIRE_LIMITS_SEND_BURST: RATE,
  LONGWIRE_LIMITS_BODY_BYTES_PER_SECOND: RATE,
  LONGWIRE_LIMITS_BODY_BYTES_BURST: RATE,
  LONGWIRE_LIMITS_PAGES_PER_SECOND: RATE,
  LONGWIRE_LIMITS_ACKS_PER_SECOND: RATE,
});
