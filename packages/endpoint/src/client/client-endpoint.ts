// @ClientEndpoint: makes a client endpoint of a class with decorated handlers.
import { declarationOn, decoratedHandlers, metadataOfDecorated } from '../declaring/decorators/decorated-class.js';
import type { EndpointClassDecorator } from '../declaring/decorators/server-endpoint.js';
import { type EndpointClass, EndpointDefinition } from '../declaring/endpoint-definition.js';
import { EndpointError } from '../errors.js';
import { ClientEndpointDefinition, type ClientPath, clientPath } from './client-endpoint-definition.js';
import { type ClientEndpointOptions, resolveClientEndpointOptions } from './client-options.js';

const definitionKey = Symbol.for('longwire.endpoint.clientDefinition');

/**
 * Makes the class an endpoint that connects to servers: {@link EndpointContainer.connect}. The handlers are decorated as
 * those of a server's endpoint; each connection gets an instance of its own. Works with TC39 decorators and with
 * `experimentalDecorators`.
 * ```ts
 * @ClientEndpoint({ subprotocols: ['quotes.v1'], reconnect: true })
 * class Ticker {
 *   @OnOpen() open(session: Session) { session.send('subscribe ACME'); }
 *   @OnMessage() quote(text: string) { console.log(text); }
 * }
 * const connection = await container.connect(Ticker, 'wss://example.org/quotes');
 * ```
 * @throws EndpointError when the class is evaluated, as `@ServerEndpoint`
 */
export function ClientEndpoint<Instance extends object = object>(
  options: ClientEndpointOptions<Instance> = {},
  ...nothing: never[]
): EndpointClassDecorator<ClientPath, Instance> {
  if (typeof options === 'function' || nothing.length > 0) {
    throw new EndpointError('decorator_misused', 'write @ClientEndpoint() with parentheses');
  }
  return (endpointClass: EndpointClass, context?: ClassDecoratorContext): void => {
    const metadata = metadataOfDecorated('ClientEndpoint', endpointClass, context);
    const resolved = resolveClientEndpointOptions(
      options as unknown as ClientEndpointOptions,
      `client endpoint ${endpointClass.name}`,
    );
    const table = decoratedHandlers(endpointClass, metadata);
    const endpoint = new EndpointDefinition(clientPath, endpointClass, table, resolved.endpoint);
    metadata[definitionKey] = new ClientEndpointDefinition(endpoint, resolved.client);
  };
}

/** The definition of a class with `@ClientEndpoint`, or what `defineClientEndpoint` made. @throws EndpointError not_an_endpoint */
export function clientDefinitionOf(endpoint: EndpointClass | ClientEndpointDefinition): ClientEndpointDefinition {
  if (endpoint instanceof ClientEndpointDefinition) return endpoint;
  const declared = typeof endpoint === 'function' ? declarationOn(endpoint, definitionKey) : undefined;
  if (declared instanceof ClientEndpointDefinition) return declared;
  const given = typeof endpoint === 'function' ? `class ${endpoint.name} without @ClientEndpoint` : typeof endpoint;
  throw new EndpointError(
    'not_an_endpoint',
    `expected a class with @ClientEndpoint or what defineClientEndpoint returns, got ${given}`,
  );
}
