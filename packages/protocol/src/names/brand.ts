// Branded types: the compiler distinguishes an id from a string, and a device id from a user id.

declare const brand: unique symbol;

export type Branded<Value, Name extends string> = Value & { readonly [brand]: Name };
