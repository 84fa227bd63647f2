// How whoever wants an object encoded words it that no encoder takes it.
import type { EndpointError } from '../errors.js';

/** @param given  what the value is: `object`, `number` … */
export type NoEncoder = (given: string) => EndpointError;
