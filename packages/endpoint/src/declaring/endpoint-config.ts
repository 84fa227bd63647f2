// What an open handler is told of the endpoint it belongs to.
import type { ResolvedEndpointOptions } from './endpoint-options.js';

/** The declaration of an endpoint, as `onOpen` gets it. All sessions of the endpoint share it. */
export interface EndpointConfig<Path extends string = string> {
  /** The class's name, or the path of an endpoint without a class. */
  readonly name: string;
  /** The endpoint's path template. */
  readonly path: Path;
  /** The options, checked and complete. */
  readonly options: ResolvedEndpointOptions;
}
