// The endpoints of a container as lines that people read when a program starts.
import type { EndpointDefinition } from '../declaring/endpoint-definition.js';

/** One line for each: `GET /chat/{room}  Chat (per connection, subprotocols: v1, v2)`. */
export function describeEndpoints(definitions: readonly EndpointDefinition[]): string {
  const width = Math.max(0, ...definitions.map(({ path }) => path.length));
  return definitions.map((definition) => `GET ${definition.path.padEnd(width)}  ${describe(definition)}`).join('\n');
}

function describe({ name, path, instance, options }: EndpointDefinition): string {
  const notes = [instance === 'shared' ? 'one instance for all' : 'per connection'];
  if (options.concurrent) notes.push('concurrent');
  if (options.subprotocols.length > 0) notes.push(`subprotocols: ${options.subprotocols.join(', ')}`);
  if (options.configurator.allowsAnyOrigin) notes.push('any origin');
  // An endpoint without a class is called by its path.
  return name === path ? `(${notes.join(', ')})` : `${name} (${notes.join(', ')})`;
}
