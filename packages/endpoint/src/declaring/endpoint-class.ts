// A class that is given as an endpoint: is it one, and is any of its members a handler? Without a handler nothing would
// ever reach the endpoint, and nothing would say so.
import { nearestName } from '@longwire/websocket';
import { EndpointError } from '../errors.js';
import { type HandlerTable, handlerNames } from './handlers.js';

type EndpointClass = new (...parameters: never[]) => object;

// `onText = …` and `this.onText = …`, or what compilers make of fields: `define(this, "onText", …)`. Not `other.onText = …`.
const FIELD = /(?:\bthis\.|[\n;{}]\s*)(on[A-Z]\w*)\s*=(?![=>])|\(this,\s*["'](on[A-Z]\w*)["']/g;

const names: readonly string[] = Object.values(handlerNames);

/**
 * Asserts that a class given to `defineEndpoint` has a handler, or no member at all: an endpoint that only sends. Handlers
 * that are fields are found on each instance. A member whose name is nearly that of a handler would never be called, so it
 * is an error as well.
 * @throws EndpointError missing_handler, not_an_endpoint
 */
export function assertHandlersOfClass(endpointClass: EndpointClass, handlers: HandlerTable, where: string): void {
  const methods = methodsOf(endpointClass);
  assertNoneMisspelt(methods, where);
  if (hasHandler(handlers) || fieldNamedAsHandler(endpointClass) !== undefined) return;
  const method = meantAsHandler(methods);
  if (method === undefined && !isBareFunction(endpointClass)) return;
  if (method === undefined) throw functionIsNoEndpoint(where);
  throw missing(`${where}: no method of the class is a handler; "${method}" is none, ${adviceFor(method)}`);
}

/** @throws EndpointError missing_handler for a member whose name is nearly that of a handler */
export function assertNoneMisspelt(members: readonly string[], where: string): void {
  const misspelt = members.find((name) => isMisspelt(name));
  if (misspelt !== undefined) throw missing(`${where}: "${misspelt}" is not a handler; ${adviceFor(misspelt)}`);
}

/** `onClosed`, `OnText`, `onMessage`; not `onTick`, which is the program's own. */
function isMisspelt(name: string): boolean {
  if (!/^on/i.test(name) || names.includes(name)) return false;
  return isOnMessage(name) || nearestName(name, names) !== undefined;
}

/** @throws EndpointError unknown_option for the name that other libraries give to the handler of messages */
export function assertNoOnMessage(endpoint: object, where: string): void {
  const name = Object.keys(endpoint).find((key) => isOnMessage(key));
  if (name === undefined) return;
  throw new EndpointError('unknown_option', `${where} has no handler "${name}"; ${messageHandlers}`);
}

export function functionIsNoEndpoint(where: string): EndpointError {
  const given = 'a function is no endpoint; give an object with handlers, { onOpen(session) {} }, or a class';
  return new EndpointError('not_an_endpoint', `${where}: ${given}`);
}

// No name of ours is near enough to be taken for a slip.
const messageHandlers = 'messages come to onText, onBinary or onObject';

function isOnMessage(name: string): boolean {
  return name.toLowerCase() === 'onmessage';
}

function adviceFor(method: string): string {
  if (isOnMessage(method)) return messageHandlers;
  const nearest = nearestName(method, names);
  return nearest === undefined ? `known are ${names.join(', ')}` : `did you mean "${nearest}"?`;
}

/** True for what was written as a class and therefore cannot be called; only its text shows that. */
export function hasClassSyntax(value: unknown): value is abstract new (...parameters: never[]) => object {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}

/** Written as a function, without anything that a class written so would have: `(session) => …` of another library. */
function isBareFunction(endpointClass: EndpointClass): boolean {
  const isInherited = Object.getPrototypeOf(endpointClass.prototype) !== Object.prototype;
  // Of what is bound or proxied the text says nothing.
  const isReadable = !/\[native code\]\s*\}$/.test(Function.prototype.toString.call(endpointClass));
  return isReadable && !hasClassSyntax(endpointClass) && !isInherited;
}

/**
 * As {@link assertHandlersOfClass} for a class with a decorator, where a method is a handler by its decorator: one that is
 * named like a handler and has none was probably forgotten.
 * @param decorated  the names of the decorated methods
 * @throws EndpointError missing_handler
 */
export function assertDecoratedHandlers(
  endpointClass: EndpointClass,
  handlers: HandlerTable,
  decorated: readonly (string | symbol)[],
): void {
  const methods = methodsOf(endpointClass);
  const isForgotten = (name: string): boolean => names.includes(name) || isOnMessage(name);
  const forgotten = methods.find((name) => isForgotten(name) && !decorated.includes(name));
  const where = `endpoint ${endpointClass.name}`;
  if (hasHandler(handlers) && forgotten !== undefined) {
    throw missing(
      `${where}: the method "${forgotten}" has no decorator, so it is no handler; decorate it, or rename it`,
    );
  }
  if (hasHandler(handlers)) return;
  const member = meantAsHandler(methods) ?? fieldNamedAsHandler(endpointClass);
  if (member === undefined) return;
  const decorators = '@OnOpen(), @OnMessage(), @OnClose() or @OnError()';
  throw missing(`${where}: no method has ${decorators}; "${member}" has none of them`);
}

function hasHandler(handlers: HandlerTable): boolean {
  return Object.values(handlers).some((handler) => handler !== undefined);
}

/** The method that was most likely meant. */
function meantAsHandler(methods: readonly string[]): string | undefined {
  return (
    methods.find((name) => nearestName(name, names) !== undefined) ??
    methods.find((name) => /^on[A-Z]/.test(name)) ??
    methods[0]
  );
}

function methodsOf(endpointClass: EndpointClass): string[] {
  const methods: string[] = [];
  let level = endpointClass.prototype as object;
  let above = Object.getPrototypeOf(level) as object | null;
  // Object.prototype is the level that has none above it.
  while (above !== null) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (name !== 'constructor' && typeof value === 'function') methods.push(name);
    }
    level = above;
    above = Object.getPrototypeOf(level) as object | null;
  }
  return methods;
}

/** Fields exist on instances only, of which there is none yet; the text of the class names them. */
function fieldNamedAsHandler(endpointClass: EndpointClass): string | undefined {
  let level: unknown = endpointClass;
  for (; typeof level === 'function' && level !== Function.prototype; level = Object.getPrototypeOf(level)) {
    for (const [, written, defined] of Function.prototype.toString.call(level).matchAll(FIELD)) {
      const name = written ?? defined!;
      if (names.includes(name)) return name;
    }
  }
  return undefined;
}

function missing(message: string): EndpointError {
  return new EndpointError('missing_handler', message);
}
