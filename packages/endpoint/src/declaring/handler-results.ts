// What handlers may return.

/**
 * What a message handler may return: text and bytes are sent on the session, nothing sends nothing; promises are
 * awaited. `Encodable` is what the endpoint's encoders make messages of.
 */
export type MessageResult<Encodable = never> = Reply<Encodable> | PromiseLike<Reply<Encodable>>;
// `void` lets a handler without a return statement through; as part of a union it still refuses numbers and objects.
// biome-ignore lint/suspicious/noConfusingVoidType: undefined alone would refuse an async handler without a return statement
type Reply<Encodable> = string | Uint8Array | Encodable | undefined | null | void;
/** Any object but a promise: for handlers whose declaration does not show which encoders there are. */
export type AnyObject = object & { readonly then?: never };
/** What every other handler returns: nothing, now or later. */
export type HandlerResult = void | PromiseLike<void>;
