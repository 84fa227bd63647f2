// From what a program has in hand to the declaration behind it.
import { EndpointError } from '../errors.js';
import { declaredEndpoint } from './decorators/server-endpoint.js';
import { type EndpointClass, EndpointDefinition } from './endpoint-definition.js';

/** The definition of a class with `@ServerEndpoint`, or what `defineEndpoint` made; undefined for everything else. */
export function findDefinition(endpoint: unknown): EndpointDefinition | undefined {
  if (endpoint instanceof EndpointDefinition) return endpoint;
  return typeof endpoint === 'function' ? declaredEndpoint(endpoint) : undefined;
}

/** @throws EndpointError not_an_endpoint */
export function definitionOf(endpoint: EndpointClass | EndpointDefinition): EndpointDefinition {
  const definition = findDefinition(endpoint);
  if (definition !== undefined) return definition;
  const given = typeof endpoint === 'function' ? `class ${endpoint.name} without @ServerEndpoint` : typeof endpoint;
  throw new EndpointError(
    'not_an_endpoint',
    `expected a class with @ServerEndpoint or what defineEndpoint returns, got ${given}`,
  );
}
