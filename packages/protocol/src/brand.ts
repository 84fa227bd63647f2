// Branded types: an id is not any string, and a device id is not a user id. Exists only at compile time.

declare const brand: unique symbol;

export type Branded<Value, Name extends string> = Value & { readonly [brand]: Name };
